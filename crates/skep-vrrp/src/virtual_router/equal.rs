//! An equal of a higher address: the standard lets an Active router yield at its first word.
//!
//! Priority 1 is said by two: by an Active router of that priority, which repeats it when it is
//! contradicted, and once, as a farewell, by a router that has left.

use std::net::IpAddr;

use super::VirtualRouter;
use super::backup::DOWN_INTERVALS;
use crate::identity::Priority;
use crate::time::Instant;

/// An equal of a higher address that was not yielded to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Equal {
    from: IpAddr,
    heard_at: Instant,
}

impl VirtualRouter {
    /// Whether an Active router goes on although it hears this from an equal of a higher address.
    pub(super) fn bears_with(&mut self, from: IpAddr, priority: Priority, now: Instant) -> bool {
        if priority != Priority::FAREWELL || self.overslept(now) {
            return false;
        }
        let memory = self.configuration.dialect.interval() * DOWN_INTERVALS;
        let repeats = self.equal.is_some_and(|known| {
            known.from == from && now.saturating_duration_since(known.heard_at) < memory
        });
        self.equal = Some(Equal {
            from,
            heard_at: now,
        });
        !repeats
    }
}
