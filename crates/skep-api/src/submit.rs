//! Changing the desired state, and following what becomes of it.

use serde::{Deserialize, Serialize};
use skep_plan::action::{Blocked, Plan};

use crate::generation::{GenerationId, Manifest};

/// A set of manifests that shall become the desired state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Submission {
    /// Who feeds it.
    pub feeder: String,
    /// The whole set.
    pub documents: Vec<Manifest>,
    /// Whether it is only looked at.
    pub dry_run: bool,
}

/// What became of a submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Submitted {
    /// It is the desired state from here on.
    Accepted(GenerationId),
    /// It is the desired state already.
    Unchanged(GenerationId),
    /// It would be accepted.
    Acceptable,
    /// It cannot be: why, a line each.
    Rejected(Vec<String>),
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
pub struct Progress {
    /// The desired state that this is measured against.
    pub generation: Option<GenerationId>,
    /// Each object.
    pub objects: Vec<ObjectProgress>,
    /// What cannot be done at present.
    pub blocked: Vec<Blocked>,
}

impl Progress {
    /// Whether everything is as declared.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.generation.is_some() && self.objects.iter().all(|object| object.done)
    }
}

/// How far one object is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectProgress {
    /// Which: `node/cube02`, `service/web`, `vipgroup/ingress`.
    pub object: String,
    /// Whether it is as declared.
    pub done: bool,
    /// What it is at, or what it waits for.
    pub message: String,
}
