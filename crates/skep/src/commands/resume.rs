//! `skep resume`.

use std::path::Path;

use skep_plan::feeding::Change;

use crate::commands::pause;
use crate::exit::Exit;

/// Let a feeder feed again that was paused.
///
/// What changed in its source meanwhile is taken from it at once. Ends with 0 when that is accepted, with 1 when it is not.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The feeder: `directory`, `git` or `apply` [default: all].
    feeder: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let feeder = arguments.feeder.as_ref();
    pause::submit("resume", feeder, Change::Resume, socket)
}
