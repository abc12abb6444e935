//! How a group's advertisements travel.

use std::net::{IpAddr, Ipv4Addr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::address::Address;

/// The version of VRRP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Version {
    /// RFC 3768.
    V2,
    /// RFC 9568.
    #[default]
    V3,
}

/// A version of VRRP that is neither 2 nor 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the version of VRRP is 2 or 3: {0}")]
pub struct UnknownVersion(u8);

impl TryFrom<u8> for Version {
    type Error = UnknownVersion;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            2 => Ok(Self::V2),
            3 => Ok(Self::V3),
            other => Err(UnknownVersion(other)),
        }
    }
}

impl From<Version> for u8 {
    fn from(version: Version) -> Self {
        match version {
            Version::V2 => 2,
            Version::V3 => 3,
        }
    }
}

impl JsonSchema for Version {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The version of VRRP: 3 (RFC 9568) or 2 (RFC 3768, IPv4 only).",
            "type": "integer",
            "enum": [2, 3],
        })
    }
}

/// How checksums are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Checksum {
    /// Whether version 3 over IPv4 sums a pseudo-header: keepalived and FRR do.
    pub pseudo_header: PseudoHeader,
}

/// Whether version 3 over IPv4 sums a pseudo-header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PseudoHeader {
    /// With, until a peer is heard that sends without.
    #[default]
    Auto,
    /// Always with.
    Always,
    /// Never.
    Never,
}

/// How the advertisements travel: exactly one of `multicast`, `unicast`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Transport {
    /// To everybody on the segment.
    Multicast(Multicast),
    /// To each of the other members.
    Unicast(Unicast),
}

impl Default for Transport {
    fn default() -> Self {
        Self::Multicast(Multicast::default())
    }
}

/// Advertisements to everybody on the segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Multicast {
    /// The IPv4 group they are sent to (RFC 9568 §5.1.1.2).
    pub group: Address,
}

impl Default for Multicast {
    fn default() -> Self {
        Self {
            group: Address(IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18))),
        }
    }
}

/// Advertisements to each of the other members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Unicast {
    /// The lowest TTL or hop limit that is accepted: 255 means the sender is on the same segment.
    #[schemars(range(min = 1, max = 255))]
    pub minimum_ttl: u8,
}

impl Default for Unicast {
    fn default() -> Self {
        Self { minimum_ttl: 255 }
    }
}
