//! A service has placement constraints that no node of the swarm fulfils.
//!
//! ## What it does
//!
//! Holds the placement constraints of every service against the nodes of the `Swarm`: their
//! names, roles, addresses and labels. What only an engine knows (`node.id`, `node.platform`,
//! `engine.labels`) counts as fulfilled.
//!
//! ## Why is this bad?
//!
//! The service gets no task at all, and Docker does not call that an error: its tasks stay
//! `Pending` for ever.
//!
//! ## Example
//!
//! ```yaml
//! kind: Swarm
//! spec:
//!   nodes:
//!     - {name: app1, address: 10.0.0.21, role: manager, labels: {role: apps}}
//! ---
//! kind: Service
//! spec:
//!   placement: {constraints: ["node.labels.role == app"]}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: Service
//! spec:
//!   placement: {constraints: ["node.labels.role == apps"]}
//! ```

use std::collections::BTreeSet;

use skep_manifest::problem::Severity;
use skep_manifest::service::ServiceSpec;
use skep_manifest::service::placement::{Comparison, Constraint, ConstraintSubject};
use skep_manifest::swarm::{Node, SwarmSpec};

use crate::finding::Finding;
use crate::manifests::{Declaration, Manifests};
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "constraint-matches-no-node",
    severity: Severity::Error,
    source: include_str!("constraint_matches_no_node.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    let Some(swarm) = &manifests.swarm else {
        return;
    };
    for service in &manifests.services {
        let constraints = &service.spec.placement.constraints;
        if manifests.candidates(constraints).is_empty() {
            findings.extend(find(service, swarm));
        }
    }
}

/// What no node fulfils: single constraints, or else all of them together.
fn find(
    service: &Declaration<'_, ServiceSpec>,
    swarm: &Declaration<'_, SwarmSpec>,
) -> Vec<Finding> {
    let nodes = &swarm.spec.nodes;
    let constraints = &service.spec.placement.constraints;
    let nodes_span = swarm.document.key_span("/spec/nodes");
    let alone: Vec<Finding> = constraints
        .iter()
        .enumerate()
        .filter(|(_, constraint)| !nodes.iter().any(|node| constraint.may_match(node)))
        .map(|(index, constraint)| {
            let pointer = format!("/spec/placement/constraints/{index}");
            Finding::new(
                &RULE,
                service.document.span(&pointer),
                format!(
                    "no node fulfils `{constraint}`: service `{}` would never get a task",
                    service.name
                ),
            )
            .related(nodes_span, "none of these nodes does")
            .help(remedy(constraint, nodes))
        })
        .collect();
    if !alone.is_empty() || nodes.is_empty() {
        return alone;
    }
    let together = Finding::new(
        &RULE,
        service.document.span("/spec/placement/constraints"),
        format!(
            "no node fulfils all of these constraints: service `{}` would never get a task",
            service.name
        ),
    )
    .related(nodes_span, "none of these nodes does")
    .help("each constraint alone is fulfilled by some node: remove one, or label a node so that it fulfils all");
    vec![together]
}

fn remedy(constraint: &Constraint, nodes: &[Node]) -> String {
    let subject = &constraint.subject;
    let there: BTreeSet<String> = nodes
        .iter()
        .filter_map(|node| known_value(subject, node))
        .collect();
    if there.is_empty() {
        return match subject {
            ConstraintSubject::NodeLabel(key) => format!(
                "no node of the `Swarm` has a label `{key}`: write `labels: {{{key}: {}}}` at the nodes that shall run it",
                constraint.value
            ),
            _ => "remove the constraint".to_owned(),
        };
    }
    let listed: Vec<String> = there.iter().map(|value| format!("`{value}`")).collect();
    let listed = listed.join(", ");
    match constraint.comparison {
        Comparison::Equal => format!("`{subject}` of the nodes is: {listed}"),
        Comparison::NotEqual => {
            format!("`{subject}` of all nodes is {listed}: remove the constraint")
        }
    }
}

fn known_value(subject: &ConstraintSubject, node: &Node) -> Option<String> {
    match subject {
        ConstraintSubject::Hostname => Some(node.name.to_string()),
        ConstraintSubject::Role => Some(node.role.word().to_owned()),
        ConstraintSubject::Ip => Some(node.address.to_string()),
        ConstraintSubject::NodeLabel(key) => node.labels.get(key).cloned(),
        ConstraintSubject::Id
        | ConstraintSubject::Os
        | ConstraintSubject::Architecture
        | ConstraintSubject::EngineLabel(_) => None,
    }
}
