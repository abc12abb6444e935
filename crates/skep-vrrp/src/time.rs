//! The clock VRRP runs on.

use std::ops::Add;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment on the boot clock (`CLOCK_BOOTTIME`): the time since the machine started, sleep
/// included.
///
/// Every process of a machine reads the same clock, so a moment written by one process means the
/// same to the next one that starts.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Instant(Duration);

impl Instant {
    /// The moment `since_boot` after the machine started.
    #[must_use]
    pub const fn from_boot(since_boot: Duration) -> Self {
        Self(since_boot)
    }

    /// How long after the start of the machine this moment is.
    #[must_use]
    pub const fn since_boot(self) -> Duration {
        self.0
    }

    /// The time from `earlier` to this moment, zero when `earlier` is not earlier.
    #[must_use]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// What the wall clock said when it was read last: the time since 1970 moves on with the boot clock
/// from there. Until it is read, 1970 is when the machine started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WallClock {
    since_1970: Duration,
    read_at: Instant,
}

impl WallClock {
    /// The wall clock said `since_1970` at `now`.
    #[must_use]
    pub const fn read(since_1970: Duration, now: Instant) -> Self {
        Self {
            since_1970,
            read_at: now,
        }
    }

    /// What it says at `now`.
    #[must_use]
    pub fn at(self, now: Instant) -> Duration {
        let since = now.saturating_duration_since(self.read_at);
        let until = self.read_at.saturating_duration_since(now);
        self.since_1970.saturating_add(since).saturating_sub(until)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(rhs))
    }
}
