//! A VIP group selects its members, and no node of the swarm matches.
//!
//! ## What it does
//!
//! Holds the `selector` of every VIP group against the roles and labels of the nodes of the
//! `Swarm`.
//!
//! ## Why is this bad?
//!
//! The group has no member, so its addresses are nowhere.
//!
//! ## Example
//!
//! ```yaml
//! kind: Swarm
//! spec:
//!   nodes:
//!     - {name: lb1, address: 10.0.0.11, role: manager, labels: {role: load-balancer}}
//! ---
//! kind: VipGroup
//! spec:
//!   selector: {nodeLabels: {role: loadbalancer}}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: VipGroup
//! spec:
//!   selector: {nodeLabels: {role: load-balancer}}
//! ```

use std::collections::BTreeSet;

use skep_manifest::problem::Severity;
use skep_manifest::swarm::Node;
use skep_manifest::vip_group::member::Selector;

use crate::finding::Finding;
use crate::manifests::{Manifests, selects};
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "selector-matches-no-node",
    severity: Severity::Error,
    source: include_str!("selector_matches_no_node.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    let Some(swarm) = &manifests.swarm else {
        return;
    };
    let nodes = &swarm.spec.nodes;
    for group in &manifests.groups {
        let Some(selector) = &group.spec.selector else {
            continue;
        };
        if nodes.iter().any(|node| selects(selector, node)) {
            continue;
        }
        findings.push(
            Finding::new(
                &RULE,
                group.document.span("/spec/selector"),
                format!(
                    "no node matches this selector: group `{}` has no member, so nobody would hold its addresses",
                    group.name
                ),
            )
            .related(
                swarm.document.key_span("/spec/nodes"),
                "none of these nodes does",
            )
            .help(remedy(selector, nodes)),
        );
    }
}

/// The first condition that no node fulfils, and what there is instead.
fn remedy(selector: &Selector, nodes: &[Node]) -> String {
    if let Some(role) = selector.role
        && !nodes.iter().any(|node| node.role == role)
    {
        return format!("no node has `role: {}`", role.word());
    }
    for (key, value) in &selector.node_labels {
        let there: BTreeSet<&String> = nodes
            .iter()
            .filter_map(|node| node.labels.get(key))
            .collect();
        if there.contains(value) {
            continue;
        }
        if there.is_empty() {
            return format!(
                "no node has a label `{key}`: write `labels: {{{key}: {value}}}` at the nodes that shall be members"
            );
        }
        let listed: Vec<String> = there.iter().map(|value| format!("`{value}`")).collect();
        return format!("the nodes have `{key}`: {}", listed.join(", "));
    }
    "each condition alone is fulfilled by some node: remove one, or label a node so that it fulfils all".to_owned()
}
