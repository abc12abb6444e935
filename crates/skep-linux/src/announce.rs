//! Telling the segment which host an address is on: gratuitous ARP, and over IPv6 unsolicited
//! neighbour advertisements.
#![expect(
    unsafe_code,
    reason = "a packet socket's address has no safe constructor"
)]

mod arp;
mod neighbour;

use std::io;
use std::net::IpAddr;

use socket2::{Domain, SockAddr, SockAddrStorage, Socket, Type};
use thiserror::Error;

/// The packet socket of one interface, kept open because closing one waits for every processor
/// to leave the kernel's read sections (16 ms).
#[derive(Debug)]
pub struct Announcer {
    socket: Socket,
    interface_index: u32,
}

/// What a host is to its IPv6 neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It forwards nothing.
    Host,
    /// It forwards: who loses that word of a default gateway forgets the gateway.
    Router,
}

impl Role {
    /// The role of the interface called `name`; a host if the kernel does not say.
    #[must_use]
    pub fn observe(name: &str) -> Self {
        let path = format!("/proc/sys/net/ipv6/conf/{name}/forwarding");
        match std::fs::read(path).as_deref() {
            Ok([b'1' | b'2', ..]) => Self::Router,
            _ => Self::Host,
        }
    }
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
    pub address: IpAddr,
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
    /// `role` is what the host's own answers to IPv6 neighbours say of it.
    pub fn announce(
        &self,
        hardware_address: [u8; 6],
        address: IpAddr,
        role: Role,
    ) -> Result<(), AnnounceError> {
        let interface_index = self.interface_index;
        let sent = match address {
            IpAddr::V4(address) => {
                let frame = arp::gratuitous_request(hardware_address, address);
                self.socket.send(&frame)
            }
            IpAddr::V6(address) => {
                let frame = neighbour::advertisement(hardware_address, address, role);
                self.socket.send(&frame)
            }
        };
        match sent {
            Ok(_) => Ok(()),
            Err(source) => Err(AnnounceError {
                interface_index,
                address,
                source,
            }),
        }
    }
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
