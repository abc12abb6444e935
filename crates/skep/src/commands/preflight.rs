//! `skep preflight`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use skep_api::client::Client;
use skep_api::path;
use skep_api::preflight::Request;
use skep_plan::preflight::{Asked, Verdict};

use crate::commands::manifests::desired;
use crate::commands::{Format, ask};
use crate::exit::Exit;
use crate::{output, render};

/// How long all of it may take: three rounds of five seconds.
const LIMIT: Duration = Duration::from_secs(20);

/// Try whether the nodes can work together, before they are told to.
///
/// Every agent tries to reach every other node: the agents by TCP port 7380 with the key that they
/// share, the engines-to-be by TCP ports 2377 (managers) and 7946 and UDP ports 7946 and 4789, where
/// the agents listen as long as no engine does. Members of a VIP group try IP protocol 112 (VRRP) to
/// each other, by multicast or unicast and on the interface as the group will, with a datagram that
/// no router takes for an advertisement. Addresses, engines, images and clocks are looked at too.
/// Changes nothing. Ends with 0 when nothing is in the way, with 1 when something is, with 2
/// when no agent answers.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Files or directories with the manifests, or `-` for standard input [default: what was
    /// applied].
    #[arg(short, long = "file", value_name = "PATH")]
    files: Vec<PathBuf>,
    /// How to print it.
    #[arg(short, long, default_value = "text", value_name = "FORMAT")]
    output: Format,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let asked = if arguments.files.is_empty() {
        None
    } else {
        let Some(desired) = desired(&arguments.files)? else {
            return Ok(Exit::Findings);
        };
        let asked = Asked::of(&desired);
        Some(asked.context("there is no `Swarm` in the manifests, so there are no nodes to try")?)
    };
    let client = Client::new(socket).with_limit(LIMIT);
    let verdict: Verdict = ask(client.post(path::PREFLIGHT, &Request { asked }))?;
    match arguments.output {
        Format::Text => output::print(&render::preflight::verdict(&verdict))?,
        Format::Json => output::print_json(&verdict)?,
    }
    Ok(if verdict.is_good() {
        Exit::Success
    } else {
        Exit::Findings
    })
}
