//! Amounts of memory as they are written: `64Mi`.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::{InvalidText, text_value};

/// The units, largest first.
const UNITS: [(&str, u64); 5] = [
    ("Ti", 1 << 40),
    ("Gi", 1 << 30),
    ("Mi", 1 << 20),
    ("Ki", 1 << 10),
    ("", 1),
];
/// Docker stores sizes as a signed number of bytes.
const BYTES_MAX: u64 = i64::MAX as u64;

/// An amount of memory: a number of bytes, or of `Ki`, `Mi`, `Gi`, `Ti` (powers of 1024), such as
/// `64Mi`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[0-9]+(Ki|Mi|Gi|Ti)?$"))]
pub struct Size(u64);

impl Size {
    /// The number of bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for Size {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_bytes(text).map(Self).ok_or_else(|| {
            InvalidText::new(
                text,
                "a size",
                "a number of bytes, or of Ki, Mi, Gi, Ti, such as `64Mi`",
            )
        })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, length) in UNITS {
            if self.0 >= length && self.0.is_multiple_of(length) {
                return write!(f, "{}{unit}", self.0 / length);
            }
        }
        f.write_str("0")
    }
}

text_value!(Size);

fn parse_bytes(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, length) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let bytes = number.parse::<u64>().ok()?.checked_mul(*length)?;
    (bytes <= BYTES_MAX).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_and_print_in_the_largest_whole_unit() {
        for (text, bytes, printed) in [
            ("64Mi", 67_108_864, "64Mi"),
            ("1024Ki", 1 << 20, "1Mi"),
            ("0", 0, "0"),
            ("1000", 1000, "1000"),
        ] {
            let size: Size = text.parse().unwrap();
            assert_eq!((size.bytes(), size.to_string().as_str()), (bytes, printed));
        }
        for text in [
            "",
            "Mi",
            "64M",
            "64 Mi",
            "-1",
            "99999999999999999999",
            "9999999999Ti",
            "1.5Gi",
        ] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
