//! What a node is told that the manifest does not list any more.

use std::fmt;

use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use skep_manifest::name::NodeName;

use crate::generation::GenerationId;

/// The desired state does not list a node that holds no cluster key: it is told nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dismissal {
    /// The node.
    pub node: NodeName,
    /// The desired state.
    pub generation: GenerationId,
    /// Whether the swarm itself keeps that.
    pub is_stored: bool,
}

impl Dismissal {
    /// What an agent answers with that says this.
    pub const STATUS: StatusCode = StatusCode::GONE;
}

impl fmt::Display for Dismissal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            node, generation, ..
        } = self;
        write!(
            formatter,
            "generation {} does not list the node {node}, and its certificate counts for no other",
            generation.number
        )
    }
}
