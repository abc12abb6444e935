//! `skep lab heal`.

use skep_lab::Lab;
use skep_lab::cluster::{Cluster, Healed};

use super::Selection;
use super::interrupt::Interrupt;
use crate::exit::Exit;
use crate::output;

/// End partitions and power cuts: a node whose power was cut starts with the disk it had.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    lab: Selection,
    /// The nodes [default: all].
    #[arg(value_name = "NODE")]
    nodes: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    // What is begun is finished: a node that has power is not started again.
    let _interrupt = Interrupt::watch()?;
    let name = arguments.lab.resolve()?;
    // Two that bring the same node back at once would start it twice.
    let _alone = Lab::hold_still(&name)?;
    let mut cluster = Cluster::open(&name)?;
    let all = cluster.lab.plan().nodes.iter();
    let nodes = match arguments.nodes.as_slice() {
        [] => all.map(|node| node.name.clone()).collect(),
        named => named.to_vec(),
    };
    for node in nodes {
        output::tell(&match cluster.heal(&node)? {
            Healed::Connected => format!("{node}: connected"),
            Healed::Booted => format!("{node}: connected and started"),
        });
    }
    Ok(Exit::Success)
}
