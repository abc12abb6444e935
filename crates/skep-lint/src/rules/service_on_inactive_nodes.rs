//! All nodes on which a service may run are drained or paused.
//!
//! ## What it does
//!
//! Holds the placement constraints of every service against the nodes, and looks whether any of
//! those that fit has `availability: active`.
//!
//! ## Why is this bad?
//!
//! Docker gives such nodes no new tasks, and takes those of drained ones away. The service does
//! not run, and no error says so.
//!
//! ## Example
//!
//! ```yaml
//! kind: Swarm
//! spec:
//!   nodes:
//!     - {name: app1, address: 10.0.0.21, role: manager, availability: drain, labels: {role: apps}}
//! ---
//! kind: Service
//! spec:
//!   placement: {constraints: ["node.labels.role == apps"]}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: Swarm
//! spec:
//!   nodes:
//!     - {name: app1, address: 10.0.0.21, role: manager, availability: active, labels: {role: apps}}
//! ```

use skep_manifest::problem::Severity;
use skep_manifest::swarm::Availability;

use crate::finding::{Finding, counted};
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "service-on-inactive-nodes",
    severity: Severity::Warning,
    source: include_str!("service_on_inactive_nodes.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    let Some(swarm) = &manifests.swarm else {
        return;
    };
    for service in &manifests.services {
        let nodes = manifests.candidates(&service.spec.placement.constraints);
        let Some(first) = nodes.first() else {
            continue;
        };
        let is_active = |node: &&skep_manifest::swarm::Node| match node.availability {
            Availability::Active => true,
            Availability::Pause | Availability::Drain => false,
        };
        if nodes.iter().any(is_active) {
            continue;
        }
        let mut listed = swarm.spec.nodes.iter();
        let at = listed.position(|node| node.name == first.name).unwrap_or(0);
        findings.push(
            Finding::new(
                &RULE,
                service.document.span("/spec/placement/constraints"),
                format!(
                    "service `{}` may run on {}, and none of them is active: it gets no tasks",
                    service.name,
                    counted(nodes.len(), "node")
                ),
            )
            .related(
                swarm
                    .document
                    .span(&format!("/spec/nodes/{at}/availability")),
                format!("`{}` gets no new tasks", first.name),
            )
            .help("make one of the nodes active, or let the service run on others"),
        );
    }
}
