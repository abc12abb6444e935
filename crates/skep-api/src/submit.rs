//! Changing the desired state, and following what becomes of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use skep_plan::action::Plan;
use skep_plan::feeding::Change;
use skep_plan::progress::{ObjectProgress, Progress};

use crate::generation::GenerationId;

/// How long an agent may take to change the desired state: it may wait for a manager, and whom it
/// asks then may listen to the network first and has to wait for the swarm.
pub const CHANGE_LIMIT: Duration = Duration::from_secs(20);

/// What is to be known of a change whose answer did not come.
pub const IN_DOUBT: &str =
    "whether the change was accepted is not known: look at `skep history` before you make it again";

/// A change of the desired state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Submission {
    /// Who makes it, as `skep history` tells it.
    pub by: String,
    /// What changes.
    pub change: Change,
    /// Whether it is only looked at.
    pub dry_run: bool,
}

/// An earlier desired state that shall count again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recall {
    /// Its number; the one before the latest if none is given.
    pub generation: Option<u64>,
}

/// A change that an earlier desired state is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The number of that desired state.
    pub generation: u64,
    /// What would have changed then.
    pub submission: Submission,
}

/// Somebody says that what waits for a confirmation may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Confirmation {
    /// The generation that it is about.
    pub generation: u64,
}

/// What became of a submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Submitted {
    /// It is the desired state from here on.
    Accepted {
        /// Which one it is.
        id: GenerationId,
        /// The feeders that feed nothing until somebody resumes them.
        paused: Vec<String>,
    },
    /// It is the desired state already.
    Unchanged(GenerationId),
    /// It would be accepted.
    Acceptable,
    /// Another one came before it: look at what would change now.
    Conflict(GenerationId),
    /// It cannot be: why, a line each.
    Rejected(Vec<String>),
    /// Its source is not what was fed last and did not change from that, in words.
    SourceDiffers(String),
    /// It waits until somebody confirms it.
    AwaitsConfirmation {
        /// The number of the generation that it would be.
        generation: u64,
        /// What it would do.
        message: String,
    },
}

/// What a set of manifests would change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Differences {
    /// This.
    Plan(Box<Plan>),
    /// It cannot be the desired state: why, a line each.
    Rejected(Vec<String>),
}

/// How far the world is from the desired state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reached {
    /// The desired state that this is measured against.
    pub generation: Option<GenerationId>,
    /// Each object.
    pub objects: Vec<ObjectProgress>,
}

impl Reached {
    /// Whether everything is as declared.
    #[must_use]
    pub fn is_all(&self) -> bool {
        let mut states = self.objects.iter().map(|object| object.state);
        self.generation.is_some() && states.all(|state| state == Progress::Done)
    }

    /// Whether everything has come to its end and something failed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        let is_over = |state: Progress| matches!(state, Progress::Done | Progress::Failed);
        let mut states = self.objects.iter().map(|object| object.state);
        states.clone().all(is_over) && states.any(|state| state == Progress::Failed)
    }
}
