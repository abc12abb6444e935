//! What is to be done, by whom and why.

use std::collections::BTreeMap;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use skep_manifest::condition::Reason;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::{Availability, Role};

use crate::content::Content;
use crate::groups::GroupChange;
use crate::observed::Foundation;

/// Ordered actions that lead from the observed to the desired state, as far as they can be done
/// at present: after them the world is observed and planned again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// What can be done, in this order.
    pub steps: Vec<Step>,
    /// What follows by itself once other things are done.
    pub waiting: Vec<Waiting>,
    /// What cannot be done, and what would make it possible.
    pub blocked: Vec<Blocked>,
    /// What changes about the VIP groups: every node takes its own share.
    #[serde(default)]
    pub vip_groups: Vec<GroupChange>,
    /// The feeders that feed nothing until somebody resumes them.
    #[serde(default)]
    pub paused: Vec<String>,
}

impl Plan {
    /// Whether nothing would change and nothing is blocked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self {
            steps,
            waiting,
            blocked,
            vip_groups,
            paused: _,
        } = self;
        steps.is_empty() && waiting.is_empty() && blocked.is_empty() && vip_groups.is_empty()
    }
}

/// One action with its executor and its reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// What it is about: `node/cube02`, `service/web`, `swarm/cube`.
    pub object: String,
    /// Who does it.
    pub executor: Executor,
    /// What is done.
    pub action: Action,
    /// What differs, as a person reads it.
    pub because: String,
}

/// Who does an action.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Executor {
    /// The agent of this node, on its own engine.
    Node(NodeName),
    /// The agent that writes to the swarm.
    Writer,
}

/// One change of the world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Create the swarm.
    InitSwarm(InitSwarm),
    /// Change the settings of the swarm.
    UpdateSwarm(UpdateSwarm),
    /// Join the swarm; the token comes with a grant.
    JoinSwarm(JoinSwarm),
    /// Give a node exactly these labels of skep's and of the manifest.
    LabelNode(LabelNode),
    /// Change whether a node gets tasks.
    SetAvailability(SetAvailability),
    /// Make a worker a manager, or a manager a worker.
    SetRole(SetRole),
    /// Leave the swarm.
    LeaveSwarm(LeaveSwarm),
    /// Remove a node that is down from the swarm's list.
    RemoveNode(RemoveNode),
    /// Create a network.
    CreateNetwork(CreateNetwork),
    /// Remove a network.
    RemoveNetwork(RemoveNetwork),
    /// Create a config or secret.
    CreateFile(CreateFile),
    /// Remove a config or secret.
    RemoveFile(RemoveFile),
    /// Create a service.
    CreateService(CreateService),
    /// Change a service.
    UpdateService(UpdateService),
    /// Remove a service.
    RemoveService(RemoveService),
}

impl Action {
    /// What it does, as a word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::InitSwarm(_)
            | Self::CreateNetwork(_)
            | Self::CreateFile(_)
            | Self::CreateService(_) => "create",
            Self::JoinSwarm(_) => "join",
            Self::LabelNode(_) => "label",
            Self::SetAvailability(set) => match set.availability {
                Availability::Active => "activate",
                Availability::Pause => "pause",
                Availability::Drain => "drain",
            },
            Self::SetRole(set) => match set.role {
                Role::Manager => "promote",
                Role::Worker => "demote",
            },
            Self::UpdateSwarm(_) | Self::UpdateService(_) => "update",
            Self::LeaveSwarm(_) => "leave",
            Self::RemoveNode(_)
            | Self::RemoveNetwork(_)
            | Self::RemoveFile(_)
            | Self::RemoveService(_) => "remove",
        }
    }
}

/// What a new swarm is created with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InitSwarm {
    /// The labels of the swarm itself, which make it known as skep's.
    pub labels: BTreeMap<String, String>,
    /// What it is made with for good.
    pub foundation: Foundation,
    /// What it shall have otherwise than the engine would make it.
    pub changes: Vec<Change>,
    /// Under which address the others reach this node.
    pub advertise_address: IpAddr,
    /// The address of overlay traffic.
    pub data_path_address: IpAddr,
    /// Whether this node gets tasks.
    pub availability: Availability,
}

/// Settings of the swarm that differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateSwarm {
    /// What differs: paths in the engine's specification with the old and the new value.
    pub changes: Vec<Change>,
}

/// What a node joins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JoinSwarm {
    /// As what it joins.
    pub role: Role,
    /// Under which address the others reach this node.
    pub advertise_address: IpAddr,
    /// The address of overlay traffic.
    pub data_path_address: IpAddr,
    /// Whether this node gets tasks.
    pub availability: Availability,
    /// The managers it can ask.
    pub remote_addresses: Vec<IpAddr>,
}

/// The labels of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LabelNode {
    /// The node by name.
    pub node: NodeName,
    /// The node by its id in the swarm.
    pub node_id: String,
    /// Labels to set.
    pub set: BTreeMap<String, String>,
    /// Labels of skep's that no longer belong there.
    pub remove: Vec<String>,
}

/// Whether a node gets tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetAvailability {
    /// The node by name.
    pub node: NodeName,
    /// The node by its id in the swarm.
    pub node_id: String,
    /// Whether it gets tasks.
    pub availability: Availability,
}

/// What a node does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetRole {
    /// The node by name.
    pub node: NodeName,
    /// The node by its id in the swarm.
    pub node_id: String,
    /// What it does.
    pub role: Role,
}

/// A node that goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeaveSwarm {
    /// The node by its id in the swarm.
    pub node_id: String,
}

/// A node that is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemoveNode {
    /// The name it had.
    pub node: NodeName,
    /// The node by its id in the swarm.
    pub node_id: String,
}

/// A network that does not exist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateNetwork {
    /// Its name.
    pub name: String,
    /// Its whole specification in the engine's words.
    pub spec: Value,
    /// The fields that say anything, in the words of the manifest.
    pub fields: Vec<Change>,
}

/// A network of skep's that is declared no more, or otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemoveNetwork {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
}

/// What is a file inside the containers of a service and an object of its own in the engine.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum FileKind {
    /// A config.
    Config,
    /// A secret.
    Secret,
}

impl FileKind {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Config, Self::Secret];

    /// The word for it: that of the engine and that before an object's name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Secret => "secret",
        }
    }
}

/// A config or secret that does not exist, or whose labels somebody changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateFile {
    /// Which of the two.
    pub kind: FileKind,
    /// Its name in the engine, which tells its content from others.
    pub name: String,
    /// The labels that skep knows it by.
    pub labels: BTreeMap<String, String>,
    /// Its content, which only who planned it has.
    #[serde(skip)]
    pub content: Content,
}

/// A config or secret of skep's that no service has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemoveFile {
    /// Which of the two.
    pub kind: FileKind,
    /// Its name in the engine.
    pub name: String,
    /// Its id.
    pub id: String,
}

/// A service that does not exist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateService {
    /// Its name.
    pub name: String,
    /// Its whole specification in the engine's words.
    pub spec: Value,
}

/// A service that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateService {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// The index it was read with.
    pub version: u64,
    /// Its whole specification in the engine's words, with everything skep does not know as it was
    /// read.
    pub spec: Value,
    /// What differs: paths in the engine's specification with the old and the new value.
    pub changes: Vec<Change>,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Where: `TaskTemplate.ContainerSpec.Image`.
    pub path: String,
    /// What is there.
    pub old: Value,
    /// What shall be there.
    pub new: Value,
}

/// A service of skep's that is declared no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemoveService {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
}

/// Something that is done by itself once other things are done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// What it is about: `node/cube02`, `service/web`.
    pub object: String,
    /// What will be done: `join as manager`.
    pub what: String,
    /// What it waits for: `until cube02 has joined`.
    pub until: String,
}

/// Something that cannot be done at present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Blocked {
    /// What it is about: `node/cube02`, `service/web`, `swarm/cube`.
    pub object: String,
    /// Why, as a word.
    pub reason: Reason,
    /// Why, as a sentence.
    pub message: String,
    /// What would make it possible.
    pub remedy: String,
}
