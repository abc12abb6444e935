//! Interfaces whose addresses would die with a virtual one.

use std::collections::BTreeMap;
use std::sync::Arc;

use skep_vrrp::time::Instant;

use super::Brain;
use crate::configuration::{RouterConfiguration, shares_subnet};
use crate::message::Reason;
use crate::news::News;

/// The interfaces that cannot be made to keep their other addresses, each with the system's words.
pub(super) type Refusals = BTreeMap<Arc<str>, String>;

impl Brain {
    /// `interface` keeps its other addresses when the first one of their subnet goes, or `refused`
    /// says why it cannot be made to.
    pub fn handle_promotion(&mut self, interface: &str, refused: Option<String>, now: Instant) {
        let before = self.refusals.remove(interface);
        let news = News::between(&before, &refused);
        if let Some(message) = refused {
            self.refusals.insert(Arc::from(interface), message);
        }
        match news {
            News::Same => {}
            News::Changed => {
                let slots: Vec<usize> = self.routers.iter().map(|(slot, _)| slot).collect();
                for slot in slots {
                    self.rule(slot, now);
                }
            }
        }
    }

    /// Why the router must not put its addresses beside others: a node's own address that comes
    /// after a virtual one of its subnet would go with it.
    pub(super) fn promotion_fault(&self, router: &RouterConfiguration) -> Option<Reason> {
        let mut addresses = router.addresses.iter();
        addresses.find_map(|held| {
            let interface = held.interface.as_deref().unwrap_or(&router.interface);
            let message = self.refusals.get(interface)?;
            if !shares_subnet(held.address, held.prefix_length) {
                return None;
            }
            Some(Reason::PromotionRefused {
                message: message.clone(),
            })
        })
    }
}
