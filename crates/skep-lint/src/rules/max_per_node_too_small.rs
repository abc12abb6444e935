//! A service wants more replicas than its nodes may have.
//!
//! ## What it does
//!
//! Multiplies `maxPerNode` by the number of nodes that the service's placement constraints leave,
//! as far as the manifest knows them, and compares the result with `replicas`.
//!
//! ## Why is this bad?
//!
//! The replicas that find no place stay `Pending` for ever, and `skep apply --wait` waits with
//! them. Docker does not call that an error.
//!
//! ## Example
//!
//! ```yaml
//! kind: Service
//! spec:
//!   mode: {replicated: {replicas: 3, maxPerNode: 1}}
//!   placement: {constraints: ["node.labels.role == load-balancer"]}   # one node has it
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: Service
//! spec:
//!   mode: {global: {}}
//!   placement: {constraints: ["node.labels.role == load-balancer"]}
//! ```

use skep_manifest::problem::Severity;
use skep_manifest::service::mode::Mode;

use crate::finding::{Finding, counted};
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "max-per-node-too-small",
    severity: Severity::Warning,
    source: include_str!("max_per_node_too_small.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for service in &manifests.services {
        let Mode::Replicated(mode) = &service.spec.mode else {
            continue;
        };
        let Some(per_node) = mode.max_per_node else {
            continue;
        };
        let constraints = &service.spec.placement.constraints;
        let nodes = manifests.candidates(constraints).len();
        let places = nodes.saturating_mul(per_node as usize);
        let replicas = mode.replicas as usize;
        // Without any node there is no swarm, or the constraints are what is wrong.
        if nodes == 0 || places >= replicas {
            continue;
        }
        let document = service.document;
        let mut finding = Finding::new(
            &RULE,
            document.span("/spec/mode/replicated/replicas"),
            format!(
                "service `{}` wants {}, but only {places} can be placed ({}, at most {per_node} on each): the others would wait for ever",
                service.name,
                counted(replicas, "replica"),
                counted(nodes, "node"),
            ),
        )
        .related(
            document.span("/spec/mode/replicated/maxPerNode"),
            "at most this many on a node",
        )
        .help(format!(
            "lower `replicas` to {places}, raise `maxPerNode` to {}, or use `mode: {{global: {{}}}}` for one on every node",
            replicas.div_ceil(nodes)
        ));
        if let Some(span) = document.span_of("/spec/placement/constraints") {
            finding = finding.related(span, format!("leaves {}", counted(nodes, "node")));
        }
        findings.push(finding);
    }
}
