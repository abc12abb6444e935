//! The times of a group: advertisements, lease, preemption, start.

use std::fmt;
use std::str::FromStr;
use std::time::Duration as Time;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::Duration;
use crate::text::{InvalidText, text_value};

/// The time between advertisements, in hundredths of a second up to `40.95s`, or in whole seconds
/// up to `255s`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^([0-9]+(\\.[0-9]+)?(h|m|s|ms|us|ns))+$"))]
pub struct AdvertisementInterval(Duration);

impl AdvertisementInterval {
    /// RFC 9568 §5.2.7: the twelve bits of version 3 hold this many hundredths of a second.
    const CENTISECONDS_MAX: u128 = 4095;
    /// RFC 3768 §5.3.7: the eight bits of version 2 hold this many seconds.
    const SECONDS_MAX: u128 = 255;

    /// The same length for the standard library.
    #[must_use]
    pub const fn time(self) -> Time {
        self.0.time()
    }

    /// Whether version 2 can say it: whole seconds up to 255.
    #[must_use]
    pub const fn fits_version_2(self) -> bool {
        self.time().as_millis().is_multiple_of(1000)
    }

    /// Whether version 3 can say it: up to 4095 hundredths of a second.
    #[must_use]
    pub const fn fits_version_3(self) -> bool {
        self.time().as_millis() / 10 <= Self::CENTISECONDS_MAX
    }
}

impl Default for AdvertisementInterval {
    /// RFC 9568 §6.1: one second.
    fn default() -> Self {
        Self(Duration::from_secs(1))
    }
}

impl FromStr for AdvertisementInterval {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = |duration: &Duration| {
            let nanoseconds = duration.time().as_nanos();
            let (centiseconds, rest) = (nanoseconds / 10_000_000, nanoseconds % 10_000_000);
            let (seconds, fraction) = (centiseconds / 100, centiseconds % 100);
            rest == 0
                && centiseconds > 0
                && (centiseconds <= Self::CENTISECONDS_MAX
                    || (fraction == 0 && seconds <= Self::SECONDS_MAX))
        };
        text.parse().ok().filter(fits).map(Self).ok_or_else(|| {
            InvalidText::new(
                text,
                "an advertisement interval",
                "hundredths of a second from `10ms` to `40.95s`, or whole seconds up to `255s`",
            )
        })
    }
}

impl fmt::Display for AdvertisementInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_value!(AdvertisementInterval);

/// How long the kernel keeps an address that nobody renews: at least `1s`, or `forever`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^(forever|([0-9]+(\\.[0-9]+)?(h|m|s|ms|us|ns))+)$"))]
pub enum Lease {
    /// For this long after the last renewal.
    For(LeaseTime),
    /// For ever: a dead agent leaves its addresses behind.
    Forever,
}

impl Default for Lease {
    fn default() -> Self {
        Self::For(LeaseTime(2))
    }
}

/// The length of a lease: whole seconds, because the kernel counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseTime(u32);

impl LeaseTime {
    /// The same length for the standard library.
    #[must_use]
    pub const fn time(self) -> Time {
        Time::from_secs(self.0 as u64)
    }
}

impl FromStr for Lease {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SECONDS_MAX: u64 = 24 * 3600;
        if text == "forever" {
            return Ok(Self::Forever);
        }
        let time = text.parse::<Duration>().ok().map(Duration::time);
        time.filter(|time| time.subsec_nanos() == 0 && (1..=SECONDS_MAX).contains(&time.as_secs()))
            .and_then(|time| u32::try_from(time.as_secs()).ok())
            .map(|seconds| Self::For(LeaseTime(seconds)))
            .ok_or_else(|| {
                InvalidText::new(
                    text,
                    "a lease",
                    "whole seconds from `1s` to `24h`, or `forever`",
                )
            })
    }
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::For(time) => Duration::from_secs(time.0).fmt(f),
            Self::Forever => f.write_str("forever"),
        }
    }
}

text_value!(Lease);

/// Whether, and how late, a member takes over from a living one of lower priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Preemption {
    /// Whether it takes over at all.
    pub enabled: bool,
    /// How long it first lets the other one be.
    pub delay: Duration,
}

impl Default for Preemption {
    fn default() -> Self {
        Self {
            enabled: true,
            delay: Duration::ZERO,
        }
    }
}

/// What a member does first when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Start {
    /// How long it waits before it takes part.
    pub delay: Duration,
    /// Whether it first listens whether anybody holds the addresses.
    pub listen_first: bool,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            listen_first: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advertisement_interval_is_one_that_a_packet_can_carry() {
        for (text, version_2, version_3) in [
            ("10ms", false, true),
            ("1s", true, true),
            ("40.95s", false, true),
            ("41s", true, false),
            ("255s", true, false),
        ] {
            let interval: AdvertisementInterval = text.parse().unwrap();
            assert_eq!(interval.fits_version_2(), version_2, "{text}");
            assert_eq!(interval.fits_version_3(), version_3, "{text}");
        }
        for text in ["0s", "9ms", "15ms", "40.96s", "256s", "1"] {
            assert!(text.parse::<AdvertisementInterval>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_lease_is_whole_seconds_or_for_ever() {
        assert_eq!("2s".parse::<Lease>().unwrap(), Lease::default());
        assert_eq!("forever".parse::<Lease>().unwrap().to_string(), "forever");
        for text in ["0s", "500ms", "1.5s", "25h", "ever"] {
            assert!(text.parse::<Lease>().is_err(), "{text}");
        }
    }
}
