//! When the lifetimes of addresses are renewed, and whether they may be.
//!
//! The kernel takes an address away when nobody renews it: a dead agent holds nothing. A renewal
//! adds an address that has expired, so nothing is renewed on behalf of a wire thread that may
//! not know yet what happened meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::memory::{Identity, Memory, StandingState};
use crate::vip::addresses::Place;

/// How often an address is renewed: the shortest lease, a second, allows for one that is late.
const RENEWAL: Duration = Duration::from_millis(500);

/// The step between the first renewals of addresses that come together: two fifths and a bit, so
/// that any number of them is spread over the whole of [`RENEWAL`].
const SPREAD: Duration = Duration::from_millis(309);

/// How long ago wire may have dealt with all that arrived: a few of its turns, and less than what
/// is left of the shortest lease when it was due to be renewed.
const FRESH: Duration = Duration::from_millis(400);

/// Whether wire knows what happened up to a moment ago.
pub(super) fn is_wire_fresh(memory: &Memory, now: Duration) -> bool {
    now.saturating_sub(memory.settled_at()) <= FRESH
}

/// The virtual router that an address belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) identity: Identity,
    /// The time between its advertisements.
    pub(super) interval: Duration,
    /// Whether it owns the addresses: they are the node's own, and stay.
    pub(super) owns: bool,
}

impl Holder {
    /// Whether its addresses may be renewed: it holds them, and others hear that it does.
    pub(super) fn may_renew(&self, memory: &Memory, now: Duration) -> bool {
        let Some(standing) = memory.standings().find(self.identity) else {
            return false;
        };
        let silent = now.saturating_sub(standing.advertised_at);
        is_wire_fresh(memory, now)
            && match standing.state {
                StandingState::Without => false,
                StandingState::Active => silent <= self.interval + FRESH,
                // It waits for its successor in silence, and not for long.
                StandingState::Leaving => true,
            }
    }
}

/// The addresses that are renewed, each at its time.
#[derive(Debug, Default)]
pub(super) struct Leases {
    times: BTreeMap<Place, Duration>,
    /// The same, in the order of time.
    due: BTreeSet<(Duration, Place)>,
    offset: Duration,
}

impl Leases {
    /// Renews `place` from `now` on, unless it is renewed already.
    pub(super) fn start(&mut self, place: &Place, now: Duration) {
        if !self.times.contains_key(place) {
            self.offset += SPREAD;
            if self.offset >= RENEWAL {
                self.offset -= RENEWAL;
            }
            self.set(place.clone(), now + self.offset);
        }
    }

    /// Renews it no more.
    pub(super) fn stop(&mut self, place: &Place) {
        if let Some(at) = self.times.remove(place) {
            self.due.remove(&(at, place.clone()));
        }
    }

    /// When the next renewal is due.
    pub(super) fn next(&self) -> Option<Duration> {
        self.due.first().map(|(at, _)| *at)
    }

    /// What is due at `now`; each is due again after the time between renewals.
    pub(super) fn take_due(&mut self, now: Duration) -> Vec<Place> {
        let mut taken = Vec::new();
        while self.next().is_some_and(|at| at <= now)
            && let Some((at, place)) = self.due.pop_first()
        {
            // Whoever comes late does not catch up.
            let next = (at + RENEWAL).max(now + RENEWAL / 2);
            self.set(place.clone(), next);
            taken.push(place);
        }
        taken
    }

    fn set(&mut self, place: Place, at: Duration) {
        self.due.insert((at, place.clone()));
        self.times.insert(place, at);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use skep_vrrp::identity::{Family, VirtualRouterId};

    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn place(number: u8) -> Place {
        (Arc::from("eth0"), [10, 0, 0, number].into())
    }

    #[test]
    fn addresses_that_come_together_are_renewed_one_after_the_other() {
        let mut leases = Leases::default();
        for number in 0..=254 {
            leases.start(&place(number), ms(1_000));
        }
        let mut renewals = 0;
        for now in (1_000..=1_500).step_by(20) {
            let due = leases.take_due(ms(now)).len();
            assert!(due <= 20, "{due} at once");
            renewals += due;
        }
        assert_eq!(renewals, 255);
    }

    #[test]
    fn an_address_is_renewed_twice_a_second_until_it_is_dropped() {
        let mut leases = Leases::default();
        leases.start(&place(1), ms(0));
        let first = leases.next().expect("it is renewed");
        assert_eq!(leases.take_due(first), [place(1)]);
        leases.start(&place(1), first);
        assert_eq!(leases.next(), Some(first + RENEWAL));
        assert_eq!(leases.take_due(first), []);
        leases.stop(&place(1));
        assert_eq!(leases.next(), None);
    }

    #[test]
    fn nothing_is_renewed_for_a_wire_that_slept_or_whose_router_is_silent_or_has_left() {
        let memory = Memory::create().expect("memory");
        let id = VirtualRouterId::new(51).expect("not zero");
        let holder = Holder {
            identity: Identity::new("eth0", Family::Ipv4, id),
            interval: ms(100),
            owns: false,
        };
        let now = ms(10_000);
        memory.set_settled_at(now);
        assert!(!holder.may_renew(&memory, now), "it is not known");
        let index = memory
            .standings()
            .enter(holder.identity)
            .expect("there is room");
        memory.standings().set_state(index, StandingState::Active);
        memory.standings().set_advertised_at(index, now - ms(90));
        assert!(holder.may_renew(&memory, now));
        memory.set_settled_at(now - ms(1_000));
        assert!(!holder.may_renew(&memory, now), "wire slept");
        memory.set_settled_at(now);
        memory.standings().set_advertised_at(index, now - ms(1_000));
        assert!(!holder.may_renew(&memory, now), "nobody hears it");
        memory.standings().set_state(index, StandingState::Leaving);
        assert!(holder.may_renew(&memory, now));
        memory.standings().set_state(index, StandingState::Without);
        assert!(!holder.may_renew(&memory, now), "it left");
    }
}
