//! `skep pause`.

use std::path::Path;

use skep_api::path;
use skep_plan::feeding::Change;

use crate::commands::manifests::{DryRun, submission};
use crate::commands::submitted;
use crate::exit::Exit;

/// Let a feeder feed nothing until it is resumed, such as a watched directory.
///
/// It stands in the desired state, so it holds on every node. Ends with 0 when that is accepted, with 1 when it is not.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The feeder: `directory`, `git` or `apply` [default: all that watch a source].
    feeder: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    submit("pause", arguments.feeder.as_ref(), Change::Pause, socket)
}

/// Asks for what `word` says to be done to a feeder.
pub(super) fn submit(
    word: &str,
    feeder: Option<&String>,
    change: fn(Option<String>) -> Change,
    socket: &Path,
) -> anyhow::Result<Exit> {
    let by = feeder.map_or_else(|| word.to_owned(), |feeder| format!("{word} {feeder}"));
    let submission = submission(by, change(feeder.cloned()), DryRun::No);
    submitted::ask_and_tell(socket, path::SUBMIT, &submission)
}
