//! The bytes of a gratuitous ARP request.

use std::net::Ipv4Addr;

/// The length of an Ethernet header and an ARP message for IPv4.
const FRAME: usize = 42;
const BROADCAST: [u8; 6] = [0xFF; 6];

/// An ARP request from `hardware_address` that asks for the address it names as its own, with a
/// broadcast target, byte for byte as other routers of the field send it.
pub(super) fn gratuitous_request(hardware_address: [u8; 6], address: Ipv4Addr) -> [u8; FRAME] {
    // EtherType ARP; hardware type Ethernet, protocol IPv4, their lengths, operation "request".
    const FIXED: [u8; 10] = [0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4, 0, 1];
    let mut frame = [0; FRAME];
    frame[..6].copy_from_slice(&BROADCAST);
    frame[6..12].copy_from_slice(&hardware_address);
    frame[12..22].copy_from_slice(&FIXED);
    frame[22..28].copy_from_slice(&hardware_address);
    frame[28..32].copy_from_slice(&address.octets());
    frame[32..38].copy_from_slice(&BROADCAST);
    frame[38..].copy_from_slice(&address.octets());
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_is_a_broadcast_request_for_the_sender_s_own_address() {
        let frame = gratuitous_request([2, 0, 0, 0, 0, 1], Ipv4Addr::new(10, 0, 0, 70));
        let expected = [
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x08, 0x06, // Ethernet
            0, 1, 0x08, 0x00, 6, 4, 0, 1, // request
            2, 0, 0, 0, 0, 1, 10, 0, 0, 70, // sender
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 10, 0, 0, 70, // target
        ];
        assert_eq!(frame, expected);
    }
}
