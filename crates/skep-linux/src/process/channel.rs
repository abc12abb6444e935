//! Whole messages between two processes, in order, never waiting.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::io::Errno;
use rustix::net::sockopt::set_socket_send_buffer_size;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair,
};
use thiserror::Error;

/// The longest message. One virtual router with 255 addresses and labels takes about 40 kB as
/// JSON.
pub const MESSAGE_SIZE_MAX: usize = 64 * 1024;
/// Room for some of the longest messages; the kernel doubles it for its own records and caps it
/// at `net.core.wmem_max`.
const SEND_BUFFER: usize = 4 * MESSAGE_SIZE_MAX;

/// One end of a pair of connected sockets that keep messages apart.
#[derive(Debug)]
pub struct Channel {
    descriptor: OwnedFd,
}

/// Why a message was not sent.
#[derive(Debug, Error)]
pub enum ChannelSendError {
    /// The other end does not read fast enough; try again when it has.
    #[error("the other end of the channel does not keep up")]
    Full,
    /// The other end is closed.
    #[error("the other end of the channel is closed")]
    Closed,
    /// The message is empty or longer than [`MESSAGE_SIZE_MAX`].
    #[error("a message of {length} bytes does not fit: 1 to {MESSAGE_SIZE_MAX} do")]
    Length {
        /// Its length.
        length: usize,
    },
    /// The kernel refuses for another reason.
    #[error("cannot send on the channel")]
    Refused(#[source] io::Error),
}

/// Why no message was received.
#[derive(Debug, Error)]
pub enum ChannelReceiveError {
    /// The other end is closed and everything it sent was received.
    #[error("the other end of the channel is closed")]
    Closed,
    /// The message was longer than the buffer; it is lost.
    #[error("a message of {length} bytes was longer than the buffer and is lost")]
    Truncated {
        /// Its length.
        length: usize,
    },
    /// The kernel refuses for another reason.
    #[error("cannot receive on the channel")]
    Refused(#[source] io::Error),
}

impl Channel {
    /// Two connected ends.
    pub fn pair() -> io::Result<(Self, Self)> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let (one, other) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        for end in [&one, &other] {
            set_socket_send_buffer_size(end, SEND_BUFFER)?;
        }
        Ok((Self { descriptor: one }, Self { descriptor: other }))
    }

    /// Sends one message, or says that there is no room.
    pub fn send(&self, message: &[u8]) -> Result<(), ChannelSendError> {
        // An empty message would look like the end of the channel.
        if message.is_empty() || message.len() > MESSAGE_SIZE_MAX {
            return Err(ChannelSendError::Length {
                length: message.len(),
            });
        }
        match send(&self.descriptor, message, SendFlags::NOSIGNAL) {
            Ok(_) => Ok(()),
            Err(Errno::AGAIN | Errno::NOBUFS) => Err(ChannelSendError::Full),
            Err(Errno::PIPE | Errno::CONNRESET) => Err(ChannelSendError::Closed),
            Err(error) => Err(ChannelSendError::Refused(error.into())),
        }
    }

    /// The length of the next message, nothing if none waits; the end of the channel has none.
    pub fn next_length(&self) -> Result<Option<usize>, ChannelReceiveError> {
        let flags = RecvFlags::TRUNC | RecvFlags::PEEK;
        match recv(&self.descriptor, &mut [0_u8; 0], flags) {
            Ok((_, length)) => Ok(Some(length)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(Errno::CONNRESET) => Err(ChannelReceiveError::Closed),
            Err(error) => Err(ChannelReceiveError::Refused(error.into())),
        }
    }

    /// Receives the next message into `buffer`, which should have room for its
    /// [length](Self::next_length), at most [`MESSAGE_SIZE_MAX`]; nothing if none waits.
    pub fn receive<'buffer>(
        &self,
        buffer: &'buffer mut [u8],
    ) -> Result<Option<&'buffer [u8]>, ChannelReceiveError> {
        let (received, length) = match recv(&self.descriptor, &mut *buffer, RecvFlags::TRUNC) {
            Ok(received) => received,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(None),
            Err(Errno::CONNRESET) => return Err(ChannelReceiveError::Closed),
            Err(error) => return Err(ChannelReceiveError::Refused(error.into())),
        };
        match length {
            0 => Err(ChannelReceiveError::Closed),
            length if length > received => Err(ChannelReceiveError::Truncated { length }),
            _ => Ok(Some(&buffer[..received])),
        }
    }
}

impl From<OwnedFd> for Channel {
    /// An end that was inherited; the pair that made it set its flags.
    fn from(descriptor: OwnedFd) -> Self {
        Self { descriptor }
    }
}

impl From<Channel> for OwnedFd {
    fn from(channel: Channel) -> Self {
        channel.descriptor
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for Channel {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_stay_apart_and_in_order() {
        let (one, other) = Channel::pair().unwrap();
        let longest = vec![7; MESSAGE_SIZE_MAX];
        one.send(b"first").unwrap();
        one.send(&longest).unwrap();
        let mut buffer = vec![0; MESSAGE_SIZE_MAX];
        assert_eq!(other.next_length().unwrap(), Some(5));
        assert_eq!(other.receive(&mut buffer).unwrap(), Some(&b"first"[..]));
        assert_eq!(other.next_length().unwrap(), Some(MESSAGE_SIZE_MAX));
        assert_eq!(other.receive(&mut buffer).unwrap(), Some(&longest[..]));
        assert_eq!(other.next_length().unwrap(), None);
        assert_eq!(other.receive(&mut buffer).unwrap(), None);
    }

    #[test]
    fn a_reader_that_does_not_keep_up_is_distinguished_from_one_that_is_gone() {
        let (one, other) = Channel::pair().unwrap();
        let message = vec![0; MESSAGE_SIZE_MAX];
        let full = std::iter::repeat_with(|| one.send(&message)).find_map(Result::err);
        assert!(matches!(full, Some(ChannelSendError::Full)));
        drop(other);
        assert!(matches!(one.send(b"x"), Err(ChannelSendError::Closed)));
    }

    #[test]
    fn what_was_sent_before_the_end_is_received_before_the_end() {
        let (one, other) = Channel::pair().unwrap();
        one.send(b"last").unwrap();
        drop(one);
        let mut buffer = [0; 16];
        assert_eq!(other.receive(&mut buffer).unwrap(), Some(&b"last"[..]));
        assert!(matches!(
            other.receive(&mut buffer),
            Err(ChannelReceiveError::Closed)
        ));
    }

    #[test]
    fn a_message_longer_than_the_buffer_is_reported_not_cut() {
        let (one, other) = Channel::pair().unwrap();
        one.send(&[1; 17]).unwrap();
        let mut buffer = [0; 16];
        let error = other.receive(&mut buffer).unwrap_err();
        assert!(matches!(
            error,
            ChannelReceiveError::Truncated { length: 17 }
        ));
    }

    #[test]
    fn empty_and_oversized_messages_are_refused() {
        let (one, _other) = Channel::pair().unwrap();
        assert!(matches!(
            one.send(b""),
            Err(ChannelSendError::Length { length: 0 })
        ));
        let oversized = vec![0; MESSAGE_SIZE_MAX + 1];
        assert!(matches!(
            one.send(&oversized),
            Err(ChannelSendError::Length { .. })
        ));
    }
}
