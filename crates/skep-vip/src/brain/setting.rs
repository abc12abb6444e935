//! Interfaces on which the kernel does not do what routers need.

use std::collections::BTreeMap;
use std::sync::Arc;

use skep_vrrp::time::Instant;

use super::Brain;
use crate::configuration::{RouterConfiguration, Setting};
use crate::message::Reason;
use crate::news::News;

/// The interfaces that cannot be made to do something, each with the system's words.
pub(super) type Refusals = BTreeMap<(Arc<str>, Setting), String>;

impl Brain {
    /// `interface` does what `setting` says, or `refused` says why it cannot be made to.
    pub fn handle_setting(
        &mut self,
        interface: &str,
        setting: Setting,
        refused: Option<String>,
        now: Instant,
    ) {
        let key = (Arc::from(interface), setting);
        let before = self.refusals.remove(&key);
        let news = News::between(&before, &refused);
        if let Some(message) = refused {
            self.refusals.insert(key, message);
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

    /// Why the router must not hold its addresses: the kernel does not do what it needs.
    pub(super) fn setting_fault(&self, router: &RouterConfiguration) -> Option<Reason> {
        let mut settings = router.settings();
        settings.find_map(|(interface, setting)| {
            let message = self.refusals.get(&(Arc::from(interface), setting))?;
            Some(Reason::SettingRefused {
                message: message.clone(),
            })
        })
    }
}
