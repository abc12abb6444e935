//! A router that is told to be something else goes on as what it is.

use super::{Phase, VirtualRouter};
use crate::action::{Purpose, Reason};
use crate::configuration::{ChecksumChoice, Configuration};
use crate::identity::Priority;
use crate::time::Instant;

impl VirtualRouter {
    /// Takes on another configuration without leaving its state. A Backup's running timer moves
    /// by the difference; an Active router advertises what changed at once, unless it slept: what
    /// arrived meanwhile may tell that others have taken over, and its timer is due.
    pub fn handle_configuration(&mut self, configuration: Configuration, now: Instant) {
        let overslept = self.overslept(now);
        let before = std::mem::replace(&mut self.configuration, configuration);
        if self.configuration.checksum_choice == ChecksumChoice::Fixed
            || before.dialect.version() != self.configuration.dialect.version()
        {
            self.peer_checksum = None;
        }
        if !self.advertises_alike(&before) && !overslept {
            self.after_change(now);
        }
    }

    /// Ranks with `priority` from now on.
    pub fn handle_priority(&mut self, priority: Priority, now: Instant) {
        let overslept = self.overslept(now);
        if self.configuration.priority != priority {
            self.configuration.priority = priority;
            // Who was an equal is none any more.
            self.equal = None;
            if !overslept {
                self.after_change(now);
            }
        }
    }

    fn after_change(&mut self, now: Instant) {
        match self.phase {
            Phase::Initialize => {}
            Phase::Backup(_) if self.owns_at(now) => {
                self.claim(Reason::Owner, now);
            }
            // Its timer follows by itself: the deadline is computed from the configuration.
            Phase::Backup(_) => {}
            // Its advertisement is yet to come, or is not to come any more.
            Phase::Claiming { .. } | Phase::Leaving(_) => {}
            // At once, so that Backups learn a longer interval before their timers run out.
            Phase::Active { .. } => self.advertise(Purpose::Keep, now),
        }
    }

    fn advertises_alike(&self, before: &Configuration) -> bool {
        before.priority == self.configuration.priority
            && before.dialect == self.configuration.dialect
            && before.addresses == self.configuration.addresses
    }
}
