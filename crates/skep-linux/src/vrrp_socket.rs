//! The raw IPv4 socket of one interface that carries protocol 112.
//!
//! It is opened by one thread and read by another that must never wait: everything that takes a
//! kernel lock happens in [`VrrpSocket::open`]. What the payload means is not known here.
#![expect(
    unsafe_code,
    reason = "recvmmsg(2) and sendmsg(2) with control messages"
)]

mod ancillary;
mod batch;
mod header;

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use rustix::net::sockopt;
use socket2::{Domain, Protocol, SockAddr, SockFilter, Socket, Type};
use thiserror::Error;

pub use batch::{Batch, Received};

use crate::socket_option;

/// RFC 9568 §5.1.1.4: the protocol number of VRRP.
const PROTOCOL: i32 = 112;
/// RFC 9568 §5.1.1.2: the IPv4 multicast group of VRRP.
pub const MULTICAST_GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
/// RFC 9568 §5.1.1.3: the TTL of an advertisement.
const TTL: u32 = 255;
/// Internetwork control, as other routers send it.
const TYPE_OF_SERVICE: u8 = 0xC0;
/// The default keeps the oldest 256 packets and drops what follows; this holds seconds of
/// advertisements of 255 routers at 10 ms.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// A socket that receives and sends protocol 112 on one interface only.
#[derive(Debug)]
pub struct VrrpSocket {
    socket: Socket,
    interface_index: u32,
}

/// Why the socket of an interface could not be opened.
#[derive(Debug, Error)]
pub enum OpenVrrpSocketError {
    /// The process lacks the right to open it.
    #[error(
        "the VRRP socket of interface {interface_index} is not permitted: run as root, or grant \
         CAP_NET_RAW and CAP_NET_ADMIN"
    )]
    NotPermitted {
        /// The interface.
        interface_index: u32,
    },
    /// The kernel refuses for another reason.
    #[error("cannot open the VRRP socket of interface {interface_index}: {step} failed")]
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
        source_address: Ipv4Addr,
    },
    /// The kernel refuses for another reason.
    #[error("cannot send from {source_address} on interface {interface_index}")]
    Refused {
        /// The interface.
        interface_index: u32,
        /// The source address asked for.
        source_address: Ipv4Addr,
        /// The kernel's reason.
        #[source]
        source: io::Error,
    },
}

impl VrrpSocket {
    /// Opens the socket of the interface with this index and joins VRRP's multicast group there.
    pub fn open(interface_index: u32) -> Result<Self, OpenVrrpSocketError> {
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
        let socket = Socket::new_raw(Domain::IPV4, kind, Some(Protocol::from(PROTOCOL)))
            .map_err(failed("socket"))?;
        let index = interface_index.cast_signed();
        socket_option::set(&socket, libc::SOL_SOCKET, libc::SO_BINDTOIFINDEX, index)
            .map_err(failed("SO_BINDTOIFINDEX"))?;
        receive_with_origin(&socket).map_err(failed("preparing to receive"))?;
        send_as_router(&socket, interface_index).map_err(failed("preparing to send"))?;
        sockopt::set_ip_add_membership_with_ifindex(
            &socket,
            &MULTICAST_GROUP,
            &Ipv4Addr::UNSPECIFIED,
            interface_index,
        )
        .map_err(|error| failed("joining 224.0.0.18")(error.into()))?;
        Ok(Self {
            socket,
            interface_index,
        })
    }

    /// Lets the kernel drop what this classic BPF program rejects; it sees the IPv4 header first.
    pub fn attach_filter(&self, program: &[SockFilter]) -> io::Result<()> {
        self.socket.attach_filter(program)
    }

    /// The interface it was opened for.
    #[must_use]
    pub fn interface_index(&self) -> u32 {
        self.interface_index
    }

    /// Fills `batch` with what has arrived, oldest first, and says how many packets that is: zero
    /// when nothing waits. Call it again while it returns a full batch.
    pub fn receive_batch(&self, batch: &mut Batch) -> io::Result<usize> {
        batch.fill(self.socket.as_fd())
    }

    /// Sends `payload` from `source_address`, which must be an address of this host.
    pub fn send(
        &self,
        source_address: Ipv4Addr,
        destination: Ipv4Addr,
        payload: &[u8],
    ) -> Result<(), SendError> {
        let destination = SockAddr::from(std::net::SocketAddrV4::new(destination, 0));
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

    fn explain(&self, source_address: Ipv4Addr, source: io::Error) -> SendError {
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

/// Each packet comes with its arrival time and interface, and only groups joined by this very
/// socket are received.
fn receive_with_origin(socket: &Socket) -> io::Result<()> {
    sockopt::set_socket_recv_buffer_size_force(socket, RECEIVE_BUFFER)?;
    socket_option::set(socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)?;
    socket_option::set(socket, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?;
    socket.set_multicast_all_v4(false)
}

/// What is sent looks like a router's: TTL 255, internetwork control, never fragmented, and the
/// don't-fragment bit clear as other implementations leave it.
fn send_as_router(socket: &Socket, interface_index: u32) -> io::Result<()> {
    sockopt::set_ip_multicast_if_with_ifindex(
        socket,
        &Ipv4Addr::UNSPECIFIED,
        &Ipv4Addr::UNSPECIFIED,
        interface_index,
    )?;
    socket.set_multicast_loop_v4(false)?;
    socket.set_multicast_ttl_v4(TTL)?;
    socket.set_ttl_v4(TTL)?;
    sockopt::set_ip_tos(socket, TYPE_OF_SERVICE)?;
    let interface_mtu = libc::IP_PMTUDISC_INTERFACE;
    socket_option::set(
        socket,
        libc::IPPROTO_IP,
        libc::IP_MTU_DISCOVER,
        interface_mtu,
    )
}
