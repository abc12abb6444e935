//! The raw socket of one interface and one family that carries protocol 112.
//!
//! It is opened by one thread and read by another that must never wait: everything that takes a
//! kernel lock happens in [`VrrpSocket::open`]. What the payload means is not known here.
#![expect(
    unsafe_code,
    reason = "recvmmsg(2) and sendmsg(2) with control messages"
)]

mod ancillary;
mod batch;
mod filter;
mod header;
mod ipv4;
mod ipv6;

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use thiserror::Error;

pub use batch::{Batch, Received};

use crate::socket_option;

/// RFC 9568 §5.1.1.4: the protocol number of VRRP.
const PROTOCOL: i32 = 112;
/// RFC 9568 §5.1.1.3 and §5.1.2.3: the TTL or hop limit of an advertisement.
const HOP_LIMIT: u8 = 255;
/// Internetwork control, as other routers send it.
const TRAFFIC_CLASS: u8 = 0xC0;
/// The default keeps the oldest 256 packets and drops what follows; this holds seconds of
/// advertisements of 255 routers at 10 ms.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// The family of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6, whose checksums the kernel writes and verifies.
    Ipv6,
}

/// A socket that receives and sends protocol 112 of one family on one interface only.
#[derive(Debug)]
pub struct VrrpSocket {
    socket: Socket,
    family: Family,
    interface_index: u32,
}

/// Why the socket of an interface could not be opened.
#[derive(Debug, Error)]
pub enum OpenVrrpSocketError {
    /// The process lacks the right to open it.
    #[error(
        "the VRRP socket is not permitted: run as root, or grant CAP_NET_RAW and CAP_NET_ADMIN"
    )]
    NotPermitted {
        /// The interface.
        interface_index: u32,
    },
    /// The kernel refuses for another reason.
    #[error("cannot open the VRRP socket: {step} failed")]
    Refused {
        /// The interface.
        interface_index: u32,
        /// The call that failed.
        step: &'static str,
        /// The kernel's reason.
        #[source]
        source: io::Error,
    },
}

/// Why an advertisement was not sent.
#[derive(Debug, Error)]
pub enum SendError {
    /// The queue is full; the next one may pass.
    #[error("the send queue of interface {interface_index} is full")]
    WouldBlock {
        /// The interface.
        interface_index: u32,
    },
    /// The interface or the address is not there; the kernel has one answer for both.
    #[error(
        "interface {interface_index} is down or gone, or {source_address} is no address of this \
         host"
    )]
    Unavailable {
        /// The interface.
        interface_index: u32,
        /// The source address asked for.
        source_address: IpAddr,
    },
    /// The kernel refuses for another reason.
    #[error("cannot send from {source_address} on interface {interface_index}")]
    Refused {
        /// The interface.
        interface_index: u32,
        /// The source address asked for.
        source_address: IpAddr,
        /// The kernel's reason.
        #[source]
        source: io::Error,
    },
}

impl VrrpSocket {
    /// Opens the socket of this family of the interface with this index and joins these multicast
    /// groups there. Without a group it receives what is sent to the interface's own addresses.
    pub fn open(
        interface_index: u32,
        family: Family,
        groups: impl IntoIterator<Item = IpAddr>,
    ) -> Result<Self, OpenVrrpSocketError> {
        let failed = |step| {
            move |source: io::Error| match source.kind() {
                io::ErrorKind::PermissionDenied => {
                    OpenVrrpSocketError::NotPermitted { interface_index }
                }
                _ => OpenVrrpSocketError::Refused {
                    interface_index,
                    step,
                    source,
                },
            }
        };
        let kind = Type::RAW.nonblocking().cloexec();
        let domain = match family {
            Family::Ipv4 => Domain::IPV4,
            Family::Ipv6 => Domain::IPV6,
        };
        let socket = Socket::new_raw(domain, kind, Some(Protocol::from(PROTOCOL)))
            .map_err(failed("socket"))?;
        let index = interface_index.cast_signed();
        socket_option::set(&socket, libc::SOL_SOCKET, libc::SO_BINDTOIFINDEX, index)
            .map_err(failed("SO_BINDTOIFINDEX"))?;
        receive_in_time(&socket).map_err(failed("preparing to receive"))?;
        match family {
            Family::Ipv4 => ipv4::prepare(&socket, interface_index),
            Family::Ipv6 => ipv6::prepare(&socket, interface_index),
        }
        .map_err(failed("preparing to send"))?;
        for group in groups {
            match group {
                IpAddr::V4(group) => ipv4::join(&socket, group, interface_index),
                IpAddr::V6(group) => ipv6::join(&socket, group, interface_index),
            }
            .map_err(failed("joining the multicast group"))?;
        }
        Ok(Self {
            socket,
            family,
            interface_index,
        })
    }

    /// Lets the kernel drop what does not begin with these bytes after the IP header.
    pub fn receive_only(&self, beginning: [u8; 2]) -> io::Result<()> {
        self.socket
            .attach_filter(&filter::beginning_with(self.family, beginning))
    }

    /// The interface it was opened for.
    #[must_use]
    pub fn interface_index(&self) -> u32 {
        self.interface_index
    }

    /// The family it was opened for.
    #[must_use]
    pub fn family(&self) -> Family {
        self.family
    }

    /// Fills `batch` with what has arrived, oldest first, and says how many packets that is: zero
    /// when nothing waits. Call it again while it returns a full batch.
    pub fn receive_batch(&self, batch: &mut Batch) -> io::Result<usize> {
        batch.fill(self.socket.as_fd(), self.family)
    }

    /// Sends `payload` from `source_address`, which must be an address of this host. Over IPv6 the
    /// kernel writes the checksum.
    pub fn send(
        &self,
        source_address: IpAddr,
        destination: IpAddr,
        payload: &[u8],
    ) -> Result<(), SendError> {
        let destination = SockAddr::from(match destination {
            IpAddr::V4(destination) => SocketAddr::from((destination, 0)),
            IpAddr::V6(destination) => {
                SocketAddr::V6(SocketAddrV6::new(destination, 0, 0, self.interface_index))
            }
        });
        let mut control = ancillary::PacketInfo::from_source(source_address, self.interface_index);
        let vector = libc::iovec {
            iov_base: payload.as_ptr().cast_mut().cast(),
            iov_len: payload.len(),
        };
        // SAFETY: `msghdr` is a plain C structure for which all bytes zero is a value; musl has
        // padding fields that cannot be named.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_name = destination.as_ptr().cast_mut().cast();
        message.msg_namelen = destination.len();
        message.msg_iov = (&raw const vector).cast_mut();
        message.msg_iovlen = 1;
        message.msg_control = control.bytes_mut().as_mut_ptr().cast();
        message.msg_controllen = control.bytes_mut().len() as _;
        // SAFETY: every pointer in `message` is to a local or a borrow that outlives the call;
        // sendmsg does not write through `msg_name` or `msg_iov`.
        let sent = unsafe { libc::sendmsg(self.socket.as_raw_fd(), &raw const message, 0) };
        if sent >= 0 {
            return Ok(());
        }
        Err(self.explain(source_address, io::Error::last_os_error()))
    }

    fn explain(&self, source_address: IpAddr, source: io::Error) -> SendError {
        let interface_index = self.interface_index;
        match source.raw_os_error() {
            Some(libc::EAGAIN | libc::ENOBUFS) => SendError::WouldBlock { interface_index },
            Some(
                libc::ENETUNREACH | libc::ENETDOWN | libc::ENODEV | libc::ENXIO | libc::EINVAL,
            ) => SendError::Unavailable {
                interface_index,
                source_address,
            },
            _ => SendError::Refused {
                interface_index,
                source_address,
                source,
            },
        }
    }
}

impl AsFd for VrrpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for VrrpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

fn receive_in_time(socket: &Socket) -> io::Result<()> {
    rustix::net::sockopt::set_socket_recv_buffer_size_force(socket, RECEIVE_BUFFER)?;
    socket_option::set(socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)
}
