//! How an advertisement ranks, and what the router that hears it does.

use std::net::IpAddr;
use std::time::Duration;

use super::backup::{Backup, Countdown};
use super::{Phase, VirtualRouter};
use crate::action::{Purpose, Reason};
use crate::configuration::Preemption;
use crate::identity::Priority;
use crate::packet::Advertisement;
use crate::time::Instant;

/// How an advertisement ranks against the router that hears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    /// Priority 0: the sender gives up.
    Release,
    Higher,
    /// Equal priority, the sender's address is the higher one.
    EqualHigherAddress,
    EqualLowerAddress,
    Lower,
}

impl VirtualRouter {
    /// What is handed over next is looked at from `now` on; it may have arrived before.
    pub const fn handle_wake(&mut self, now: Instant) {
        self.woken_at = now;
    }

    pub(super) fn rank(&self, from: IpAddr, priority: Priority) -> Rank {
        if priority == Priority::RELEASE {
            return Rank::Release;
        }
        match priority.cmp(&self.configuration.priority) {
            std::cmp::Ordering::Greater => Rank::Higher,
            std::cmp::Ordering::Less => Rank::Lower,
            // RFC 9568 §6.4.3: of equal priorities the higher address wins, as an unsigned number
            // in network order.
            std::cmp::Ordering::Equal if Some(from) > self.source => Rank::EqualHigherAddress,
            std::cmp::Ordering::Equal => Rank::EqualLowerAddress,
        }
    }

    /// RFC 9568 §6.4.2, advertisement received.
    pub(super) fn watch(
        &self,
        backup: Backup,
        (rank, priority): (Rank, Priority),
        interval: Duration,
        now: Instant,
    ) -> Backup {
        match rank {
            Rank::Release => backup.released(now),
            // The Active router gave up, and another one has left before: its farewell is no claim.
            // Nor can it be an equal's, who waits as long as this router does. A router that sleeps
            // for longer hears who has taken over.
            Rank::EqualHigherAddress | Rank::EqualLowerAddress | Rank::Lower
                if backup.is_succeeding()
                    && priority == Priority::FAREWELL
                    && now < backup.deadline(&self.configuration) =>
            {
                backup
            }
            Rank::Higher | Rank::EqualHigherAddress | Rank::EqualLowerAddress => {
                Backup::following(interval, now)
            }
            Rank::Lower => match self.preemption() {
                Preemption::Disabled => Backup::following(interval, now),
                Preemption::After(delay) => backup.suffer(delay, interval, now),
            },
        }
    }

    /// The living router that is about to be told is heard, or a better one.
    pub(super) fn contend(
        &mut self,
        rank: Rank,
        from: IpAddr,
        heard: &Advertisement<'_>,
        now: Instant,
    ) {
        match rank {
            Rank::EqualHigherAddress if self.bears_with(from, heard.priority, now) => {}
            Rank::Higher | Rank::EqualHigherAddress => self.defend(rank, from, heard, now),
            // Nobody is left who has the addresses: this is urgent now.
            Rank::Release => self.advertise(Purpose::Claim, now),
            Rank::EqualLowerAddress | Rank::Lower => {}
        }
    }

    /// RFC 9568 §6.4.3, advertisement received.
    pub(super) fn defend(
        &mut self,
        rank: Rank,
        from: IpAddr,
        heard: &Advertisement<'_>,
        now: Instant,
    ) {
        let interval = heard.dialect.interval();
        match rank {
            Rank::EqualHigherAddress if self.bears_with(from, heard.priority, now) => {
                // One that lives answers. Where it is known to live there is nothing to say.
                if heard.priority == Priority::FAREWELL {
                    self.contradict(now);
                }
            }
            Rank::Higher | Rank::EqualHigherAddress => {
                let reason = Reason::OutRanked {
                    by: from,
                    priority: heard.priority,
                };
                let then = Backup::following(interval, now);
                self.yield_to((from, heard.priority), then, reason, now);
            }
            // The others waited a down interval in vain, so the addresses are theirs.
            Rank::EqualLowerAddress | Rank::Lower if self.overslept(now) => {
                let reason = Reason::Overslept { successor: from };
                let then = Backup::awakening(interval, now);
                self.yield_to((from, heard.priority), then, reason, now);
            }
            Rank::Release | Rank::EqualLowerAddress | Rank::Lower => self.contradict(now),
        }
    }

    /// Advertises at once. What is heard so late that the timer is due as well is answered by that:
    /// nobody heard this router when it arrived.
    fn contradict(&mut self, now: Instant) {
        let late = self.woken_at.saturating_duration_since(now);
        if late < self.configuration.dialect.interval() {
            self.advertise(Purpose::Assert, now);
        }
    }

    /// Whether an Active router has been silent for so long that others may have taken over.
    pub(super) fn overslept(&self, now: Instant) -> bool {
        let Phase::Active { advertised_at } = self.phase else {
            return false;
        };
        let own_interval = self.configuration.dialect.interval();
        let down_interval = Countdown::Silence.length(&self.configuration, own_interval);
        now.saturating_duration_since(advertised_at) >= down_interval
    }

    fn preemption(&self) -> Preemption {
        if self.configuration.priority == Priority::OWNER {
            return Preemption::After(Duration::ZERO);
        }
        self.configuration.preemption
    }
}
