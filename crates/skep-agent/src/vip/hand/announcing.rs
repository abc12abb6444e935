//! Telling the network where an address is.

use std::collections::btree_map::Entry;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use skep_linux::announce::{Announcer, Role};
use skep_vip::action::Announcement;

use super::Hand;
use crate::vip::addresses::Progress;
use crate::vip::notes::Wish;

impl Hand {
    /// Announces these addresses, as far as they are in place. Those that are not are announced
    /// once when they are: who is told of an address that is not there would ask in vain.
    pub(super) fn announce_present(&mut self) {
        let announcements = std::mem::take(&mut self.announcements);
        let waited = std::mem::take(&mut self.unannounced);
        let waited = waited
            .into_iter()
            .map(|(interface, address)| Announcement { interface, address });
        for announcement in waited.chain(announcements) {
            let place = (Arc::clone(&announcement.interface), announcement.address);
            match self.addresses.progress(&place) {
                Progress::InPlace => self.announce(&announcement),
                Progress::Awaited => drop(self.unannounced.insert(place)),
                Progress::Unwanted => {}
            }
        }
    }

    /// Takes what wire wished while the kernel was waited for, and heeds at once what it does not
    /// want to be said any more.
    pub(super) fn look_ahead(&mut self) -> io::Result<()> {
        let wishes: Vec<Wish> = self.wishes.take_all()?.collect();
        for wish in wishes {
            if let Wish::Withhold(announcement) = wish {
                self.withhold(&announcement);
            } else {
                self.early.push(wish);
            }
        }
        Ok(())
    }

    /// Does not announce this address any more as it was wished before.
    pub(super) fn withhold(&mut self, void: &Announcement) {
        let is_void = |wish: &Wish| matches!(wish, Wish::Announce(queued) if queued == void);
        self.early.retain(|wish| !is_void(wish));
        self.announcements.retain(|queued| queued != void);
        let place = (Arc::clone(&void.interface), void.address);
        self.unannounced.remove(&place);
    }

    /// Announces an address once, if its interface is there.
    fn announce(&mut self, announcement: &Announcement) {
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
