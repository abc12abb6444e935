//! Chance that repeats itself: the same seed, the same numbers, on every machine.

use std::time::Duration;

/// A generator of numbers (SplitMix64): fast, small and good enough to throw dice with.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound`, which itself is left out; 0 when it is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // The remainder favours small numbers by less than one in 2^40 for every bound used here.
        self.next().checked_rem(bound).unwrap_or(0)
    }

    /// An index into something of this length.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// A byte from `least` to `most`, both included.
    pub(crate) fn byte(&mut self, least: u8, most: u8) -> u8 {
        let above = self.below(u64::from(most - least) + 1);
        least + u8::try_from(above).unwrap_or(0)
    }

    /// True once in `times` on average.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// True `permille` times of a thousand.
    pub(crate) fn permille(&mut self, permille: u16) -> bool {
        permille > 0 && self.below(1000) < u64::from(permille)
    }

    /// A time up to `most`.
    pub(crate) fn up_to(&mut self, most: Duration) -> Duration {
        let most = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX - 1);
        Duration::from_nanos(self.below(most + 1))
    }

    /// One of several.
    pub(crate) fn pick<T: Copy>(&mut self, several: &[T]) -> T {
        several[self.index(several.len())]
    }
}
