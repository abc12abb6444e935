//! Two services want the same host port, and one of them has it on every node the other may use.
//!
//! ## What it does
//!
//! Compares services that publish one port in host mode: a global one, and another one whose
//! placement constraints lead to no node that the global one leaves free.
//!
//! ## Why is this bad?
//!
//! A port in host mode belongs to one task of a node. The other service finds no node where it is
//! free, and its tasks stay `Pending` for ever; when both are global, chance decides node by node.
//!
//! ## Example
//!
//! ```yaml
//! kind: Service
//! metadata: {name: proxy}
//! spec: {image: haproxy, mode: {global: {}}, ports: [{published: 80, target: 80, mode: host}]}
//! ---
//! kind: Service
//! metadata: {name: web}
//! spec: {image: nginx, ports: [{published: 80, target: 80, mode: host}]}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: Service
//! metadata: {name: web}
//! spec: {image: nginx, ports: [{published: 8080, target: 80, mode: host}]}
//! ```

use std::collections::{BTreeMap, BTreeSet};

use skep_manifest::name::{Name, NodeName};
use skep_manifest::problem::Severity;
use skep_manifest::service::ServiceSpec;
use skep_manifest::service::mode::Mode;
use skep_manifest::service::port::{Protocol, PublishMode};
use skep_manifest::span::Span;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::placement::is_decidable;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "host-port-taken",
    severity: Severity::Warning,
    source: include_str!("host_port_taken.rs"),
    inspect,
};

/// Who wants a port, and where.
struct Claim<'a> {
    service: &'a Name,
    nodes: BTreeSet<&'a NodeName>,
    takes_all: bool,
    span: Span,
}

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for ((port, _), claims) in claims(manifests) {
        let global: Vec<&Claim<'_>> = claims.iter().filter(|claim| claim.takes_all).collect();
        for claim in &claims {
            let taker = global.iter().find(|other| {
                let is_other = other.service != claim.service;
                // Of two global services that cover the same nodes, the later one is reported.
                let is_first = !claim.takes_all || other.span < claim.span;
                is_other && is_first && claim.nodes.is_subset(&other.nodes)
            });
            if let Some(taker) = taker {
                findings.push(
                    Finding::new(
                        &RULE,
                        claim.span,
                        format!(
                            "`{}` has port {port} on every node where `{}` may run",
                            taker.service, claim.service
                        ),
                    )
                    .related(taker.span, format!("`{}` takes it", taker.service))
                    .help("give one of them another port, or other nodes by placement constraints"),
                );
            }
        }
    }
}

fn claims<'a>(manifests: &Manifests<'a>) -> BTreeMap<(u16, Protocol), Vec<Claim<'a>>> {
    let mut claims: BTreeMap<(u16, Protocol), Vec<Claim<'a>>> = BTreeMap::new();
    for service in &manifests.services {
        for (index, port) in service.spec.ports.iter().enumerate() {
            let Some(number) = port.published.filter(|_| port.mode == PublishMode::Host) else {
                continue;
            };
            let nodes = manifests.candidates(&service.spec.placement.constraints);
            if nodes.is_empty() {
                continue;
            }
            let pointer = format!("/spec/ports/{index}/published");
            claims
                .entry((number, port.protocol))
                .or_default()
                .push(Claim {
                    service: service.name,
                    nodes: nodes.iter().map(|node| &node.name).collect(),
                    takes_all: takes_all(service.spec),
                    span: service.document.span(&pointer),
                });
        }
    }
    claims
}

/// Whether the service surely runs on every node that it may run on.
fn takes_all(service: &ServiceSpec) -> bool {
    match &service.mode {
        Mode::Global(_) => is_decidable(&service.placement.constraints),
        Mode::Replicated(_) | Mode::ReplicatedJob(_) | Mode::GlobalJob(_) => false,
    }
}
