//! What is submitted while no manager of the swarm is heard: right after the start, after the swarm
//! was created, while its managers choose a leader.

use std::mem;
use std::time::Duration;

use skep_api::submit::{Submission, Submitted};
use skep_vrrp::time::Instant;

use crate::control::now;
use crate::control::question::{Answer, Hop};
use crate::control::state::Control;

/// The engine and the peers have answered by then, if they do at all; less than the caller's
/// patience, also when it was another agent that asked.
pub(super) const HEARD_WITHIN: Duration = Duration::from_millis(3_500);

/// A change that came while no manager was heard.
pub(super) struct Early {
    pub(super) submission: Submission,
    pub(super) hop: Hop,
    pub(super) to: Answer<Submitted>,
    /// When it is refused.
    pub(super) until: Instant,
}

impl Early {
    /// A change that waits from now on if it has to.
    pub(super) fn new(submission: Submission, hop: Hop, to: Answer<Submitted>) -> Self {
        Self {
            submission,
            hop,
            to,
            until: now() + HEARD_WITHIN,
        }
    }
}

impl Control {
    /// Submits again what came too soon, in the order it came.
    pub(super) fn submit_early(&mut self) {
        for early in mem::take(&mut self.early) {
            self.submit_or_wait(early);
        }
    }
}
