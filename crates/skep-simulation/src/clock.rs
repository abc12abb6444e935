//! The clocks of the nodes, none of which runs like another one.

use std::time::Duration;

use skep_vrrp::time::Instant;

/// One million: rates are told in parts of it.
const MILLION: u128 = 1_000_000;

/// What the clock that timers run by does on one node. It never stops and never goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    ahead_ppm: i32,
}

impl Clock {
    /// How far a clock may be wrong: an oscillator by up to a hundred parts per million, one that
    /// is being set right by five hundred (the most that `adjtimex` allows).
    pub const WRONG_MAX_PPM: i32 = 500;

    /// A clock that runs too fast by `ahead_ppm` parts per million, or too slowly where that is
    /// negative; no further than [`Self::WRONG_MAX_PPM`].
    #[must_use]
    pub fn ahead_by(ahead_ppm: i32) -> Self {
        Self {
            ahead_ppm: ahead_ppm.clamp(-Self::WRONG_MAX_PPM, Self::WRONG_MAX_PPM),
        }
    }

    /// What it says at that moment.
    pub(crate) fn read(self, moment: Instant) -> Instant {
        self.scale(moment, self.rate(), MILLION)
    }

    /// The first moment at which it says `reading`, or more.
    pub(crate) fn reaches(self, reading: Instant) -> Instant {
        let mut moment = self.scale(reading, MILLION, self.rate());
        while self.read(moment) < reading {
            moment = moment + Duration::from_nanos(1);
        }
        moment
    }

    /// What passes on it in a million.
    fn rate(self) -> u128 {
        let ahead = u128::from(self.ahead_ppm.unsigned_abs());
        if self.ahead_ppm < 0 {
            MILLION - ahead
        } else {
            MILLION + ahead
        }
    }

    fn scale(self, instant: Instant, by: u128, of: u128) -> Instant {
        if self.ahead_ppm == 0 {
            return instant;
        }
        let nanos = instant.since_boot().as_nanos() * by / of;
        Instant::from_boot(Duration::from_nanos(
            u64::try_from(nanos).unwrap_or(u64::MAX),
        ))
    }
}

/// How wrong the clocks of a cluster are, in parts per million.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drift(u32);

impl Drift {
    pub(crate) fn of(clocks: impl Iterator<Item = Clock>) -> Self {
        let wrong = clocks.map(|clock| clock.ahead_ppm.unsigned_abs());
        Self(wrong.max().unwrap_or(0))
    }

    /// How long it takes at most until `time` has passed on one of them.
    pub(crate) fn longest(self, time: Duration) -> Duration {
        let slowest = Clock {
            ahead_ppm: -i32::try_from(self.0).unwrap_or(Clock::WRONG_MAX_PPM),
        };
        slowest.reaches(Instant::from_boot(time)).since_boot()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_says_a_reading_from_the_moment_on_that_is_told() {
        for ppm in [-500, -3, 0, 1, 499, 500, 9_999] {
            let clock = Clock::ahead_by(ppm);
            for nanos in [0, 1, 2, 999, 1_000_001, 3_600_000_000_007] {
                let reading = Instant::from_boot(Duration::from_nanos(nanos));
                let moment = clock.reaches(reading);
                assert!(clock.read(moment) >= reading, "{clock:?} {nanos}");
                let before = moment.since_boot().checked_sub(Duration::from_nanos(1));
                let before = before.map(|before| clock.read(Instant::from_boot(before)));
                assert!(before.is_none_or(|it| it < reading), "{clock:?} {nanos}");
            }
        }
        let hour = Instant::from_boot(Duration::from_secs(3600));
        let fast = Clock::ahead_by(500).read(hour).since_boot();
        assert_eq!(fast, Duration::from_millis(3_601_800));
    }

    #[test]
    fn the_longest_is_not_over_before_the_slowest_clock_says_so() {
        let drift = Drift::of([-500, 40].map(Clock::ahead_by).into_iter());
        for time in [Duration::from_nanos(1), Duration::from_secs(4)] {
            let over = Clock::ahead_by(-500).reaches(Instant::from_boot(time));
            assert!(drift.longest(time) >= over.since_boot(), "{time:?}");
        }
        let right = Drift::of([Clock::default()].into_iter());
        assert_eq!(
            right.longest(Duration::from_secs(4)),
            Duration::from_secs(4)
        );
    }
}
