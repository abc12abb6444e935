//! `skep lab status`.

use skep_api::client::Client;
use skep_lab::cluster::Cluster;
use skep_lab::plan::LabNode;

use super::Selection;
use crate::commands::ask;
use crate::exit::Exit;
use crate::output;
use crate::render::lab::{self, AgentView, LabView, NodeView};

/// Show the nodes of the lab, and how to talk to their agents.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    lab: Selection,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    show(&Cluster::open(&arguments.lab.resolve()?)?)?;
    Ok(Exit::Success)
}

/// Prints what a lab has.
pub(super) fn show(cluster: &Cluster) -> anyhow::Result<()> {
    let nodes = cluster.lab.plan().nodes.iter();
    let view = LabView {
        name: cluster.lab.plan().name.clone(),
        engines: cluster.setup.engines,
        agents: cluster.setup.agents,
        nodes: nodes
            .map(|node| look(cluster, node))
            .collect::<anyhow::Result<_>>()?,
        program: program(),
    };
    output::print(&lab::render(&view))
}

/// This program as it was called, so that what is printed can be pasted.
pub(super) fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "skep".to_owned())
}

fn look(cluster: &Cluster, node: &LabNode) -> anyhow::Result<NodeView> {
    let (lab, name) = (&cluster.lab, &node.name);
    let has_power = lab.is_alive(name)?;
    let socket = lab.agent_socket(name);
    Ok(NodeView {
        name: name.clone(),
        address: format!("{}/{}", node.address, node.prefix_length),
        has_power,
        segment: lab.segment(name)?,
        engine_answers: has_power && lab.engine_answers(name),
        agent: if has_power {
            ask(Client::new(&socket).status()).map_or(AgentView::Silent, |status| {
                let groups = status.vip_groups.iter();
                let routers = groups.flat_map(|group| &group.routers);
                AgentView::Answers {
                    holds: routers.flat_map(|router| router.holding.clone()).collect(),
                }
            })
        } else {
            AgentView::Silent
        },
        socket,
    })
}
