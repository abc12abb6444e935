//! A service wants more replicas than there are nodes for its host port.
//!
//! ## What it does
//!
//! Counts the nodes on which a replicated service with a port in host mode may run, and compares
//! that with its replicas.
//!
//! ## Why is this bad?
//!
//! A port in host mode belongs to one task of a node. The tasks beyond one per node find no place
//! and stay `Pending` for ever.
//!
//! ## Example
//!
//! ```yaml
//! kind: Swarm
//! spec:
//!   nodes:
//!     - {name: pi1, address: 192.168.1.21, role: manager}
//!     - {name: pi2, address: 192.168.1.22, role: worker}
//! ---
//! kind: Service
//! spec:
//!   mode: {replicated: {replicas: 3}}
//!   ports: [{published: 80, target: 80, mode: host}]
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: Service
//! spec:
//!   mode: {global: {}}
//!   ports: [{published: 80, target: 80, mode: host}]
//! ```

use skep_manifest::problem::Severity;
use skep_manifest::service::mode::Mode;

use crate::finding::{Finding, counted};
use crate::manifests::{Manifests, host_port};
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "host-port-limits-replicas",
    severity: Severity::Warning,
    source: include_str!("host_port_limits_replicas.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for service in &manifests.services {
        let Mode::Replicated(mode) = &service.spec.mode else {
            continue;
        };
        let Some((index, port)) = host_port(service.spec) else {
            continue;
        };
        let constraints = &service.spec.placement.constraints;
        let nodes = manifests.candidates(constraints).len();
        let replicas = mode.replicas as usize;
        // Without any node there is no swarm, or the constraints are what is wrong.
        if nodes == 0 || replicas <= nodes {
            continue;
        }
        let document = service.document;
        findings.push(
            Finding::new(
                &RULE,
                document.span("/spec/mode/replicated/replicas"),
                format!(
                    "service `{}` wants {}, but port {port} is free once on each of {}: the others would wait for ever",
                    service.name,
                    counted(replicas, "replica"),
                    counted(nodes, "node"),
                ),
            )
            .related(
                document.span(&format!("/spec/ports/{index}/mode")),
                "belongs to one task of a node",
            )
            .help(format!(
                "lower `replicas` to {nodes}, use `mode: {{global: {{}}}}`, or publish the port with `mode: ingress`"
            )),
        );
    }
}
