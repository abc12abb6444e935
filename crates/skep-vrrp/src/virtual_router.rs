//! The state machine of one virtual router on one node.
//!
//! It knows advertisements, priorities and time. It knows no interface, puts no address anywhere
//! and announces nothing: it says what to send and what it became, its owner does the rest.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use crate::action::{Action, Purpose, Reason, State};
use crate::admission::{Rejection, admit};
use crate::configuration::{ChecksumChoice, Configuration, Preemption};
use crate::dialect::{Checksum, Dialect};
use crate::identity::Priority;
use crate::packet::Advertisement;
use crate::time::Instant;

mod adoption;
mod backup;

use backup::{Backup, Countdown, Expiry};

/// One virtual router: RFC 9568 §6 and, where version 2 differs, RFC 3768 §6.
///
/// ```text
///                  +---------------+
///       +--------->|               |<-------------+
///       |          |  Initialize   |              |
///       |   +------|               |----------+   |
///       |   |      +---------------+          |   |
///       |   |                                 |   |
///       |   V                                 V   |
///  +---------------+                  +---------------+
///  |               |----------------->|               |
///  |    Active     |                  |    Backup     |
///  |               |<-----------------|               |
///  +---------------+                  +---------------+
/// ```
///
/// After a wake-up, advertisements are handled before [`Self::handle_timeout`], each with the
/// time it was *received*: so a router that slept finds out what happened meanwhile.
#[derive(Debug)]
pub struct VirtualRouter {
    configuration: Configuration,
    source: Option<IpAddr>,
    phase: Phase,
    peer_checksum: Option<Checksum>,
    actions: VecDeque<Action>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Initialize,
    Backup(Backup),
    Active { advertised_at: Instant },
}

/// How an advertisement ranks against the router that hears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rank {
    /// Priority 0: the sender gives up.
    Release,
    Higher,
    /// Equal priority, the sender's address is the higher one.
    EqualHigherAddress,
    EqualLowerAddress,
    Lower,
}

impl VirtualRouter {
    /// A virtual router that takes no part yet.
    #[must_use]
    pub fn new(configuration: Configuration) -> Self {
        Self {
            configuration,
            source: None,
            phase: Phase::Initialize,
            peer_checksum: None,
            actions: VecDeque::with_capacity(4),
        }
    }

    /// The state it is in.
    #[must_use]
    pub const fn state(&self) -> State {
        match self.phase {
            Phase::Initialize => State::Initialize,
            Phase::Backup(_) => State::Backup,
            Phase::Active { .. } => State::Active,
        }
    }

    /// What it is told to be.
    #[must_use]
    pub const fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// Its advertisement, with the priority an [`Action::Send`] named.
    #[must_use]
    pub const fn advertisement(&self, priority: Priority) -> Advertisement<'_> {
        let dialect = match (self.configuration.dialect, self.peer_checksum) {
            (Dialect::V3 { interval_cs, .. }, Some(checksum)) => Dialect::V3 {
                interval_cs,
                checksum,
            },
            (dialect @ (Dialect::V2 { .. } | Dialect::V3 { .. }), _) => dialect,
        };
        Advertisement {
            virtual_router_id: self.configuration.virtual_router_id,
            priority,
            dialect,
            addresses: self.configuration.addresses.as_addresses(),
        }
    }

    /// RFC 9568 §6.4.1: takes part from now on, advertising from `source`.
    pub fn handle_startup(&mut self, source: IpAddr, now: Instant) {
        match self.phase {
            Phase::Initialize => {
                self.source = Some(source);
                if self.configuration.priority == Priority::OWNER {
                    self.become_active(Reason::Owner, now);
                } else {
                    self.become_backup(Backup::started(now), Reason::Started);
                }
            }
            Phase::Backup(_) | Phase::Active { .. } => {}
        }
    }

    /// RFC 9568 §6.4.2 and §6.4.3: takes no part from now on.
    pub fn handle_shutdown(&mut self) {
        match self.phase {
            Phase::Initialize => return,
            Phase::Backup(_) => {}
            Phase::Active { .. } => self.send(Priority::RELEASE, Purpose::Release),
        }
        self.enter(Phase::Initialize, State::Initialize, Reason::Stopped);
    }

    /// Advertises from `source` from now on, and is ranked by it.
    pub fn handle_source(&mut self, source: IpAddr) {
        self.source = Some(source);
    }

    /// Takes on another configuration without leaving its state. A Backup's running timer moves
    /// by the difference; an Active router advertises what changed at once.
    pub fn handle_configuration(&mut self, configuration: Configuration, now: Instant) {
        let before = std::mem::replace(&mut self.configuration, configuration);
        if self.configuration.checksum_choice == ChecksumChoice::Fixed
            || before.dialect.version() != self.configuration.dialect.version()
        {
            self.peer_checksum = None;
        }
        if !self.advertises_alike(&before) {
            self.after_change(now);
        }
    }

    /// Ranks with `priority` from now on.
    pub fn handle_priority(&mut self, priority: Priority, now: Instant) {
        if self.configuration.priority != priority {
            self.configuration.priority = priority;
            self.after_change(now);
        }
    }

    /// Takes the addresses over from whoever has them: a Backup waits for nothing any more.
    pub fn handle_claim(&mut self, now: Instant) {
        match self.phase {
            Phase::Backup(_) => self.become_active(Reason::Preempted, now),
            Phase::Initialize | Phase::Active { .. } => {}
        }
    }

    /// An advertisement that `from` sent arrived at `now`.
    ///
    /// # Errors
    ///
    /// [`Rejection`] when it does not count; nothing changed then.
    pub fn handle_advertisement(
        &mut self,
        from: IpAddr,
        advertisement: &Advertisement<'_>,
        now: Instant,
    ) -> Result<(), Rejection> {
        if self.source == Some(from) {
            return Err(Rejection::OwnAddress(from));
        }
        admit(&self.configuration, advertisement)?;
        self.follow_checksum(advertisement.dialect);
        let rank = self.rank(from, advertisement.priority);
        match self.phase {
            // RFC 9568 §6.4.1 knows no advertisement in this state.
            Phase::Initialize => {}
            Phase::Backup(backup) => {
                let interval = advertisement.dialect.interval();
                self.phase = Phase::Backup(self.watch(backup, rank, interval, now));
            }
            Phase::Active { .. } => self.defend(rank, from, advertisement, now),
        }
        Ok(())
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return;
        }
        match self.phase {
            Phase::Initialize => {}
            Phase::Backup(backup) => match backup.expire(now) {
                Expiry::TakeOver(reason) => self.become_active(reason, now),
                Expiry::Wait(backup) => self.phase = Phase::Backup(backup),
            },
            // Late by a down interval and nobody advertised meanwhile, else it would be Backup:
            // the addresses stay here, but the network may have to be told.
            Phase::Active { .. } if self.overslept(now) => self.advertise(Purpose::Assert, now),
            Phase::Active { .. } => self.advertise(Purpose::Keep, now),
        }
    }

    /// When [`Self::handle_timeout`] is due next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.phase {
            Phase::Initialize => None,
            Phase::Backup(backup) => Some(backup.deadline(&self.configuration)),
            Phase::Active { advertised_at } => {
                Some(advertised_at + self.configuration.dialect.interval())
            }
        }
    }

    /// What to do next.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Once a peer is heard without the pseudo-header there is no way back: two kinds of peers
    /// would make the router switch for ever.
    fn follow_checksum(&mut self, theirs: Dialect) {
        match (self.configuration.checksum_choice, theirs) {
            (
                ChecksumChoice::FollowPeer,
                Dialect::V3 {
                    checksum: Checksum::Message,
                    ..
                },
            ) => {
                self.peer_checksum = Some(Checksum::Message);
            }
            (
                ChecksumChoice::Fixed | ChecksumChoice::FollowPeer,
                Dialect::V2 { .. } | Dialect::V3 { .. },
            ) => {}
        }
    }

    fn rank(&self, from: IpAddr, priority: Priority) -> Rank {
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
    fn watch(&self, backup: Backup, rank: Rank, interval: Duration, now: Instant) -> Backup {
        match rank {
            Rank::Release => backup.released(now),
            Rank::Higher | Rank::EqualHigherAddress | Rank::EqualLowerAddress => {
                Backup::following(interval, now)
            }
            Rank::Lower => match self.preemption() {
                Preemption::Disabled => Backup::following(interval, now),
                Preemption::After(delay) => backup.suffer(delay, interval, now),
            },
        }
    }

    /// RFC 9568 §6.4.3, advertisement received.
    fn defend(&mut self, rank: Rank, from: IpAddr, heard: &Advertisement<'_>, now: Instant) {
        let interval = heard.dialect.interval();
        match rank {
            Rank::Higher | Rank::EqualHigherAddress => {
                let reason = Reason::OutRanked {
                    by: from,
                    priority: heard.priority,
                };
                self.become_backup(Backup::following(interval, now), reason);
            }
            // The others waited a down interval in vain, so the addresses are theirs.
            Rank::EqualLowerAddress | Rank::Lower if self.overslept(now) => {
                let reason = Reason::Overslept { successor: from };
                self.become_backup(Backup::awakening(interval, now), reason);
            }
            Rank::Release | Rank::EqualLowerAddress | Rank::Lower => {
                self.advertise(Purpose::Assert, now);
            }
        }
    }

    fn after_change(&mut self, now: Instant) {
        match self.phase {
            Phase::Initialize => {}
            Phase::Backup(_) if self.configuration.priority == Priority::OWNER => {
                self.become_active(Reason::Owner, now);
            }
            // Its timer follows by itself: the deadline is computed from the configuration.
            Phase::Backup(_) => {}
            // At once, so that Backups learn a longer interval before their timers run out.
            Phase::Active { .. } => self.advertise(Purpose::Keep, now),
        }
    }

    fn advertises_alike(&self, before: &Configuration) -> bool {
        before.priority == self.configuration.priority
            && before.dialect == self.configuration.dialect
            && before.addresses == self.configuration.addresses
    }

    fn preemption(&self) -> Preemption {
        if self.configuration.priority == Priority::OWNER {
            return Preemption::After(Duration::ZERO);
        }
        self.configuration.preemption
    }

    /// Whether an Active router has been silent for so long that others may have taken over.
    fn overslept(&self, now: Instant) -> bool {
        let Phase::Active { advertised_at } = self.phase else {
            return false;
        };
        let own_interval = self.configuration.dialect.interval();
        let down_interval = Countdown::Silence.length(&self.configuration, own_interval);
        now.saturating_duration_since(advertised_at) >= down_interval
    }

    fn become_active(&mut self, reason: Reason, now: Instant) {
        // RFC 9568 §6.4.2: the advertisement first, then what makes the addresses ours.
        self.send(self.configuration.priority, Purpose::Claim);
        self.enter(Phase::Active { advertised_at: now }, State::Active, reason);
    }

    fn become_backup(&mut self, backup: Backup, reason: Reason) {
        self.enter(Phase::Backup(backup), State::Backup, reason);
    }

    fn enter(&mut self, phase: Phase, state: State, reason: Reason) {
        self.phase = phase;
        self.actions.push_back(Action::Became { state, reason });
    }

    fn advertise(&mut self, purpose: Purpose, now: Instant) {
        self.phase = Phase::Active { advertised_at: now };
        self.send(self.configuration.priority, purpose);
    }

    fn send(&mut self, priority: Priority, purpose: Purpose) {
        self.actions.push_back(Action::Send { priority, purpose });
    }
}

#[cfg(test)]
mod tests;
