//! What a container may use, and what is set aside for it.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::size::Size;
use crate::text::{InvalidText, text_value};

/// What a container may use, and what is set aside for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Resources {
    /// What it may use at most.
    pub limits: Limits,
    /// What a node must have free for it.
    pub reservations: Reservations,
}

/// What a container may use at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// How many processors, in quotes: `"0.5"`.
    pub cpus: Option<Cpus>,
    /// How much memory.
    pub memory: Option<Size>,
    /// How many processes.
    #[schemars(range(min = 1, max = 4_194_304))]
    pub pids: Option<u32>,
}

/// What a node must have free for a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Reservations {
    /// How many processors, in quotes: `"0.5"`.
    pub cpus: Option<Cpus>,
    /// How much memory.
    pub memory: Option<Size>,
}

/// A number of processors, in quotes and down to a billionth: `"0.5"`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[0-9]{1,6}(\\.[0-9]{1,9})?$"))]
pub struct Cpus {
    nanos: u64,
}

impl Cpus {
    /// The number in billionths of a processor, as Docker counts.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.nanos
    }
}

impl FromStr for Cpus {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_nanos(text)
            .map(|nanos| Self { nanos })
            .ok_or_else(|| {
                InvalidText::new(
                    text,
                    "a number of processors",
                    "a decimal number in quotes, such as `\"0.5\"`",
                )
            })
    }
}

impl fmt::Display for Cpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:09}", self.nanos % BILLION);
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{}", self.nanos / BILLION),
            fraction => write!(f, "{}.{fraction}", self.nanos / BILLION),
        }
    }
}

text_value!(Cpus);

/// A limit of a container's processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ulimit {
    /// Where it begins; -1 is without limit.
    #[schemars(range(min = -1, max = 9_223_372_036_854_775_807_i64))]
    pub soft: i64,
    /// How far a process may raise it; -1 is without limit.
    #[schemars(range(min = -1, max = 9_223_372_036_854_775_807_i64))]
    pub hard: i64,
}

const BILLION: u64 = 1_000_000_000;

fn parse_nanos(text: &str) -> Option<u64> {
    const WHOLE_DIGITS_MAX: usize = 6;
    const FRACTION_DIGITS_MAX: usize = 9;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !digits(whole, WHOLE_DIGITS_MAX) || !digits(fraction, FRACTION_DIGITS_MAX) {
        return None;
    }
    Some(whole.parse::<u64>().ok()? * BILLION + format!("{fraction:0<9}").parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_counted_in_billionths() {
        for (text, nanos) in [
            ("0.5", 500_000_000),
            ("2", 2_000_000_000),
            ("0.000000001", 1),
        ] {
            let cpus: Cpus = text.parse().unwrap();
            assert_eq!((cpus.nanos(), cpus.to_string().as_str()), (nanos, text));
        }
        for text in ["", ".5", "1.", "-1", "1e3", "1234567", "0.0000000001"] {
            assert!(text.parse::<Cpus>().is_err(), "{text}");
        }
    }
}
