//! Reading Ethernet frames.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Frame;

const ETHERNET_HEADER: usize = 14;
const VRRP: u8 = 112;

impl Frame {
    /// What the bytes of an Ethernet frame are, if it is of interest and whole.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (header, packet) = bytes.split_at_checked(ETHERNET_HEADER)?;
        match [header[12], header[13]] {
            [0x08, 0x00] => parse_advertisement(packet),
            [0x86, 0xDD] => parse_advertisement_of_ipv6(packet),
            [0x08, 0x06] => parse_announcement(packet),
            _ => None,
        }
    }
}

fn parse_advertisement(packet: &[u8]) -> Option<Frame> {
    let header = packet.first_chunk::<20>()?;
    let header_length = usize::from(header[0] & 0x0F) * 4;
    let total_length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    if header[9] != VRRP || header_length < header.len() {
        return None;
    }
    Some(Frame::Advertisement {
        source: address(packet, 12)?.into(),
        destination: address(packet, 16)?.into(),
        ttl: header[8],
        payload: packet.get(header_length..total_length)?.to_vec(),
    })
}

fn parse_advertisement_of_ipv6(packet: &[u8]) -> Option<Frame> {
    let header = packet.first_chunk::<40>()?;
    let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    if header[6] != VRRP {
        return None;
    }
    let address = |at: usize| -> Option<IpAddr> {
        let octets: [u8; 16] = *packet.get(at..)?.first_chunk()?;
        Some(Ipv6Addr::from(octets).into())
    };
    Some(Frame::Advertisement {
        source: address(8)?,
        destination: address(24)?,
        ttl: header[7],
        payload: packet.get(header.len()..header.len() + length)?.to_vec(),
    })
}

fn parse_announcement(packet: &[u8]) -> Option<Frame> {
    let (sender, target) = (address(packet, 14)?, address(packet, 24)?);
    (sender == target).then_some(Frame::Announcement {
        address: sender,
        hardware_address: *packet.get(8..)?.first_chunk()?,
    })
}

fn address(packet: &[u8], at: usize) -> Option<Ipv4Addr> {
    let octets: [u8; 4] = *packet.get(at..)?.first_chunk()?;
    Some(octets.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: [u8; 2], packet: &[u8]) -> Vec<u8> {
        [&[0; 12][..], &kind, packet].concat()
    }

    #[test]
    fn an_advertisement_ends_where_its_header_says() {
        let mut packet = vec![0x45, 0xC0, 0, 23, 0, 0, 0, 0, 255, 112, 0, 0];
        packet.extend([10, 0, 0, 60, 224, 0, 0, 18, 0x21, 51, 100, 0, 0, 0]);
        let bytes = frame([8, 0], &packet);
        let expected = Frame::Advertisement {
            source: Ipv4Addr::new(10, 0, 0, 60).into(),
            destination: Ipv4Addr::new(224, 0, 0, 18).into(),
            ttl: 255,
            payload: vec![0x21, 51, 100],
        };
        assert_eq!(Frame::parse(&bytes), Some(expected));
        for length in 0..bytes.len() - 3 {
            assert_eq!(Frame::parse(&bytes[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn an_advertisement_of_ipv6_is_one_too() {
        let [source, destination]: [Ipv6Addr; 2] =
            ["fe80::1", "ff02::12"].map(|text| text.parse().unwrap());
        let mut packet = vec![0x60, 0, 0, 0, 0, 3, 112, 255];
        packet.extend([source.octets(), destination.octets()].concat());
        packet.extend([0x31, 51, 100]);
        let expected = Frame::Advertisement {
            source: source.into(),
            destination: destination.into(),
            ttl: 255,
            payload: vec![0x31, 51, 100],
        };
        assert_eq!(Frame::parse(&frame([0x86, 0xDD], &packet)), Some(expected));
        let short = &packet[..packet.len() - 1];
        assert_eq!(Frame::parse(&frame([0x86, 0xDD], short)), None);
        packet[6] = 58;
        assert_eq!(Frame::parse(&frame([0x86, 0xDD], &packet)), None);
    }

    #[test]
    fn only_arp_about_oneself_is_an_announcement() {
        let mut packet = vec![0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 70];
        packet.extend([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 10, 0, 0, 70]);
        let expected = Frame::Announcement {
            address: Ipv4Addr::new(10, 0, 0, 70),
            hardware_address: [2, 0, 0, 0, 0, 1],
        };
        assert_eq!(Frame::parse(&frame([8, 6], &packet)), Some(expected));
        packet[27] = 71;
        assert_eq!(Frame::parse(&frame([8, 6], &packet)), None);
    }
}
