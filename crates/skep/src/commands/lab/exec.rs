//! `skep lab exec`.

use std::os::unix::process::CommandExt;

use anyhow::Context;

use super::Selection;
use crate::exit::Exit;

/// Run a program on a node: in its network, with its host name and its `/run`.
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
    let mut command = lab.command(&arguments.node, program)?;
    command
        .args(words)
        .env("SKEP_SOCKET", lab.agent_socket(&arguments.node));
    Err(command.exec()).context("cannot run nsenter")
}
