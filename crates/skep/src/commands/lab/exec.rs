//! `skep lab exec`.

use std::os::unix::process::CommandExt;

use anyhow::Context;

use super::Selection;
use crate::exit::Exit;

/// Run a program on a node: in its network, with its host name and its `/run`, in this directory.
///
/// Ends as the program does. `skep` on a node talks to the node's own agent.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    lab: Selection,
    /// The node.
    node: String,
    /// The program and its arguments, after `--`.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let lab = arguments.lab.open()?;
    let [program, words @ ..] = arguments.command.as_slice() else {
        anyhow::bail!("nothing to run on node `{}`", arguments.node);
    };
    // Whoever enters a node's mounts stands at their root: `env` goes back to where one was. A
    // directory that the node does not have, as below its own `/run`, is none to go to.
    let here = std::env::current_dir().ok();
    let here = here.filter(|here| !here.starts_with("/run"));
    let mut command = match here {
        Some(here) => {
            let mut command = lab.command(&arguments.node, "env")?;
            command.arg("--chdir").arg(here).arg(program);
            command
        }
        None => lab.command(&arguments.node, program)?,
    };
    command
        .args(words)
        .env("SKEP_SOCKET", lab.agent_socket(&arguments.node));
    Err(command.exec()).context("cannot run nsenter")
}
