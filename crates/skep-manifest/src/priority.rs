//! The numbers that name and rank a virtual router.

use std::fmt;
use std::num::NonZeroU8;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::InvalidText;

/// How much a member wants to hold the addresses: 1 to 254, the highest wins. 255 is what the
/// owner of the addresses has; say `owner: true` for it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "u8", into = "u8")]
#[schemars(extend("minimum" = 1, "maximum" = 255))]
pub struct Priority(u8);

/// A priority of zero, which means "I leave" on the wire and no member may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a priority is between 1 and 255: 0")]
pub struct PriorityZero;

impl Priority {
    /// The priority of the router that owns the addresses (RFC 9568 §5.2.4).
    pub const OWNER: Self = Self(255);

    /// The priority `value`.
    ///
    /// # Errors
    ///
    /// [`PriorityZero`] when `value` is 0.
    pub const fn new(value: u8) -> Result<Self, PriorityZero> {
        if value == 0 {
            Err(PriorityZero)
        } else {
            Ok(Self(value))
        }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Priority {
    type Error = PriorityZero;

    fn try_from(value: u8) -> Result<Self, Self::Error> {
        Self::new(value)
    }
}

impl From<Priority> for u8 {
    fn from(priority: Priority) -> Self {
        priority.0
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The id of a group's virtual router on its network segment: a number, or one that is chosen when
/// the manifest is submitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VirtualRouterId {
    /// `auto`: chosen once, when the manifest is submitted; needs a `Swarm`.
    #[default]
    Auto,
    /// This one, never zero.
    Number(NonZeroU8),
}

impl Serialize for VirtualRouterId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Number(number) => serializer.serialize_u8(number.get()),
        }
    }
}

impl FromStr for VirtualRouterId {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let canonical = !text.starts_with(['0', '+']);
        text.parse()
            .ok()
            .filter(|_| canonical)
            .map(Self::Number)
            .ok_or_else(|| {
                InvalidText::new(
                    text,
                    "a virtual router id",
                    "a number from 1 to 255, or `auto`",
                )
            })
    }
}

impl<'de> Deserialize<'de> for VirtualRouterId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(NonZeroU8),
            Word(Auto),
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        enum Auto {
            Auto,
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::Number(number) => Self::Number(number),
            Written::Word(Auto::Auto) => Self::Auto,
        })
    }
}

impl JsonSchema for VirtualRouterId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "VirtualRouterId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The id of the group's virtual router on its network segment: a number \
                from 1 to 255, or `auto`: chosen once, when the manifest is submitted.",
            "type": ["integer", "string"],
            "minimum": 1,
            "maximum": 255,
            "pattern": "^auto$",
        })
    }
}
