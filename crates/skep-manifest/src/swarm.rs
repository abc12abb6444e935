//! `Swarm`: which nodes form the Docker Swarm, and how it is set up.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::{Address, SocketAddress, Subnet};
use crate::duration::Interval;
use crate::name::{EngineName, NodeName};
use crate::value_source::ValueSource;

/// The Docker Swarm: its nodes and its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SwarmSpec {
    /// The ID of a swarm that skep did not create and shall take over; `skep import swarm` writes
    /// it. Without it a foreign swarm is never touched.
    pub adopt: Option<EngineName>,
    /// What happens when something differs from the manifest: it is repaired or only reported.
    #[serde(default)]
    pub drift: Drift,
    /// The nodes. The first manager creates the swarm, the others join.
    #[schemars(length(min = 1))]
    pub nodes: Vec<Node>,
    /// The address pools of overlay networks. They count when the swarm is created: a later change
    /// is reported, not applied.
    #[serde(default)]
    pub address_pools: Vec<AddressPool>,
    /// The UDP port of overlay traffic. It counts when the swarm is created: a later change is
    /// reported, not applied.
    #[serde(default = "SwarmSpec::default_data_path_port")]
    #[schemars(range(min = 1024, max = 49151))]
    pub data_path_port: u16,
    /// Whether a manager needs a key to unlock the cluster's secrets after a restart.
    #[serde(default)]
    pub autolock: Autolock,
    /// How long a node's certificate is valid, at least `1h`.
    #[serde(default = "SwarmSpec::default_certificate_expiry")]
    pub certificate_expiry: Interval,
    /// How many finished tasks are kept per slot.
    #[serde(default = "SwarmSpec::default_task_history")]
    #[schemars(range(min = 0, max = 1000))]
    pub task_history: u16,
    /// How often nodes report to the managers.
    #[serde(default = "SwarmSpec::default_dispatcher_heartbeat")]
    pub dispatcher_heartbeat: Interval,
    /// How often the managers write a snapshot of their log.
    #[serde(default)]
    pub snapshots: Snapshots,
    /// Credentials for services whose image lives in one of these registries. A service gets them
    /// when it is created or changed.
    #[serde(default)]
    pub registries: Vec<Registry>,
}

impl SwarmSpec {
    /// The engine's own default.
    pub const DEFAULT_DATA_PATH_PORT: u16 = 4789;
    /// The engine's own default.
    pub const DEFAULT_CERTIFICATE_EXPIRY: Interval = Interval::from_secs(2160 * 3600);
    /// The engine's own default.
    pub const DEFAULT_TASK_HISTORY: u16 = 5;
    /// The engine's own default.
    pub const DEFAULT_DISPATCHER_HEARTBEAT: Interval = Interval::from_secs(5);

    const fn default_data_path_port() -> u16 {
        Self::DEFAULT_DATA_PATH_PORT
    }

    const fn default_certificate_expiry() -> Interval {
        Self::DEFAULT_CERTIFICATE_EXPIRY
    }

    const fn default_task_history() -> u16 {
        Self::DEFAULT_TASK_HISTORY
    }

    const fn default_dispatcher_heartbeat() -> Interval {
        Self::DEFAULT_DISPATCHER_HEARTBEAT
    }
}

/// What happens when something differs from the manifest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Drift {
    /// It is put right.
    #[default]
    Repair,
    /// It is reported and left alone.
    Report,
}

/// One node of the swarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Node {
    /// The node's host name, short or full.
    pub name: NodeName,
    /// The address under which the other nodes reach it (`--advertise-addr`); never a virtual one.
    pub address: Address,
    /// The address of overlay traffic, by default `address`.
    pub data_path_address: Option<Address>,
    /// Where its agent listens, by default `address` and port 7380.
    pub agent_address: Option<SocketAddress>,
    /// Whether it is a manager or a worker.
    pub role: Role,
    /// Whether it gets tasks. A node may leave the list only from `drain`.
    #[serde(default)]
    pub availability: Availability,
    /// Labels of the node, for placement constraints and selectors.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// What a node does in the swarm.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// It keeps the cluster's state and votes.
    Manager,
    /// It only runs tasks.
    Worker,
}

impl Role {
    /// The word that manifests and engines have for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Manager => "manager",
            Self::Worker => "worker",
        }
    }
}

/// Whether a node gets tasks.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Availability {
    /// It gets tasks.
    #[default]
    Active,
    /// It keeps its tasks and gets no new ones.
    Pause,
    /// Its tasks move away.
    Drain,
}

/// A range from which overlay networks get their subnets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddressPool {
    /// The whole range.
    pub base: Subnet,
    /// The length of the prefix of each network's share, the same in all pools.
    #[serde(default = "AddressPool::default_prefix_length")]
    #[schemars(range(min = 8, max = 29))]
    pub prefix_length: u8,
}

impl AddressPool {
    /// What the engine takes as well when no pool is given.
    pub const DEFAULT_PREFIX_LENGTH: u8 = 24;

    const fn default_prefix_length() -> u8 {
        Self::DEFAULT_PREFIX_LENGTH
    }
}

/// Whether a manager needs a key to unlock the cluster's secrets after a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Autolock {
    /// Whether managers lock.
    #[serde(default)]
    pub enabled: bool,
    /// Who unlocks a manager that restarted.
    #[serde(default)]
    pub unlock: Unlock,
}

/// Who unlocks a manager that restarted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Unlock {
    /// Its agent: then the key lies beside what it protects.
    #[default]
    Agent,
    /// A person.
    Operator,
}

/// How often the managers write a snapshot of their log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Snapshots {
    /// After how many log entries.
    #[schemars(range(min = 1, max = 4_294_967_295_u64))]
    pub interval: u32,
    /// How many old snapshots are kept beside the newest.
    #[schemars(range(min = 0, max = 1000))]
    pub keep: u16,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self {
            interval: 10_000,
            keep: 0,
        }
    }
}

/// Credentials for one image registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Registry {
    /// The registry, as in the image's name: `registry.example.com` or `registry.example.com:5000`.
    #[schemars(length(min = 1))]
    pub host: String,
    /// The user.
    #[schemars(length(min = 1))]
    pub username: String,
    /// The password.
    pub password: ValueSource,
}
