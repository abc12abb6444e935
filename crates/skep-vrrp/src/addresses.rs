//! The list of virtual addresses an advertisement carries: borrowed from the bytes of a packet, or
//! owned by the router that sends it.

use std::net::IpAddr;

use crate::identity::Family;

/// How many addresses an advertisement can carry: their number is one byte.
pub const ADDRESSES_MAX: usize = 255;

/// The virtual addresses of one advertisement, as they stand in its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addresses<'a> {
    /// IPv4 addresses in network order.
    Ipv4(&'a [[u8; 4]]),
    /// IPv6 addresses in network order.
    Ipv6(&'a [[u8; 16]]),
}

impl<'a> Addresses<'a> {
    /// The addresses in the order of the advertisement.
    pub fn iter(self) -> impl Iterator<Item = IpAddr> + 'a {
        let (ipv4, ipv6) = match self {
            Self::Ipv4(addresses) => (addresses, [].as_slice()),
            Self::Ipv6(addresses) => ([].as_slice(), addresses),
        };
        let ipv4 = ipv4.iter().map(|octets| IpAddr::from(*octets));
        ipv4.chain(ipv6.iter().map(|octets| IpAddr::from(*octets)))
    }

    /// Whether both lists hold the same addresses, in whatever order.
    #[must_use]
    pub fn same_set(self, other: Self) -> bool {
        fn covers<T: PartialEq>(these: &[T], those: &[T]) -> bool {
            those.iter().all(|address| these.contains(address))
        }
        match (self, other) {
            (Self::Ipv4(a), Self::Ipv4(b)) => a == b || (covers(a, b) && covers(b, a)),
            (Self::Ipv6(a), Self::Ipv6(b)) => a == b || (covers(a, b) && covers(b, a)),
            (Self::Ipv4(_), Self::Ipv6(_)) | (Self::Ipv6(_), Self::Ipv4(_)) => false,
        }
    }

    /// How many addresses there are.
    #[must_use]
    pub const fn len(self) -> usize {
        match self {
            Self::Ipv4(addresses) => addresses.len(),
            Self::Ipv6(addresses) => addresses.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The addresses as they stand in a packet.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        match self {
            Self::Ipv4(addresses) => addresses.as_flattened(),
            Self::Ipv6(addresses) => addresses.as_flattened(),
        }
    }
}

/// The virtual addresses a router advertises: at most [`ADDRESSES_MAX`], of one family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressList(Owned);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Owned {
    Ipv4(Box<[[u8; 4]]>),
    Ipv6(Box<[[u8; 16]]>),
}

/// Addresses that no single advertisement can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressListUnfit {
    /// An address of the other family.
    #[error("address is not of the virtual router's family: {0}")]
    Family(IpAddr),
    /// More addresses than their one-byte number can say.
    #[error("more than {ADDRESSES_MAX} addresses: {0}")]
    TooMany(usize),
}

impl AddressList {
    /// The list of `addresses`, in this order.
    ///
    /// # Errors
    ///
    /// [`AddressListUnfit`] when an address is not of `family` or there are too many.
    pub fn new(family: Family, addresses: &[IpAddr]) -> Result<Self, AddressListUnfit> {
        if addresses.len() > ADDRESSES_MAX {
            return Err(AddressListUnfit::TooMany(addresses.len()));
        }
        let owned = match family {
            Family::Ipv4 => addresses
                .iter()
                .map(|address| match address {
                    IpAddr::V4(ipv4) => Ok(ipv4.octets()),
                    IpAddr::V6(_) => Err(AddressListUnfit::Family(*address)),
                })
                .collect::<Result<_, _>>()
                .map(Owned::Ipv4),
            Family::Ipv6 => addresses
                .iter()
                .map(|address| match address {
                    IpAddr::V4(_) => Err(AddressListUnfit::Family(*address)),
                    IpAddr::V6(ipv6) => Ok(ipv6.octets()),
                })
                .collect::<Result<_, _>>()
                .map(Owned::Ipv6),
        };
        owned.map(Self)
    }

    /// The list as an advertisement carries it.
    #[must_use]
    pub const fn as_addresses(&self) -> Addresses<'_> {
        match &self.0 {
            Owned::Ipv4(addresses) => Addresses::Ipv4(addresses),
            Owned::Ipv6(addresses) => Addresses::Ipv6(addresses),
        }
    }
}
