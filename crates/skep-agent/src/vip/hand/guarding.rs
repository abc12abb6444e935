//! What hand does so that addresses stay: it renews their leases, lets those come back that
//! somebody else removed, and sees to interfaces on which they would take others along. What
//! somebody else added it tells of, and never touches.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use skep_linux::clock;
use skep_linux::netlink::{Address, Netlink, Requester};
use skep_linux::process::name::process_name;
use skep_linux::sysctl::{accept_local, promote_secondaries};
use skep_vip::configuration::Setting;

use super::Hand;
use crate::memory::Placed;
use crate::vip::addresses::{Outcome, Place, Surroundings};
use crate::vip::interfaces::Interfaces;
use crate::vip::keeper::Keeper;
use crate::vip::mailbox::PutError;
use crate::vip::notes::Notice;

impl Hand {
    /// Puts everything where it is wanted, announces it and tells wire. Wire is told last: what it
    /// says then makes others release, and clients are to know the way here by that time.
    pub(super) async fn ensure_addresses(&mut self) -> io::Result<()> {
        // Routes need the addresses: they go before them and come after them.
        self.routes
            .ensure_absent(&self.netlink, &self.interfaces)
            .await;
        let mut outcomes = Vec::new();
        if self.addresses.is_anything_due() {
            let started = clock::now();
            let around = surroundings(&self.netlink, &self.interfaces, &self.keeper);
            outcomes = self.addresses.ensure(&around).await;
            self.reports.note_hand_lateness(clock::now() - started);
        }
        self.look_ahead()?;
        self.announce_present();
        for outcome in outcomes {
            let told = self.wire.put(match outcome {
                Outcome::Present((name, address)) => Notice::AddressPresent(name, address),
                Outcome::Absent((name, address)) => Notice::AddressAbsent(name, address),
            });
            match told {
                // A wire that has ended waits for nothing any more.
                Ok(()) | Err(PutError::Closed) => {}
                Err(PutError::Full(_)) => tracing::error!("the wire thread does not keep up"),
            }
        }
        self.routes
            .ensure_present(&self.netlink, &self.interfaces)
            .await;
        Ok(())
    }

    /// Renews leases, and lets addresses come back whose wait is over.
    pub(super) async fn handle_address_due(&mut self) {
        let started = clock::now();
        for place in self.guard.take_due(started) {
            if let Some(placed) = self.addresses.wanted_at(&place) {
                self.restore(placed);
            }
        }
        if self
            .addresses
            .next_renewal()
            .is_some_and(|at| at <= started)
        {
            self.addresses
                .renew(&surroundings(&self.netlink, &self.interfaces, &self.keeper))
                .await;
            self.reports.note_hand_lateness(clock::now() - started);
        }
    }

    /// The kernel says that an address is gone.
    pub(super) fn handle_removed(&mut self, address: &Address, requester: Requester) {
        self.interfaces.remove_address(address);
        let Some(name) = self.interfaces.name(address.interface_index) else {
            return;
        };
        let placed = Placed {
            interface: Arc::from(name),
            address: address.address,
            prefix_length: address.prefix_length,
        };
        let place: Place = (Arc::clone(&placed.interface), placed.address);
        if self.addresses.was_removed_here(&place) || !self.addresses.is_wanted(&placed) {
            return;
        }
        let (by, now) = (who(requester), clock::now());
        let back_at = self.guard.handle_removed(&place, by.clone(), now);
        let wait_ms = (back_at - now).as_millis();
        tracing::warn!(address = %placed, by, wait_ms, "removed by somebody else");
        if back_at <= now {
            self.restore(placed);
        }
    }

    /// Tells of the virtual addresses that somebody else put here.
    pub(super) fn note_foreign(&mut self, now: Duration) {
        let around = surroundings(&self.netlink, &self.interfaces, &self.keeper);
        let known = self.addresses.foreign(around.interfaces, around.holders);
        self.reports
            .note_foreign(self.foreigners.follow(known, now));
    }

    /// Lets wire put back every address that should be there and is not.
    pub(super) fn restore_missing(&mut self) {
        self.addresses.forget_removals();
        let missing: Vec<Placed> = self
            .addresses
            .wanted()
            .filter(|placed| !self.interfaces.has(placed))
            .collect();
        for placed in missing {
            self.restore(placed);
        }
    }

    /// Lets the addresses come back that waited for another one of their subnet.
    pub(super) fn restore_left_alone(&mut self) {
        for placed in std::mem::take(&mut self.left_alone) {
            if self.addresses.is_wanted(&placed) && !self.interfaces.has(&placed) {
                self.restore(placed);
            }
        }
    }

    fn restore(&mut self, placed: Placed) {
        let around = surroundings(&self.netlink, &self.interfaces, &self.keeper);
        if self.addresses.is_left_alone(&placed, &around) {
            self.left_alone.insert(placed);
        } else {
            self.tell(Notice::AddressRemoved(placed.interface, placed.address));
        }
    }

    /// Makes the kernel do what routers need.
    pub(super) fn ensure_settings(&mut self) {
        let settings = self.keeper.settings().clone();
        self.unset.retain(|setting| settings.contains(setting));
        for (name, setting) in settings {
            self.ensure_setting(&name, setting);
        }
    }

    /// Makes the kernel do on the interface `name` what routers need there.
    pub(super) fn ensure_settings_of(&mut self, name: &Arc<str>) {
        let settings = self.keeper.settings().iter();
        let settings = settings.filter(|(interface, _)| interface == name);
        let settings: Vec<Setting> = settings.map(|(_, setting)| *setting).collect();
        for setting in settings {
            self.ensure_setting(name, setting);
        }
    }

    /// Makes the kernel do this on the interface `name`, if it exists.
    pub(super) fn ensure_setting(&mut self, name: &Arc<str>, setting: Setting) {
        if self.interfaces.link(name).is_none() {
            return;
        }
        let ensured = match setting {
            Setting::KeepOthers => promote_secondaries(name),
            Setting::HearOwner => accept_local(name),
        };
        let refused = ensured.err();
        let refused = refused.map(|error| format!("{:#}", anyhow::Error::new(error)));
        if refused.is_some() {
            self.unset.insert((Arc::clone(name), setting));
        }
        self.tell(Notice::Setting(Arc::clone(name), setting, refused));
    }
}

const fn surroundings<'a>(
    netlink: &'a Netlink,
    interfaces: &'a Interfaces,
    keeper: &'a Keeper,
) -> Surroundings<'a> {
    Surroundings {
        netlink,
        interfaces,
        holders: keeper.holders(),
        departing: keeper.departing(),
        virtual_addresses: keeper.virtual_addresses(),
    }
}

/// Who asked for a change, as far as it can be told.
fn who(requester: Requester) -> String {
    match requester.process() {
        None => "the kernel".to_owned(),
        Some(id) => process_name(id).map_or_else(
            || format!("process {id}, which has ended"),
            |name| format!("`{name}`, process {id}"),
        ),
    }
}
