//! `skep lint`.

use std::path::PathBuf;

use clap::ValueEnum;
use skep_agent::source;
use skep_lint::render::{human, json};
use skep_manifest::parse::parse;
use skep_manifest::problem::Severity;

use crate::commands::manifests;
use crate::exit::Exit;
use crate::output;

/// Check manifests, offline: every rule over all documents together.
///
/// Ends with 0 when there is nothing to fix, with 1 when there is, with 2 when something cannot be
/// read.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Files, directories, or `-` for standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How to print the findings.
    #[arg(long, default_value = "human", value_name = "FORMAT")]
    format: Format,
    /// What else makes the command fail, beside errors.
    #[arg(long, value_name = "SEVERITY")]
    deny: Option<Deny>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Human,
    Json,
}

#[derive(Clone, Copy, ValueEnum)]
enum Deny {
    Warnings,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let sources = manifests::read(&arguments.paths)?;
    if sources.is_empty() {
        let none = manifests::none_in(&arguments.paths);
        output::tell(&format!("warning: {none}"));
    }
    let set = parse(source::read_stacks(sources)?);
    let findings = skep_lint::lint(&set);
    match arguments.format {
        Format::Human => {
            let colour = output::colour(&std::io::stdout());
            output::print(&human::render(&set, &findings, colour))?;
        }
        Format::Json => output::print(&json::render(&set, &findings))?,
    }
    let denied = match arguments.deny {
        None => Severity::Error,
        Some(Deny::Warnings) => Severity::Warning,
    };
    let mut open = findings
        .iter()
        .filter(|finding| finding.suppressed.is_none());
    let fails = open.any(|finding| finding.severity >= denied);
    Ok(if fails { Exit::Findings } else { Exit::Success })
}
