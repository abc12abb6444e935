//! The engine's answers, as far as they are read.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use skep_manifest::swarm::{Availability, Role};
use skep_plan::observed::{self, Active, ClusterNode, Manager, Membership, NodeState};

use crate::engine::EngineError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Info {
    pub(super) swarm: LocalSwarm,
}

/// What an engine says of its own part.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LocalSwarm {
    local_node_state: LocalNodeState,
    #[serde(rename = "NodeID", default)]
    node_id: String,
    #[serde(default)]
    node_addr: String,
    #[serde(default)]
    control_available: bool,
    #[serde(default)]
    error: String,
    cluster: Option<Swarm>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum LocalNodeState {
    #[serde(alias = "")]
    Inactive,
    Pending,
    Active,
    Error,
    Locked,
}

#[derive(Deserialize)]
pub(super) struct Swarm {
    #[serde(rename = "ID")]
    pub(super) id: String,
    #[serde(rename = "Spec", default)]
    pub(super) spec: Value,
    #[serde(flatten)]
    pub(super) foundation: Option<Foundation>,
}

/// What a swarm was made with.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Foundation {
    default_addr_pool: Vec<String>,
    subnet_size: u8,
    data_path_port: u16,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Node {
    #[serde(rename = "ID")]
    pub(super) id: String,
    spec: NodeSpec,
    description: NodeDescription,
    status: NodeStatus,
    manager_status: Option<ManagerStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NodeSpec {
    role: Role,
    availability: Availability,
    #[serde(default, deserialize_with = "or_empty")]
    labels: BTreeMap<String, String>,
}

/// Empty while a node has joined and not yet spoken.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NodeDescription {
    #[serde(default)]
    hostname: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NodeStatus {
    state: State,
    #[serde(default)]
    addr: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ready,
    Down,
    Disconnected,
    #[serde(other)]
    Unknown,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ManagerStatus {
    #[serde(default)]
    leader: bool,
    #[serde(default)]
    reachability: String,
    #[serde(default)]
    addr: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Service {
    #[serde(rename = "ID")]
    pub(super) id: String,
    pub(super) version: Version,
    pub(super) spec: Spec,
    /// What it was before its last change.
    pub(super) previous_spec: Option<Spec>,
    /// None until it is updated for the first time.
    pub(super) update_status: Option<UpdateStatus>,
    pub(super) service_status: Option<ServiceStatus>,
}

/// How many tasks a service has.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ServiceStatus {
    /// Of a job, those that have not succeeded yet.
    #[serde(default)]
    pub(super) desired_tasks: u64,
    /// Of a job, those that have succeeded since it was last changed.
    #[serde(default)]
    pub(super) completed_tasks: u64,
}

/// How the last update of a service goes.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateStatus {
    #[serde(default)]
    state: String,
    #[serde(default)]
    pub(super) message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Version {
    pub(super) index: u64,
}

/// A specification that is carried as it is.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Spec(pub(super) Value);

/// The part of a service's specification that is read here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ServiceSpec {
    pub(super) name: String,
    pub(super) mode: Option<Mode>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Mode {
    pub(super) replicated: Option<Replicated>,
    pub(super) replicated_job: Option<ReplicatedJob>,
    pub(super) global_job: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Replicated {
    pub(super) replicas: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReplicatedJob {
    pub(super) total_completions: Option<u64>,
}

/// A container of this engine.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Container {
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Task {
    #[serde(rename = "ServiceID", default)]
    pub(super) service_id: String,
    /// None as long as the task has no place.
    #[serde(rename = "NodeID")]
    pub(super) node_id: Option<String>,
    /// Which of the replicas it is; 0 where each node has one.
    #[serde(default)]
    pub(super) slot: u64,
    pub(super) status: TaskStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TaskStatus {
    /// When it became so, in an order that text has, too.
    #[serde(default)]
    pub(super) timestamp: String,
    pub(super) state: String,
    #[serde(rename = "Err")]
    pub(super) error: Option<String>,
}

impl TaskStatus {
    /// Whether nothing of the task runs or will.
    pub(super) fn has_ended(&self) -> bool {
        const ENDED: [&str; 6] = [
            "complete", "shutdown", "failed", "rejected", "remove", "orphaned",
        ];
        ENDED.contains(&self.state.as_str())
    }
}

impl UpdateStatus {
    /// Whether the engine gave up, an update or going back to what was before.
    pub(super) fn is_paused(&self) -> bool {
        matches!(self.state.as_str(), "paused" | "rollback_paused")
    }

    /// The task for which it gave up, as it says at the end of its words.
    pub(super) fn failed_task(&self) -> Option<&str> {
        let (_, task) = self.message.rsplit_once(" of task ")?;
        self.is_paused().then_some(task)
    }

    /// Whether the engine does not go back any more to what was before.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self.state.as_str(), "completed" | "rollback_completed")
    }
}

impl Spec {
    pub(super) fn understood<'a, T: Deserialize<'a>>(&'a self) -> Result<T, EngineError> {
        T::deserialize(&self.0).map_err(|source| EngineError::NotUnderstood {
            question: "/services".to_owned(),
            source,
        })
    }
}

impl Swarm {
    /// The labels of the swarm itself.
    pub(super) fn labels(&self) -> BTreeMap<String, String> {
        let labels = self.spec.get("Labels");
        labels
            .and_then(|labels| BTreeMap::deserialize(labels).ok())
            .unwrap_or_default()
    }
}

impl From<Foundation> for observed::Foundation {
    fn from(foundation: Foundation) -> Self {
        Self {
            address_pools: foundation.default_addr_pool,
            subnet_length: foundation.subnet_size,
            data_path_port: foundation.data_path_port,
        }
    }
}

impl From<LocalSwarm> for Membership {
    fn from(swarm: LocalSwarm) -> Self {
        match swarm.local_node_state {
            LocalNodeState::Inactive => Self::Inactive,
            LocalNodeState::Pending => Self::Pending,
            LocalNodeState::Error => Self::Error(swarm.error),
            LocalNodeState::Locked => Self::Locked,
            LocalNodeState::Active => Self::Active(Active {
                swarm_id: swarm
                    .cluster
                    .map(|cluster| cluster.id)
                    .filter(|id| !id.is_empty()),
                node_id: swarm.node_id,
                advertised: address(&swarm.node_addr),
                role: if swarm.control_available {
                    Role::Manager
                } else {
                    Role::Worker
                },
            }),
        }
    }
}

impl From<Node> for ClusterNode {
    fn from(node: Node) -> Self {
        let Node {
            id: _,
            spec,
            description,
            status,
            manager_status,
        } = node;
        let address = address(&status.addr).or_else(|| {
            manager_status
                .as_ref()
                .and_then(|manager| address(&manager.addr))
        });
        Self {
            host_name: description.hostname,
            role: spec.role,
            availability: spec.availability,
            labels: spec.labels,
            state: match status.state {
                State::Ready => NodeState::Ready,
                State::Down => NodeState::Down,
                State::Disconnected => NodeState::Disconnected,
                State::Unknown => NodeState::Unknown,
            },
            manager: manager_status.map(|manager| Manager {
                reachable: manager.reachability == "reachable",
                leader: manager.leader,
            }),
            address,
            tasks: 0,
        }
    }
}

/// An address with or without a port. A manager may be told as 0.0.0.0, which says nothing.
fn address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse().map(|address: SocketAddr| address.ip());
    let address = text.parse().or_else(|_error| with_port()).ok()?;
    (!address.is_unspecified()).then_some(address)
}

pub(super) fn or_empty<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}
