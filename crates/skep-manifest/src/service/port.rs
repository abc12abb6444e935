//! Ports that are reachable from outside.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::name::Name;

/// A port that is reachable from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Port {
    /// The port outside; without it Docker chooses one.
    #[schemars(range(min = 1, max = 65535))]
    pub published: Option<u16>,
    /// The port inside the container.
    #[schemars(range(min = 1, max = 65535))]
    pub target: u16,
    /// The protocol.
    #[serde(default)]
    pub protocol: Protocol,
    /// Whether every node answers, or only those with a task.
    #[serde(default)]
    pub mode: PublishMode,
    /// Only there is the port reachable.
    pub only_on: Option<OnlyOn>,
}

/// The protocol of a port.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// Who answers on a published port.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum PublishMode {
    /// Every node, through the swarm's routing mesh.
    #[default]
    Ingress,
    /// Only nodes with a task, directly.
    Host,
}

/// Where alone a port is reachable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnlyOn {
    /// The addresses of this VIP group.
    VipGroup(Name),
}
