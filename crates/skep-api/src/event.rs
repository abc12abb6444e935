//! What happened, as the agents saw it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Something that happened on one node, or that its agent did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// When, by the wall clock of the node: RFC 3339 in UTC, to the millisecond.
    pub at: String,
    /// How long before this answer, which needs no agreement about clocks.
    pub age_ms: u64,
    /// The node.
    pub node: String,
    /// What kind of thing it was.
    pub kind: EventKind,
    /// What it was about: `vipgroup/ingress`, `service/web`, `node/cube02`.
    pub object: String,
    /// What happened, as a sentence.
    pub message: String,
}

/// What kinds of things happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EventKind {
    /// A virtual router changed its state.
    Transition,
    /// Something goes wrong from here on.
    Raised,
    /// It does so no more.
    Cleared,
    /// An action of a plan was done.
    Done,
    /// An action of a plan was refused, or nobody knows what became of it.
    Refused,
    /// The agent works towards another desired state.
    Generation,
}

impl EventKind {
    /// The word for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Transition => "transition",
            Self::Raised => "raised",
            Self::Cleared => "cleared",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Generation => "generation",
        }
    }
}

/// How far somebody has read what one agent tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mark {
    /// Which life of the agent: it forgets when it starts again.
    pub life: u64,
    /// How many events of that life were read.
    pub read: u64,
}

/// How far somebody has read, by the names of the nodes.
pub type Marks = BTreeMap<String, Mark>;

/// What happened after some marks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Events {
    /// Each, the oldest first.
    pub events: Vec<Event>,
    /// Where to go on.
    pub marks: Marks,
    /// The agents that do not tell at present, each with the reason.
    pub silent: BTreeMap<String, String>,
}
