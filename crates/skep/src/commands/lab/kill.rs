//! `skep lab kill`.

use super::Selection;
use crate::exit::Exit;
use crate::output;

/// Cut the power of nodes: their cables and all their programs, at once.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    lab: Selection,
    /// The nodes.
    #[arg(required = true, value_name = "NODE")]
    nodes: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let mut lab = arguments.lab.open()?;
    for node in &arguments.nodes {
        lab.kill(node)?;
    }
    let nodes = arguments.nodes.join(" ");
    output::tell(&format!("without power: {nodes}"));
    output::tell(&format!("hint: skep lab heal {nodes}"));
    Ok(Exit::Success)
}
