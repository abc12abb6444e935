//! Desired state as it travels between agents.

use serde::{Deserialize, Serialize};
use skep_plan::decisions::Decisions;

/// Which desired state: the number orders them, the digest tells whether two of the same number are
/// the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerationId {
    /// Counted from 1.
    pub number: u64,
    /// SHA-256 of the documents and of what was decided about them, in hex.
    pub digest: String,
}

/// One accepted set of manifests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Generation {
    /// Which one it is.
    pub id: GenerationId,
    /// Who fed it.
    pub feeder: String,
    /// When it was accepted, RFC 3339 in UTC.
    pub accepted_at: String,
    /// The manifests as they were written.
    pub documents: Vec<Manifest>,
    /// What was decided about them when they were accepted.
    #[serde(default, skip_serializing_if = "Decisions::is_empty")]
    pub decisions: Decisions,
}

/// One manifest file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Its name in messages.
    pub name: String,
    /// Its text.
    pub text: String,
}
