//! `skep resume`.

use std::path::Path;

use skep_api::path;
use skep_plan::feeding::Change;

use crate::commands::manifests::{DryRun, submission};
use crate::commands::submitted;
use crate::exit::Exit;

/// Let a feeder feed again that was paused.
///
/// What changed in its source meanwhile is taken from it at once. Ends with 0 when that is accepted, with 1 when it is not.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The feeder: `directory` or `apply` [default: all].
    feeder: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let feeder = &arguments.feeder;
    let by = feeder
        .as_ref()
        .map_or_else(|| "resume".to_owned(), |feeder| format!("resume {feeder}"));
    let submission = submission(by, Change::Resume(feeder.clone()), DryRun::No);
    submitted::ask_and_tell(socket, path::SUBMIT, &submission)
}
