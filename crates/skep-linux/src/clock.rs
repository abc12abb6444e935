//! The boot clock: it never jumps and counts while the machine sleeps. Beside it the wall clock.

use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

/// The time since the machine booted, suspended time included.
#[must_use]
pub fn now() -> Duration {
    duration(clock_gettime(ClockId::Boottime))
}

/// The wall clock, as the time since the Unix epoch; kernel timestamps of packets are on it.
pub fn wall() -> Duration {
    duration(clock_gettime(ClockId::Realtime))
}

/// A clock before its epoch counts as being at its epoch.
fn duration(time: Timespec) -> Duration {
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_clock_moves_forward() {
        let earlier = now();
        let later = now();
        assert!(later >= earlier);
        assert!(earlier > Duration::ZERO);
    }

    #[test]
    fn the_boot_clock_is_the_one_the_kernel_shows() {
        let shown = std::fs::read_to_string("/proc/uptime").unwrap();
        let shown: f64 = shown.split(' ').next().unwrap().parse().unwrap();
        assert!((now().as_secs_f64() - shown).abs() < 5.0);
    }
}
