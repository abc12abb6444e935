//! Two nodes have the same address.
//!
//! ## What it does
//!
//! Compares the `address`, `dataPathAddress` and `agentAddress` of the swarm's nodes, and the
//! `address` of the members of each VIP group.
//!
//! ## Why is this bad?
//!
//! One of the nodes is never reached: it cannot join, its agent is not heard, and the
//! advertisements of two members look like those of one.
//!
//! ## Example
//!
//! ```yaml
//! nodes:
//!   - {name: cube01, address: 10.0.0.60, role: manager}
//!   - {name: cube02, address: 10.0.0.60, role: manager}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! nodes:
//!   - {name: cube01, address: 10.0.0.60, role: manager}
//!   - {name: cube02, address: 10.0.0.61, role: manager}
//! ```

use std::collections::BTreeMap;

use skep_manifest::name::NodeName;
use skep_manifest::problem::Severity;
use skep_manifest::set::Document;
use skep_manifest::span::Span;
use skep_manifest::vip_group::member::Member;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "duplicate-node-address",
    severity: Severity::Error,
    source: include_str!("duplicate_node_address.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    if let Some(swarm) = &manifests.swarm {
        let mut addresses = Addresses::new(swarm.document);
        let mut agents = Addresses::new(swarm.document);
        for (index, node) in swarm.spec.nodes.iter().enumerate() {
            let place = |field: &str| format!("/spec/nodes/{index}/{field}");
            let address = node.address.to_string();
            addresses.add(&node.name, address, &place("address"), findings);
            if let Some(address) = node.data_path_address {
                let address = address.to_string();
                addresses.add(&node.name, address, &place("dataPathAddress"), findings);
            }
            if let Some(address) = node.agent_address {
                let address = address.0.to_string();
                agents.add(&node.name, address, &place("agentAddress"), findings);
            }
        }
    }
    for group in &manifests.groups {
        let mut addresses = Addresses::new(group.document);
        for (index, member) in group.spec.members.iter().enumerate() {
            let address = match member {
                Member::Node(member) => member.address,
                Member::External(member) => Some(member.address),
            };
            if let Some(address) = address {
                let place = format!("/spec/members/{index}/address");
                addresses.add(member.name(), address.to_string(), &place, findings);
            }
        }
    }
}

/// Who has which address, in one document.
struct Addresses<'a> {
    document: &'a Document,
    first: BTreeMap<String, (&'a NodeName, Span)>,
}

impl<'a> Addresses<'a> {
    const fn new(document: &'a Document) -> Self {
        Self {
            document,
            first: BTreeMap::new(),
        }
    }

    /// Learns an address, and reports it when another node has it.
    fn add(
        &mut self,
        node: &'a NodeName,
        address: String,
        pointer: &str,
        findings: &mut Vec<Finding>,
    ) {
        let span = self.document.span(pointer);
        match self.first.get(&address) {
            Some((other, place)) if *other != node => findings.push(
                Finding::new(
                    &RULE,
                    span,
                    format!("`{address}` is the address of `{other}` already"),
                )
                .related(*place, format!("`{other}` has it"))
                .help(format!("give `{node}` the address it has")),
            ),
            Some(_) => {}
            None => {
                self.first.insert(address, (node, span));
            }
        }
    }
}
