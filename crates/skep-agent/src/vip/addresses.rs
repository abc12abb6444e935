//! The addresses that hand keeps as wire wants them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use skep_linux::netlink::{
    AddAddressError, Assignment, Lifetime, Netlink, RemoveAddressError, Scope,
};
use skep_vip::action::Holding;

use crate::memory::{Memory, Placed};
use crate::vip::interfaces::Interfaces;

/// An address on an interface.
type Place = (Arc<str>, IpAddr);

/// What is wanted, and what is still to be done about it.
///
/// Wishes arrive faster than the kernel answers while Docker starts containers: only the last one
/// about an address is carried out.
pub(super) struct Addresses {
    memory: Arc<Memory>,
    wanted: BTreeMap<Place, Holding>,
    /// Addresses that were wanted, with the length of their prefix.
    unwanted: BTreeMap<Place, u8>,
    /// What was not yet carried out, or failed.
    due: BTreeSet<Place>,
}

impl Addresses {
    /// Nothing is wanted; what is put in place is written down in `memory`.
    pub(super) const fn new(memory: Arc<Memory>) -> Self {
        Self {
            memory,
            wanted: BTreeMap::new(),
            unwanted: BTreeMap::new(),
            due: BTreeSet::new(),
        }
    }

    /// `holding` shall be present.
    pub(super) fn want(&mut self, holding: Holding) {
        let place = (Arc::clone(&holding.interface), holding.address);
        self.unwanted.remove(&place);
        self.due.insert(place.clone());
        self.wanted.insert(place, holding);
    }

    /// The address `address` shall be absent.
    pub(super) fn drop(&mut self, interface: Arc<str>, address: IpAddr, prefix_length: u8) {
        let place = (interface, address);
        self.wanted.remove(&place);
        self.due.insert(place.clone());
        self.unwanted.insert(place, prefix_length);
    }

    /// Whether `address` shall be present on `interface` with this prefix.
    pub(super) fn is_wanted(&self, interface: &str, address: IpAddr, prefix_length: u8) -> bool {
        let place = (Arc::from(interface), address);
        self.wanted
            .get(&place)
            .is_some_and(|holding| holding.prefix_length == prefix_length)
    }

    /// Whether something failed and is to be tried again.
    pub(super) fn is_anything_due(&self) -> bool {
        !self.due.is_empty()
    }

    /// Carries out what is due, removals first: an address that moves between interfaces is never
    /// on both.
    pub(super) async fn ensure(&mut self, netlink: &Netlink, interfaces: &Interfaces) {
        let due = std::mem::take(&mut self.due);
        let (additions, removals): (Vec<Place>, Vec<Place>) = due
            .into_iter()
            .partition(|place| self.wanted.contains_key(place));
        for place in removals {
            if self.remove(netlink, interfaces, &place).await {
                self.unwanted.remove(&place);
            } else {
                self.due.insert(place);
            }
        }
        for place in additions {
            if !self.add(netlink, interfaces, &place).await {
                self.due.insert(place);
            }
        }
    }

    /// Whether the address at `place` is present now.
    async fn add(&self, netlink: &Netlink, interfaces: &Interfaces, place: &Place) -> bool {
        let (interface, address) = place;
        let Some(holding) = self.wanted.get(place) else {
            return true;
        };
        // Without the interface the router is in Fault, and this is not wanted for long.
        let Some(link) = interfaces.link(interface) else {
            return false;
        };
        let assignment = Assignment {
            interface_index: link.index,
            address: *address,
            prefix_length: holding.prefix_length,
            label: holding.label.as_deref().map(str::to_owned),
            scope: Scope::Global,
            valid: Lifetime::Forever,
            preferred: Lifetime::Forever,
        };
        // Before it is there: a vip that dies in between leaves an entry too many, not one too few.
        self.memory.journal().enter(Placed {
            interface_index: link.index,
            address: *address,
            prefix_length: holding.prefix_length,
        });
        match netlink.add_address(&assignment).await {
            Ok(()) | Err(AddAddressError::AlreadyPresent { .. }) => true,
            Err(error) => {
                tracing::error!(%interface, %address, %error, "the address cannot be added");
                false
            }
        }
    }

    /// Whether the address at `place` is absent now.
    async fn remove(&self, netlink: &Netlink, interfaces: &Interfaces, place: &Place) -> bool {
        let (interface, address) = place;
        let (Some(prefix_length), Some(link)) =
            (self.unwanted.get(place), interfaces.link(interface))
        else {
            return true;
        };
        match netlink
            .remove_address(link.index, *address, *prefix_length)
            .await
        {
            Ok(()) | Err(RemoveAddressError::NotPresent { .. }) => {
                self.memory.journal().strike(Placed {
                    interface_index: link.index,
                    address: *address,
                    prefix_length: *prefix_length,
                });
                true
            }
            Err(error) => {
                tracing::error!(%interface, %address, %error, "the address cannot be removed");
                false
            }
        }
    }
}
