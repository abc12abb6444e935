//! `skep confirm`.

use std::path::Path;

use skep_api::path;
use skep_api::submit::Confirmation;

use crate::commands::submitted;
use crate::exit::Exit;

/// Allow what waits for a confirmation: `skep status` says what that is.
///
/// That is a change that removes much (confirming it makes it), a watched directory that is not what
/// was fed last (confirming it takes what it holds), and, where the swarm keeps an older desired
/// state than the agents run, theirs (confirming it lets the swarm keep it again). Ends with 0 when that is done, with 1 when it is not.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The generation that it is about.
    generation: u64,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let confirmation = Confirmation {
        generation: arguments.generation,
    };
    submitted::ask_and_tell(socket, path::CONFIRM, &confirmation)
}
