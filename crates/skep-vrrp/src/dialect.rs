//! What versions 2 and 3 say differently: the unit of the interval, the authentication, the
//! checksum.

use std::fmt;
use std::num::NonZeroU8;
use std::time::Duration;

use crate::identity::Version;

/// A protocol version with the fields only it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// RFC 3768.
    V2 {
        /// The interval between advertisements, in whole seconds.
        interval_s: NonZeroU8,
        /// What authenticates the advertisement.
        authentication: Authentication,
    },
    /// RFC 9568.
    V3 {
        /// The interval between advertisements, in hundredths of a second.
        interval_cs: Centiseconds,
        /// What the checksum covers.
        checksum: Checksum,
    },
}

/// An interval that the version cannot express.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntervalUnfit {
    /// Version 2 counts whole seconds in one byte.
    #[error("interval of version 2 is not 1 to 255 whole seconds: {0:?}")]
    V2(Duration),
    /// Version 3 counts centiseconds in twelve bits.
    #[error("interval of version 3 is not 1 to 4095 whole centiseconds: {0:?}")]
    V3(Duration),
}

impl Dialect {
    /// Version 2 with this interval.
    ///
    /// # Errors
    ///
    /// [`IntervalUnfit::V2`] unless the interval is 1 to 255 whole seconds.
    pub fn v2(interval: Duration, authentication: Authentication) -> Result<Self, IntervalUnfit> {
        let interval_s = u8::try_from(interval.as_secs())
            .ok()
            .filter(|_| interval.subsec_nanos() == 0)
            .and_then(NonZeroU8::new)
            .ok_or(IntervalUnfit::V2(interval))?;
        Ok(Self::V2 {
            interval_s,
            authentication,
        })
    }

    /// Version 3 with this interval.
    ///
    /// # Errors
    ///
    /// [`IntervalUnfit::V3`] unless the interval is 1 to 4095 whole centiseconds.
    pub fn v3(interval: Duration, checksum: Checksum) -> Result<Self, IntervalUnfit> {
        let interval_cs = u16::try_from(interval.as_millis() / 10)
            .ok()
            .filter(|_| interval.subsec_nanos().is_multiple_of(10_000_000))
            .and_then(Centiseconds::new)
            .ok_or(IntervalUnfit::V3(interval))?;
        Ok(Self::V3 {
            interval_cs,
            checksum,
        })
    }

    /// The version.
    #[must_use]
    pub const fn version(&self) -> Version {
        match self {
            Self::V2 { .. } => Version::V2,
            Self::V3 { .. } => Version::V3,
        }
    }

    /// The interval between advertisements.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        match self {
            Self::V2 { interval_s, .. } => Duration::from_secs(interval_s.get() as u64),
            Self::V3 { interval_cs, .. } => interval_cs.duration(),
        }
    }
}

/// An interval of version 3: 1 to 4095 hundredths of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Centiseconds(u16);

impl Centiseconds {
    /// The largest number that fits into twelve bits.
    const MAX: u16 = 4095;

    /// `value` centiseconds, unless it is zero or needs more than twelve bits.
    #[must_use]
    pub const fn new(value: u16) -> Option<Self> {
        if value == 0 || value > Self::MAX {
            return None;
        }
        Some(Self(value))
    }

    /// The number as it stands in a packet.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The same time as a duration.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0 as u64 * 10)
    }
}

/// What authenticates a version 2 advertisement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// Nothing: the eight bytes are zero and not looked at.
    None,
    /// A password, padded with zero bytes. It is readable on the wire.
    Simple([u8; 8]),
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Simple(_) => "Simple(..)",
        })
    }
}

/// What the checksum of a version 3 advertisement covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// The message, as RFC 9568 §5.2.8 says for IPv4.
    Message,
    /// The message and a pseudo-header. Over IPv4 keepalived and FRR do so by default; over IPv6
    /// it is the rule, and the kernel sums and checks it.
    PseudoHeader,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_a_version_cannot_express_are_refused() {
        for unfit in [0, 999, 1500, 256_000] {
            let interval = Duration::from_millis(unfit);
            assert_eq!(
                Dialect::v2(interval, Authentication::None),
                Err(IntervalUnfit::V2(interval))
            );
        }
        for unfit in [0, 5, 15, 40_960, 700_000_000] {
            let interval = Duration::from_millis(unfit);
            assert_eq!(
                Dialect::v3(interval, Checksum::Message),
                Err(IntervalUnfit::V3(interval))
            );
        }
    }

    #[test]
    fn one_second_is_one_second_in_both_versions() {
        let second = Duration::from_secs(1);
        assert_eq!(
            Dialect::v2(second, Authentication::None)
                .unwrap()
                .interval(),
            second
        );
        assert_eq!(
            Dialect::v3(second, Checksum::Message).unwrap().interval(),
            second
        );
    }
}
