//! A story that a person wrote: what happens when, and what is expected then.

mod field;
mod parse;

use std::time::Duration;

use skep_manifest::span::Location;
use skep_vrrp::identity::Priority;

use crate::happening::NodeHappening;

pub use parse::parse;

/// A story, in the order of time.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    /// What happens.
    pub steps: Vec<Step>,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub struct Step {
    /// How long after the start.
    pub at: Duration,
    /// Where it is written.
    pub place: Location,
    /// What.
    pub act: Act,
}

/// What happens in a step.
#[derive(Clone, Debug)]
pub enum Act {
    /// Something to a node.
    Node(usize, NodeHappening),
    /// A node's configuration gives it another priority.
    Priority {
        /// The node.
        node: usize,
        /// The group.
        group: String,
        /// The priority.
        priority: Priority,
    },
    /// The network falls into parts: each node is in the part with this number.
    Partition(Vec<usize>),
    /// The network is whole again and loses nothing.
    Heal,
    /// Every path loses this many of a thousand packets.
    Loss(u16),
    /// Something is expected.
    Expect(Expectation),
    /// Nothing: the story lasts until here.
    End,
}

/// What is expected of a VIP group.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The group.
    pub group: String,
    /// The nodes that have its addresses, no others.
    pub holders: Option<Vec<usize>>,
    /// For how long at most nobody had them, since somebody had them first.
    pub dark_at_most: Option<Duration>,
}

/// A mistake in a scenario.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{place}: {message}")]
pub struct Mistake {
    /// Where.
    pub place: Location,
    /// What is wrong, and what is allowed.
    pub message: String,
}
