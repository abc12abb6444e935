//! The part of an IPv4 header that a receiver of raw packets needs.

use std::net::Ipv4Addr;

/// An IPv4 packet, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ipv4Packet<'packet> {
    pub(super) source: Ipv4Addr,
    pub(super) destination: Ipv4Addr,
    pub(super) ttl: u8,
    pub(super) payload: &'packet [u8],
}

impl<'packet> Ipv4Packet<'packet> {
    /// Reads the header with its options; nothing if the bytes are too short for what it claims.
    pub(super) fn parse(bytes: &'packet [u8]) -> Option<Self> {
        let fixed = bytes.first_chunk::<20>()?;
        if fixed[0] >> 4 != 4 {
            return None;
        }
        let header_length = usize::from(fixed[0] & 0x0F) * 4;
        let total_length = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
        if header_length < fixed.len() {
            return None;
        }
        Some(Self {
            source: Ipv4Addr::new(fixed[12], fixed[13], fixed[14], fixed[15]),
            destination: Ipv4Addr::new(fixed[16], fixed[17], fixed[18], fixed[19]),
            ttl: fixed[8],
            // Bytes beyond the total length are Ethernet padding.
            payload: bytes.get(header_length..total_length)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(header_words: u8, total_length: u16, bytes: usize) -> Vec<u8> {
        let mut packet = vec![0; bytes];
        packet[0] = 0x40 | header_words;
        packet[2..4].copy_from_slice(&total_length.to_be_bytes());
        packet[8] = 255;
        packet[12..16].copy_from_slice(&[10, 0, 0, 60]);
        packet[16..20].copy_from_slice(&[224, 0, 0, 18]);
        packet
    }

    #[test]
    fn the_payload_starts_after_the_options_and_ends_before_the_padding() {
        let mut bytes = packet(6, 27, 46);
        bytes[24..27].copy_from_slice(&[1, 2, 3]);
        let parsed = Ipv4Packet::parse(&bytes).unwrap();
        assert_eq!(parsed.payload, [1, 2, 3]);
        assert_eq!(parsed.source, Ipv4Addr::new(10, 0, 0, 60));
        assert_eq!(parsed.destination, Ipv4Addr::new(224, 0, 0, 18));
        assert_eq!(parsed.ttl, 255);
    }

    #[test]
    fn what_is_shorter_than_it_claims_is_nothing() {
        assert_eq!(Ipv4Packet::parse(&[]), None);
        assert_eq!(Ipv4Packet::parse(&packet(5, 20, 20)[..19]), None);
        assert_eq!(Ipv4Packet::parse(&packet(5, 41, 40)), None);
        assert_eq!(Ipv4Packet::parse(&packet(15, 40, 40)), None);
        assert_eq!(Ipv4Packet::parse(&packet(4, 40, 40)), None);
        assert_eq!(Ipv4Packet::parse(&packet(6, 20, 40)), None);
    }

    #[test]
    fn another_ip_version_is_nothing() {
        let mut bytes = packet(5, 40, 40);
        bytes[0] = 0x65;
        assert_eq!(Ipv4Packet::parse(&bytes), None);
    }
}
