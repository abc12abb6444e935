//! Many packets in one system call, into memory that exists already.
#![expect(unsafe_code, reason = "recvmmsg(2) has no safe wrapper")]

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::ptr;
use std::time::Duration;

use super::ancillary::Buffer;
use super::header::Ipv4Packet;
use crate::clock;

/// How many packets one call takes: a burst of a busy segment, yet little enough that the timers
/// are looked at again soon.
const PACKETS: usize = 64;
/// Room for one packet. The largest IPv4 header with the largest advertisement (255 addresses and
/// an authentication trailer) takes 1128 bytes; what does not fit is no advertisement.
const PACKET_SIZE: usize = 2048;

/// The memory that packets are received into; made once and used again and again.
pub struct Batch {
    packets: Box<[Packet]>,
    received: usize,
    read_at: Duration,
}

/// One packet of a [`Batch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received<'batch> {
    /// Who sent it.
    pub source: Ipv4Addr,
    /// To which address.
    pub destination: Ipv4Addr,
    /// The TTL it arrived with.
    pub ttl: u8,
    /// The interface it arrived on.
    pub interface_index: u32,
    /// How long ago it arrived when the batch was filled, zero if the clock went backwards since.
    /// The kernel's timestamp is on the wall clock: subtract this from the boot clock.
    pub age: Duration,
    /// What follows the IPv4 header.
    pub payload: &'batch [u8],
}

#[derive(Clone)]
struct Packet {
    bytes: [u8; PACKET_SIZE],
    control: Buffer,
    length: usize,
    control_length: usize,
    truncated: bool,
}

impl Batch {
    /// Allocates the memory.
    #[must_use]
    pub fn new() -> Self {
        let empty = Packet {
            bytes: [0; PACKET_SIZE],
            control: Buffer::EMPTY,
            length: 0,
            control_length: 0,
            truncated: false,
        };
        let packets = vec![empty; PACKETS].into_boxed_slice();
        Self {
            packets,
            received: 0,
            read_at: Duration::ZERO,
        }
    }

    /// The most packets one call of [`super::VrrpSocket::receive_batch`] returns.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.packets.len()
    }

    /// The packets of the last call that are whole IPv4 packets, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Received<'_>> {
        self.packets[..self.received]
            .iter()
            .filter_map(|packet| packet.read(self.read_at))
    }

    pub(super) fn fill(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        self.received = 0;
        let packets = &mut self.packets;
        // SAFETY: `iovec` and `mmsghdr` are plain C structures for which all bytes zero is a
        // value (null pointers and zero lengths); musl has padding fields that cannot be named.
        let (mut vectors, mut messages): ([libc::iovec; PACKETS], [libc::mmsghdr; PACKETS]) =
            unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        for ((packet, vector), message) in packets.iter_mut().zip(&mut vectors).zip(&mut messages) {
            vector.iov_base = packet.bytes.as_mut_ptr().cast();
            vector.iov_len = packet.bytes.len();
            let control = packet.control.bytes_mut();
            message.msg_hdr.msg_control = control.as_mut_ptr().cast();
            message.msg_hdr.msg_controllen = control.len() as _;
            message.msg_hdr.msg_iov = vector;
            message.msg_hdr.msg_iovlen = 1;
        }
        // SAFETY: each message points to one vector and one control buffer, each vector to one
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
    fn read(&self, read_at: Duration) -> Option<Received<'_>> {
        if self.truncated {
            return None;
        }
        let packet = Ipv4Packet::parse(self.bytes.get(..self.length)?)?;
        let origin = self.control.origin(self.control_length);
        let age = origin
            .arrived
            .map_or(Duration::ZERO, |at| read_at.saturating_sub(at));
        Some(Received {
            source: packet.source,
            destination: packet.destination,
            ttl: packet.ttl,
            interface_index: origin.interface_index?,
            age,
            payload: packet.payload,
        })
    }
}
