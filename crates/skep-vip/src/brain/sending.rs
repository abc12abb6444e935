//! What routers say: advertisements, and announcements of their addresses.

use std::sync::Arc;

use skep_vrrp::action::{self as machine, Purpose};
use skep_vrrp::identity::Priority;
use skep_vrrp::time::Instant;

use super::Brain;
use crate::action::Announcement;

impl Brain {
    /// Does what a router's machine wants to be said.
    pub(super) fn send(&mut self, slot: usize, priority: Priority, purpose: Purpose, now: Instant) {
        if purpose == Purpose::Farewell {
            self.await_farewell(slot, now);
            return;
        }
        self.transmit(slot, priority, now);
        let Some(router) = self.routers.get_mut(slot) else {
            return;
        };
        match purpose {
            Purpose::Release => router.counters.releases_sent += 1,
            Purpose::Claim => self.announce_twice(slot, now),
            Purpose::Assert if router.answers_claim(now) => self.announce_twice(slot, now),
            Purpose::Keep | Purpose::Assert | Purpose::Farewell => {}
        }
        self.refresh(slot, now);
    }

    /// Queues an advertisement, unless the router cannot send.
    pub(super) fn transmit(&mut self, slot: usize, priority: Priority, now: Instant) {
        let Some(router) = self.routers.get_mut(slot) else {
            return;
        };
        let Some(source) = router.sends_from() else {
            return;
        };
        router.counters.sent += 1;
        let advertisement = router.machine.advertisement(priority);
        let trailer = router
            .authenticity
            .sign(&advertisement, source, self.wall_clock.at(now));
        let after = trailer.as_ref().map_or([].as_slice(), |bytes| bytes);
        for destination in router.configuration.transport.destinations() {
            let addresses = (source, destination);
            self.outbox
                .push(&router.interface, addresses, &advertisement, after);
        }
    }

    /// Announces the addresses of an Active router, and again after the time it is configured
    /// with.
    pub(super) fn announce_twice(&mut self, slot: usize, now: Instant) {
        let Some(router) = self.routers.get_mut(slot) else {
            return;
        };
        match router.machine.state() {
            machine::State::Active => {
                router.announced(now);
                let count = router.configuration.announcements.count;
                self.announce(slot, count);
            }
            machine::State::Initialize | machine::State::Backup | machine::State::Leaving => {}
        }
    }

    /// Lets nothing be announced any more that was to be: an announcement that waited for the
    /// kernel would call clients back from the successor to a host that is about to release.
    pub(super) fn withhold(&mut self, slot: usize) {
        let Some(router) = self.routers.get(slot) else {
            return;
        };
        for held in &router.addresses {
            let void = Announcement {
                interface: Arc::clone(&held.interface),
                address: held.address,
            };
            self.announcements.retain(|queued| *queued != void);
            self.withheld.push_back(void);
        }
    }

    /// Queues `count` announcements of each address, address by address in turn.
    pub(super) fn announce(&mut self, slot: usize, count: u8) {
        let Some(router) = self.routers.get(slot) else {
            return;
        };
        for _ in 0..count {
            self.announcements
                .extend(router.addresses.iter().map(|held| Announcement {
                    interface: Arc::clone(&held.interface),
                    address: held.address,
                }));
        }
    }
}
