//! A router that was just started may have to hold back: RFC 9568 lets it take over after one down
//! interval in which it heard nothing, also where nothing can be heard yet.

use std::time::Duration;

use super::VirtualRouter;
use super::backup::Countdown;
use crate::identity::Priority;
use crate::time::Instant;

impl VirtualRouter {
    /// Claims nothing before `until`, whatever it hears meanwhile; with none, as the standard says.
    pub const fn handle_restraint(&mut self, until: Option<Instant>) {
        self.restrained_until = until;
    }

    /// How long it waits for an Active router with its own interval (`Active_Down_Interval`).
    #[must_use]
    pub fn down_interval(&self) -> Duration {
        let interval = self.configuration.dialect.interval();
        Countdown::Silence.length(&self.configuration, interval)
    }

    /// Whether it is Active without asking anybody: as the owner of the addresses.
    pub(super) fn owns_at(&self, now: Instant) -> bool {
        self.configuration.priority == Priority::OWNER
            && self.restrained_until.is_none_or(|until| until <= now)
    }
}
