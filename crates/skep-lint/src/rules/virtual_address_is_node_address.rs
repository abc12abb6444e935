//! An address of a VIP group is a node's own address.
//!
//! ## What it does
//!
//! Looks for addresses of VIP groups that are also the `address`, `dataPathAddress` or
//! `agentAddress` of a node, or the `address` of a member. The member with `owner: true` may have
//! the address, and so may an external member with priority 255.
//!
//! ## Why is this bad?
//!
//! When the addresses move, another node answers for that node: the swarm's own traffic and the
//! agents' go to the wrong machine, and advertisements carry a source that others hold.
//!
//! ## Example
//!
//! ```yaml
//! kind: Swarm
//! spec:
//!   nodes: [{name: cube01, address: 10.0.0.60, role: manager}]
//! ---
//! kind: VipGroup
//! spec:
//!   addresses: [10.0.0.60]
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: VipGroup
//! spec:
//!   addresses: [10.0.0.70]
//! ```

use std::collections::BTreeMap;
use std::net::IpAddr;

use skep_manifest::name::NodeName;
use skep_manifest::priority::Priority;
use skep_manifest::problem::Severity;
use skep_manifest::span::Span;
use skep_manifest::vip_group::VipGroupSpec;
use skep_manifest::vip_group::member::Member;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "virtual-address-is-node-address",
    severity: Severity::Error,
    source: include_str!("virtual_address_is_node_address.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    let taken = own_addresses(manifests);
    for group in &manifests.groups {
        for (index, entry) in group.spec.addresses.iter().enumerate() {
            let address = entry.address.address();
            let Some((node, place)) = taken
                .get(&address)
                .into_iter()
                .flatten()
                .find(|(node, _)| !owns(group.spec, node))
            else {
                continue;
            };
            let pointer = format!("/spec/addresses/{index}");
            let pointer = match group.document.span_of(&format!("{pointer}/address")) {
                Some(_) => format!("{pointer}/address"),
                None => pointer,
            };
            findings.push(
                Finding::new(
                    &RULE,
                    group.document.span(&pointer),
                    format!("`{address}` is node `{node}`'s own address: when it moves, another node answers for `{node}`"),
                )
                .related(*place, format!("the address of `{node}`"))
                .help(format!(
                    "take an address that no machine has; if it is meant to be `{node}`'s own and the others stand in for it, write `owner: true` at that member"
                )),
            );
        }
    }
}

/// The addresses that nodes and members have for themselves: whose, and where that is written.
fn own_addresses<'a>(manifests: &Manifests<'a>) -> BTreeMap<IpAddr, Vec<(&'a NodeName, Span)>> {
    let mut taken: BTreeMap<IpAddr, Vec<(&NodeName, Span)>> = BTreeMap::new();
    if let Some(swarm) = &manifests.swarm {
        for (index, node) in swarm.spec.nodes.iter().enumerate() {
            let addresses = [
                ("address", Some(node.address.0)),
                ("dataPathAddress", node.data_path_address.map(|it| it.0)),
                ("agentAddress", node.agent_address.map(|it| it.0.ip())),
            ];
            for (field, address) in addresses {
                if let Some(address) = address {
                    let pointer = format!("/spec/nodes/{index}/{field}");
                    let place = (&node.name, swarm.document.span(&pointer));
                    taken.entry(address).or_default().push(place);
                }
            }
        }
    }
    for group in &manifests.groups {
        for (index, member) in group.spec.members.iter().enumerate() {
            let address = match member {
                Member::Node(member) => member.address,
                Member::External(member) => Some(member.address),
            };
            if let Some(address) = address {
                let pointer = format!("/spec/members/{index}/address");
                let place = (member.name(), group.document.span(&pointer));
                taken.entry(address.0).or_default().push(place);
            }
        }
    }
    taken
}

/// Whether the group knows that its addresses are this node's own.
fn owns(group: &VipGroupSpec, node: &NodeName) -> bool {
    group.members.iter().any(|member| match member {
        Member::Node(member) => member.owner && member.node == *node,
        Member::External(member) => {
            member.priority == Some(Priority::OWNER) && member.external == *node
        }
    })
}
