//! Desired state as it travels between agents.

use serde::{Deserialize, Serialize};
use skep_plan::decisions::Decisions;
use skep_plan::feeding::Kept;

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
    /// Who changed what was before.
    pub feeder: String,
    /// When it was accepted, RFC 3339 in UTC.
    pub accepted_at: String,
    /// The manifests as they were written, and who feeds.
    #[serde(flatten)]
    pub kept: Kept,
    /// What was decided about them when they were accepted.
    #[serde(default, skip_serializing_if = "Decisions::is_empty")]
    pub decisions: Decisions,
}

/// What a generation was, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Past {
    /// Which one it is.
    pub id: GenerationId,
    /// Who fed it.
    pub feeder: String,
    /// When it was accepted, RFC 3339 in UTC.
    pub accepted_at: String,
    /// How many manifest files it has.
    pub files: usize,
}

/// A generation with where it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// The generation.
    #[serde(flatten)]
    pub generation: Generation,
    /// Whether the swarm itself keeps it. Before there is a swarm, the disk of the first manager's
    /// agent does.
    #[serde(default)]
    pub is_stored: bool,
}

/// Which generation an agent works towards, and how much that counts.
///
/// What the swarm keeps counts more than what somebody's disk keeps, whatever the numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    is_stored: bool,
    number: u64,
}

impl Rank {
    /// That of generation `number`.
    #[must_use]
    pub const fn new(number: u64, is_stored: bool) -> Self {
        Self { is_stored, number }
    }
}

impl Held {
    /// How much it counts.
    #[must_use]
    pub const fn rank(&self) -> Rank {
        Rank::new(self.generation.id.number, self.is_stored)
    }
}
