//! Telling the network where an address is.

use std::collections::btree_map::Entry;
use std::net::IpAddr;

use skep_linux::announce::{Announcer, Role};
use skep_vip::action::Announcement;

use super::Hand;

impl Hand {
    /// Announces an address once, if its interface is there.
    pub(super) fn announce(&mut self, announcement: &Announcement) {
        let Some(link) = self.interfaces.link(&announcement.interface) else {
            return;
        };
        let Some(hardware_address) = link.hardware_address else {
            return;
        };
        let role = match announcement.address {
            IpAddr::V4(_) => Role::Host,
            IpAddr::V6(_) => Role::observe(&link.name),
        };
        let announcer = match self.announcers.entry(link.index) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(closed) => match Announcer::open(link.index) {
                Ok(announcer) => closed.insert(announcer),
                Err(error) => {
                    tracing::error!("{:#}", anyhow::Error::new(error));
                    return;
                }
            },
        };
        if let Err(error) = announcer.announce(hardware_address, announcement.address, role) {
            tracing::warn!("{:#}", anyhow::Error::new(error));
        }
    }
}
