//! A majority of the managers is lost: what is known of each, and going on with one of them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use skep_manifest::name::NodeName;

/// How far a manager's own log of the swarm goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogPosition {
    /// The term of the last entry: leaders count them.
    pub term: u64,
    /// The number of the last entry.
    pub index: u64,
}

/// What an agent tells its peers of a majority that is lost, and of a recovery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryReport {
    /// How long its engine, a manager, has had no leader.
    pub leaderless_ms: Option<u64>,
    /// How far its engine's log goes, while there is no leader.
    pub log: Option<LogPosition>,
    /// How many services the swarm had when its engine last told.
    pub services: Option<usize>,
    /// The last recovery that it knows of.
    pub recovered: Option<Recovered>,
}

/// A swarm went on with one of its managers: the others have no part in it any more and join anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recovered {
    /// Of two recoveries the one with the higher number counts.
    pub number: u64,
    /// The manager that the swarm went on with.
    pub on: NodeName,
    /// The nodes without a part in it, as the swarm knew them.
    pub left_behind: BTreeSet<String>,
}

/// The managers of a swarm, and whether it can be recovered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Situation {
    /// The name of the swarm.
    pub swarm: String,
    /// How long no manager that answers has had a leader.
    pub leaderless_ms: Option<u64>,
    /// Why there is nothing to recover, when there is not.
    pub refused: Option<Refusal>,
    /// The managers of the manifest.
    pub managers: Vec<ManagerStatus>,
}

/// What is known of a manager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManagerStatus {
    /// Its name.
    pub name: NodeName,
    /// How long ago its agent was heard, if ever.
    pub heard_ms: Option<u64>,
    /// Its engine's part in the swarm, in a word or two.
    pub engine: String,
    /// The desired state that its agent works towards.
    pub generation: Option<u64>,
    /// How far its log goes.
    pub log: Option<LogPosition>,
    /// How many services the swarm had when its engine last told.
    pub services: Option<usize>,
    /// Why the swarm cannot go on with it, when it cannot.
    pub refused: Option<Refusal>,
}

/// Why something is not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// Why.
    pub message: String,
    /// What to do instead.
    pub remedy: String,
}

/// An operator lets the swarm go on with one manager. Asked again, it tells how far that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecoverRequest {
    /// With which.
    pub on: NodeName,
    /// The name of the swarm, as the operator typed it.
    pub confirm: String,
    /// Tells this order from another one; any number.
    pub attempt: u64,
}

/// How far a recovery is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RecoverAnswer {
    /// It is not begun.
    Refused(Refusal),
    /// It goes on.
    Working,
    /// The swarm has a leader again.
    Done {
        /// What the manager had before, on its disk.
        backup: PathBuf,
    },
    /// It ended otherwise.
    Failed(String),
}

/// An agent that is to recover the swarm asks the other managers' agents not to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// The node of that agent.
    pub on: NodeName,
}

/// The answer to a [`Claim`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ClaimAnswer {
    /// This agent begins no recovery for a while.
    Granted,
    /// It has begun one, or granted that to another one, or its engine has a leader.
    Refused(String),
}
