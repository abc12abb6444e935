//! Virtual addresses that somebody else put where no router of this node holds them.

use std::collections::BTreeMap;
use std::time::Duration;

use skep_vip::message::ForeignAddress;
use skep_vrrp::time::Instant;

use crate::memory::Placed;

/// Since when each of them is known.
#[derive(Debug, Default)]
pub(super) struct Foreigners(BTreeMap<Placed, Duration>);

impl Foreigners {
    /// `present` are those that are there at `now`: each with the moment since when that goes on.
    pub(super) fn follow(
        &mut self,
        present: impl Iterator<Item = Placed>,
        now: Duration,
    ) -> Vec<ForeignAddress> {
        let since = |placed: Placed| {
            let since = self.0.get(&placed).copied().unwrap_or(now);
            (placed, since)
        };
        self.0 = present.map(since).collect();
        let told = |(placed, since): (&Placed, &Duration)| ForeignAddress {
            interface: placed.interface.to_string(),
            address: placed.address,
            prefix_length: placed.prefix_length,
            since: Instant::from_boot(*since),
        };
        self.0.iter().map(told).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use skep_linux::netlink::{Address, Lifetime, Link, SKEP_PROTOCOL};
    use skep_vip::action::Holding;
    use skep_vip::configuration::Lease;
    use skep_vrrp::identity::{Family, VirtualRouterId};

    use super::*;
    use crate::memory::{Identity, Memory};
    use crate::vip::addresses::{Addresses, Place};
    use crate::vip::interfaces::Interfaces;
    use crate::vip::lease::Holder;

    const BY_HAND: Option<u8> = None;

    fn placed(text: &str) -> Placed {
        text.parse().expect("an address on an interface")
    }

    /// `eth0` with 10.0.0.70/24 of this protocol.
    fn interfaces(protocol: Option<u8>) -> Interfaces {
        let link = Link {
            index: 2,
            name: "eth0".to_owned(),
            up: true,
            carrier: true,
            hardware_address: None,
        };
        let address = Address {
            interface_index: 2,
            address: [10, 0, 0, 70].into(),
            prefix_length: 24,
            secondary: false,
            tentative: false,
            label: None,
            protocol,
            valid: Lifetime::Forever,
            preferred: Lifetime::Forever,
        };
        let mut interfaces = Interfaces::default();
        interfaces.replace(vec![link], vec![address]);
        interfaces
    }

    /// Where a router of this node may hold `address`.
    fn held(address: [u8; 4], owns: bool) -> BTreeMap<Place, Holder> {
        let id = VirtualRouterId::new(51).expect("not zero");
        let holder = Holder {
            identity: Identity::new("eth0", Family::Ipv4, id),
            interval: Duration::from_secs(1),
            owns,
        };
        [((Arc::from("eth0"), address.into()), holder)].into()
    }

    fn addresses() -> (Arc<Memory>, Addresses) {
        let memory = Arc::new(Memory::create().expect("memory"));
        (Arc::clone(&memory), Addresses::new(memory))
    }

    fn found(
        addresses: &Addresses,
        protocol: Option<u8>,
        held: &BTreeMap<Place, Holder>,
    ) -> Vec<Placed> {
        addresses.foreign(&interfaces(protocol), held).collect()
    }

    #[test]
    fn a_virtual_address_is_foreign_that_skep_neither_tagged_nor_noted_nor_wants() {
        let (vip, own) = (placed("10.0.0.70/24 eth0"), held([10, 0, 0, 70], false));
        let by_hand = [vip.clone()];
        let (memory, mut addresses) = addresses();
        // Whatever its prefix is: this host answers for it.
        assert_eq!(found(&addresses, BY_HAND, &own), by_hand);
        assert_eq!(found(&addresses, Some(SKEP_PROTOCOL), &own), []);
        let others = held([10, 0, 0, 71], false);
        assert_eq!(found(&addresses, BY_HAND, &others), []);
        let owned = held([10, 0, 0, 70], true);
        assert_eq!(found(&addresses, BY_HAND, &owned), []);

        // What the process before this one put there on a kernel that keeps no tags.
        memory.journal().enter(&vip);
        assert_eq!(found(&addresses, BY_HAND, &own), []);
        memory.journal().strike(&vip);
        assert_eq!(found(&addresses, BY_HAND, &own), by_hand);

        addresses.want(Holding {
            interface: Arc::from("eth0"),
            address: vip.address,
            prefix_length: 32,
            label: None,
            lease: Lease::Forever,
        });
        assert_eq!(found(&addresses, BY_HAND, &own), [], "it is Active");
        addresses.drop(&vip);
        assert_eq!(found(&addresses, BY_HAND, &own), [], "it leaves");
    }

    #[test]
    fn what_stays_keeps_the_moment_it_was_first_seen_and_what_goes_is_forgotten() {
        let at = |second| Duration::from_secs(second);
        let mut foreigners = Foreigners::default();
        let mut since = |present: &[&str], now| {
            let present = present.iter().map(|text| placed(text));
            let told = foreigners.follow(present, at(now)).into_iter();
            let since: Vec<u64> = told.map(|it| it.since.since_boot().as_secs()).collect();
            since
        };
        assert_eq!(since(&["10.0.0.70/24 eth0"], 5), [5]);
        let both = ["10.0.0.70/24 eth0", "10.0.0.71/24 eth0"];
        assert_eq!(since(&both, 6), [5, 6]);
        assert_eq!(since(&both[1..], 7), [6]);
        assert_eq!(since(&both, 8), [8, 6]);
    }
}
