//! A service starts its new tasks first while the old ones still have the host port.
//!
//! ## What it does
//!
//! Looks for `update` or `rollback` with `order: start-first` in services that publish a port in
//! host mode, when there is no node left without a task: global services, and replicated ones
//! with as many replicas as nodes.
//!
//! ## Why is this bad?
//!
//! The old task has the port until it stops, and it stops only once the new one runs. The new
//! task finds no node where the port is free, and the update never ends.
//!
//! ## Example
//!
//! ```yaml
//! kind: Service
//! spec:
//!   mode: {global: {}}
//!   ports: [{published: 80, target: 80, mode: host}]
//!   update: {order: start-first}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: Service
//! spec:
//!   mode: {global: {}}
//!   ports: [{published: 80, target: 80, mode: host}]
//!   update: {order: stop-first}
//! ```

use skep_manifest::problem::Severity;
use skep_manifest::service::ServiceSpec;
use skep_manifest::service::mode::Mode;
use skep_manifest::service::update::UpdateOrder;

use crate::finding::Finding;
use crate::manifests::{Manifests, host_port};
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "start-first-with-host-port",
    severity: Severity::Warning,
    source: include_str!("start_first_with_host_port.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for service in &manifests.services {
        let Some((index, port)) = host_port(service.spec) else {
            continue;
        };
        if !fills_its_nodes(manifests, service.spec) {
            continue;
        }
        let orders = [
            ("update", service.spec.update.order),
            ("rollback", service.spec.rollback.order),
        ];
        for (field, order) in orders {
            match order {
                UpdateOrder::StopFirst => {}
                UpdateOrder::StartFirst => findings.push(
                    Finding::new(
                        &RULE,
                        service.document.span(&format!("/spec/{field}/order")),
                        format!(
                            "the old task of `{}` has port {port} until it stops, and it stops only when the new one runs: it never will",
                            service.name
                        ),
                    )
                    .related(
                        service.document.span(&format!("/spec/ports/{index}/mode")),
                        "belongs to one task of a node",
                    )
                    .help("write `order: stop-first`, or publish the port with `mode: ingress`"),
                ),
            }
        }
    }
}

/// Whether every node that may run the service has a task of it already.
fn fills_its_nodes<'a>(manifests: &Manifests<'a>, service: &'a ServiceSpec) -> bool {
    match &service.mode {
        Mode::Global(_) => true,
        Mode::Replicated(mode) => {
            let nodes = manifests.candidates(&service.placement.constraints);
            !nodes.is_empty() && mode.replicas as usize >= nodes.len()
        }
        Mode::ReplicatedJob(_) | Mode::GlobalJob(_) => false,
    }
}
