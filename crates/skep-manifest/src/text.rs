//! What all values that are written as text have in common: one error, and their place in serde.

/// A text that is not the value it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not {what}: {allowed}")]
pub struct InvalidText {
    /// The text.
    pub value: String,
    /// What it should have been, with its article: `a duration`.
    pub what: &'static str,
    /// What such a value looks like.
    pub allowed: &'static str,
}

impl InvalidText {
    pub(crate) fn new(value: &str, what: &'static str, allowed: &'static str) -> Self {
        Self {
            value: value.to_owned(),
            what,
            allowed,
        }
    }
}

/// Makes a type with `FromStr` and `Display` a string for serde, through `try_from` and `into`.
macro_rules! text_value {
    ($value:ty) => {
        impl TryFrom<String> for $value {
            type Error = $crate::text::InvalidText;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$value> for String {
            fn from(value: $value) -> Self {
                value.to_string()
            }
        }
    };
}
pub(crate) use text_value;

/// Makes a type that is a checked text and nothing else readable from text and printable.
macro_rules! checked_text {
    ($value:ident, $check:path, $what:literal, $allowed:literal) => {
        impl std::str::FromStr for $value {
            type Err = $crate::text::InvalidText;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if $check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err($crate::text::InvalidText::new(text, $what, $allowed))
                }
            }
        }

        impl std::fmt::Display for $value {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl $value {
            /// The text as it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $value {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        $crate::text::text_value!($value);
    };
}
pub(crate) use checked_text;
