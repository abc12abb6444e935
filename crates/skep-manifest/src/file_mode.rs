//! Permissions of files as they are written: `"0440"`.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::{InvalidText, text_value};

/// The permissions of a file: quoted octal digits, such as `"0440"`. Without the quotes it is a
/// number, and readers of YAML differ about which.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[0-7]{3,4}$"))]
pub struct FileMode(u16);

impl FileMode {
    /// The mode with these permission bits; others are cut off.
    #[must_use]
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits & 0o7777)
    }

    /// The permission bits.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }
}

impl FromStr for FileMode {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let octal =
            (3..=4).contains(&text.len()) && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
        u16::from_str_radix(text, 8)
            .ok()
            .filter(|_| octal)
            .map(Self)
            .ok_or_else(|| {
                InvalidText::new(
                    text,
                    "a file mode",
                    "three or four octal digits in quotes, such as `\"0440\"`",
                )
            })
    }
}

impl fmt::Display for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

text_value!(FileMode);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_modes_are_octal() {
        assert_eq!("0440".parse::<FileMode>().unwrap().bits(), 0o440);
        assert_eq!("440".parse::<FileMode>().unwrap().to_string(), "0440");
        for text in ["", "44", "0448", "04400", "+440", "0o44"] {
            assert!(text.parse::<FileMode>().is_err(), "{text}");
        }
    }
}
