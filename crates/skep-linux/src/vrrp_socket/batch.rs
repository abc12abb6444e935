//! Many packets in one system call, into memory that exists already.
#![expect(unsafe_code, reason = "recvmmsg(2) has no safe wrapper")]

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::ptr;
use std::time::Duration;

use super::Family;
use super::ancillary::Buffer;
use super::header::Ipv4Packet;
use crate::clock;

/// How many packets one call takes: a burst of a busy segment, yet little enough that the timers
/// are looked at again soon.
const PACKETS: usize = 32;
/// Room for one packet. The largest advertisement is one of 255 IPv6 addresses with an
/// authentication trailer, 4116 bytes; what does not fit is no advertisement.
const PACKET_SIZE: usize = 4608;

/// The memory that packets are received into; made once and used again and again.
pub struct Batch {
    packets: Box<[Packet]>,
    family: Family,
    received: usize,
    read_at: Duration,
}

/// One packet of a [`Batch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received<'batch> {
    /// Who sent it.
    pub source: IpAddr,
    /// To which address.
    pub destination: IpAddr,
    /// The TTL or hop limit it arrived with.
    pub hop_limit: u8,
    /// The interface it arrived on.
    pub interface_index: u32,
    /// How long ago it arrived when the batch was filled, zero if the clock went backwards since.
    /// The kernel's timestamp is on the wall clock: subtract this from the boot clock.
    pub age: Duration,
    /// What follows the IP header.
    pub payload: &'batch [u8],
}

#[derive(Clone)]
struct Packet {
    bytes: [u8; PACKET_SIZE],
    sender: Sender,
    control: Buffer,
    length: usize,
    control_length: usize,
    truncated: bool,
}

/// `struct sockaddr_in6`, which the smaller `struct sockaddr_in` fits into.
#[derive(Clone)]
#[repr(C, align(4))]
struct Sender([u8; size_of::<libc::sockaddr_in6>()]);

impl Sender {
    /// The address of a `struct sockaddr_in6`: after the family, the port and the flow label.
    fn ipv6(&self) -> Option<Ipv6Addr> {
        let octets: &[u8; 16] = self.0.get(8..)?.first_chunk()?;
        Some((*octets).into())
    }
}

impl Batch {
    /// Allocates the memory.
    #[must_use]
    pub fn new() -> Self {
        let empty = Packet {
            bytes: [0; PACKET_SIZE],
            sender: Sender([0; size_of::<libc::sockaddr_in6>()]),
            control: Buffer::EMPTY,
            length: 0,
            control_length: 0,
            truncated: false,
        };
        let packets = vec![empty; PACKETS].into_boxed_slice();
        Self {
            packets,
            family: Family::Ipv4,
            received: 0,
            read_at: Duration::ZERO,
        }
    }

    /// The most packets one call of [`super::VrrpSocket::receive_batch`] returns.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.packets.len()
    }

    /// The packets of the last call that are whole, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Received<'_>> {
        self.packets[..self.received]
            .iter()
            .filter_map(|packet| packet.read(self.family, self.read_at))
    }

    pub(super) fn fill(&mut self, socket: BorrowedFd<'_>, family: Family) -> io::Result<usize> {
        self.received = 0;
        self.family = family;
        let packets = &mut self.packets;
        // SAFETY: `iovec` and `mmsghdr` are plain C structures for which all bytes zero is a
        // value (null pointers and zero lengths); musl has padding fields that cannot be named.
        let (mut vectors, mut messages): ([libc::iovec; PACKETS], [libc::mmsghdr; PACKETS]) =
            unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        for ((packet, vector), message) in packets.iter_mut().zip(&mut vectors).zip(&mut messages) {
            vector.iov_base = packet.bytes.as_mut_ptr().cast();
            vector.iov_len = packet.bytes.len();
            message.msg_hdr.msg_name = packet.sender.0.as_mut_ptr().cast();
            message.msg_hdr.msg_namelen = packet.sender.0.len() as _;
            let control = packet.control.bytes_mut();
            message.msg_hdr.msg_control = control.as_mut_ptr().cast();
            message.msg_hdr.msg_controllen = control.len() as _;
            message.msg_hdr.msg_iov = vector;
            message.msg_hdr.msg_iovlen = 1;
        }
        // SAFETY: each message points to one vector, one control buffer and one sender, each vector to one
        // packet's bytes, with their lengths; all live in `self` or on this stack frame and none
        // is reached in another way during the call.
        let received = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                messages.as_mut_ptr(),
                PACKETS as libc::c_uint,
                libc::MSG_DONTWAIT as _,
                ptr::null_mut(),
            )
        };
        self.read_at = clock::wall();
        let Ok(received) = usize::try_from(received) else {
            let error = io::Error::last_os_error();
            let nothing = matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
            );
            return if nothing { Ok(0) } else { Err(error) };
        };
        for (packet, message) in packets.iter_mut().zip(&messages[..received]) {
            packet.length = message.msg_len as usize;
            packet.control_length = message.msg_hdr.msg_controllen as _;
            packet.truncated = message.msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
        }
        self.received = received;
        Ok(received)
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}

impl Packet {
    fn read(&self, family: Family, read_at: Duration) -> Option<Received<'_>> {
        if self.truncated {
            return None;
        }
        let bytes = self.bytes.get(..self.length)?;
        let origin = self.control.origin(self.control_length);
        let age = origin
            .arrived
            .map_or(Duration::ZERO, |at| read_at.saturating_sub(at));
        let interface_index = origin.interface_index?;
        Some(match family {
            Family::Ipv4 => {
                let packet = Ipv4Packet::parse(bytes)?;
                Received {
                    source: packet.source.into(),
                    destination: packet.destination.into(),
                    hop_limit: packet.ttl,
                    interface_index,
                    age,
                    payload: packet.payload,
                }
            }
            // The kernel keeps the header of a raw IPv6 packet to itself.
            Family::Ipv6 => Received {
                source: self.sender.ipv6()?.into(),
                destination: origin.destination?.into(),
                hop_limit: origin.hop_limit?,
                interface_index,
                age,
                payload: bytes,
            },
        })
    }
}
