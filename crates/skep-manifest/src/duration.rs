//! Lengths of time as they are written: `1s`, `100ms`, `1h30m`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration as Time;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::{InvalidText, text_value};

/// The units, longest first, with their length in nanoseconds.
const UNITS: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];
/// Docker stores durations as a signed number of nanoseconds.
const NANOSECONDS_MAX: u64 = i64::MAX as u64;

const ALLOWED: &str = "numbers with units (h, m, s, ms, us), such as `1s`, `100ms` or `1h30m`";

/// A length of time: numbers with the units `h`, `m`, `s`, `ms`, such as `1s`, `100ms`, `1h30m`.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^([0-9]+(\\.[0-9]+)?(h|m|s|ms|us|ns))+$"))]
pub struct Duration(Time);

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(Time::ZERO);

    /// So many whole seconds.
    #[must_use]
    pub const fn from_secs(seconds: u32) -> Self {
        Self(Time::from_secs(seconds as u64))
    }

    /// The same length for the standard library.
    #[must_use]
    pub const fn time(self) -> Time {
        self.0
    }

    /// Whether it is no time at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

impl FromStr for Duration {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_nanoseconds(text)
            .map(|nanoseconds| Self(Time::from_nanos(nanoseconds)))
            .ok_or_else(|| InvalidText::new(text, "a duration", ALLOWED))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_zero() {
            return f.write_str("0s");
        }
        let mut rest = self.0.as_nanos();
        for (unit, length) in UNITS {
            let length = u128::from(length);
            if rest >= length {
                write!(f, "{}{unit}", rest / length)?;
                rest %= length;
            }
        }
        Ok(())
    }
}

text_value!(Duration);

/// A length of time that is not zero, such as `1s`, `100ms`, `1h30m`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^(?=.*[1-9])([0-9]+(\\.[0-9]+)?(h|m|s|ms|us|ns))+$"))]
pub struct Interval(Duration);

impl Interval {
    /// So many whole seconds, at least one.
    #[must_use]
    pub const fn from_secs(seconds: u32) -> Self {
        Self(Duration::from_secs(if seconds == 0 { 1 } else { seconds }))
    }

    /// The same length for the standard library.
    #[must_use]
    pub const fn time(self) -> Time {
        self.0.time()
    }
}

impl FromStr for Interval {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse::<Duration>() {
            Ok(duration) if !duration.is_zero() => Ok(Self(duration)),
            Ok(_) | Err(_) => Err(InvalidText::new(
                text,
                "a duration above zero",
                "numbers with units (h, m, s, ms, us), such as `1s`, `100ms` or `1h30m`, not zero",
            )),
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_value!(Interval);

fn parse_nanoseconds(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let mut total = 0u64;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| c.is_ascii_alphabetic())?);
        let end = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let (_, length) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(parse_amount(number, *length)?)?;
        rest = after;
    }
    (total <= NANOSECONDS_MAX).then_some(total)
}

/// `number` times `length`, exactly: a fraction finer than a nanosecond is no amount.
fn parse_amount(number: &str, length: u64) -> Option<u64> {
    const FRACTION_DIGITS_MAX: usize = 9;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > FRACTION_DIGITS_MAX {
        return None;
    }
    let scale = 10u128.pow(u32::try_from(fraction.len()).ok()?);
    let part = fraction.parse::<u128>().ok()? * u128::from(length);
    if part % scale != 0 {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(length)?;
    whole.checked_add(u64::try_from(part / scale).ok()?)
}

#[cfg(test)]
mod tests;
