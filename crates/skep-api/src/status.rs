//! What an agent says of itself, of what it was told and of what it sees.
//!
//! Ages are milliseconds at the moment of the answer: they need no agreement about wall clocks.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use skep_manifest::condition::{Condition, Reason};

use crate::cluster::ClusterStatus;
use crate::moves::Move;

/// One agent: its node, the desired state it works towards and what it observes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentStatus {
    /// The version of the agent.
    pub version: String,
    /// The name of the node it runs on, when the desired state has such a node.
    pub node: Option<String>,
    /// Whether it belongs to a cluster.
    pub mode: Mode,
    /// How well it does its work.
    pub conditions: Vec<Condition>,
    /// What it was told.
    pub desired: DesiredStatus,
    /// Its data plane.
    pub data_plane: DataPlaneStatus,
    /// The VIP groups of the desired state.
    pub vip_groups: Vec<VipGroupStatus>,
    /// The cluster, when the agent belongs to one and knows its desired state.
    pub cluster: Option<ClusterStatus>,
}

/// Whether an agent belongs to a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// The watched directory is the store; no Docker, no peers.
    Standalone,
    /// It shares a `cluster.key` with its peers.
    Clustered,
}

/// Where the desired state comes from and how it was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DesiredStatus {
    /// The source, as a person would name it.
    pub source: String,
    /// What the agent works towards.
    pub accepted: Option<AcceptedStatus>,
    /// What the source holds that the agent refuses, when it does.
    pub rejected: Option<RejectedStatus>,
    /// The feeders that feed nothing until somebody resumes them.
    #[serde(default)]
    pub paused: Vec<String>,
}

/// The desired state an agent works towards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AcceptedStatus {
    /// Its number, counted by this agent.
    pub generation: u64,
    /// How many documents it has.
    pub documents: usize,
    /// How long ago it was accepted.
    pub age_ms: u64,
}

/// A desired state that was refused; the accepted one stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RejectedStatus {
    /// How long ago it was refused.
    pub age_ms: u64,
    /// What is wrong with it, or that its source could not be read.
    #[serde(default = "unsaid")]
    pub reason: Reason,
    /// Why, one line per error, `file:line:column: message` where there is a place.
    pub errors: Vec<String>,
}

/// What an agent means that does not say it: it is older than the reason, and its program was exchanged
/// under it.
const fn unsaid() -> Reason {
    Reason::InvalidManifest
}

/// The process that speaks VRRP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DataPlaneStatus {
    /// Whether it answers.
    pub running: bool,
    /// The generation it runs.
    pub generation: u64,
    /// Why it is less punctual than it could be, a sentence each.
    pub restrictions: Vec<String>,
    /// How late the thread that keeps VRRP's timers acted on them.
    pub wire_lateness: LatenessStatus,
    /// How long the kernel made the thread wait that puts addresses in place.
    pub hand_lateness: LatenessStatus,
}

/// How late something was, as a histogram.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LatenessStatus {
    /// The upper bound of each bucket but the last, in microseconds.
    pub bounds_us: Vec<u64>,
    /// How often it was within each bucket.
    pub counts: Vec<u64>,
    /// All of it together, in microseconds.
    pub sum_us: u64,
    /// The latest, in microseconds.
    pub max_us: u64,
}

/// One VIP group: desired beside observed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VipGroupStatus {
    /// Its name.
    pub name: String,
    /// Its addresses, as declared.
    pub addresses: Vec<String>,
    /// Its members in order of preference.
    pub members: Vec<MemberStatus>,
    /// Who holds it, as this agent knows.
    pub active: Option<Holder>,
    /// Where an operator moved it, while that counts.
    #[serde(default)]
    pub moved: Option<Move>,
    /// The virtual routers of this node; none where the node is no member.
    pub routers: Vec<RouterStatus>,
    /// Why this node, which is a member, takes no part.
    #[serde(default)]
    pub refused: Option<String>,
    /// How well it does.
    pub conditions: Vec<Condition>,
    /// Whom this node tells about it, and how that goes.
    #[serde(default)]
    pub notifications: Vec<NotificationStatus>,
}

/// How telling one notifier goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationStatus {
    /// The notifier.
    pub notifier: String,
    /// How many notices wait, the one under way included.
    pub waiting: usize,
    /// How many were delivered since control started.
    pub delivered: u64,
    /// How many attempts failed.
    pub failed_attempts: u64,
    /// How many were given up after all attempts.
    pub given_up: u64,
    /// How many were dropped because too many waited: the oldest.
    pub dropped: u64,
    /// Why the last attempt failed, if it did.
    pub error: Option<String>,
}

/// A member of a VIP group, as declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberStatus {
    /// The name of the node or of the external router.
    pub name: String,
    /// Its priority when nothing is wrong; an external router may have told none.
    pub priority: Option<u8>,
    /// Where it advertises from, when the desired state says so.
    #[serde(default)]
    pub address: Option<IpAddr>,
}

/// Who holds a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// The name of the node, when it is known.
    pub node: Option<String>,
    /// The source address of its advertisements, when they come from elsewhere.
    pub address: Option<IpAddr>,
    /// How long ago this was last confirmed.
    pub heard_ms: u64,
}

/// A virtual router of this node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RouterStatus {
    /// `ipv4` or `ipv6`.
    pub family: String,
    /// Its id on the wire.
    pub virtual_router_id: u8,
    /// The interface it runs on.
    pub interface: String,
    /// Its state: `Active`, `Backup`, `Fault` or `Leaving`.
    pub state: String,
    /// Why, as a sentence.
    pub because: String,
    /// How long it has been in that state.
    pub since_ms: u64,
    /// Its priority when nothing is wrong.
    pub base_priority: u8,
    /// Its priority given its inputs.
    pub effective_priority: u8,
    /// Its inputs.
    pub inputs: Vec<InputStatus>,
    /// The last advertisement of another router.
    pub heard: Option<HeardStatus>,
    /// The addresses it holds.
    pub holding: Vec<String>,
    /// Its last changes of state, newest first.
    pub transitions: Vec<TransitionStatus>,
    /// What it counted since it started.
    pub counters: BTreeMap<String, u64>,
    /// What authenticates its advertisements, as it runs: `none`, `simple`, or the mode of its
    /// codes, `enforce`, `permissive` or `receiveOnly`.
    #[serde(default)]
    pub authentication: String,
    /// What it hears that does not fit.
    #[serde(default)]
    pub anomalies: Vec<AnomalyStatus>,
}

/// Something that a sender does again and again and that does not fit the virtual router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnomalyStatus {
    /// Who.
    pub from: IpAddr,
    /// What, in one word.
    pub reason: Reason,
    /// What, as a sentence.
    pub message: String,
    /// How often.
    pub count: u64,
    /// How long this has been going on.
    pub since_ms: u64,
    /// How long ago it happened last.
    pub last_ms: u64,
}

/// An input of a virtual router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InputStatus {
    /// Its name.
    pub name: String,
    /// `passing`, `failing` or `unknown`.
    pub health: String,
    /// Why the last look failed, when it did.
    pub complaint: Option<String>,
    /// How long ago that was last confirmed.
    pub heard_ms: Option<u64>,
}

/// The last advertisement of another router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeardStatus {
    /// Who sent it.
    pub from: IpAddr,
    /// Its priority.
    pub priority: u8,
    /// How long ago.
    pub age_ms: u64,
    /// Its interval.
    pub interval_ms: u64,
}

/// A change of state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransitionStatus {
    /// How long ago.
    pub age_ms: u64,
    /// From which state.
    pub from: String,
    /// To which state.
    pub to: String,
    /// Why, as a sentence.
    pub because: String,
}
