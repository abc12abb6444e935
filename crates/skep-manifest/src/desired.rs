//! The desired state: a manifest with everything filled in and every reference checked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::config::ConfigSpec;
use crate::health_check::HealthCheckSpec;
use crate::name::{InterfaceName, Name, NodeName};
use crate::network::NetworkSpec;
use crate::notifier::NotifierSpec;
use crate::object::Metadata;
use crate::priority::Priority;
use crate::secret::SecretSpec;
use crate::service::ServiceSpec;
use crate::stack::StackSpec;
use crate::swarm::SwarmSpec;
use crate::vip_group::VipGroupSpec;
use crate::vip_group::authentication::Authentication;
use crate::vip_group::tracking::Tracking;

/// What shall be, by kind and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// The swarm, if any.
    pub swarm: Option<Declared<SwarmSpec>>,
    /// The VIP groups.
    pub vip_groups: BTreeMap<Name, VipGroup>,
    /// The health checks.
    pub health_checks: BTreeMap<Name, Declared<HealthCheckSpec>>,
    /// The notifiers.
    pub notifiers: BTreeMap<Name, Declared<NotifierSpec>>,
    /// The services.
    pub services: BTreeMap<Name, Declared<ServiceSpec>>,
    /// The stacks.
    pub stacks: BTreeMap<Name, Declared<StackSpec>>,
    /// The networks.
    pub networks: BTreeMap<Name, Declared<NetworkSpec>>,
    /// The configs.
    pub configs: BTreeMap<Name, Declared<ConfigSpec>>,
    /// The secrets.
    pub secrets: BTreeMap<Name, Declared<SecretSpec>>,
}

/// An object as it was declared, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Declared<Spec> {
    /// What it is called.
    pub metadata: Metadata,
    /// What is wanted of it.
    pub spec: Spec,
    /// Where it was declared.
    pub origin: Origin,
}

/// The place where an object was declared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    /// The file.
    pub file: String,
    /// The line of its first field, counted from 1.
    pub line: usize,
}

/// A VIP group with everything decided that does not depend on the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VipGroup {
    /// The group as it was declared.
    pub declared: Declared<VipGroupSpec>,
    /// Its members, the preferred one first.
    pub members: Vec<GroupMember>,
    /// What authenticates its advertisements.
    pub authentication: Authentication,
    /// Its inputs, with the one that a swarm implies.
    pub tracking: Vec<Tracking>,
}

/// A member of a group, with everything decided about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupMember {
    /// The node's name, or the one the manifest gives the external router.
    pub name: NodeName,
    /// Who runs it.
    pub runs: Runs,
    /// Its priority; [`Priority::OWNER`] for the owner of the addresses. An external member may
    /// have told none.
    pub priority: Option<Priority>,
    /// Whether the manifest calls it the owner of the addresses.
    pub owner: bool,
    /// The interface it advertises on; without one the node looks for the subnet.
    pub interface: Option<InterfaceName>,
    /// The source address the manifest fixes for its advertisements.
    pub source: Option<Address>,
    /// The address under which the other members can reach it.
    pub peer_address: Option<Address>,
}

/// Who runs a member of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Runs {
    /// The agent of a node.
    Agent,
    /// Somebody else: keepalived, FRR, an appliance.
    Elsewhere,
}
