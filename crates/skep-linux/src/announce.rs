//! Gratuitous ARP: telling the segment which host an address is on.
#![expect(
    unsafe_code,
    reason = "a packet socket's address has no safe constructor"
)]

use std::io;
use std::net::Ipv4Addr;

use socket2::{Domain, SockAddr, SockAddrStorage, Socket, Type};
use thiserror::Error;

/// The length of an Ethernet header and an ARP message for IPv4.
const FRAME: usize = 42;
const BROADCAST: [u8; 6] = [0xFF; 6];

/// The packet socket of one interface, kept open because closing one waits for every processor
/// to leave the kernel's read sections (16 ms).
#[derive(Debug)]
pub struct Announcer {
    socket: Socket,
    interface_index: u32,
}

/// Why the packet socket of an interface could not be opened.
#[derive(Debug, Error)]
#[error("cannot open the packet socket of interface {interface_index}: grant CAP_NET_RAW")]
pub struct OpenAnnouncerError {
    /// The interface.
    pub interface_index: u32,
    /// The kernel's reason.
    #[source]
    pub source: io::Error,
}

/// Why an announcement was not sent.
#[derive(Debug, Error)]
#[error("cannot announce {address} on interface {interface_index}")]
pub struct AnnounceError {
    /// The interface.
    pub interface_index: u32,
    /// The address to be announced.
    pub address: Ipv4Addr,
    /// The kernel's reason.
    #[source]
    pub source: io::Error,
}

impl Announcer {
    /// Opens the socket of the interface with this index.
    pub fn open(interface_index: u32) -> Result<Self, OpenAnnouncerError> {
        let open = || {
            // Protocol 0: it sends only, no packet is ever copied to it.
            let kind = Type::RAW.nonblocking().cloexec();
            let socket = Socket::new_raw(Domain::PACKET, kind, None)?;
            socket.bind(&link_address(interface_index))?;
            Ok(socket)
        };
        match open() {
            Ok(socket) => Ok(Self {
                socket,
                interface_index,
            }),
            Err(source) => Err(OpenAnnouncerError {
                interface_index,
                source,
            }),
        }
    }

    /// Tells everyone on the segment that `address` is at `hardware_address`, the interface's own.
    pub fn announce(
        &self,
        hardware_address: [u8; 6],
        address: Ipv4Addr,
    ) -> Result<(), AnnounceError> {
        let interface_index = self.interface_index;
        match self
            .socket
            .send(&gratuitous_request(hardware_address, address))
        {
            Ok(_) => Ok(()),
            Err(source) => Err(AnnounceError {
                interface_index,
                address,
                source,
            }),
        }
    }
}

/// An ARP request from `hardware_address` that asks for the address it names as its own, with a
/// broadcast target, byte for byte as other routers of the field send it.
fn gratuitous_request(hardware_address: [u8; 6], address: Ipv4Addr) -> [u8; FRAME] {
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

/// The packet socket address of an interface, for no protocol.
fn link_address(interface_index: u32) -> SockAddr {
    let mut storage = SockAddrStorage::zeroed();
    // SAFETY: `sockaddr_ll` is a plain C structure that fits into the zeroed storage, and its
    // family and length are set to match.
    unsafe {
        let link = storage.view_as::<libc::sockaddr_ll>();
        link.sll_family = libc::AF_PACKET as _;
        link.sll_ifindex = interface_index.cast_signed();
        SockAddr::new(storage, size_of::<libc::sockaddr_ll>() as _)
    }
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
