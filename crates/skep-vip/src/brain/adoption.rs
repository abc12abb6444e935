//! What the data plane before this one held: who was Active until a moment ago carries on.

use std::collections::BTreeMap;

use skep_vrrp::time::Instant;

use super::Brain;
use crate::configuration::RouterKey;

/// How many advertisements may be missing: a Backup waits for three, so nobody has taken over.
const INTERVALS: u32 = 2;

/// The routers that were Active, each with the time of its last advertisement.
pub(super) type Adoptions = BTreeMap<RouterKey, Instant>;

impl Brain {
    /// The router `key` of the data plane before this one was Active and advertised last at this
    /// moment. It starts as Active with the next configuration if that is a moment ago; say it
    /// before the commit.
    pub fn handle_adoption(&mut self, key: RouterKey, advertised_at: Instant) {
        self.adoptions.insert(key, advertised_at);
    }

    /// Starts the router in this slot as Active, if it was that until a moment ago and nothing
    /// speaks against it.
    pub(super) fn adopt(&mut self, slot: usize, now: Instant) {
        let Some(router) = self.routers.get(slot) else {
            return;
        };
        let configuration = &router.configuration;
        let Some(advertised_at) = self.adoptions.remove(&configuration.key) else {
            return;
        };
        let silent = now.saturating_duration_since(advertised_at);
        if silent >= configuration.advertisement_interval * INTERVALS {
            return;
        }
        let priority = self.priority(slot, configuration);
        if let Ok(source) = self.source(slot)
            && let Some(router) = self.routers.get_mut(slot)
        {
            router.adopt(source, priority, now);
        }
    }
}
