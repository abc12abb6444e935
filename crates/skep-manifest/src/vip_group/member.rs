//! Who can hold a group's addresses, and in which order.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::name::{InterfaceName, NodeName};
use crate::priority::Priority;
use crate::shorthand::Shorthand;
use crate::swarm::Role;

/// A member of a group: a `node`, or an `external` router that skep does not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Member {
    /// A node.
    Node(NodeMember),
    /// A router that skep does not run.
    External(ExternalMember),
}

impl Member {
    /// The name it goes by.
    #[must_use]
    pub const fn name(&self) -> &NodeName {
        match self {
            Self::Node(member) => &member.node,
            Self::External(member) => &member.external,
        }
    }
}

impl Shorthand for Member {
    type Bare = NodeName;

    fn from_bare(node: NodeName) -> Self {
        Self::Node(NodeMember::new(node))
    }

    fn to_bare(&self) -> Option<NodeName> {
        match self {
            Self::Node(member) if *member == NodeMember::new(member.node.clone()) => {
                Some(member.node.clone())
            }
            Self::Node(_) | Self::External(_) => None,
        }
    }
}

/// A node as a member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodeMember {
    /// The node.
    pub node: NodeName,
    /// Its priority, 1 to 254; the highest wins.
    pub priority: Option<Priority>,
    /// Whether the address is the node's own: then its priority is 255.
    #[serde(default)]
    pub owner: bool,
    /// The interface on this node, by default the group's.
    pub interface: Option<InterfaceName>,
    /// The source address of its advertisements, and its address as a unicast peer.
    pub address: Option<Address>,
}

impl NodeMember {
    /// The member `node` with nothing special about it.
    #[must_use]
    pub const fn new(node: NodeName) -> Self {
        Self {
            node,
            priority: None,
            owner: false,
            interface: None,
            address: None,
        }
    }
}

/// A router that skep does not run: keepalived, FRR, an appliance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExternalMember {
    /// A name for it, used in messages.
    pub external: NodeName,
    /// The source address of its advertisements.
    pub address: Address,
    /// The priority it has.
    pub priority: Option<Priority>,
}

/// Which nodes are members: those for which all given conditions hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("minProperties" = 1))]
pub struct Selector {
    /// The node has this role.
    pub role: Option<Role>,
    /// The node has all these labels.
    #[serde(default)]
    pub node_labels: BTreeMap<String, String>,
}

/// How members without a priority get one: exactly one of `ordered`, `spread`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Priorities {
    /// In the order they are listed: 200, 190, 180, …
    Ordered(Ordered),
    /// In the order they are listed, begun elsewhere in each group, so that different groups
    /// prefer different nodes.
    Spread(Spread),
}

impl Default for Priorities {
    fn default() -> Self {
        Self::Ordered(Ordered {})
    }
}

/// Priorities in the order of the list; there is nothing to set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ordered {}

/// Priorities in the order of the list, begun at another member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spread {
    /// At which member it begins: 0 is the first; beyond the last it goes round.
    pub rank: u16,
}
