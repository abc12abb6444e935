//! The bytes of an unsolicited neighbour advertisement.

use std::net::Ipv6Addr;

use super::Role;

const ETHERNET: usize = 14;
const HEADER: usize = 40;
/// Type, code, checksum, flags, target, and the option with the hardware address.
const MESSAGE: usize = 32;
const FRAME: usize = ETHERNET + HEADER + MESSAGE;
/// All nodes of the segment, and the hardware address of that group.
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_NODES_HARDWARE: [u8; 6] = [0x33, 0x33, 0, 0, 0, 1];
const ICMPV6: u8 = 58;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
/// RFC 4861 §4.4: what the flags mean.
const FROM_ROUTER: u8 = 0x80;
const OVERRIDE: u8 = 0x20;

/// A neighbour advertisement to all nodes that says `address` is at `hardware_address` and
/// overrides what they knew.
pub(super) fn advertisement(
    hardware_address: [u8; 6],
    address: Ipv6Addr,
    role: Role,
) -> [u8; FRAME] {
    let mut frame = [0; FRAME];
    let (ethernet, packet) = frame.split_at_mut(ETHERNET);
    ethernet[..6].copy_from_slice(&ALL_NODES_HARDWARE);
    ethernet[6..12].copy_from_slice(&hardware_address);
    ethernet[12..].copy_from_slice(&[0x86, 0xDD]);
    let (header, message) = packet.split_at_mut(HEADER);
    // Version 6; the length of what follows; RFC 4861 §7.1.2 demands hop limit 255.
    header[..8].copy_from_slice(&[0x60, 0, 0, 0, 0, MESSAGE as u8, ICMPV6, 255]);
    header[8..24].copy_from_slice(&address.octets());
    header[24..].copy_from_slice(&ALL_NODES.octets());
    message[0] = NEIGHBOUR_ADVERTISEMENT;
    message[4] = match role {
        Role::Host => OVERRIDE,
        Role::Router => OVERRIDE | FROM_ROUTER,
    };
    message[8..24].copy_from_slice(&address.octets());
    // Option 2, one unit of eight bytes: the hardware address of the target.
    message[24..26].copy_from_slice(&[2, 1]);
    message[26..].copy_from_slice(&hardware_address);
    let checksum = checksum(&header[8..], message);
    message[2..4].copy_from_slice(&checksum.to_be_bytes());
    frame
}

/// RFC 8200 §8.1: over both addresses, the length, the protocol and the message.
fn checksum(addresses: &[u8], message: &[u8]) -> u16 {
    let words = addresses.chunks_exact(2).chain(message.chunks_exact(2));
    let words = words.map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])));
    let mut sum = words.sum::<u32>() + MESSAGE as u32 + u32::from(ICMPV6);
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HARDWARE: [u8; 6] = [2, 0, 0, 0, 0, 1];

    fn address() -> Ipv6Addr {
        "fd00::70".parse().unwrap()
    }

    #[test]
    fn the_frame_tells_all_nodes_where_the_address_is() {
        let frame = advertisement(HARDWARE, address(), Role::Host);
        assert_eq!(
            frame[..14],
            [0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x86, 0xDD]
        );
        assert_eq!(frame[14..22], [0x60, 0, 0, 0, 0, 32, 58, 255]);
        assert_eq!(frame[22..38], address().octets());
        assert_eq!(frame[38..54], ALL_NODES.octets());
        assert_eq!((frame[54], frame[58]), (136, 0x20));
        assert_eq!(frame[62..78], address().octets());
        assert_eq!(frame[78..], [2, 1, 2, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn a_router_says_that_it_is_one() {
        assert_eq!(advertisement(HARDWARE, address(), Role::Router)[58], 0xA0);
    }

    #[test]
    fn the_sum_over_a_message_with_its_checksum_is_zero() {
        for role in [Role::Host, Role::Router] {
            let frame = advertisement(HARDWARE, address(), role);
            assert_ne!(frame[56..58], [0, 0]);
            assert_eq!(checksum(&frame[22..54], &frame[54..]), 0);
        }
    }
}
