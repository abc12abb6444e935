//! How routers leave, and what they wait for on the way.

use std::collections::BTreeSet;
use std::net::IpAddr;

use skep_vrrp::identity::Priority;
use skep_vrrp::time::Instant;

use super::Brain;
use super::polling::holds;
use crate::configuration::RouterKey;
use crate::message::Reason;
use crate::router::Place;

impl Brain {
    /// Stops for good: every router leaves, and [`Self::has_left`] says when all have.
    pub fn handle_shutdown(&mut self, now: Instant) {
        for slot in self.slots() {
            self.retire(slot, Reason::Stopped, now);
        }
    }

    /// Whether no router runs, and none is still leaving.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.routers.iter().next().is_none()
    }

    /// An address that was to be added is there. A router that takes over from a living one
    /// advertises only then.
    pub fn handle_address_present(&mut self, interface: &str, address: IpAddr, now: Instant) {
        let place: Place = (interface.into(), address);
        for slot in self.slots() {
            if let Some(router) = self.routers.get_mut(slot)
                && router.found(&place)
            {
                router.machine.handle_addresses_present(now);
                self.follow(slot, now);
            }
        }
    }

    /// An address that was to be removed is gone. A router that has left says farewell only then:
    /// what its successor announces in answer finds nobody here who answers as well.
    pub fn handle_address_absent(&mut self, interface: &str, address: IpAddr, now: Instant) {
        let place: Place = (interface.into(), address);
        for slot in self.slots() {
            if let Some(router) = self.routers.get_mut(slot)
                && router.lost(&place)
            {
                self.bid_farewell(slot, now);
                self.follow(slot, now);
            }
        }
    }

    /// Another member of a group lives and ranks like this, as its agent said.
    pub(super) fn handle_standby(
        &mut self,
        key: &RouterKey,
        priority: Priority,
        heard_at: Instant,
        now: Instant,
    ) {
        for slot in self.slots() {
            if let Some(router) = self.routers.get_mut(slot)
                && router.configuration.key == *key
                && !router.is_retired()
            {
                router.stand_by(priority, heard_at, now);
                // The others are there, they wait as well: nobody is kept from being heard by a
                // port that is not open yet.
                router.hear_somebody();
                self.follow(slot, now);
            }
        }
    }

    /// A router that is not configured any more, or shall stop, leaves.
    pub(super) fn retire(&mut self, slot: usize, reason: Reason, now: Instant) {
        if let Some(router) = self.routers.get_mut(slot) {
            router.retire(reason, now);
        }
        self.follow(slot, now);
        self.report(slot);
    }

    /// Reports a router that has left for good, and forgets it when it has said farewell.
    pub(super) fn release(&mut self, slot: usize) {
        let Some(router) = self.routers.get_mut(slot).filter(|it| it.is_parting()) else {
            return;
        };
        let gone = router.is_gone();
        if router.is_released_now() {
            let key = router.configuration.key.clone();
            match self.slot_of(&key) {
                // One that still leaves has the name for itself again.
                Some(other) => self.report(other),
                None => self.removed.push_back(key),
            }
        }
        if gone && let Some(router) = self.routers.remove(slot) {
            self.interfaces.disconnect(&router.configuration);
        }
    }

    /// A router that claims waits for those of its addresses that are not here yet. They are
    /// announced as soon as they are: whoever has them too may release at once when it hears the
    /// claim, and a client that still knows it then would find nobody.
    pub(super) fn await_addresses(&mut self, slot: usize, now: Instant) {
        let Some(router) = self.routers.get_mut(slot) else {
            return;
        };
        if !router.machine.is_claiming() {
            return;
        }
        let missing = router
            .places()
            .filter(|(interface, address)| !self.holdings.holds(interface, *address));
        let missing: BTreeSet<Place> = missing.collect();
        if missing.is_empty() {
            router.machine.handle_addresses_present(now);
        } else {
            router.await_addresses(missing);
            self.announce(slot, 1);
        }
    }

    /// A router that has left waits for those of its addresses that no other router here wants.
    pub(super) fn await_farewell(&mut self, slot: usize, now: Instant) {
        let others = self.routers.iter().filter(|(other, _)| *other != slot);
        let others = others.filter(|(_, router)| holds(router.machine.state()));
        let kept: BTreeSet<Place> = others.flat_map(|(_, router)| router.places()).collect();
        if let Some(router) = self.routers.get_mut(slot) {
            let lingering = router.places().filter(|place| !kept.contains(place));
            let lingering = lingering.collect();
            router.await_farewell(lingering, now);
        }
        self.bid_farewell(slot, now);
    }

    /// Sends the farewell of a router if it is due.
    pub(super) fn bid_farewell(&mut self, slot: usize, now: Instant) {
        if self
            .routers
            .get_mut(slot)
            .is_some_and(|router| router.bids_farewell(now))
        {
            self.transmit(slot, Priority::FAREWELL, now);
        }
    }

    /// Whether a router that only leaves has the name of a configured one, which is reported.
    pub(super) fn is_superseded(&self, slot: usize) -> bool {
        let Some(router) = self.routers.get(slot).filter(|router| router.is_retired()) else {
            return false;
        };
        let key = &router.configuration.key;
        let mut routers = self.routers.iter();
        routers.any(|(_, other)| !other.is_retired() && other.configuration.key == *key)
    }

    /// A router of this name that has not left yet.
    fn slot_of(&self, key: &RouterKey) -> Option<usize> {
        let mut routers = self.routers.iter();
        let found = routers.find(|(_, it)| !it.is_parting() && it.configuration.key == *key);
        found.map(|(slot, _)| slot)
    }

    fn slots(&self) -> Vec<usize> {
        self.routers.iter().map(|(slot, _)| slot).collect()
    }
}
