//! A timer on the boot clock that a thread can wait for beside its sockets.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

/// A one-shot timer; its descriptor becomes readable when it expires.
#[derive(Debug)]
pub struct Timer {
    descriptor: OwnedFd,
}

impl Timer {
    /// A timer that is not armed.
    pub fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let descriptor = timerfd_create(TimerfdClockId::Boottime, flags)?;
        Ok(Self { descriptor })
    }

    /// Expires once at `at` on the boot clock, at once if that is past. It replaces an earlier
    /// moment.
    pub fn arm(&self, at: Duration) -> io::Result<()> {
        // The kernel reads a moment of zero as "disarm".
        self.set(at.max(Duration::from_nanos(1)))
    }

    /// Does not expire any more.
    pub fn disarm(&self) -> io::Result<()> {
        self.set(Duration::ZERO)
    }

    /// Makes the descriptor unreadable again and says whether the timer had expired.
    pub fn drain(&self) -> io::Result<bool> {
        let mut expirations = [0; 8];
        match rustix::io::read(&self.descriptor, &mut expirations) {
            Ok(_) => Ok(true),
            Err(Errno::AGAIN) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn set(&self, at: Duration) -> io::Result<()> {
        let never = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let it_value = Timespec::try_from(at).map_err(|_| io::ErrorKind::InvalidInput)?;
        let once = Itimerspec {
            it_interval: never,
            it_value,
        };
        timerfd_settime(&self.descriptor, TimerfdTimerFlags::ABSTIME, &once)?;
        Ok(())
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for Timer {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::poll::{Events, Poller};

    #[test]
    fn it_expires_at_its_moment_and_once() {
        let timer = Timer::new().unwrap();
        let poller = Poller::new().unwrap();
        poller.add(&timer, 7).unwrap();
        let at = clock::now() + Duration::from_millis(20);
        timer.arm(at).unwrap();

        let mut events = Events::with_capacity(1);
        let tokens: Vec<_> = poller
            .wait(&mut events, None)
            .unwrap()
            .map(|e| e.token)
            .collect();

        assert_eq!(tokens, [7]);
        assert!(clock::now() >= at);
        assert!(timer.drain().unwrap());
        assert!(!timer.drain().unwrap());
    }

    #[test]
    fn a_moment_in_the_past_expires_at_once_even_at_zero() {
        let timer = Timer::new().unwrap();
        timer.arm(Duration::ZERO).unwrap();
        let poller = Poller::new().unwrap();
        poller.add(&timer, 1).unwrap();
        let mut events = Events::with_capacity(1);
        let ready = poller
            .wait(&mut events, Some(Duration::from_secs(5)))
            .unwrap()
            .count();
        assert_eq!(ready, 1);
    }

    #[test]
    fn a_disarmed_timer_stays_silent() {
        let timer = Timer::new().unwrap();
        timer.arm(Duration::ZERO).unwrap();
        timer.disarm().unwrap();
        let poller = Poller::new().unwrap();
        poller.add(&timer, 1).unwrap();
        let mut events = Events::with_capacity(1);
        let ready = poller
            .wait(&mut events, Some(Duration::ZERO))
            .unwrap()
            .count();
        assert_eq!(ready, 0);
    }
}
