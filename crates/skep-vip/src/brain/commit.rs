//! Applying a whole configuration at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use skep_vrrp::configuration::Preemption;
use skep_vrrp::identity::Priority;
use skep_vrrp::time::Instant;

use super::Brain;
use crate::acceptance::Accepted;
use crate::bonds::{Bonds, Part};
use crate::configuration::{RouterConfiguration, RouterKey};
use crate::links;
use crate::message::Reason;
use crate::router::{Addresses, Router, WireIdentity};

/// How many intervals of its leader a follower lets an equal be: in one the leaders hear each other,
/// in another the follower hears what came of it.
const LEADERS_DECIDE: u32 = 2;

impl Brain {
    /// Runs exactly these routers. One that is the same on the wire keeps its state, its timers
    /// and what it holds, also under another name; the others leave first, then new ones start.
    pub(super) fn commit(&mut self, revision: u64, mut accepted: Vec<Accepted>, now: Instant) {
        self.revision = revision;
        let_leaders_decide(&mut accepted);
        self.track_links(&accepted, now);
        // Who has left and only waits to say so is not the same router any more.
        let running = self
            .routers
            .iter()
            .filter(|(_, router)| !router.is_parting());
        let running = running.map(|(slot, router)| (router, slot));
        let mut running: BTreeMap<WireIdentity, usize> = running
            .map(|(router, slot)| (WireIdentity::of(&router.configuration), slot))
            .collect();
        let (staying, starting): (Vec<_>, Vec<_>) = accepted
            .into_iter()
            .map(|router| {
                (
                    running.remove(&WireIdentity::of(&router.configuration)),
                    router,
                )
            })
            .partition(|(slot, _)| slot.is_some());
        let keys_before = self.keys();
        for slot in running.into_values() {
            self.retire(slot, Reason::Removed, now);
        }
        let starting: Vec<usize> = starting
            .into_iter()
            .map(|(_, router)| self.insert(revision, router, now))
            .collect();
        // Everybody finds those it moves together with in place before it is ruled.
        self.bonds = self.bonds_of(&staying, &starting);
        for (slot, router) in staying {
            if let Some(slot) = slot {
                self.reconfigure(slot, revision, router, now);
            }
        }
        for slot in &starting {
            self.adopt(*slot, now);
        }
        for slot in starting {
            self.rule(slot, now);
        }
        self.adoptions.clear();
        self.forget_inputs();
        let keys = self.keys();
        self.removed.retain(|key| !keys.contains(key));
        for key in keys_before {
            if !keys.contains(&key) && !self.removed.contains(&key) {
                self.removed.push_back(key);
            }
        }
        self.holdings.unsettle();
    }

    fn reconfigure(&mut self, slot: usize, revision: u64, accepted: Accepted, now: Instant) {
        let Accepted {
            configuration,
            mut machine,
        } = accepted;
        machine.priority = self.priority(slot, &configuration);
        let Some(router) = self.routers.get_mut(slot) else {
            return;
        };
        router.engage();
        // First, so that what is given up is not advertised once more.
        router.relocate(configuration.relocation, machine.priority, now);
        let addresses = router.reconfigure(revision, configuration, machine, now);
        self.rule(slot, now);
        match addresses {
            Addresses::Same => {}
            Addresses::Changed => self.announce_twice(slot, now),
        }
        self.follow(slot, now);
    }

    fn insert(&mut self, revision: u64, accepted: Accepted, now: Instant) -> usize {
        let Accepted {
            configuration,
            machine,
        } = accepted;
        self.displace(&configuration, now);
        let slot = self
            .routers
            .insert(Router::new(revision, configuration, machine, now));
        if let Some(router) = self.routers.get(slot) {
            self.interfaces.connect(&router.configuration, slot);
        }
        slot
    }

    fn bonds_of(&self, staying: &[(Option<usize>, Accepted)], starting: &[usize]) -> Bonds {
        let staying = staying
            .iter()
            .filter_map(|(slot, router)| Some((slot.as_ref().copied()?, &router.configuration)));
        let starting = starting
            .iter()
            .filter_map(|slot| Some((*slot, &self.routers.get(*slot)?.configuration)));
        Bonds::between(staying.chain(starting))
    }

    fn track_links(&mut self, accepted: &[Accepted], now: Instant) {
        let Self {
            links, interfaces, ..
        } = self;
        let routers = accepted.iter().map(|router| &router.configuration);
        let tracked = routers.flat_map(|router| &router.tracked_interfaces);
        links.track(tracked, |interface| interfaces.link(interface));
        for (interface, health) in self.links.iter() {
            // What this changes is ruled with the configuration.
            let _ruled = self.inputs.hear(&links::input_name(interface), health, now);
        }
    }

    /// Ends what is left of a router that has left, or of one of another version that is leaving: an
    /// interface, a family and an id are one router.
    fn displace(&mut self, configuration: &RouterConfiguration, now: Instant) {
        let RouterConfiguration {
            interface,
            key,
            virtual_router_id,
            ..
        } = configuration;
        let leaving = self
            .interfaces
            .route(interface, key.family, *virtual_router_id);
        let Some(slot) = leaving else { return };
        if self
            .routers
            .get_mut(slot)
            .is_some_and(Router::hurries_farewell)
        {
            self.transmit(slot, Priority::FAREWELL, now);
        }
        if let Some(router) = self.routers.remove(slot) {
            self.interfaces.disconnect(&router.configuration);
            self.deadlines.set(slot, None);
        }
    }

    fn forget_inputs(&mut self) {
        let routers = self.routers.iter();
        let tracked: BTreeSet<&str> = routers
            .flat_map(|(_, router)| &router.configuration.tracking)
            .map(|tracked| tracked.name.as_str())
            .collect();
        self.inputs.retain(&tracked);
    }

    pub(super) fn keys(&self) -> BTreeSet<RouterKey> {
        self.routers
            .iter()
            .filter(|(_, router)| !router.is_parting())
            .map(|(_, router)| router.configuration.key.clone())
            .collect()
    }
}

/// A follower that waited for anything would be apart from its leader meanwhile. Where it meets
/// another one whose leader is Active too, the leaders decide: they hear each other within an
/// interval. Yielding to each other first, the followers would leave the addresses to nobody.
fn let_leaders_decide(accepted: &mut [Accepted]) {
    let routers = accepted.iter().map(|router| &router.configuration);
    let bonds = Bonds::between(routers.enumerate());
    for place in 0..accepted.len() {
        match bonds.part(place) {
            Part::Alone | Part::Leads => {}
            Part::Follows(leader) => {
                let interval = accepted[leader].configuration.advertisement_interval;
                let machine = &mut accepted[place].machine;
                machine.preemption = Preemption::After(Duration::ZERO);
                machine.forbearance = interval * LEADERS_DECIDE;
            }
        }
    }
}
