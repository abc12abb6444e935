//! Tells what became of a desired state that was submitted.

use std::ops::ControlFlow;
use std::path::Path;

use serde::Serialize;
use skep_api::call::CallError;
use skep_api::client::Client;
use skep_api::generation::GenerationId;
use skep_api::submit::{CHANGE_LIMIT, IN_DOUBT, Submitted};

use crate::commands::runtime;
use crate::exit::Exit;
use crate::output;

/// Asks the agent on `socket` for a change of the desired state, and says what became of it.
pub(super) fn ask_and_tell(
    socket: &Path,
    path: &str,
    body: &impl Serialize,
) -> anyhow::Result<Exit> {
    let answer = ask_for_change(&Client::new(socket), path, body)?;
    Ok(match tell(answer)? {
        ControlFlow::Continue(_) => Exit::Success,
        ControlFlow::Break(exit) => exit,
    })
}

/// Asks the agent for a change of the desired state; without an answer nobody knows what became of
/// it.
pub(super) fn ask_for_change(
    client: &Client,
    path: &str,
    body: &impl Serialize,
) -> anyhow::Result<Submitted> {
    let patient = client.clone().with_limit(CHANGE_LIMIT);
    let answer = runtime()?.block_on(patient.post(path, body));
    answer.map_err(|error: CallError| {
        if error.is_in_doubt() {
            anyhow::Error::from(error).context(IN_DOUBT)
        } else {
            error.into()
        }
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

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread;

    use super::*;

    /// What is said of a change that nobody answers.
    fn complaint(socket: &Path) -> String {
        let asked = ask_for_change(&Client::new(socket), "/change", &());
        format!("{:#}", asked.expect_err("nobody answers"))
    }

    #[test]
    fn a_change_is_in_doubt_once_it_may_have_been_heard() {
        let directory = tempfile::tempdir().expect("there is room");
        let socket = directory.path().join("agent.sock");
        let deaf = complaint(&socket);
        assert!(!deaf.contains(IN_DOUBT), "{deaf}");
        let listener = UnixListener::bind(&socket).expect("nobody else does");
        let hangs_up = thread::spawn(move || listener.accept().map(drop));
        let unanswered = complaint(&socket);
        assert!(unanswered.starts_with(IN_DOUBT), "{unanswered}");
        hangs_up.join().expect("it ends").expect("it was called");
    }
}
