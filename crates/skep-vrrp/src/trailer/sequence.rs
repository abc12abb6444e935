//! The number by which advertisements of one sender follow each other: a time and a counter.

use std::time::Duration;

/// The number in a trailer: seconds since 1970 in 32 bits, 1/65536 seconds in 16, a counter in 16.
/// Compared as RFC 1982 compares serial numbers, so it goes on when the seconds overflow in 2106.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence(u64);

impl Sequence {
    /// The number for the wall time `since_1970`, with a counter of zero.
    #[must_use]
    pub const fn at(since_1970: Duration) -> Self {
        Self(fixed_point(since_1970) & !0xffff)
    }

    /// The number in these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }

    /// The number as it stands in a packet.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// Whether it comes after `earlier`.
    #[must_use]
    pub const fn follows(self, earlier: Self) -> bool {
        self.ahead_of(earlier) > 0
    }

    /// Whether it is from longer than `window` before the wall time `since_1970`. One from
    /// later is not old: its sender's clock is ahead, or this node's behind.
    #[must_use]
    pub const fn is_older(self, window: Duration, since_1970: Duration) -> bool {
        let age = Self(fixed_point(since_1970)).ahead_of(self);
        age > 0 && age.unsigned_abs() > fixed_point(window)
    }

    const fn ahead_of(self, other: Self) -> i64 {
        self.0.wrapping_sub(other.0).cast_signed()
    }

    const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// The last number a sender used. It grows whatever the wall clock does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sequencer(Option<Sequence>);

impl Sequencer {
    /// The next number: that of the wall time `since_1970` unless it does not follow the last.
    pub fn next(&mut self, since_1970: Duration) -> Sequence {
        let clock = Sequence::at(since_1970);
        let next = match self.0 {
            Some(last) if !clock.follows(last) => last.next(),
            Some(_) | None => clock,
        };
        self.0 = Some(next);
        next
    }
}

/// `time` in units of 2^-32 seconds, as far as 64 bits hold it.
const fn fixed_point(time: Duration) -> u64 {
    let fraction = ((time.subsec_nanos() as u64) << 32) / 1_000_000_000;
    (time.as_secs() << 32) | fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);
    const NOW: Duration = Duration::from_millis(1_744_830_464_500);

    #[test]
    fn the_parts_of_a_number_are_seconds_fractions_and_a_counter() {
        assert_eq!(Sequence::at(NOW).to_bytes(), [0x68, 0, 0, 0, 0x80, 0, 0, 0]);
    }

    #[test]
    fn numbers_grow_while_the_clock_stands_still_or_goes_back_and_follow_it_forward() {
        let mut sequencer = Sequencer::default();
        let mut last = sequencer.next(NOW);
        for clock in [NOW, NOW, NOW - DAY, Duration::ZERO, NOW + DAY] {
            let next = sequencer.next(clock);
            assert!(next.follows(last), "{clock:?}");
            last = next;
        }
        assert_eq!(last, Sequence::at(NOW + DAY));
    }

    #[test]
    fn numbers_go_on_when_the_seconds_overflow() {
        let mut sequencer = Sequencer::default();
        let end = Duration::from_secs(u64::from(u32::MAX));
        let last = sequencer.next(end);
        let next = sequencer.next(end + Duration::from_secs(1));
        assert!(next.follows(last));
        assert_eq!(next.to_bytes(), [0; 8]);
        assert!(!last.is_older(Duration::from_secs(5), end + Duration::from_secs(1)));
    }

    #[test]
    fn only_what_is_older_than_the_window_is_old() {
        let window = Duration::from_secs(5);
        let sequence = Sequence::at(NOW);
        for (clock, old) in [
            (NOW, false),
            (NOW + window, false),
            (NOW + window + Duration::from_millis(1), true),
            (NOW + DAY, true),
            (NOW - DAY, false),
        ] {
            assert_eq!(sequence.is_older(window, clock), old, "{clock:?}");
        }
    }
}
