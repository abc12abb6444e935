//! What is known of the world: every agent's own engine, and the swarm as a manager tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use skep_manifest::name::NodeName;
use skep_manifest::service::image::Image;
use skep_manifest::swarm::{Availability, Role};

use crate::naming::NamingKeys;

/// Everything a plan depends on, apart from the desired state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// The agents that answered lately, by the name of their node, each with its own engine.
    pub engines: BTreeMap<NodeName, Engine>,
    /// The swarm, as the engine of an answering manager tells it.
    pub cluster: Option<Cluster>,
    /// The VIP groups of the nodes, as their agents just said.
    #[serde(default)]
    pub groups: BTreeMap<NodeName, NodeGroups>,
    /// Nodes whose agents were not heard since the desired state counts, while that is so young that
    /// the managers may not know yet who is away.
    #[serde(default)]
    pub unheard: BTreeSet<NodeName>,
    /// The keys that the names of secrets are made with; they are told to nobody.
    #[serde(skip)]
    pub naming_keys: NamingKeys,
}

/// What a node does about VIP groups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeGroups {
    /// The groups that it holds.
    pub holds: BTreeSet<String>,
    /// The groups that it would take over.
    pub stands_by: BTreeSet<String>,
}

/// The Docker engine of a node, as its agent sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Engine {
    /// Its part in a swarm.
    pub membership: Membership,
    /// The id of the swarm that the agent remembers its node was in; kept on disk, so that an
    /// engine that lost its state does not start a second swarm.
    pub remembers: Option<String>,
    /// Why its last attempt to create or join the swarm failed, until one succeeds: it is tried
    /// again, and nothing else waits for it.
    #[serde(default)]
    pub refused: Option<String>,
    /// Whether it has been in a swarm without working for so long that waiting does not help.
    #[serde(default)]
    pub is_stuck: bool,
    /// Whether its agent keeps the key that unlocks it after a restart, as the engine tells it.
    #[serde(default)]
    pub keeps_unlock_key: bool,
    /// Whether its agent has a certificate in place of the cluster's key, so that it can be no
    /// manager.
    #[serde(default)]
    pub is_certified: bool,
}

/// An engine's part in a swarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Membership {
    /// It did not answer in time: nothing is known.
    Silent,
    /// It is in no swarm.
    Inactive,
    /// It is on its way into one.
    Pending,
    /// It is in one and cannot work.
    Error(String),
    /// It is in one and needs the unlock key.
    Locked,
    /// It is in one and works.
    Active(Active),
}

impl Membership {
    /// Whether it works in a swarm.
    #[must_use]
    pub const fn works(&self) -> bool {
        match self {
            Self::Active(_) => true,
            Self::Silent | Self::Inactive | Self::Pending | Self::Error(_) | Self::Locked => false,
        }
    }

    /// Whether it works as a manager.
    #[must_use]
    pub fn is_manager(&self) -> bool {
        match self {
            Self::Active(active) => active.role == Role::Manager,
            Self::Silent | Self::Inactive | Self::Pending | Self::Error(_) | Self::Locked => false,
        }
    }
}

/// The membership of an engine that works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Active {
    /// The id of the swarm; a worker does not know it.
    pub swarm_id: Option<String>,
    /// The engine's own id in the swarm.
    pub node_id: String,
    /// Whether it is a manager.
    pub role: Role,
    /// The address under which it told the others to reach it.
    #[serde(default)]
    pub advertised: Option<IpAddr>,
}

/// The swarm, read from one manager.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// Its id.
    pub id: String,
    /// Its own labels: skep marks the swarms it creates.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Its specification in the engine's words, when it is told.
    #[serde(default)]
    pub spec: Option<Value>,
    /// What it was made with for good, when that is told.
    #[serde(default)]
    pub foundation: Option<Foundation>,
    /// Its nodes, by their ids.
    pub nodes: BTreeMap<String, ClusterNode>,
    /// Its services, by name: those of skep and all others.
    pub services: BTreeMap<String, ClusterService>,
    /// How many tasks that are as their service is specified run on which node, by the id of the
    /// node and the name of the service.
    #[serde(default)]
    pub placed: BTreeMap<String, BTreeMap<String, u64>>,
    /// The names of the networks its services are in, by their ids: the engine stores ids where
    /// names were given. Its list of networks leaves out some of them, such as the swarm's `host`;
    /// asked for one id it tells.
    #[serde(default)]
    pub networks: BTreeMap<String, String>,
    /// The networks that belong to the whole swarm, by name: those of skep and all others.
    #[serde(default)]
    pub swarm_networks: BTreeMap<String, ClusterNetwork>,
    /// The configs that say to be skep's, by name. The parts of the desired state are not among
    /// them.
    #[serde(default)]
    pub configs: BTreeMap<String, ClusterFile>,
    /// The secrets, by name: those of skep and all others.
    #[serde(default)]
    pub secrets: BTreeMap<String, ClusterFile>,
    /// What registries say of the images that services pin or follow.
    #[serde(default)]
    pub images: BTreeMap<Image, LookedUp>,
}

/// What its registry says of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LookedUp {
    /// The digest that the tag stood for when that was told last.
    pub digest: Option<String>,
    /// Why it was not told, when it was asked for last.
    pub trouble: Option<String>,
}

/// A network of the whole swarm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterNetwork {
    /// Its id.
    pub id: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its driver.
    pub driver: String,
    /// Whether containers that are no tasks may join.
    pub attachable: bool,
    /// Whether it has no way out.
    pub internal: bool,
    /// Whether it has IPv6.
    pub ipv6: bool,
    /// The options of its driver, and what the engine notes among them.
    pub options: BTreeMap<String, String>,
    /// Its subnets, each with its gateway.
    pub subnets: BTreeMap<String, Option<String>>,
}

/// A config or secret, without its content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterFile {
    /// Its id.
    pub id: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// What a swarm is made with and keeps as long as it exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Foundation {
    /// The ranges from which overlay networks get their subnets.
    pub address_pools: Vec<String>,
    /// The length of the prefix of each network's share.
    pub subnet_length: u8,
    /// The UDP port of overlay traffic.
    pub data_path_port: u16,
}

/// A node as the swarm knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterNode {
    /// Its host name; two nodes may have the same.
    pub host_name: String,
    /// What it does.
    pub role: Role,
    /// Whether it gets tasks.
    pub availability: Availability,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Whether it answers the managers.
    pub state: NodeState,
    /// Its part among the managers, when it is one.
    pub manager: Option<Manager>,
    /// The address the swarm knows it by.
    pub address: Option<IpAddr>,
    /// How many of its tasks have not ended; told of drained nodes only.
    #[serde(default)]
    pub tasks: u64,
}

/// Whether a node answers the managers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NodeState {
    /// It does.
    Ready,
    /// It does not.
    Down,
    /// It said that it would go away for a moment.
    Disconnected,
    /// The managers cannot tell.
    Unknown,
}

/// A manager among the managers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manager {
    /// Whether the others reach it.
    pub reachable: bool,
    /// Whether it leads.
    pub leader: bool,
}

/// A service as the swarm has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterService {
    /// Its id.
    pub id: String,
    /// The index of its last change; a write names it and is refused when another came between.
    pub version: u64,
    /// The whole specification, as the engine told it: what skep does not know is carried through.
    pub spec: Value,
    /// The specification before, as long as the engine may go back to it.
    #[serde(default)]
    pub fallback: Option<Value>,
    /// How many tasks shall run, and how many do.
    pub tasks: Tasks,
    /// Why some of them do not.
    #[serde(default)]
    pub trouble: Option<TaskTrouble>,
}

/// Why tasks do not run, in the engine's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TaskTrouble {
    /// The engine goes on trying.
    Failing(String),
    /// Its tasks start and end, and the engine starts others.
    Ending(String),
    /// The engine replaces no more tasks until the service is changed again.
    Paused(String),
    /// Tasks of a job failed, and the engine starts no others.
    Over(String),
}

/// How the engine begins to say that a node has no such image and cannot pull it.
const NO_IMAGE: &str = "No such image";

impl TaskTrouble {
    /// The engine's words.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Failing(message)
            | Self::Ending(message)
            | Self::Paused(message)
            | Self::Over(message) => message,
        }
    }

    /// What a person can do about it, as the service is called `service`.
    #[must_use]
    pub fn remedy(&self, service: &str) -> String {
        let is_tried_again = matches!(self, Self::Failing(_) | Self::Ending(_));
        if is_tried_again && self.message().contains(NO_IMAGE) {
            return format!(
                "see that the image's name is right and that its registry answers on the nodes, or \
                 `docker load` the image there; `docker service ps --no-trunc {service}` on a \
                 manager says which nodes do not have it"
            );
        }
        match self {
            Self::Failing(_) => {
                "it is tried again; if it stays so, correct the service and apply it again"
                    .to_owned()
            }
            Self::Ending(_) => format!(
                "`docker service logs {service}` on a manager shows what its tasks said; correct \
                 the service and apply it again"
            ),
            Self::Paused(_) => {
                "no more tasks are replaced: correct the service and apply it again".to_owned()
            }
            Self::Over(_) => format!(
                "no more tasks of this job are started: `docker service logs {service}` on a \
                 manager shows what the last one said; correct the job and apply it again"
            ),
        }
    }
}

/// The tasks of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tasks {
    /// How many shall run; of a job, how many shall succeed.
    pub desired: u64,
    /// How many run as the service is specified at present; of a job, how many have succeeded.
    pub running: u64,
}
