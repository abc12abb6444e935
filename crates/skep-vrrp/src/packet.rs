//! The bytes of a VRRP advertisement: parsing what arrived, encoding what leaves.
//!
//! Both are free of allocation. Parsing is total: any bytes give an [`Advertisement`] or the
//! reason to [`Discard`] them. Whether an advertisement fits a virtual router is the router's
//! question, not this module's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU8;
use std::ops::Range;

use crate::addresses::Addresses;
use crate::checksum::Sum;
use crate::dialect::{Authentication, Centiseconds, Checksum, Dialect};
use crate::identity::{Family, Priority, Version, VirtualRouterId};

/// Where advertisements over IPv4 go (RFC 9568 §5.1.1.2).
pub const MULTICAST_IPV4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
/// Where advertisements over IPv6 go (RFC 9568 §5.1.2.2).
pub const MULTICAST_IPV6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);
/// RFC 9568 §5.1.1.3 and §5.1.2.3: a router in between would have made it smaller.
pub const HOP_LIMIT: u8 = 255;

pub(crate) const HEADER_BYTES: usize = 8;
/// Where the checksum stands.
pub(crate) const CHECKSUM: Range<usize> = 6..HEADER_BYTES;
const AUTHENTICATION_BYTES: usize = 8;
const TYPE_ADVERTISEMENT: u8 = 1;

/// A received IP packet of protocol 112: what its header says and what follows the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Who sent it.
    pub source: IpAddr,
    /// Where it was sent to.
    pub destination: IpAddr,
    /// Its TTL or hop limit.
    pub hop_limit: u8,
    /// The bytes after the IP header.
    pub message: &'a [u8],
}

impl Packet<'_> {
    /// The family of the packet.
    #[must_use]
    pub const fn family(&self) -> Family {
        Family::of(self.source)
    }

    /// The virtual router it is meant for, known even when the rest cannot be parsed.
    #[must_use]
    pub fn virtual_router_id(&self) -> Option<VirtualRouterId> {
        let id = self.message.get(1)?;
        VirtualRouterId::new(*id).ok()
    }
}

/// One advertisement, the only message VRRP has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advertisement<'a> {
    /// The virtual router it speaks for.
    pub virtual_router_id: VirtualRouterId,
    /// The priority of the sender.
    pub priority: Priority,
    /// The version, and what only that version says.
    pub dialect: Dialect,
    /// The addresses of the virtual router.
    pub addresses: Addresses<'a>,
}

/// Why a received packet is no advertisement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Discard {
    /// It may have come from another network.
    #[error("ttl or hop limit is not 255: {0}")]
    HopLimit(u8),
    /// It ends before what its header announces.
    #[error("message of {actual} bytes is shorter than {expected}")]
    TooShort {
        /// How many bytes its header announces.
        expected: usize,
        /// How many there are.
        actual: usize,
    },
    /// A version nobody speaks, or version 2 over IPv6.
    #[error("unknown version: {0}")]
    Version(u8),
    /// A type other than "advertisement".
    #[error("unknown type: {0}")]
    Type(u8),
    /// No virtual router has id 0.
    #[error("virtual router id is 0")]
    VirtualRouterIdZero,
    /// A version 3 advertisement for nothing.
    #[error("no address in it")]
    NoAddresses,
    /// An interval of 0 would mean adverts without pause.
    #[error("interval is 0")]
    IntervalZero,
    /// An authentication other than none and simple.
    #[error("unknown type of authentication: {0}")]
    AuthenticationType(u8),
    /// Damaged on the way, or not what the sender meant.
    #[error("wrong checksum")]
    Checksum,
}

impl<'a> Advertisement<'a> {
    /// The advertisement in `packet`. Bytes after it are padding or a
    /// [trailer](crate::trailer) and not looked at.
    ///
    /// # Errors
    ///
    /// [`Discard`] with the first reason found, in the order of RFC 9568 §7.1.
    pub fn parse(packet: &Packet<'a>) -> Result<Self, Discard> {
        // RFC 9568 §7.1: the hop limit is 255, the version known, the packet complete, the
        // checksum right.
        if packet.hop_limit != HOP_LIMIT {
            return Err(Discard::HopLimit(packet.hop_limit));
        }
        let header = Header::parse(packet.message)?;
        let version = header.version(packet.family())?;
        // RFC 9568 §5.2.2: an unknown type must be discarded.
        if header.kind() != TYPE_ADVERTISEMENT {
            return Err(Discard::Type(header.kind()));
        }
        let parts = Parts::split(packet, &header, version)?;
        let checksum = parts.verify_checksum(packet, version)?;
        let dialect = match version {
            Version::V2 => parts.version_2(&header)?,
            Version::V3 => header.version_3(checksum)?,
        };
        let virtual_router_id = VirtualRouterId::new(header.virtual_router_id)
            .map_err(|_| Discard::VirtualRouterIdZero)?;
        Ok(Self {
            virtual_router_id,
            priority: Priority::new(header.priority),
            dialect,
            addresses: parts.addresses,
        })
    }

    /// How many bytes the advertisement takes.
    #[must_use]
    pub const fn encoded_length(&self) -> usize {
        let authentication = match self.dialect {
            Dialect::V2 { .. } => AUTHENTICATION_BYTES,
            Dialect::V3 { .. } => 0,
        };
        HEADER_BYTES + self.addresses.as_bytes().len() + authentication
    }

    /// Writes the advertisement into `buffer` and says how many bytes it took. The checksum of
    /// an IPv6 message stays zero: the kernel fills it in.
    ///
    /// # Errors
    ///
    /// [`BufferTooSmall`] when `buffer` is shorter than [`Self::encoded_length`].
    pub fn encode(
        &self,
        source: IpAddr,
        destination: IpAddr,
        buffer: &mut [u8],
    ) -> Result<usize, BufferTooSmall> {
        let length = self.encoded_length();
        let available = buffer.len();
        let message = buffer.get_mut(..length).ok_or(BufferTooSmall {
            needed: length,
            available,
        })?;
        let (header, rest) = message.split_at_mut(HEADER_BYTES);
        header.copy_from_slice(&self.header_without_checksum());
        let (addresses, authentication) = rest.split_at_mut(self.addresses.as_bytes().len());
        addresses.copy_from_slice(self.addresses.as_bytes());
        if let Dialect::V2 {
            authentication: given,
            ..
        } = self.dialect
        {
            authentication.copy_from_slice(&match given {
                Authentication::None => [0; AUTHENTICATION_BYTES],
                Authentication::Simple(password) => password,
            });
        }
        if let Some(checksum) = self.checksum(source, destination, message) {
            message[CHECKSUM].copy_from_slice(&checksum.to_be_bytes());
        }
        Ok(length)
    }

    pub(crate) fn header_without_checksum(&self) -> [u8; HEADER_BYTES] {
        let (version, [fifth, sixth]) = match self.dialect {
            Dialect::V2 {
                interval_s,
                authentication,
            } => {
                let kind = match authentication {
                    Authentication::None => 0,
                    Authentication::Simple(_) => 1,
                };
                (2, [kind, interval_s.get()])
            }
            Dialect::V3 { interval_cs, .. } => (3, interval_cs.number().to_be_bytes()),
        };
        [
            version << 4 | TYPE_ADVERTISEMENT,
            self.virtual_router_id.number(),
            self.priority.number(),
            // An address list has at most 255 entries.
            self.addresses.len() as u8,
            fifth,
            sixth,
            0,
            0,
        ]
    }

    fn checksum(&self, source: IpAddr, destination: IpAddr, message: &[u8]) -> Option<u16> {
        if let Addresses::Ipv6(_) = self.addresses {
            return None;
        }
        let start = match self.dialect {
            Dialect::V2 { .. }
            | Dialect::V3 {
                checksum: Checksum::Message,
                ..
            } => Sum::default(),
            Dialect::V3 {
                checksum: Checksum::PseudoHeader,
                ..
            } => pseudo_header(source, destination, message.len())?,
        };
        Some(start.add(message).checksum())
    }
}

/// A buffer that cannot hold the advertisement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("advertisement of {needed} bytes does not fit into a buffer of {available}")]
pub struct BufferTooSmall {
    /// How many bytes the advertisement takes.
    pub needed: usize,
    /// How many the buffer has.
    pub available: usize,
}

/// The first eight bytes, named.
struct Header {
    version_and_type: u8,
    virtual_router_id: u8,
    priority: u8,
    addresses: u8,
    /// Version 2: type of authentication and interval; version 3: four reserved bits and interval.
    fifth_and_sixth: [u8; 2],
}

impl Header {
    fn parse(message: &[u8]) -> Result<Self, Discard> {
        let Some([first, id, priority, addresses, fifth, sixth, _, _]) =
            message.first_chunk::<HEADER_BYTES>()
        else {
            return Err(Discard::TooShort {
                expected: HEADER_BYTES,
                actual: message.len(),
            });
        };
        Ok(Self {
            version_and_type: *first,
            virtual_router_id: *id,
            priority: *priority,
            addresses: *addresses,
            fifth_and_sixth: [*fifth, *sixth],
        })
    }

    const fn kind(&self) -> u8 {
        self.version_and_type & 0x0f
    }

    fn version(&self, family: Family) -> Result<Version, Discard> {
        match (self.version_and_type >> 4, family) {
            (2, Family::Ipv4) => Ok(Version::V2),
            (3, Family::Ipv4 | Family::Ipv6) => Ok(Version::V3),
            (unknown, Family::Ipv4 | Family::Ipv6) => Err(Discard::Version(unknown)),
        }
    }

    fn version_3(&self, checksum: Checksum) -> Result<Dialect, Discard> {
        // RFC 9568 §5.2.5: an advertisement without addresses must be ignored.
        if self.addresses == 0 {
            return Err(Discard::NoAddresses);
        }
        // RFC 9568 §5.2.6: the reserved bits are ignored on reception.
        let interval_cs = u16::from_be_bytes(self.fifth_and_sixth) & 0x0fff;
        let interval_cs = Centiseconds::new(interval_cs).ok_or(Discard::IntervalZero)?;
        Ok(Dialect::V3 {
            interval_cs,
            checksum,
        })
    }
}

/// A complete message, cut where its header says.
struct Parts<'a> {
    message: &'a [u8],
    addresses: Addresses<'a>,
    authentication: &'a [u8],
}

impl<'a> Parts<'a> {
    fn split(packet: &Packet<'a>, header: &Header, version: Version) -> Result<Self, Discard> {
        let address_bytes = match packet.family() {
            Family::Ipv4 => 4,
            Family::Ipv6 => 16,
        } * usize::from(header.addresses);
        let authentication_bytes = match version {
            Version::V2 => AUTHENTICATION_BYTES,
            Version::V3 => 0,
        };
        let expected = HEADER_BYTES + address_bytes + authentication_bytes;
        let actual = packet.message.len();
        let message = packet.message.get(..expected);
        let message = message.ok_or(Discard::TooShort { expected, actual })?;
        let (addresses, authentication) = message[HEADER_BYTES..].split_at(address_bytes);
        let addresses = match packet.family() {
            Family::Ipv4 => Addresses::Ipv4(addresses.as_chunks().0),
            Family::Ipv6 => Addresses::Ipv6(addresses.as_chunks().0),
        };
        Ok(Self {
            message,
            addresses,
            authentication,
        })
    }

    /// What the right checksum covers.
    fn verify_checksum(&self, packet: &Packet<'_>, version: Version) -> Result<Checksum, Discard> {
        let plain = Sum::default().add(self.message);
        let covered = match (version, packet.family()) {
            // The kernel dropped the packet if it was wrong.
            (Version::V2 | Version::V3, Family::Ipv6) => Some(Checksum::PseudoHeader),
            (Version::V2, Family::Ipv4) => plain.is_right().then_some(Checksum::Message),
            // RFC 9568 §5.2.8 sums the message alone, keepalived and FRR add a pseudo-header.
            (Version::V3, Family::Ipv4) => {
                pseudo_header(packet.source, packet.destination, self.message.len())
                    .filter(|sum| sum.add(self.message).is_right())
                    .map(|_| Checksum::PseudoHeader)
                    .or(plain.is_right().then_some(Checksum::Message))
            }
        };
        covered.ok_or(Discard::Checksum)
    }

    fn version_2(&self, header: &Header) -> Result<Dialect, Discard> {
        let [authentication, interval_s] = header.fifth_and_sixth;
        let authentication = match (authentication, self.authentication.first_chunk()) {
            (0, _) => Authentication::None,
            (1, Some(password)) => Authentication::Simple(*password),
            (unknown, _) => return Err(Discard::AuthenticationType(unknown)),
        };
        let interval_s = NonZeroU8::new(interval_s).ok_or(Discard::IntervalZero)?;
        Ok(Dialect::V2 {
            interval_s,
            authentication,
        })
    }
}

fn pseudo_header(source: IpAddr, destination: IpAddr, length: usize) -> Option<Sum> {
    match (source, destination, u16::try_from(length)) {
        (IpAddr::V4(source), IpAddr::V4(destination), Ok(length)) => {
            Some(Sum::of_pseudo_header(source, destination, length))
        }
        (IpAddr::V4(_) | IpAddr::V6(_), IpAddr::V4(_) | IpAddr::V6(_), _) => None,
    }
}
