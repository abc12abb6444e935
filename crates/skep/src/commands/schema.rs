//! `skep schema`.

use anyhow::bail;
use skep_manifest::object::Kind;
use skep_manifest::schema;

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
        Some(word) => schema::kind_schema(kind(word)?),
    };
    output::print_json(&schema)?;
    Ok(Exit::Success)
}

/// The kind that `word` names, in any case and in the singular or the plural.
fn kind(word: &str) -> anyhow::Result<Kind> {
    let is_it = |kind: &Kind| {
        let name = kind.as_str().to_ascii_lowercase();
        let word = word.to_ascii_lowercase();
        word == name || word.strip_suffix('s') == Some(&name)
    };
    let Some(kind) = Kind::ALL.into_iter().find(is_it) else {
        let names = Kind::ALL.map(Kind::as_str).join(", ");
        bail!("there is no kind `{word}`: one of {names}");
    };
    Ok(kind)
}
