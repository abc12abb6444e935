//! `skep agent`.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::anyhow;
use skep_agent::control::Options;
use skep_agent::process::{self, Role};
use skep_agent::supervisor;
use skep_manifest::name::NodeName;
use tracing_subscriber::EnvFilter;

use crate::exit::Exit;
use crate::output;

/// Run the agent of this node, until it is told to stop.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The name of this node [default: the host name, full or short].
    #[arg(long, env = "SKEP_NODE", value_name = "NAME")]
    node: Option<NodeName>,
    /// The directory of manifests to watch.
    #[arg(
        long,
        env = "SKEP_MANIFESTS",
        default_value = "/etc/skep/manifests",
        value_name = "DIR"
    )]
    manifests: PathBuf,
    /// Which child of the supervisor this process is.
    #[arg(long, hide = true, value_parser = parse_role)]
    process: Option<Role>,
}

pub(crate) fn run(arguments: Arguments, socket: PathBuf) -> anyhow::Result<Exit> {
    start_log();
    match arguments.process {
        None => {
            let command_line: Vec<OsString> = std::env::args_os().skip(1).collect();
            supervisor::run(&command_line)?;
        }
        Some(role) => {
            let Arguments {
                node, manifests, ..
            } = arguments;
            process::run(
                role,
                Options {
                    node,
                    manifests,
                    socket,
                },
            )?;
        }
    }
    Ok(Exit::Success)
}

fn parse_role(name: &str) -> anyhow::Result<Role> {
    Role::from_name(name).ok_or_else(|| anyhow!("there is no process `{name}`"))
}

/// Logs to standard error: the journal or the terminal keeps it.
fn start_log() {
    let filter = EnvFilter::try_from_env("SKEP_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(output::may_colour(&std::io::stderr()))
        .with_target(false)
        .init();
}
