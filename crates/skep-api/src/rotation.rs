//! What is said to exchange the cluster's key for another one.

use std::fmt;

use serde::{Deserialize, Serialize};
use skep_manifest::name::NodeName;
use skep_plan::rotation::Fingerprint;

use crate::trust::key::{ClusterKey, ClusterKeys};

/// The answer to the order to exchange the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RotateAnswer {
    /// It is begun: this agent knows the new key.
    Begun {
        /// The key before.
        old: Fingerprint,
        /// The new one.
        new: Fingerprint,
        /// The nodes whose agents do not answer: it waits for them.
        silent: Vec<NodeName>,
    },
    /// It is not begun, and why.
    Refused(String),
}

/// An agent wants a key that it does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyRequest {
    /// Which.
    pub fingerprint: Fingerprint,
}

/// A key of the cluster on its way to an agent that has another one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyText(String);

impl KeyText {
    /// The text of the key with this fingerprint, if it is one of `keys`.
    #[must_use]
    pub fn of(keys: &ClusterKeys, fingerprint: &Fingerprint) -> Option<Self> {
        keys.trusted_one(fingerprint).map(|key| Self(key.armour()))
    }

    /// The key, when it has this fingerprint.
    #[must_use]
    pub fn open(&self, fingerprint: &Fingerprint) -> Option<ClusterKey> {
        let keys = ClusterKeys::parse(self.0.as_bytes()).ok()?;
        keys.trusted_one(fingerprint).cloned()
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyText(..)")
    }
}
