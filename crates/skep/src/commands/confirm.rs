//! `skep confirm`.

use std::ops::ControlFlow;
use std::path::Path;

use skep_api::client::Client;
use skep_api::path;
use skep_api::submit::{Confirmation, Submitted};

use crate::commands::{ask, submitted};
use crate::exit::Exit;

/// Allow what waits for a confirmation: `skep status` says what that is.
///
/// Where the swarm keeps an older desired state than the agents run, they wait: confirming theirs
/// lets the swarm keep it again. Ends with 0 when that is done, with 1 when it is not.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The generation that it is about.
    generation: u64,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let confirmation = Confirmation {
        generation: arguments.generation,
    };
    let answer = ask(Client::new(socket).post::<Submitted>(path::CONFIRM, &confirmation))?;
    Ok(match submitted::tell(answer)? {
        ControlFlow::Continue(_) => Exit::Success,
        ControlFlow::Break(exit) => exit,
    })
}
