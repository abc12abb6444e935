//! The networks of a service.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::name::{EngineName, Name};

/// A network that a service's tasks are in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NetworkAttachment {
    /// Which network: exactly one of `network`, `external`.
    #[serde(flatten)]
    pub network: NetworkReference,
    /// Further names of the tasks in this network.
    #[serde(default)]
    pub aliases: Vec<String>,
}

/// Which network.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NetworkReference {
    /// A `Network` of this manifest.
    Network(Name),
    /// A network that skep does not own, such as `host`.
    External(EngineName),
}

/// How a service's name resolves inside its networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Endpoint {
    /// To one virtual address that spreads connections over the tasks.
    #[default]
    Vip,
    /// To the addresses of all tasks.
    Dnsrr,
}
