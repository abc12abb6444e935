//! Signals as something to read, not as something that interrupts.
#![expect(
    unsafe_code,
    reason = "signalfd(2) and sigprocmask(2) have no safe wrapper"
)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};

use rustix::io::Errno;

/// The size of `struct signalfd_siginfo`.
const RECORD: usize = size_of::<libc::signalfd_siginfo>();

/// The signals a supervisor listens to, blocked in the thread that made this and in every thread
/// and child it starts later ([`super::child::spawn_self`] unblocks them).
#[derive(Debug)]
pub struct Signals {
    descriptor: OwnedFd,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A child ended (`SIGCHLD`); more than one may have.
    ChildEnded,
    /// Someone wants this process to stop (`SIGTERM`, `SIGINT`).
    Stop,
    /// Someone wants it to read its configuration again (`SIGHUP`).
    Reload,
}

impl Signals {
    /// Catches them from here on. Call it first, in the main thread, before there is another.
    pub fn catch() -> io::Result<Self> {
        let flags = libc::SFD_NONBLOCK | libc::SFD_CLOEXEC;
        // SAFETY: the set is initialised by `sigemptyset` before it is used and outlives the
        // calls; a number from `signalfd` that is not negative is a new descriptor that nobody
        // else owns.
        unsafe {
            let mut set = std::mem::zeroed();
            libc::sigemptyset(&raw mut set);
            for signal in [libc::SIGCHLD, libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
                libc::sigaddset(&raw mut set, signal);
            }
            let code = libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
            if code != 0 {
                return Err(io::Error::from_raw_os_error(code));
            }
            match libc::signalfd(-1, &raw const set, flags) {
                -1 => Err(io::Error::last_os_error()),
                number => Ok(Self {
                    descriptor: OwnedFd::from_raw_fd(number),
                }),
            }
        }
    }

    /// The next one that waits, if any.
    pub fn receive(&self) -> io::Result<Option<Signal>> {
        let mut record = [0; RECORD];
        match rustix::io::read(&self.descriptor, &mut record) {
            Ok(_) => Ok(Signal::parse(&record)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl Signal {
    /// The first field of the record is the signal's number.
    fn parse(record: &[u8; RECORD]) -> Option<Self> {
        let number = i32::from_ne_bytes(*record.first_chunk()?);
        match number {
            libc::SIGCHLD => Some(Self::ChildEnded),
            libc::SIGTERM | libc::SIGINT => Some(Self::Stop),
            libc::SIGHUP => Some(Self::Reload),
            _ => None,
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for Signals {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn signals_to_the_thread_are_read_instead_of_interrupting_it() {
        thread::spawn(|| {
            let signals = Signals::catch().unwrap();
            assert_eq!(signals.receive().unwrap(), None);
            for signal in [libc::SIGTERM, libc::SIGHUP] {
                // SAFETY: the current thread is alive.
                assert_eq!(
                    unsafe { libc::pthread_kill(libc::pthread_self(), signal) },
                    0
                );
            }
            let mut received = [signals.receive().unwrap(), signals.receive().unwrap()];
            received.sort_by_key(|signal| *signal == Some(Signal::Stop));
            assert_eq!(received, [Some(Signal::Reload), Some(Signal::Stop)]);
            assert_eq!(signals.receive().unwrap(), None);
        })
        .join()
        .unwrap();
    }
}
