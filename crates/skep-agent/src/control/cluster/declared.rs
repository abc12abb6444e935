//! What the manifest says of the nodes, as agents ask for it.

use skep_manifest::desired::Desired;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::{Node, Role, SwarmSpec};

use crate::control::desired::Accepted;
use crate::control::understand::is_local;

/// The names of the managers, in the order of the manifest.
pub(in crate::control) fn managers(swarm: &SwarmSpec) -> Vec<NodeName> {
    let managers = swarm.nodes.iter().filter(|node| node.role == Role::Manager);
    managers.map(|node| node.name.clone()).collect()
}

/// What the manifest says of this node.
pub(in crate::control) fn own_node(accepted: &Accepted) -> Option<&Node> {
    let swarm = accepted.desired.swarm.as_ref()?;
    let own = accepted.node.as_ref()?;
    swarm.spec.nodes.iter().find(|node| node.name == *own)
}

/// Whether this node has the address that the manifest gives it.
pub(super) fn has_declared_address(accepted: &Accepted) -> bool {
    own_node(accepted).is_some_and(|node| is_local(node.address.0))
}

/// The node that keeps the desired state: the first manager.
pub(in crate::control) fn keeper(desired: &Desired) -> Option<&Node> {
    let swarm = desired.swarm.as_ref()?;
    swarm
        .spec
        .nodes
        .iter()
        .find(|node| node.role == Role::Manager)
}
