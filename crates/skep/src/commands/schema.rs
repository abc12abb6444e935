//! `skep schema`.

use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::exit::Exit;
use crate::output;

/// Print the JSON Schema of the manifest language, for editors and CI.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The kind to print the schema of; all kinds when left out.
    kind: Option<String>,
    /// Write every schema file into this directory instead.
    #[arg(long, hide = true, value_name = "DIR", conflicts_with = "kind")]
    write: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    if let Some(directory) = &arguments.write {
        for (name, text) in skep_manifest::generated_schemas() {
            let path = directory.join(name);
            std::fs::write(&path, text)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        return Ok(Exit::Success);
    }
    let schema = match &arguments.kind {
        None => skep_manifest::schema(),
        Some(kind) => match skep_manifest::kind_schema(kind) {
            Some(schema) => schema,
            None => bail!("there is no kind `{kind}`: one of {}", skep_manifest::KINDS.join(", ")),
        },
    };
    output::print_json(&schema)?;
    Ok(Exit::Success)
}
