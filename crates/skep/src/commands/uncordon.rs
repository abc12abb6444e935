//! `skep uncordon`.

use std::path::Path;

use skep_manifest::name::NodeName;
use skep_manifest::swarm::Availability;

use crate::commands::cordon;
use crate::exit::Exit;
use crate::output;

/// Take back what `skep drain` or `skep cordon` ordered: the manifest counts again.
///
/// Ends with 0 when that is accepted, with 1 when it is not.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The node.
    node: NodeName,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let exit = cordon::order("uncordon", &arguments.node, Availability::Active, socket)?;
    if exit == Exit::Success {
        output::tell(
            "hint: the swarm moves no running task back by itself; `docker service update --force \
             NAME` on a manager spreads a service anew",
        );
    }
    Ok(exit)
}
