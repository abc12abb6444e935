//! Control messages: what the kernel tells beside a packet, and what it is told.
//!
//! They are read and written as bytes in the kernel's own layout (length as a machine word, level
//! and type as C `int`, each message aligned to a machine word). It is the same under every C
//! library, whose header types differ.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// A machine word: the alignment of a control message.
const WORD: usize = size_of::<usize>();
/// The header of a control message: its length, level and type.
const HEADER: usize = WORD + 2 * size_of::<i32>();
/// `struct in_pktinfo`: an interface index and two addresses.
const PACKET_INFO_IPV4: usize = 12;
/// `struct in6_pktinfo`: an address and an interface index.
const PACKET_INFO_IPV6: usize = 20;
/// Room for either.
const PACKET_INFO_MAX: usize = HEADER + PACKET_INFO_IPV6.next_multiple_of(WORD);

/// Room for the control messages of one packet, aligned as the kernel expects.
#[derive(Clone)]
#[repr(C, align(8))]
pub(super) struct Buffer([u8; 128]);

/// What the kernel told beside a packet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// The interface it arrived on.
    pub(super) interface_index: Option<u32>,
    /// When it arrived, on the wall clock.
    pub(super) arrived: Option<Duration>,
    /// Where it was sent to; IPv6 only, IPv4 has it in the header.
    pub(super) destination: Option<Ipv6Addr>,
    /// The hop limit it arrived with; IPv6 only.
    pub(super) hop_limit: Option<u8>,
}

/// The control message that chooses the source address of a packet.
#[repr(C, align(8))]
pub(super) struct PacketInfo {
    bytes: [u8; PACKET_INFO_MAX],
    length: usize,
}

impl Buffer {
    pub(super) const EMPTY: Self = Self([0; 128]);

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Reads the first `length` bytes that the kernel wrote.
    pub(super) fn origin(&self, length: usize) -> Origin {
        Origin::parse(&self.0[..length.min(self.0.len())])
    }
}

impl Origin {
    fn parse(mut bytes: &[u8]) -> Self {
        let mut origin = Self::default();
        while let Some((level, kind, data, rest)) = split_message(bytes) {
            match (level, kind) {
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => origin.arrived = timestamp(data),
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => origin.interface_index = number(data),
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    origin.destination = data.first_chunk::<16>().map(|it| (*it).into());
                    origin.interface_index = data.get(16..).and_then(number);
                }
                (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT) => {
                    origin.hop_limit = number(data).and_then(|limit| limit.try_into().ok());
                }
                _ => {}
            }
            bytes = rest;
        }
        origin
    }
}

impl PacketInfo {
    /// Send from `source` on the interface `interface_index`.
    pub(super) fn from_source(source: IpAddr, interface_index: u32) -> Self {
        let mut bytes = [0; PACKET_INFO_MAX];
        let index = interface_index.to_ne_bytes();
        let data = &mut bytes[HEADER..];
        let (level, kind, length) = match source {
            IpAddr::V4(source) => {
                data[..4].copy_from_slice(&index);
                data[4..8].copy_from_slice(&source.octets());
                (libc::IPPROTO_IP, libc::IP_PKTINFO, PACKET_INFO_IPV4)
            }
            IpAddr::V6(source) => {
                data[..16].copy_from_slice(&source.octets());
                data[16..20].copy_from_slice(&index);
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, PACKET_INFO_IPV6)
            }
        };
        bytes[..WORD].copy_from_slice(&(HEADER + length).to_ne_bytes());
        bytes[WORD..WORD + 4].copy_from_slice(&level.to_ne_bytes());
        bytes[WORD + 4..HEADER].copy_from_slice(&kind.to_ne_bytes());
        let length = HEADER + length.next_multiple_of(WORD);
        Self { bytes, length }
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.length]
    }
}

/// The first message of `bytes` as its level, type and data, and what follows it.
fn split_message(bytes: &[u8]) -> Option<(i32, i32, &[u8], &[u8])> {
    let length = usize::from_ne_bytes(*bytes.first_chunk()?);
    let level = i32::from_ne_bytes(*bytes.get(WORD..)?.first_chunk()?);
    let kind = i32::from_ne_bytes(*bytes.get(WORD + 4..)?.first_chunk()?);
    let data = bytes.get(HEADER..length)?;
    let next = length.next_multiple_of(WORD).min(bytes.len());
    Some((level, kind, data, &bytes[next..]))
}

/// `struct timespec` as two 64-bit numbers.
fn timestamp(data: &[u8]) -> Option<Duration> {
    let seconds = i64::from_ne_bytes(*data.first_chunk()?);
    let nanoseconds = i64::from_ne_bytes(*data.get(8..)?.first_chunk()?);
    let seconds = u64::try_from(seconds).ok()?;
    let nanoseconds = u32::try_from(nanoseconds)
        .ok()
        .filter(|n| *n < 1_000_000_000)?;
    Some(Duration::new(seconds, nanoseconds))
}

/// A C `int` or `unsigned int` that is not negative.
fn number(data: &[u8]) -> Option<u32> {
    Some(u32::from_ne_bytes(*data.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn message(level: i32, kind: i32, data: &[u8]) -> Vec<u8> {
        let mut bytes = (HEADER + data.len()).to_ne_bytes().to_vec();
        bytes.extend(level.to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(data);
        bytes.resize(bytes.len().next_multiple_of(WORD), 0);
        bytes
    }

    fn time(seconds: i64, nanoseconds: i64) -> Vec<u8> {
        let data = [seconds.to_ne_bytes(), nanoseconds.to_ne_bytes()].concat();
        message(libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS, &data)
    }

    #[test]
    fn time_and_interface_are_found_among_others() {
        let mut info = PacketInfo::from_source(Ipv4Addr::LOCALHOST.into(), 7);
        let bytes = [
            message(99, 1, &[1, 2, 3]),
            time(5, 250_000_000),
            info.bytes_mut().to_vec(),
        ]
        .concat();
        let origin = Origin::parse(&bytes);
        assert_eq!(origin.arrived, Some(Duration::from_millis(5250)));
        assert_eq!(origin.interface_index, Some(7));
    }

    #[test]
    fn over_ipv6_destination_and_hop_limit_come_beside_the_packet() {
        let group: Ipv6Addr = "ff02::12".parse().unwrap();
        let mut info = PacketInfo::from_source(group.into(), 7);
        let hop_limit = message(
            libc::IPPROTO_IPV6,
            libc::IPV6_HOPLIMIT,
            &255_i32.to_ne_bytes(),
        );
        let origin = Origin::parse(&[info.bytes_mut().to_vec(), hop_limit].concat());
        assert_eq!(origin.destination, Some(group));
        assert_eq!(origin.interface_index, Some(7));
        assert_eq!(origin.hop_limit, Some(255));
        let impossible = message(
            libc::IPPROTO_IPV6,
            libc::IPV6_HOPLIMIT,
            &(-1_i32).to_ne_bytes(),
        );
        assert_eq!(Origin::parse(&impossible).hop_limit, None);
    }

    #[test]
    fn a_time_that_cannot_be_is_none() {
        assert_eq!(Origin::parse(&time(-1, 0)), Origin::default());
        assert_eq!(Origin::parse(&time(1, 1_000_000_000)), Origin::default());
        assert_eq!(Origin::parse(&time(1, -1)), Origin::default());
    }

    #[test]
    fn any_prefix_and_any_length_field_is_survived() {
        let whole = time(5, 1);
        for length in 0..whole.len() {
            assert_eq!(Origin::parse(&whole[..length]).arrived, None);
        }
        for claimed in [
            0usize,
            1,
            HEADER - 1,
            HEADER,
            HEADER + 3,
            4096,
            usize::MAX - 7,
        ] {
            let mut bytes = whole.clone();
            bytes[..WORD].copy_from_slice(&claimed.to_ne_bytes());
            assert_eq!(Origin::parse(&bytes).arrived, None);
        }
    }

    #[test]
    fn a_length_beyond_the_buffer_is_cut() {
        assert_eq!(Buffer::EMPTY.origin(4096), Origin::default());
    }
}
