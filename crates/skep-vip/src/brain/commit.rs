//! Applying a whole configuration at once.

use std::collections::{BTreeMap, BTreeSet};

use skep_vrrp::time::Instant;

use super::Brain;
use crate::acceptance::Accepted;
use crate::configuration::RouterKey;
use crate::router::{Addresses, Router, WireIdentity};

impl Brain {
    /// Runs exactly these routers. One that is the same on the wire keeps its state, its timers
    /// and what it holds, also under another name; the others stop first, then new ones start.
    pub(super) fn commit(&mut self, revision: u64, accepted: Vec<Accepted>, now: Instant) {
        self.revision = revision;
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
        machine.priority = self
            .inputs
            .effective_priority(configuration.priority, &configuration.tracking);
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

    fn start(&mut self, revision: u64, accepted: Accepted, now: Instant) {
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
        self.adopt(slot, now);
        self.rule(slot, now);
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
