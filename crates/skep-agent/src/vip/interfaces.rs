//! What hand knows about the interfaces that virtual routers run on.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use skep_linux::netlink::{Address, Link, SKEP_PROTOCOL};
use skep_vip::message::trial::Lane;
use skep_vrrp::identity::Family;

use crate::memory::Placed;
use crate::vip::trials::Place;

/// Links and addresses of this network namespace, as the kernel last told.
#[derive(Default)]
pub(super) struct Interfaces {
    links: BTreeMap<u32, Link>,
    addresses: BTreeMap<u32, Vec<Address>>,
}

/// What wire needs to know about an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    /// Its index, when it exists.
    pub(super) index: Option<u32>,
    /// Whether packets can pass.
    pub(super) usable: bool,
    /// Its first IPv4 address that is no virtual one.
    pub(super) source_ipv4: Option<Ipv4Addr>,
    /// Its first link-local IPv6 address that is no virtual one: what advertisements over IPv6
    /// come from (RFC 9568 §5.1.2.1).
    pub(super) source_ipv6: Option<Ipv6Addr>,
}

impl Condition {
    /// What is known of an interface that does not exist.
    pub(super) const MISSING: Self = Self {
        index: None,
        usable: false,
        source_ipv4: None,
        source_ipv6: None,
    };
}

impl Interfaces {
    /// Forgets what was known for what a full listing says.
    pub(super) fn replace(&mut self, links: Vec<Link>, addresses: Vec<Address>) {
        self.links = links.into_iter().map(|link| (link.index, link)).collect();
        self.addresses.clear();
        for address in addresses {
            self.add_address(address);
        }
    }

    pub(super) fn add_link(&mut self, link: Link) {
        self.links.insert(link.index, link);
    }

    pub(super) fn remove_link(&mut self, index: u32) {
        self.links.remove(&index);
        self.addresses.remove(&index);
    }

    /// Adds or renews an address. The order of a listing and of events is the order of age.
    pub(super) fn add_address(&mut self, address: Address) {
        let addresses = self.addresses.entry(address.interface_index).or_default();
        match addresses.iter_mut().find(|known| is_same(known, &address)) {
            Some(known) => *known = address,
            None => addresses.push(address),
        }
    }

    pub(super) fn remove_address(&mut self, address: &Address) {
        if let Some(addresses) = self.addresses.get_mut(&address.interface_index) {
            addresses.retain(|known| !is_same(known, address));
        }
    }

    /// The link called `name`.
    pub(super) fn link(&self, name: &str) -> Option<&Link> {
        self.links.values().find(|link| link.name == name)
    }

    /// The name of the link with this index.
    pub(super) fn name(&self, index: u32) -> Option<&str> {
        self.links.get(&index).map(|link| link.name.as_str())
    }

    /// The addresses that skep put there, wherever they are.
    pub(super) fn tagged(&self) -> impl Iterator<Item = &Address> {
        let addresses = self.addresses.values().flatten();
        addresses.filter(|address| address.protocol == Some(SKEP_PROTOCOL))
    }

    /// The addresses without skep's tag, wherever they are: somebody else put them there, or a
    /// kernel that keeps no tags forgot who did.
    pub(super) fn untagged(&self) -> impl Iterator<Item = Placed> {
        let addresses = self.addresses.values().flatten();
        let untagged = addresses.filter(|address| address.protocol != Some(SKEP_PROTOCOL));
        untagged.filter_map(|address| {
            Some(Placed {
                interface: self.name(address.interface_index)?.into(),
                address: address.address,
                prefix_length: address.prefix_length,
            })
        })
    }

    /// Whether the address is there.
    pub(super) fn has(&self, placed: &Placed) -> bool {
        let mut addresses = self.on(&placed.interface);
        addresses.any(|known| {
            known.address == placed.address && known.prefix_length == placed.prefix_length
        })
    }

    /// Whether another address is there of the same subnet that is no virtual one.
    pub(super) fn has_neighbour(
        &self,
        placed: &Placed,
        virtual_addresses: &BTreeSet<IpAddr>,
    ) -> bool {
        let mut addresses = self.on(&placed.interface);
        addresses.any(|known| {
            known.prefix_length == placed.prefix_length
                && known.protocol != Some(SKEP_PROTOCOL)
                && !virtual_addresses.contains(&known.address)
                && is_same_subnet(known.address, placed.address, placed.prefix_length)
        })
    }

    fn on(&self, interface: &str) -> impl Iterator<Item = &Address> {
        let index = self.link(interface).map(|link| link.index);
        let addresses = index.and_then(|index| self.addresses.get(&index));
        addresses.into_iter().flatten()
    }

    /// What wire needs to know about the interface called `name`. A virtual address is never a
    /// source: it would move away with the advertisements that came from it.
    pub(super) fn condition(&self, name: &str, virtual_addresses: &BTreeSet<IpAddr>) -> Condition {
        let Some(link) = self.link(name) else {
            return Condition::MISSING;
        };
        let addresses = self.addresses.get(&link.index).into_iter().flatten();
        let own = addresses
            .filter(|address| address.protocol != Some(SKEP_PROTOCOL))
            .filter(|address| !virtual_addresses.contains(&address.address));
        let mut condition = Condition {
            index: Some(link.index),
            usable: link.is_usable(),
            ..Condition::MISSING
        };
        for known in own {
            match known.address {
                IpAddr::V4(address) => {
                    condition.source_ipv4.get_or_insert(address);
                }
                // The kernel sends nothing from a tentative one.
                IpAddr::V6(address) if address.is_unicast_link_local() && !known.tentative => {
                    condition.source_ipv6.get_or_insert(address);
                }
                IpAddr::V6(_) => {}
            }
        }
        condition
    }
}

impl Interfaces {
    /// Where `lane` is: as a virtual router would be there, it sends from no virtual address.
    pub(super) fn place(
        &self,
        lane: &Lane,
        virtual_addresses: &BTreeSet<IpAddr>,
    ) -> Result<Place, String> {
        let condition = self.condition(&lane.interface, virtual_addresses);
        let index = condition.index.ok_or("there is no such interface")?;
        if !condition.usable {
            return Err("it is down".to_owned());
        }
        let offered = match lane.family {
            Family::Ipv4 => condition.source_ipv4.map(IpAddr::V4),
            Family::Ipv6 => condition.source_ipv6.map(IpAddr::V6),
        };
        let source = offered.ok_or_else(|| self.sourceless(lane).to_owned())?;
        let source = lane.source.unwrap_or(source);
        Ok(Place { index, source })
    }

    /// Why there is nothing to send from on the interface of `lane`.
    fn sourceless(&self, lane: &Lane) -> &'static str {
        let mut addresses = self.on(&lane.interface);
        let is_checked = addresses.any(|known| known.tentative);
        match lane.family {
            Family::Ipv6 if is_checked => {
                "the kernel still looks whether another host has its address: try again in two seconds"
            }
            Family::Ipv6 => "it has no link-local address to send from",
            Family::Ipv4 => "it has no address to send from",
        }
    }
}

fn is_same_subnet(one: IpAddr, other: IpAddr, prefix_length: u8) -> bool {
    let (one, other, bits) = match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            (u128::from(one.to_bits()), u128::from(other.to_bits()), 32)
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits(), other.to_bits(), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
    };
    let host_bits = bits - u32::from(prefix_length).min(bits);
    (one ^ other).checked_shr(host_bits).unwrap_or(0) == 0
}

/// Whether two say the same address of the same interface: the kernel tells them apart by prefix.
fn is_same(one: &Address, other: &Address) -> bool {
    one.address == other.address
        && one.prefix_length == other.prefix_length
        && one.interface_index == other.interface_index
}

#[cfg(test)]
mod tests {
    use skep_linux::netlink::Lifetime;

    use super::*;

    fn link(index: u32, name: &str) -> Link {
        Link {
            index,
            name: name.to_owned(),
            up: true,
            carrier: true,
            hardware_address: None,
        }
    }

    fn address(index: u32, address: &str, protocol: Option<u8>) -> Address {
        Address {
            interface_index: index,
            address: address.parse().expect("an address"),
            prefix_length: 24,
            secondary: false,
            tentative: false,
            label: None,
            protocol,
            valid: Lifetime::Forever,
            preferred: Lifetime::Forever,
        }
    }

    fn interfaces() -> Interfaces {
        let mut interfaces = Interfaces::default();
        interfaces.replace(
            vec![link(2, "eth0"), link(3, "eth1")],
            vec![
                address(2, "10.0.0.70", Some(SKEP_PROTOCOL)),
                address(2, "10.0.0.71", None),
                address(2, "10.0.0.60", None),
                address(2, "10.0.0.61", None),
            ],
        );
        interfaces
    }

    #[test]
    fn the_source_is_the_first_address_that_is_no_virtual_one() {
        let virtual_addresses = BTreeSet::from(["10.0.0.71".parse().expect("an address")]);
        let condition = interfaces().condition("eth0", &virtual_addresses);
        assert_eq!(condition.source_ipv4, Some(Ipv4Addr::new(10, 0, 0, 60)));
        assert_eq!(condition.index, Some(2));
    }

    #[test]
    fn a_neighbour_is_another_address_of_the_subnet_that_stays() {
        let interfaces = interfaces();
        let virtual_addresses = BTreeSet::from(["10.0.0.71".parse().expect("an address")]);
        let check = |line: &str, expected: bool| {
            let placed: Placed = line.parse().expect("an address on an interface");
            let found = interfaces.has_neighbour(&placed, &virtual_addresses);
            assert_eq!(found, expected, "{line}");
        };
        check("10.0.0.70/24 eth0", true);
        check("10.0.0.70/32 eth0", false);
        check("10.0.1.70/24 eth0", false);
        check("10.0.0.70/24 eth1", false);
        check("fd00::70/24 eth0", false);
    }

    #[test]
    fn the_ipv6_source_is_the_first_link_local_address_that_is_not_tentative() {
        let mut interfaces = interfaces();
        let mut tentative = address(2, "fe80::1", None);
        tentative.tentative = true;
        for known in [
            address(2, "2001:db8::60", None),
            address(2, "fe80::200:5eff:fe00:233", Some(SKEP_PROTOCOL)),
            tentative.clone(),
            address(2, "fe80::2", None),
        ] {
            interfaces.add_address(known);
        }
        let source = |interfaces: &Interfaces| {
            let condition = interfaces.condition("eth0", &BTreeSet::new());
            condition.source_ipv6.map(|address| address.to_string())
        };
        assert_eq!(source(&interfaces).as_deref(), Some("fe80::2"));
        tentative.tentative = false;
        interfaces.add_address(tentative);
        assert_eq!(source(&interfaces).as_deref(), Some("fe80::1"));
    }

    #[test]
    fn an_address_that_is_still_checked_is_told_apart_from_none() {
        let mut interfaces = interfaces();
        let lane = Lane {
            interface: "eth0".to_owned(),
            family: Family::Ipv6,
            group: None,
            source: None,
            destinations: BTreeSet::new(),
        };
        let refused = |interfaces: &Interfaces| interfaces.place(&lane, &BTreeSet::new()).err();
        let none = refused(&interfaces).expect("there is no IPv6");
        assert_eq!(none, "it has no link-local address to send from");
        let mut tentative = address(2, "fe80::1", None);
        tentative.tentative = true;
        interfaces.add_address(tentative.clone());
        let checked = refused(&interfaces).expect("it may be somebody else's");
        assert!(checked.contains("try again in two seconds"), "{checked}");
        tentative.tentative = false;
        interfaces.add_address(tentative);
        assert_eq!(refused(&interfaces), None);
    }

    #[test]
    fn an_interface_without_an_address_has_no_source_and_one_that_is_missing_has_nothing() {
        let interfaces = interfaces();
        let none = BTreeSet::new();
        assert_eq!(
            interfaces.condition("eth1", &none),
            Condition {
                index: Some(3),
                usable: true,
                ..Condition::MISSING
            }
        );
        assert_eq!(interfaces.condition("eth9", &none).index, None);
    }

    #[test]
    fn a_removed_link_takes_its_addresses_with_it() {
        let mut interfaces = interfaces();
        assert_eq!(interfaces.tagged().count(), 1);
        interfaces.remove_link(2);
        assert_eq!(interfaces.tagged().count(), 0);
    }
}
