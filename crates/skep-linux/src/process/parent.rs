//! A child that does not outlive its parent.

use std::io;
use std::os::unix::process::parent_id;

use rustix::process::{Signal, set_parent_process_death_signal};
use thiserror::Error;

/// The environment variable that tells a child its parent's process id.
pub(super) const PARENT_VARIABLE: &str = "SKEP_PARENT";

/// What the kernel does to a process whose parent ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtParentsEnd {
    /// It is asked to stop (`SIGTERM`).
    Terminate,
    /// It is stopped (`SIGKILL`).
    Kill,
}

/// Why a process is not tied to its parent.
#[derive(Debug, Error)]
pub enum FollowParentError {
    /// The parent ended before the tie was made.
    #[error("the parent process {expected} is gone")]
    ParentGone {
        /// The parent it had.
        expected: u32,
    },
    /// It was not started by a parent that says who it is.
    #[error("this process is started by `skep agent` only")]
    NoParent,
    /// The kernel refuses.
    #[error("cannot ask for a signal at the parent's end")]
    Refused(#[source] io::Error),
}

/// Ties this process to the one that started it with [`super::child::spawn_self`]. Privileges are
/// dropped first: changing them forgets the tie.
pub fn follow_parent(at_end: AtParentsEnd) -> Result<(), FollowParentError> {
    let expected: u32 = std::env::var(PARENT_VARIABLE)
        .ok()
        .and_then(|value| value.parse().ok())
        .ok_or(FollowParentError::NoParent)?;
    let signal = match at_end {
        AtParentsEnd::Terminate => Signal::TERM,
        AtParentsEnd::Kill => Signal::KILL,
    };
    set_parent_process_death_signal(Some(signal))
        .map_err(|error| FollowParentError::Refused(error.into()))?;
    // A parent that ended before the call above sends no signal, but this process has another
    // parent since.
    if parent_id() == expected {
        Ok(())
    } else {
        Err(FollowParentError::ParentGone { expected })
    }
}
