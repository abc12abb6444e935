//! What agents tell each other, and what a cluster looks like to people.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::num::NonZeroU8;

use serde::{Deserialize, Serialize};
use skep_manifest::condition::Condition;
use skep_manifest::name::{Name, NodeName};
use skep_plan::action::JoinSwarm;
use skep_plan::observed::{Engine, Membership};
use skep_plan::rotation::KeysTold;

use crate::generation::{GenerationId, Rank};
use crate::moves::Move;
use crate::recovery::RecoveryReport;
use crate::status::VipGroupStatus;
use crate::trust::group_key::GroupKeys;

/// What an agent tells its peers, again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerReport {
    /// The version of the agent.
    pub version: String,
    /// The desired state it works towards.
    pub generation: Option<GenerationId>,
    /// Whether the swarm itself keeps that.
    #[serde(default)]
    pub is_stored: bool,
    /// The latest revision of the manifest language that it reads.
    #[serde(default)]
    pub schema_revision: u32,
    /// Its engine.
    pub engine: Engine,
    /// The swarm that its engine tells of, when that is a manager that answers.
    #[serde(default)]
    pub tells: Option<Telling>,
    /// The VIP groups in which it takes part.
    pub vip_groups: Vec<VipGroupStatus>,
    /// The moves it keeps, also those that ended.
    #[serde(default)]
    pub moves: Vec<Move>,
    /// The virtual router ids that it hears others use.
    #[serde(default)]
    pub overheard: BTreeSet<NonZeroU8>,
    /// What is wrong with what is fed there.
    #[serde(default)]
    pub feeding: Vec<Condition>,
    /// What it knows of a majority that is lost.
    #[serde(default)]
    pub recovery: RecoveryReport,
    /// The inputs of its virtual routers that pass there, of those that the engine and the swarm
    /// answer.
    #[serde(default)]
    pub passing: BTreeSet<String>,
    /// Which keys of the cluster it has, by their fingerprints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<KeysTold>,
    /// What a node without the cluster's key is given of what derives from it; nobody else asks.
    #[serde(default, skip_serializing_if = "Entrusted::is_empty")]
    pub entrusted: Entrusted,
}

/// What a node without the cluster's key is given of what derives from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entrusted {
    /// The keys of the VIP groups of which it is a member and that are authenticated with the
    /// cluster's key.
    pub group_keys: BTreeMap<Name, GroupKeys>,
}

impl Entrusted {
    /// Whether there is nothing to give.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.group_keys.is_empty()
    }
}

impl PeerReport {
    /// What counts of this report when a node without the cluster's key tells it: what it says of
    /// itself. It manages nothing, moves nothing and recovers nothing.
    #[must_use]
    pub fn of_certified(self) -> Self {
        let membership = if self.engine.membership.is_manager() {
            Membership::Silent
        } else {
            self.engine.membership
        };
        Self {
            is_stored: false,
            engine: Engine {
                membership,
                keeps_unlock_key: false,
                is_certified: true,
                ..self.engine
            },
            tells: None,
            moves: Vec::new(),
            feeding: Vec::new(),
            recovery: RecoveryReport::default(),
            keys: None,
            entrusted: Entrusted::default(),
            ..self
        }
    }

    /// How much the desired state counts that it works towards.
    #[must_use]
    pub fn rank(&self) -> Rank {
        let number = self.generation.as_ref().map_or(0, |id| id.number);
        Rank::new(number, self.is_stored)
    }
}

/// The swarm that an engine tells of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Telling {
    /// Its id.
    pub id: String,
    /// Whether that engine leads it.
    pub leads: bool,
}

/// An agent tells another one that it has a newer desired state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Announcement {
    /// Which one.
    pub generation: GenerationId,
    /// Whether the swarm itself keeps it.
    #[serde(default)]
    pub is_stored: bool,
    /// The node that has it.
    pub node: NodeName,
    /// Where its agent listens.
    pub address: std::net::SocketAddr,
}

/// A node wants to create the swarm and asks for a vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VoteRequest {
    /// The name of the swarm.
    pub swarm: String,
    /// The node that would create it.
    pub initiator: NodeName,
    /// The digest of the desired state it has.
    pub digest: String,
    /// The nodes that wanted to create it as well and voted for this one since.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub withdrawn: BTreeSet<NodeName>,
}

/// The answer to a [`VoteRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Vote {
    /// Granted; this agent grants no other for this swarm.
    Granted,
    /// Not granted, and why.
    Refused(String),
}

/// A node wants to join the swarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantRequest {
    /// The node.
    pub node: NodeName,
}

/// The answer to a [`GrantRequest`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Grant {
    /// It may, now.
    Join {
        /// How.
        join: JoinSwarm,
        /// The token.
        token: String,
    },
    /// It may not yet, and why.
    Wait(String),
}

/// The cluster as one agent sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterStatus {
    /// The name of the swarm.
    pub name: String,
    /// The agent that writes to it, when one can.
    pub writer: Option<String>,
    /// How many managers are reachable.
    pub managers_reachable: usize,
    /// How many managers are declared.
    pub managers: usize,
    /// How many managers the swarm has, when it is told of.
    #[serde(default)]
    pub managers_listed: Option<usize>,
    /// How long the managers that answer have had no leader, while that is so.
    #[serde(default)]
    pub leaderless_ms: Option<u64>,
    /// The nodes of the manifest.
    pub nodes: Vec<NodeStatus>,
    /// The services of the manifest.
    pub services: Vec<ServiceStatus>,
    /// What cannot be done at present, a sentence each, with its remedy.
    pub blocked: Vec<String>,
    /// How often this agent asked others how they are, since it runs.
    #[serde(default)]
    pub questions: u64,
}

/// A node: declared beside observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeStatus {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: IpAddr,
    /// `manager` or `worker`, as declared.
    pub role: String,
    /// The version of its agent, when that was ever heard.
    pub agent: Option<String>,
    /// How long ago its agent was heard.
    pub heard_ms: Option<u64>,
    /// Its engine's part in the swarm, in a word or two.
    pub engine: String,
    /// Whether it gets tasks: of what is declared and what an operator ordered, the stricter.
    pub availability: String,
    /// Whether an operator paused or drained it, until `skep uncordon`.
    #[serde(default)]
    pub is_ordered: bool,
    /// The VIP groups it holds.
    pub holds: Vec<String>,
}

/// A service: declared beside observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceStatus {
    /// Its name.
    pub name: String,
    /// Its image, as declared.
    pub image: String,
    /// How many tasks run; nothing where no manager tells of the swarm.
    pub running: Option<u64>,
    /// How many shall run; nothing where the swarm does not have it.
    pub desired: Option<u64>,
    /// Its ports: `80->80/tcp host`.
    pub ports: Vec<String>,
}

impl std::fmt::Debug for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Join { join, .. } => f.debug_struct("Join").field("join", join).finish(),
            Self::Wait(why) => f.debug_tuple("Wait").field(why).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_without_the_key_speaks_for_itself_alone() {
        let told = serde_json::json!({
            "version": "1", "generation": {"number": 7, "digest": "d"}, "isStored": true,
            "vipGroups": [], "tells": {"id": "one", "leads": true},
            "engine": {
                "membership": {"active": {"swarmId": "one", "nodeId": "n", "role": "manager"}},
                "remembers": "one", "keepsUnlockKey": true,
            },
            "moves": [{"group": "web", "number": 9, "to": "b", "leftMs": null, "by": "b"}],
        });
        let told: PeerReport = serde_json::from_value(told).expect("a report");
        let counts = told.clone().of_certified();
        assert_eq!(counts.engine.membership, Membership::Silent);
        assert!(counts.engine.is_certified && !counts.engine.keeps_unlock_key);
        assert_eq!(counts.tells, None);
        assert_eq!((counts.is_stored, counts.moves), (false, Vec::new()));
        assert_eq!(counts.recovery, RecoveryReport::default());
        assert_eq!(counts.generation, told.generation);
    }
}
