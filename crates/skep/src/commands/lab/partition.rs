//! `skep lab partition`.

use super::Selection;
use crate::exit::Exit;
use crate::output;

/// Let these nodes hear only each other, and the others only the others.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    lab: Selection,
    /// The nodes.
    #[arg(required = true, value_name = "NODE")]
    nodes: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let lab = arguments.lab.open()?;
    let nodes: Vec<&str> = arguments.nodes.iter().map(String::as_str).collect();
    lab.partition(&nodes)?;
    output::tell(&format!("apart from the others: {}", nodes.join(" ")));
    output::tell("hint: skep lab heal");
    Ok(Exit::Success)
}
