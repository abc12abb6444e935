//! `skep rollback`.

use std::path::Path;

use skep_api::path;
use skep_api::submit::Recall;

use crate::commands::submitted;
use crate::exit::Exit;

/// Make an earlier desired state count again, as a new generation.
///
/// Directories that are watched are paused, so that they do not take it back. Ends with 0 when it is accepted, with 1 when it is not.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Its number, from `skep history`; the one before the latest if none is given.
    generation: Option<u64>,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let recall = Recall {
        generation: arguments.generation,
    };
    submitted::ask_and_tell(socket, path::ROLLBACK, &recall)
}
