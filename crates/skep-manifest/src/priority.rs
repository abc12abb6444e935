//! The numbers that name and rank a virtual router.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};

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
    Number(std::num::NonZeroU8),
}

impl Serialize for VirtualRouterId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Number(number) => serializer.serialize_u8(number.get()),
        }
    }
}

impl<'de> Deserialize<'de> for VirtualRouterId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(VirtualRouterIdVisitor)
    }
}

struct VirtualRouterIdVisitor;

impl Visitor<'_> for VirtualRouterIdVisitor {
    type Value = VirtualRouterId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from 1 to 255, or `auto`")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        u8::try_from(value)
            .ok()
            .and_then(std::num::NonZeroU8::new)
            .map(VirtualRouterId::Number)
            .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        if value == "auto" {
            Ok(VirtualRouterId::Auto)
        } else {
            Err(E::invalid_value(Unexpected::Str(value), &self))
        }
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
