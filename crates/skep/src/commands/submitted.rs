//! Tells what became of a desired state that was submitted.

use std::ops::ControlFlow;

use skep_api::generation::GenerationId;
use skep_api::submit::Submitted;

use crate::exit::Exit;
use crate::output;

/// Says it, and goes on with what the cluster works towards from here on, if there is such a thing.
pub(super) fn tell(submitted: Submitted) -> anyhow::Result<ControlFlow<Exit, GenerationId>> {
    Ok(match submitted {
        Submitted::Accepted(id) => {
            output::print(&format!("accepted as generation {}\n", id.number))?;
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
    })
}
