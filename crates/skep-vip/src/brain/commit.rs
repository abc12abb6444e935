//! Applying a whole configuration at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use skep_vrrp::configuration::Preemption;
use skep_vrrp::time::Instant;

use super::Brain;
use crate::acceptance::Accepted;
use crate::bonds::{Bonds, Part};
use crate::configuration::RouterKey;
use crate::links;
use crate::router::{Addresses, Router, WireIdentity};

impl Brain {
    /// Runs exactly these routers. One that is the same on the wire keeps its state, its timers
    /// and what it holds, also under another name; the others stop first, then new ones start.
    pub(super) fn commit(&mut self, revision: u64, mut accepted: Vec<Accepted>, now: Instant) {
        self.revision = revision;
        let_followers_preempt(&mut accepted);
        self.track_links(&accepted, now);
        let running = self.routers.iter().map(|(slot, router)| (router, slot));
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
            self.retire(slot, now);
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
        self.removed
            .extend(keys_before.into_iter().filter(|key| !keys.contains(key)));
        self.holdings.unsettle();
    }

    fn retire(&mut self, slot: usize, now: Instant) {
        if let Some(router) = self.routers.get_mut(slot) {
            router.machine.handle_shutdown();
        }
        self.follow(slot, now);
        if let Some(router) = self.routers.remove(slot) {
            self.interfaces.disconnect(&router.configuration);
        }
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

    fn forget_inputs(&mut self) {
        let routers = self.routers.iter();
        let tracked: BTreeSet<&str> = routers
            .flat_map(|(_, router)| &router.configuration.tracking)
            .map(|tracked| tracked.name.as_str())
            .collect();
        self.inputs.retain(&tracked);
    }

    fn keys(&self) -> BTreeSet<RouterKey> {
        self.routers
            .iter()
            .map(|(_, router)| router.configuration.key.clone())
            .collect()
    }
}

/// A follower that waited for anything would be apart from its leader meanwhile.
fn let_followers_preempt(accepted: &mut [Accepted]) {
    let routers = accepted.iter().map(|router| &router.configuration);
    let bonds = Bonds::between(routers.enumerate());
    for (place, router) in accepted.iter_mut().enumerate() {
        match bonds.part(place) {
            Part::Alone | Part::Leads => {}
            Part::Follows(_) => router.machine.preemption = Preemption::After(Duration::ZERO),
        }
    }
}
