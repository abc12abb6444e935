//! The state machine of one virtual router on one node.
//!
//! It knows advertisements, priorities and time. It knows no interface, puts no address anywhere
//! and announces nothing: it says what to send and what it became, its owner does the rest.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use crate::action::{Action, Purpose, Reason, State};
use crate::admission::{Rejection, admit};
use crate::configuration::{ChecksumChoice, Configuration};
use crate::dialect::{Checksum, Dialect};
use crate::identity::Priority;
use crate::packet::Advertisement;
use crate::time::Instant;

mod adoption;
mod backup;
mod change;
mod contest;
mod equal;
mod leaving;
mod restraint;

use backup::{Backup, Expiry};
use equal::Equal;
pub use leaving::overlap;
use leaving::{Intent, Leaving};

/// How long a router that takes over from a living one waits for its addresses at most, unless its
/// interval is shorter. While containers start the kernel has been seen to take a third of a second.
const CLAIM_PATIENCE: Duration = Duration::from_secs(1);

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
    restrained_until: Option<Instant>,
    woken_at: Instant,
    equal: Option<Equal>,
    peer_checksum: Option<Checksum>,
    actions: VecDeque<Action>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Initialize,
    Backup(Backup),
    /// Active beside a living router that was not told yet: the addresses come first.
    Claiming {
        since: Instant,
    },
    Active {
        advertised_at: Instant,
    },
    Leaving(Leaving),
}

impl VirtualRouter {
    /// A virtual router that takes no part yet.
    #[must_use]
    pub fn new(configuration: Configuration) -> Self {
        Self {
            configuration,
            source: None,
            phase: Phase::Initialize,
            restrained_until: None,
            woken_at: Instant::default(),
            equal: None,
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
            Phase::Claiming { .. } | Phase::Active { .. } => State::Active,
            Phase::Leaving(_) => State::Leaving,
        }
    }

    /// Whether it is Active and waits for [`Self::handle_addresses_present`] to say so.
    #[must_use]
    pub const fn is_claiming(&self) -> bool {
        match self.phase {
            Phase::Claiming { .. } => true,
            Phase::Initialize | Phase::Backup(_) | Phase::Active { .. } | Phase::Leaving(_) => {
                false
            }
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
                if self.owns_at(now) {
                    self.claim(Reason::Owner, now);
                } else {
                    self.become_backup(Backup::started(now), Reason::Started);
                }
            }
            Phase::Backup(_) | Phase::Claiming { .. } | Phase::Active { .. } => {}
            // What it announced it finishes; then it is Backup, or Active if nobody succeeds.
            Phase::Leaving(leaving) => self.intend(leaving, Intent::StepDown),
        }
    }

    /// RFC 9568 §6.4.2 and §6.4.3: takes no part any more, as soon as its successor is heard.
    pub fn handle_shutdown(&mut self, now: Instant) {
        match self.phase {
            Phase::Initialize => {}
            Phase::Backup(_) => self.initialize(),
            Phase::Claiming { .. } | Phase::Active { .. } => {
                self.leave(Intent::Stop, Reason::Stopped, now);
            }
            Phase::Leaving(leaving) => self.intend(leaving, Intent::Stop),
        }
    }

    /// Takes no part from this moment on: it can neither send nor hear.
    pub fn handle_fault(&mut self) {
        match self.phase {
            Phase::Initialize => {}
            Phase::Backup(_)
            | Phase::Claiming { .. }
            | Phase::Active { .. }
            | Phase::Leaving(_) => self.initialize(),
        }
    }

    /// Ranks with `priority` from now on, and leaves the addresses to another router.
    pub fn handle_step_down(&mut self, priority: Priority, now: Instant) {
        self.configuration.priority = priority;
        match self.phase {
            Phase::Claiming { .. } | Phase::Active { .. } => {
                self.leave(Intent::StepDown, Reason::SteppedDown, now);
            }
            Phase::Initialize | Phase::Backup(_) | Phase::Leaving(_) => {}
        }
    }

    /// The addresses of a router that is claiming are in place.
    pub fn handle_addresses_present(&mut self, now: Instant) {
        match self.phase {
            Phase::Claiming { .. } => self.advertise(Purpose::Claim, now),
            Phase::Initialize | Phase::Backup(_) | Phase::Active { .. } | Phase::Leaving(_) => {}
        }
    }

    /// Advertises from `source` from now on, and is ranked by it.
    pub fn handle_source(&mut self, source: IpAddr) {
        self.source = Some(source);
    }

    /// Takes the addresses over from whoever has them: a Backup waits for nothing any more.
    pub fn handle_claim(&mut self, now: Instant) {
        match self.phase {
            Phase::Backup(_) => self.claim(Reason::Preempted, now),
            Phase::Initialize
            | Phase::Claiming { .. }
            | Phase::Active { .. }
            | Phase::Leaving(_) => {}
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
                let heard = (rank, advertisement.priority);
                self.phase = Phase::Backup(self.watch(backup, heard, interval, now));
            }
            Phase::Claiming { .. } => self.contend(rank, from, advertisement, now),
            Phase::Active { .. } => self.defend(rank, from, advertisement, now),
            Phase::Leaving(leaving) => self.meet(leaving, from, advertisement, now),
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
            Phase::Backup(_) if self.owns_at(now) => self.claim(Reason::Owner, now),
            Phase::Backup(backup) => match backup.expire(now) {
                Expiry::TakeOver(reason) => self.become_active(reason, now),
                Expiry::Preempt => self.claim(Reason::Preempted, now),
                Expiry::Wait(backup) => self.phase = Phase::Backup(backup),
            },
            Phase::Claiming { .. } => self.advertise(Purpose::Claim, now),
            // Late by a down interval and nobody advertised meanwhile, else it would be Backup:
            // the addresses stay here, but the network may have to be told.
            Phase::Active { .. } if self.overslept(now) => self.advertise(Purpose::Assert, now),
            Phase::Active { .. } => self.advertise(Purpose::Keep, now),
            Phase::Leaving(leaving) => self.part(leaving, now),
        }
    }

    /// When [`Self::handle_timeout`] is due next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.phase {
            Phase::Initialize => None,
            Phase::Backup(backup) => {
                let deadline = Some(backup.deadline(&self.configuration));
                deadline.max(self.restrained_until)
            }
            Phase::Claiming { since } => {
                Some(since + CLAIM_PATIENCE.min(self.configuration.dialect.interval()))
            }
            Phase::Active { advertised_at } => {
                Some(advertised_at + self.configuration.dialect.interval())
            }
            Phase::Leaving(leaving) => Some(leaving.deadline()),
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

    fn become_active(&mut self, reason: Reason, now: Instant) {
        // RFC 9568 §6.4.2: the advertisement first, then what makes the addresses ours.
        self.send(self.configuration.priority, Purpose::Claim);
        self.enter(Phase::Active { advertised_at: now }, State::Active, reason);
    }

    /// Becomes Active where another router may be it, which releases when it hears this one and
    /// not earlier: here the addresses come first.
    fn claim(&mut self, reason: Reason, now: Instant) {
        self.enter(Phase::Claiming { since: now }, State::Active, reason);
    }

    fn initialize(&mut self) {
        self.enter(Phase::Initialize, State::Initialize, Reason::Stopped);
    }

    fn become_backup(&mut self, backup: Backup, reason: Reason) {
        self.enter(Phase::Backup(backup), State::Backup, reason);
    }

    fn enter(&mut self, phase: Phase, state: State, reason: Reason) {
        self.phase = phase;
        self.equal = None;
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
