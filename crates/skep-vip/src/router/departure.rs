//! When and why a router leaves, and what it says when it has left.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use skep_vrrp::action;
use skep_vrrp::identity::Priority;
use skep_vrrp::time::Instant;

use super::Router;
use crate::configuration::Relocation;
use crate::message::{Reason, State};

/// What another agent said counts for this long: three of its reports.
const STANDBY_FRESH: Duration = Duration::from_secs(3);

/// After leaving in vain a router does not try again because of every report: a member that says
/// it stands by and does not take over is not heard on the segment.
const LEAVE_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// How long the farewell waits for the addresses to be gone: longer than the kernel was ever seen
/// to take, and short enough for a process that is told to end.
const FAREWELL_PATIENCE: Duration = Duration::from_millis(1_500);

/// An address on an interface.
pub(crate) type Place = (Arc<str>, IpAddr);

/// What a router remembers of leaving.
#[derive(Debug, Default)]
pub(super) struct Departure {
    reason: Option<Reason>,
    retired: bool,
    /// Whether it was reported as gone.
    released: bool,
    /// The priority it had before it was lowered while Active.
    lowered_from: Option<Priority>,
    standby: Option<Standby>,
    in_vain_since: Option<Instant>,
    /// The addresses that a router which claims waits for.
    missing: BTreeSet<Place>,
    farewell: Option<Farewell>,
}

/// The best other member, as its agent said.
#[derive(Clone, Copy, Debug)]
struct Standby {
    priority: Priority,
    heard_at: Instant,
}

/// What is said as soon as the addresses are gone.
#[derive(Debug)]
struct Farewell {
    lingering: BTreeSet<Place>,
    due: Instant,
}

impl Departure {
    pub(super) fn reason(&self) -> Reason {
        self.reason.clone().unwrap_or(Reason::Stopped)
    }

    pub(super) fn farewell_due(&self) -> Option<Instant> {
        self.farewell.as_ref().map(|farewell| farewell.due)
    }
}

impl Router {
    /// It is not configured any more and leaves for good.
    pub(crate) fn retire(&mut self, reason: Reason, now: Instant) {
        self.departure.retired = true;
        self.departure.reason = Some(reason);
        self.machine.handle_shutdown(now);
    }

    /// It is configured, again perhaps.
    pub(crate) const fn engage(&mut self) {
        self.departure.retired = false;
        self.departure.released = false;
    }

    /// Whether it only lives on until it has left.
    pub(crate) const fn is_retired(&self) -> bool {
        self.departure.retired
    }

    /// Whether it has left for good, and its addresses may be on their way out: nothing of that is
    /// a fault.
    pub(crate) fn is_parting(&self) -> bool {
        self.departure.retired && self.machine.state() == action::State::Initialize
    }

    /// Whether this is the first time that it is found to have left; it is asked for once.
    pub(crate) const fn is_released_now(&mut self) -> bool {
        !std::mem::replace(&mut self.departure.released, true)
    }

    /// Whether it has left for good and said so.
    pub(crate) fn is_gone(&self) -> bool {
        self.is_parting() && self.departure.farewell.is_none()
    }

    /// Ranks with this priority from now on. A lower one is advertised, and given up with
    /// priority 0 only for a better member that is known to live.
    pub(crate) fn rank(&mut self, priority: Priority, now: Instant) {
        self.note_lowering(priority);
        let was = self.machine.configuration().priority;
        match self.better_than(priority, now).filter(|_| priority < was) {
            Some(better) => self.step_down(priority, Reason::Lowered { priority, better }, now),
            None => self.machine.handle_priority(priority, now),
        }
    }

    /// An operator moved the group, or back. Who has it leaves it to the others.
    pub(crate) fn relocate(&mut self, to: Relocation, priority: Priority, now: Instant) {
        match (self.configuration.relocation, to) {
            (Relocation::None | Relocation::Here, Relocation::Away) => {
                self.step_down(priority, Reason::Moved, now);
            }
            (
                Relocation::None | Relocation::Here | Relocation::Away,
                Relocation::None | Relocation::Here,
            )
            | (Relocation::Away, Relocation::Away) => self.rank(priority, now),
        }
    }

    /// Another member lives and ranks like this.
    pub(crate) fn stand_by(&mut self, priority: Priority, heard_at: Instant, now: Instant) {
        self.departure.standby = Some(Standby { priority, heard_at });
        let own = self.machine.configuration().priority;
        let recently = |since: Instant| now.saturating_duration_since(since) < LEAVE_AGAIN_AFTER;
        if self.machine.state() != action::State::Active
            || self.departure.in_vain_since.is_some_and(recently)
        {
            return;
        }
        let Some(better) = self.better_than(own, now) else {
            return;
        };
        if self.configuration.relocation == Relocation::Away {
            self.step_down(own, Reason::Moved, now);
        } else if self.departure.lowered_from.is_some() {
            let reason = Reason::Lowered {
                priority: own,
                better,
            };
            self.step_down(own, reason, now);
        }
    }

    /// It is Active and waits for these addresses before it says so.
    pub(crate) fn await_addresses(&mut self, missing: BTreeSet<Place>) {
        self.departure.missing = missing;
    }

    /// An address is there. Whether all that it waited for are.
    pub(crate) fn found(&mut self, place: &Place) -> bool {
        self.departure.missing.remove(place) && self.departure.missing.is_empty()
    }

    /// It has left: the farewell follows when these addresses are gone.
    pub(crate) fn await_farewell(&mut self, lingering: BTreeSet<Place>, now: Instant) {
        let due = now + FAREWELL_PATIENCE;
        self.departure.farewell = Some(Farewell { lingering, due });
    }

    /// An address is gone. Whether all are that the farewell waited for.
    pub(crate) fn lost(&mut self, place: &Place) -> bool {
        let Some(farewell) = &mut self.departure.farewell else {
            return false;
        };
        farewell.lingering.remove(place) && farewell.lingering.is_empty()
    }

    /// Whether the farewell is due; it is asked for once.
    pub(crate) fn bids_farewell(&mut self, now: Instant) -> bool {
        let due = |farewell: &mut Farewell| farewell.lingering.is_empty() || farewell.due <= now;
        self.departure.farewell.take_if(due).is_some()
    }

    /// Whether there is a farewell to say before it is too late; it is asked for once.
    pub(crate) fn hurries_farewell(&mut self) -> bool {
        self.departure.farewell.take().is_some()
    }

    /// Takes note of what a change of state means for leaving.
    pub(super) fn depart(&mut self, to: State, reason: &Reason, now: Instant) {
        self.departure.missing.clear();
        if matches!(reason, Reason::HandedOver { .. }) {
            self.counters.handed_over += 1;
        } else if *reason == Reason::NoSuccessor {
            self.counters.no_successor += 1;
        }
        match to {
            State::Active => {
                self.departure.farewell = None;
                let in_vain = *reason == Reason::NoSuccessor;
                self.departure.in_vain_since = in_vain.then_some(now);
            }
            State::Leaving => self.departure.farewell = None,
            State::Fault | State::Backup => {
                self.departure.lowered_from = None;
                self.departure.in_vain_since = None;
            }
        }
    }

    fn step_down(&mut self, priority: Priority, reason: Reason, now: Instant) {
        self.departure.reason = Some(reason);
        self.machine.handle_step_down(priority, now);
    }

    fn note_lowering(&mut self, priority: Priority) {
        let was = self.machine.configuration().priority;
        let from = self.departure.lowered_from.unwrap_or(was);
        let active = self.machine.state() == action::State::Active;
        self.departure.lowered_from = (active && priority < from).then_some(from);
    }

    /// The priority of another member, when it is known to live and to rank above `priority`.
    fn better_than(&self, priority: Priority, now: Instant) -> Option<Priority> {
        let standby = self.departure.standby?;
        let age = now.saturating_duration_since(standby.heard_at);
        (age <= STANDBY_FRESH && standby.priority > priority).then_some(standby.priority)
    }
}
