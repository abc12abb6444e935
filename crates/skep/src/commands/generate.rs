//! `skep generate`: writes the files of the repository that are made from the code.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::CommandFactory;
use skep_lint::reference;
use skep_manifest::schema;
use skep_plan::diff;

use crate::exit::Exit;
use crate::render::command_line;

/// Write the generated files of the repository: schemas and references.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The top of the repository.
    directory: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let top = &arguments.directory;
    for (name, text) in schema::generated_schemas() {
        write(&top.join("schemas").join(name), &text)?;
    }
    let of_diff = format!("{:#}\n", diff::schema());
    write(&top.join("schemas/skep-diff.v1.json"), &of_diff)?;
    write(
        &top.join("docs/reference/lints.md"),
        &reference::reference(),
    )?;
    let command_line = command_line::render(crate::Arguments::command());
    write(&top.join("docs/reference/cli.md"), &command_line)?;
    Ok(Exit::Success)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
