//! What authenticates the advertisements.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::Interval;
use crate::value_source::ValueSource;

/// What authenticates the advertisements: exactly one of `none`, `cluster`, `simple`, `hmac`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Authentication {
    /// Nothing does.
    None(NoAuthentication),
    /// An HMAC whose key is derived from the cluster key and the group's name.
    Cluster(ClusterAuthentication),
    /// A password of at most eight bytes, readable on the wire; version 2 only.
    Simple(SimpleAuthentication),
    /// An HMAC with keys of your own.
    Hmac(HmacAuthentication),
}

impl Authentication {
    /// Where its secrets come from.
    #[must_use]
    pub fn values(&self) -> Vec<&ValueSource> {
        match self {
            Self::None(_) | Self::Cluster(_) => Vec::new(),
            Self::Simple(simple) => vec![&simple.password],
            Self::Hmac(hmac) => hmac.keys.iter().map(|key| &key.key).collect(),
        }
    }
}

/// No authentication; there is nothing to set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoAuthentication {}

/// An HMAC whose key comes from the cluster key; there is nothing to set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterAuthentication {}

/// The password of version 2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SimpleAuthentication {
    /// The password: at most eight bytes are sent.
    pub password: ValueSource,
}

/// An HMAC over every advertisement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HmacAuthentication {
    /// The keys that are accepted.
    #[schemars(length(min = 1, max = 255))]
    pub keys: Vec<HmacKey>,
    /// The id of the key that signs.
    #[schemars(range(min = 1, max = 255))]
    pub active_key: u8,
    /// What happens to advertisements without a valid signature.
    #[serde(default)]
    pub mode: HmacMode,
    /// How repeated advertisements are recognised.
    #[serde(default)]
    pub replay: Replay,
    /// How far the clocks of two members may differ.
    #[serde(default = "HmacAuthentication::default_window")]
    pub window: Interval,
}

impl HmacAuthentication {
    const fn default_window() -> Interval {
        Interval::from_secs(5)
    }
}

/// One key of an HMAC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HmacKey {
    /// Its id on the wire.
    #[schemars(range(min = 1, max = 255))]
    pub id: u8,
    /// The key: text, or bytes as `hex:` and hexadecimal digits, as keepalived takes it. 32 random
    /// bytes are best.
    pub key: ValueSource,
}

/// What happens to advertisements without a valid signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum HmacMode {
    /// They are dropped.
    #[default]
    Enforce,
    /// They are accepted and reported; ours are signed.
    Permissive,
    /// They are accepted; ours are not signed.
    ReceiveOnly,
}

/// How repeated advertisements are recognised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Replay {
    /// By the time they carry.
    #[default]
    Time,
    /// By a number that only grows, without a clock.
    Monotonic,
}
