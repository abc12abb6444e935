//! `Network`: a network between tasks.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::{Address, Subnet};

/// A network between tasks of services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NetworkSpec {
    /// The network driver.
    #[schemars(length(min = 1))]
    pub driver: String,
    /// Whether containers that are no tasks may join.
    pub attachable: bool,
    /// Whether it has no way out.
    pub internal: bool,
    /// Whether its traffic between nodes is encrypted.
    pub encrypted: bool,
    /// Whether it has IPv6.
    pub ipv6: bool,
    /// Its subnets, by default the next free one of the swarm's pools.
    pub subnets: Vec<NetworkSubnet>,
    /// Options of the driver.
    pub options: BTreeMap<String, String>,
    /// Labels of the network in the engine.
    pub labels: BTreeMap<String, String>,
}

impl Default for NetworkSpec {
    fn default() -> Self {
        Self {
            driver: "overlay".to_owned(),
            attachable: false,
            internal: false,
            encrypted: false,
            ipv6: false,
            subnets: Vec::new(),
            options: BTreeMap::new(),
            labels: BTreeMap::new(),
        }
    }
}

/// One subnet of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NetworkSubnet {
    /// The subnet.
    pub subnet: Subnet,
    /// Its gateway.
    pub gateway: Option<Address>,
}
