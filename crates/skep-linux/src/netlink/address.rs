//! Addresses: as the kernel has them, and as it shall have them.

use std::net::IpAddr;
use std::time::Duration;

use rtnetlink::packet_route::AddressFamily;
use rtnetlink::packet_route::address::{
    AddressAttribute, AddressFlags, AddressMessage, AddressProtocol, AddressScope, CacheInfo,
};

/// The protocol tag (`IFA_PROTO`) of addresses that skep put there: `V` for VIP. Kernels before
/// 5.18 do not keep it.
pub const SKEP_PROTOCOL: u8 = 0x56;

/// What the kernel means by "for ever".
const INFINITY: u32 = u32::MAX;

/// An address that an interface has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The interface.
    pub interface_index: u32,
    /// The address.
    pub address: IpAddr,
    /// The length of its prefix.
    pub prefix_length: u8,
    /// Whether it came after another one of the same subnet.
    pub secondary: bool,
    /// Whether the kernel still looks whether anybody else has it, and sends nothing from it
    /// before; IPv6 only.
    pub tentative: bool,
    /// Its label, IPv4 only.
    pub label: Option<String>,
    /// Who put it there: [`SKEP_PROTOCOL`] for skep, the kernel's numbers for itself.
    pub protocol: Option<u8>,
    /// How long it is valid from here.
    pub valid: Lifetime,
    /// How long it is preferred from here.
    pub preferred: Lifetime,
}

/// How long an address stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// Until it is removed.
    Forever,
    /// This long; the kernel counts whole seconds.
    For(Duration),
}

/// How far an address reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere.
    Global,
    /// This segment.
    Link,
    /// This host.
    Host,
}

/// An address that an interface shall have; it carries [`SKEP_PROTOCOL`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The interface.
    pub interface_index: u32,
    /// The address.
    pub address: IpAddr,
    /// The length of its prefix.
    pub prefix_length: u8,
    /// Its label, IPv4 only, at most 15 bytes.
    pub label: Option<String>,
    /// How far it reaches.
    pub scope: Scope,
    /// How long it is valid unless it is renewed.
    pub valid: Lifetime,
    /// How long it is chosen as the source of new connections.
    pub preferred: Lifetime,
}

impl Address {
    pub(super) fn read(message: &AddressMessage) -> Option<Self> {
        let mut flags = AddressFlags::from_bits_retain(message.header.flags.bits().into());
        let (mut local, mut peer, mut label, mut protocol) = (None, None, None, None);
        let (mut valid, mut preferred) = (Lifetime::Forever, Lifetime::Forever);
        for attribute in &message.attributes {
            match attribute {
                AddressAttribute::Local(address) => local = Some(*address),
                AddressAttribute::Address(address) => peer = Some(*address),
                AddressAttribute::Label(name) => label = Some(name.clone()),
                AddressAttribute::Protocol(tag) => protocol = Some(u8::from(*tag)),
                AddressAttribute::Flags(all) => flags = *all,
                AddressAttribute::CacheInfo(times) => {
                    valid = Lifetime::from_seconds(times.ifa_valid);
                    preferred = Lifetime::from_seconds(times.ifa_preferred);
                }
                _ => {}
            }
        }
        Some(Self {
            interface_index: message.header.index,
            // On a point-to-point link the other attribute is the peer's.
            address: local.or(peer)?,
            prefix_length: message.header.prefix_len,
            secondary: flags.contains(AddressFlags::Secondary),
            tentative: flags.contains(AddressFlags::Tentative),
            label,
            protocol,
            valid,
            preferred,
        })
    }
}

impl Lifetime {
    fn from_seconds(seconds: u32) -> Self {
        match seconds {
            INFINITY => Self::Forever,
            seconds => Self::For(Duration::from_secs(seconds.into())),
        }
    }

    /// Rounded up, so that an address does not go before its time.
    fn seconds(self) -> u32 {
        match self {
            Self::Forever => INFINITY,
            Self::For(time) => {
                let whole = time.as_secs() + u64::from(time.subsec_nanos() > 0);
                u32::try_from(whole)
                    .unwrap_or(INFINITY - 1)
                    .min(INFINITY - 1)
            }
        }
    }
}

impl Assignment {
    pub(super) fn message(&self) -> AddressMessage {
        let mut message = exact(self.interface_index, self.address, self.prefix_length);
        message.header.scope = match self.scope {
            Scope::Global => AddressScope::Universe,
            Scope::Link => AddressScope::Link,
            Scope::Host => AddressScope::Host,
        };
        let mut lifetimes = CacheInfo::default();
        lifetimes.ifa_valid = self.valid.seconds();
        lifetimes.ifa_preferred = self.preferred.seconds().min(lifetimes.ifa_valid);
        message
            .attributes
            .push(AddressAttribute::CacheInfo(lifetimes));
        message
            .attributes
            .push(AddressAttribute::Protocol(AddressProtocol::Other(
                SKEP_PROTOCOL,
            )));
        if let Some(label) = &self.label {
            message
                .attributes
                .push(AddressAttribute::Label(label.clone()));
        }
        if self.address.is_ipv6() {
            // The former holder may still have it for a moment, which duplicate address
            // detection would take for a conflict.
            message
                .attributes
                .push(AddressAttribute::Flags(AddressFlags::Nodad));
        }
        message
    }
}

/// A message about one address and no other.
pub(super) fn exact(interface_index: u32, address: IpAddr, prefix_length: u8) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.index = interface_index;
    message.header.prefix_len = prefix_length;
    message.header.family = match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    };
    message.attributes = vec![
        AddressAttribute::Local(address),
        AddressAttribute::Address(address),
    ];
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_round_up_and_never_become_infinite_by_accident() {
        assert_eq!(Lifetime::For(Duration::from_millis(1500)).seconds(), 2);
        assert_eq!(Lifetime::For(Duration::from_secs(2)).seconds(), 2);
        assert_eq!(
            Lifetime::For(Duration::from_secs(u64::MAX)).seconds(),
            INFINITY - 1
        );
        assert_eq!(Lifetime::Forever.seconds(), INFINITY);
    }

    #[test]
    fn what_is_assigned_is_what_is_read_back() {
        let assignment = Assignment {
            interface_index: 4,
            address: "10.0.0.70".parse().unwrap(),
            prefix_length: 24,
            label: Some("eth0:vip".to_owned()),
            scope: Scope::Global,
            valid: Lifetime::For(Duration::from_secs(2)),
            preferred: Lifetime::Forever,
        };
        let read = Address::read(&assignment.message()).unwrap();
        assert_eq!(read.address, assignment.address);
        assert_eq!(read.prefix_length, 24);
        assert_eq!(read.label.as_deref(), Some("eth0:vip"));
        assert_eq!(read.protocol, Some(SKEP_PROTOCOL));
        assert_eq!(read.valid, Lifetime::For(Duration::from_secs(2)));
        assert_eq!(read.preferred, read.valid);
    }

    #[test]
    fn on_a_point_to_point_link_the_local_address_counts() {
        let mut message = exact(1, "10.0.0.1".parse().unwrap(), 32);
        message.attributes[1] = AddressAttribute::Address("10.0.0.2".parse().unwrap());
        let read = Address::read(&message).unwrap();
        assert_eq!(read.address, "10.0.0.1".parse::<IpAddr>().unwrap());
        message.attributes.clear();
        assert_eq!(Address::read(&message), None);
    }
}
