//! Applying a whole configuration at once.

use std::collections::{BTreeMap, BTreeSet};

use skep_vrrp::identity::Priority;
use skep_vrrp::time::Instant;

use super::{Brain, effective_priority};
use crate::acceptance::Accepted;
use crate::configuration::{RouterConfiguration, RouterKey};
use crate::message::Reason;
use crate::router::{Addresses, Router, WireIdentity};

impl Brain {
    /// Runs exactly these routers. One that is the same on the wire keeps its state, its timers
    /// and what it holds, also under another name; the others leave first, then new ones start.
    pub(super) fn commit(&mut self, revision: u64, accepted: Vec<Accepted>, now: Instant) {
        self.revision = revision;
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
        for (slot, router) in staying {
            if let Some(slot) = slot {
                self.reconfigure(slot, revision, router, now);
            }
        }
        for (_, router) in starting {
            self.start(revision, router, now);
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
        machine.priority = effective_priority(&configuration, &self.inputs);
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

    fn start(&mut self, revision: u64, accepted: Accepted, now: Instant) {
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
        self.adopt(slot, now);
        self.rule(slot, now);
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
