//! `skep rollback`.

use std::ops::ControlFlow;
use std::path::Path;

use skep_api::client::Client;
use skep_api::path;
use skep_api::submit::{Recall, Submitted};

use crate::commands::{ask, submitted};
use crate::exit::Exit;

/// Make an earlier desired state count again, as a new generation.
///
/// Ends with 0 when it is accepted, with 1 when it is not.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Its number, from `skep history`; the one before the latest if none is given.
    generation: Option<u64>,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let recall = Recall {
        generation: arguments.generation,
    };
    let answer = ask(Client::new(socket).post::<Submitted>(path::ROLLBACK, &recall))?;
    Ok(match submitted::tell(answer)? {
        ControlFlow::Continue(_) => Exit::Success,
        ControlFlow::Break(exit) => exit,
    })
}
