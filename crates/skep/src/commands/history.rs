//! `skep history`.

use std::path::Path;

use skep_api::client::Client;
use skep_api::generation::Past;
use skep_api::path;

use crate::commands::{Format, ask};
use crate::exit::Exit;
use crate::{output, render};

/// Show what the desired state was before: the last 32 are kept by the swarm.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How to print it.
    #[arg(short, long, default_value = "text", value_name = "FORMAT")]
    output: Format,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let past = ask(Client::new(socket).get::<Vec<Past>>(path::HISTORY))?;
    match arguments.output {
        Format::Text => output::print(&render::history::table(&past))?,
        Format::Json => output::print_json(&past)?,
    }
    Ok(Exit::Success)
}
