//! The addresses a node's kernel has, with their leases.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use skep_vip::action::Holding;
use skep_vip::configuration::Lease;

use crate::random::Random;

/// How often hand renews a lease.
pub(crate) const RENEWAL: Duration = Duration::from_millis(500);
/// How late the kernel's deferrable timer is at most.
pub(crate) const EXPIRY_LATE_MAX: Duration = Duration::from_millis(1500);

/// An address on an interface.
pub(crate) type Place = (Arc<str>, IpAddr);

/// Where an address is held.
pub(crate) fn place(holding: &Holding) -> Place {
    (Arc::clone(&holding.interface), holding.address)
}

/// The virtual addresses in one kernel. Whoever holds them renews their leases, so a lease only
/// counts from the moment on in which nobody does.
#[derive(Debug, Default)]
pub(crate) struct Kernel(BTreeMap<Place, Lease>);

impl Kernel {
    pub(crate) fn add(&mut self, holding: &Holding) {
        let place = (Arc::clone(&holding.interface), holding.address);
        self.0.insert(place, holding.lease);
    }

    /// Whether it was there.
    pub(crate) fn remove(&mut self, place: &Place) -> bool {
        self.0.remove(place).is_some()
    }

    pub(crate) fn has(&self, place: &Place) -> bool {
        self.0.contains_key(place)
    }

    pub(crate) fn places(&self) -> impl Iterator<Item = &Place> {
        self.0.keys()
    }

    /// The addresses that go by themselves, with their leases.
    pub(crate) fn leased(&self) -> impl Iterator<Item = (IpAddr, Duration)> {
        self.0
            .iter()
            .filter_map(|((_, address), lease)| match lease {
                Lease::Forever => None,
                Lease::For(time) => Some((*address, *time)),
            })
    }

    /// Where they are.
    pub(crate) fn leased_places(&self) -> impl Iterator<Item = &Place> {
        let places = self.0.iter();
        places.filter_map(|(place, lease)| match lease {
            Lease::Forever => None,
            Lease::For(_) => Some(place),
        })
    }

    /// Everything is gone with the power.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// What goes by itself from the moment on in which nobody renews it, and after how long.
    pub(crate) fn expiries(&self, random: &mut Random) -> Vec<(Place, Duration)> {
        let mut expiries = Vec::new();
        for (place, lease) in &self.0 {
            match lease {
                Lease::Forever => {}
                Lease::For(time) => {
                    let since_renewal = random.up_to(RENEWAL.min(*time));
                    let late = random.up_to(EXPIRY_LATE_MAX);
                    expiries.push((place.clone(), *time - since_renewal + late));
                }
            }
        }
        expiries
    }
}
