//! Tells what became of a desired state that was submitted.

use std::ops::ControlFlow;
use std::path::Path;

use serde::Serialize;
use skep_api::client::Client;
use skep_api::generation::GenerationId;
use skep_api::submit::Submitted;

use crate::commands::ask;
use crate::exit::Exit;
use crate::output;

/// Asks the agent on `socket` for a change of the desired state, and says what became of it.
pub(super) fn ask_and_tell(
    socket: &Path,
    path: &str,
    body: &impl Serialize,
) -> anyhow::Result<Exit> {
    let answer = ask(Client::new(socket).post::<Submitted>(path, body))?;
    Ok(match tell(answer)? {
        ControlFlow::Continue(_) => Exit::Success,
        ControlFlow::Break(exit) => exit,
    })
}

/// Says it, and goes on with what the cluster works towards from here on, if there is such a thing.
pub(super) fn tell(submitted: Submitted) -> anyhow::Result<ControlFlow<Exit, GenerationId>> {
    Ok(match submitted {
        Submitted::Accepted { id, paused } => {
            output::print(&format!("accepted as generation {}\n", id.number))?;
            for feeder in paused {
                output::tell(&format!(
                    "{feeder} is paused: it feeds nothing until `skep resume {feeder}`"
                ));
            }
            ControlFlow::Continue(id)
        }
        Submitted::Unchanged(id) => {
            output::print(&format!("unchanged, generation {}\n", id.number))?;
            ControlFlow::Continue(id)
        }
        Submitted::Acceptable => {
            output::print("acceptable\n")?;
            ControlFlow::Break(Exit::Success)
        }
        Submitted::Conflict(latest) => {
            let number = latest.number;
            output::tell_errors(&[format!(
                "generation {number} was accepted meanwhile, by somebody else: nothing was changed"
            )]);
            output::tell("hint: look at `skep diff` and apply again");
            ControlFlow::Break(Exit::Findings)
        }
        Submitted::Rejected(errors) => {
            output::tell_errors(&errors);
            ControlFlow::Break(Exit::Findings)
        }
        Submitted::SourceDiffers(message) => {
            output::tell_errors(&[format!("nothing was changed: {message}")]);
            output::tell("hint: `skep status` says how to go on");
            ControlFlow::Break(Exit::Findings)
        }
        Submitted::AwaitsConfirmation {
            generation,
            message,
        } => {
            output::tell_errors(&[format!("nothing was changed yet: {message}")]);
            output::tell(&format!("hint: `skep confirm {generation}` lets it"));
            ControlFlow::Break(Exit::Findings)
        }
    })
}
