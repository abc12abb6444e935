//! `skep status`.

use std::path::Path;

use clap::ValueEnum;
use skep_api::client::Client;

use crate::commands::ask;
use crate::exit::Exit;
use crate::{output, render};

/// Show who holds what, since when, what is wrong and why.
///
/// Ends with 0 when all is Ready, with 1 when something is not, with 2 when no agent answers.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How to print it.
    #[arg(short, long, default_value = "text", value_name = "FORMAT")]
    output: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Yaml,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let status = ask(Client::new(socket).status())?;
    match arguments.output {
        Format::Text => output::print(&render::status::status(&status))?,
        Format::Json => output::print_json(&status)?,
        Format::Yaml => output::print_yaml(&status)?,
    }
    Ok(if render::status::is_ready(&status) {
        Exit::Success
    } else {
        Exit::Findings
    })
}
