//! Where a node listens for what others use on the network.

use std::collections::BTreeSet;
use std::net::IpAddr;

use skep_manifest::desired::Desired;
use skep_manifest::name::NodeName;

use crate::site::LocalInterface;

/// The interfaces of `node` on which groups of `desired` are or may be: those that the manifest
/// names for it, and those in whose networks there are nodes or virtual addresses.
#[must_use]
pub fn segments(
    desired: &Desired,
    node: &NodeName,
    interfaces: &[LocalInterface],
) -> BTreeSet<String> {
    let members = desired.vip_groups.values().flat_map(|group| &group.members);
    let named: BTreeSet<&str> = members
        .filter(|member| member.name == *node)
        .filter_map(|member| Some(member.interface.as_ref()?.as_str()))
        .collect();
    let addresses = addresses(desired);
    let leads_there = |interface: &LocalInterface| {
        let mut networks = interface.addresses.iter().map(|own| own.subnet());
        networks.any(|network| addresses.iter().any(|address| network.contains(*address)))
    };
    interfaces
        .iter()
        .filter(|known| named.contains(known.name.as_str()) || leads_there(known))
        .map(|known| known.name.clone())
        .collect()
}

/// The addresses of the nodes, and the virtual ones.
fn addresses(desired: &Desired) -> BTreeSet<IpAddr> {
    let swarm = desired.swarm.iter();
    let nodes = swarm.flat_map(|swarm| &swarm.spec.nodes);
    let groups = desired.vip_groups.values();
    let held = groups.flat_map(|group| &group.declared.spec.addresses);
    nodes
        .map(|node| node.address.0)
        .chain(held.map(|held| held.address.address()))
        .collect()
}

#[cfg(test)]
mod tests;
