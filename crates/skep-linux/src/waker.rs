//! One thread waking another that waits for descriptors.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

/// A flag with a descriptor: readable from [`Waker::wake`] until [`Waker::drain`].
#[derive(Debug)]
pub struct Waker {
    descriptor: OwnedFd,
}

impl Waker {
    /// A flag that is down.
    pub fn new() -> io::Result<Self> {
        let flags = EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC;
        Ok(Self {
            descriptor: eventfd(0, flags)?,
        })
    }

    /// Raises the flag. It never blocks, and many calls before a drain are one.
    pub fn wake(&self) {
        // The only failure is a full counter, which is a raised flag.
        let _ = rustix::io::write(&self.descriptor, &1u64.to_ne_bytes());
    }

    /// Lowers the flag and says whether it was up.
    pub fn drain(&self) -> io::Result<bool> {
        let mut count = [0; 8];
        match rustix::io::read(&self.descriptor, &mut count) {
            Ok(_) => Ok(true),
            Err(Errno::AGAIN) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for Waker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for Waker {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;
    use crate::poll::{Events, Poller};

    #[test]
    fn another_thread_is_woken_and_two_calls_are_one() {
        let waker = Arc::new(Waker::new().unwrap());
        let poller = Poller::new().unwrap();
        poller.add(&*waker, 1).unwrap();
        let other = Arc::clone(&waker);
        let thread = thread::spawn(move || {
            other.wake();
            other.wake();
        });
        let mut events = Events::with_capacity(1);
        assert_eq!(poller.wait(&mut events, None).unwrap().count(), 1);
        thread.join().unwrap();
        assert!(waker.drain().unwrap());
        assert!(!waker.drain().unwrap());
    }
}
