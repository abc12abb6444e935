//! `skep schema`.

use skep_manifest::schema;

use crate::commands::manifest_kind;
use crate::exit::Exit;
use crate::output;

/// Print the JSON Schema of the manifest language, for editors and CI.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The kind to print the schema of; all kinds when left out.
    kind: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let schema = match &arguments.kind {
        None => schema::schema(),
        Some(word) => schema::kind_schema(manifest_kind(word)?),
    };
    output::print_json(&schema)?;
    Ok(Exit::Success)
}
