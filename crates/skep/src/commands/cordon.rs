//! `skep cordon`.

use std::ops::ControlFlow;
use std::path::Path;

use skep_api::client::Client;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::Availability;
use skep_plan::feeding::NodeOrder;

use crate::commands::{drain, submitted};
use crate::exit::Exit;

/// Let a node keep its tasks and get no new ones.
///
/// Its VIPs are handed over where another member could hold them. It stands in the desired state and
/// lasts until `skep uncordon`, whatever the manifest says. Ends with 0 when that is accepted, with 1
/// when it is not.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The node.
    node: NodeName,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    order("cordon", &arguments.node, Availability::Pause, socket)
}

/// Orders what `word` says about a node.
pub(super) fn order(
    word: &str,
    node: &NodeName,
    availability: Availability,
    socket: &Path,
) -> anyhow::Result<Exit> {
    let order = NodeOrder {
        node: node.clone(),
        availability,
        force: false,
    };
    let answer = drain::submit(word, order, &Client::new(socket))?;
    Ok(match submitted::tell(answer)? {
        ControlFlow::Continue(_) => Exit::Success,
        ControlFlow::Break(exit) => exit,
    })
}
