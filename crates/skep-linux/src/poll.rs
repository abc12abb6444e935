//! Waiting for several descriptors at once, without an async runtime.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::Timespec;

/// A set of descriptors of which one or more become readable.
#[derive(Debug)]
pub struct Poller {
    descriptor: OwnedFd,
}

/// A buffer for what [`Poller::wait`] finds; its capacity bounds what one wait returns.
pub struct Events {
    found: Vec<epoll::Event>,
}

/// One descriptor that has something to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// The number it was added with.
    pub token: u64,
    /// Whether a read returns something.
    pub readable: bool,
    /// Whether the other side closed it, or it failed.
    pub closed: bool,
}

impl Poller {
    /// An empty set.
    pub fn new() -> io::Result<Self> {
        let descriptor = epoll::create(CreateFlags::CLOEXEC)?;
        Ok(Self { descriptor })
    }

    /// Waits for `source` from here on and calls it `token`; readiness is reported as long as it
    /// lasts.
    pub fn add(&self, source: impl AsFd, token: u64) -> io::Result<()> {
        let interest = EventFlags::IN | EventFlags::RDHUP;
        Ok(epoll::add(
            &self.descriptor,
            source,
            EventData::new_u64(token),
            interest,
        )?)
    }

    /// Does not wait for `source` any more.
    pub fn remove(&self, source: impl AsFd) -> io::Result<()> {
        Ok(epoll::delete(&self.descriptor, source)?)
    }

    /// Waits until a descriptor is ready, at most for `timeout`. A signal ends the wait with
    /// nothing found.
    pub fn wait<'events>(
        &self,
        events: &'events mut Events,
        timeout: Option<Duration>,
    ) -> io::Result<impl Iterator<Item = Ready> + 'events> {
        let timeout = timeout
            .map(Timespec::try_from)
            .transpose()
            .map_err(|_| io::ErrorKind::InvalidInput)?;
        events.found.clear();
        match epoll::wait(
            &self.descriptor,
            spare_capacity(&mut events.found),
            timeout.as_ref(),
        ) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(events.found.iter().map(|event| {
            let (flags, data) = (event.flags, event.data);
            Ready {
                token: data.u64(),
                readable: flags.contains(EventFlags::IN),
                closed: flags.intersects(EventFlags::HUP | EventFlags::RDHUP | EventFlags::ERR),
            }
        }))
    }
}

impl AsFd for Poller {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for Poller {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

impl Events {
    /// Room for `capacity` descriptors, at least one.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            found: Vec::with_capacity(capacity.max(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::net::UnixStream;

    use super::*;

    fn ready(poller: &Poller) -> Vec<Ready> {
        let mut events = Events::with_capacity(8);
        poller
            .wait(&mut events, Some(Duration::ZERO))
            .unwrap()
            .collect()
    }

    #[test]
    fn only_the_readable_descriptor_is_reported_until_it_is_removed() {
        let poller = Poller::new().unwrap();
        let (mut writer, reader) = UnixStream::pair().unwrap();
        let (_silent_writer, silent) = UnixStream::pair().unwrap();
        poller.add(&reader, 1).unwrap();
        poller.add(&silent, 2).unwrap();
        assert_eq!(ready(&poller), []);

        writer.write_all(b"x").unwrap();
        assert_eq!(
            ready(&poller),
            [Ready {
                token: 1,
                readable: true,
                closed: false
            }]
        );

        poller.remove(&reader).unwrap();
        assert_eq!(ready(&poller), []);
    }

    #[test]
    fn a_closed_peer_is_reported() {
        let poller = Poller::new().unwrap();
        let (writer, reader) = UnixStream::pair().unwrap();
        poller.add(&reader, 3).unwrap();
        drop(writer);
        assert_eq!(
            ready(&poller),
            [Ready {
                token: 3,
                readable: true,
                closed: true
            }]
        );
    }
}
