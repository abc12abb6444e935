//! What is submitted right after the start, before it can be known who keeps the desired state.

use std::mem;
use std::time::Duration;

use skep_api::submit::{Submission, Submitted};

use crate::control::now;
use crate::control::question::{Answer, Hop};
use crate::control::state::Control;

/// The engine and the peers have answered once by then, if they do at all; less than the caller's
/// patience, also when it was another agent that asked.
pub(super) const FIRST_HEARD_AFTER: Duration = Duration::from_millis(3_500);

/// A change that came while no manager was heard yet.
pub(super) struct Early {
    submission: Submission,
    hop: Hop,
    to: Answer<Submitted>,
}

impl Control {
    /// Whether it is too soon to say that no manager is there.
    pub(super) fn has_just_started(&self) -> bool {
        now().saturating_duration_since(self.started_at) < FIRST_HEARD_AFTER
    }

    /// Keeps what came too soon, in the order it came.
    pub(super) fn keep_early(&mut self, submission: Submission, hop: Hop, to: Answer<Submitted>) {
        self.early.push(Early {
            submission,
            hop,
            to,
        });
    }

    /// Submits again what came too soon.
    pub(super) fn submit_early(&mut self) {
        for early in mem::take(&mut self.early) {
            self.handle_submission(early.submission, early.hop, early.to);
        }
    }
}
