//! A service and a VIP group belong together, and the service cannot run on the group's nodes.
//!
//! ## What it does
//!
//! Looks for services that a group tracks, and for ports published in host mode with
//! `onlyOn: {vipGroup: ..}`. Holds the service's placement constraints against the members of the
//! group, as far as a manifest knows.
//!
//! ## Why is this bad?
//!
//! A node that holds the addresses and has no task of the service answers nobody. A tracked
//! service that can run on none of the members makes all of them equally bad, so that the
//! tracking moves nothing.
//!
//! ## Example
//!
//! ```yaml
//! kind: Service
//! metadata: {name: web}
//! spec:
//!   placement: {constraints: ["node.labels.role == apps"]}
//!   ports: [{published: 80, target: 80, mode: host, onlyOn: {vipGroup: ingress}}]
//! ---
//! kind: VipGroup
//! metadata: {name: ingress}
//! spec:
//!   members: [lb1, lb2]
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: Service
//! metadata: {name: web}
//! spec:
//!   placement: {constraints: ["node.labels.role == load-balancer"]}
//!   ports: [{published: 80, target: 80, mode: host, onlyOn: {vipGroup: ingress}}]
//! ```

use std::collections::BTreeMap;

use skep_manifest::problem::Severity;
use skep_manifest::service::ServiceSpec;
use skep_manifest::service::port::{OnlyOn, PublishMode};
use skep_manifest::span::Span;
use skep_manifest::vip_group::VipGroupSpec;
use skep_manifest::vip_group::tracking::Tracking;

use crate::finding::Finding;
use crate::manifests::{Declaration, Manifests};
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "service-never-on-members",
    severity: Severity::Warning,
    source: include_str!("service_never_on_members.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    let groups: BTreeMap<_, _> = manifests.groups.iter().map(|it| (it.name, it)).collect();
    let services: BTreeMap<_, _> = manifests.services.iter().map(|it| (it.name, it)).collect();
    for service in &manifests.services {
        for (index, port) in service.spec.ports.iter().enumerate() {
            let Some(OnlyOn::VipGroup(name)) = &port.only_on else {
                continue;
            };
            let Some(group) = groups.get(name).filter(|_| port.mode == PublishMode::Host) else {
                continue;
            };
            let pointer = format!("/spec/ports/{index}/onlyOn/vipGroup");
            let span = service.document.span(&pointer);
            findings.extend(report(manifests, service, group, span));
        }
    }
    for group in &manifests.groups {
        for (index, tracking) in group.spec.tracking.iter().enumerate() {
            if let Tracking::Service(tracked) = tracking
                && let Some(service) = services.get(&tracked.service)
            {
                let pointer = format!("/spec/tracking/{index}/service");
                let span = group.document.span(&pointer);
                findings.extend(report(manifests, service, group, span));
            }
        }
    }
}

fn report<'a>(
    manifests: &Manifests<'a>,
    service: &Declaration<'a, ServiceSpec>,
    group: &Declaration<'a, VipGroupSpec>,
    span: Span,
) -> Option<Finding> {
    let nodes = manifests.candidates(&service.spec.placement.constraints);
    let seats = manifests.seats(group);
    let meet = seats
        .iter()
        .any(|seat| nodes.iter().any(|node| node.name == *seat.node));
    // Without any node, something else is wrong and has been said.
    if meet || nodes.is_empty() || seats.is_empty() {
        return None;
    }
    let message = format!(
        "service `{}` can run on none of the members of `{}`: whoever holds the addresses has no task of it",
        service.name, group.name
    );
    let members = match &group.spec.selector {
        Some(_) => "/spec/selector",
        None => "/spec/members",
    };
    Some(
        Finding::new(&RULE, span, message)
            .related(
                service.document.span("/spec/placement/constraints"),
                format!(
                    "leaves {}",
                    names(nodes.iter().map(|node| node.name.as_str()))
                ),
            )
            .related(
                group.document.key_span(members),
                format!("are {}", names(seats.iter().map(|seat| seat.node.as_str()))),
            )
            .help("make the nodes where the service runs the members, or change the constraints"),
    )
}

/// A few names in words.
fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const NAMES_MAX: usize = 3;
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.len().checked_sub(NAMES_MAX) {
        Some(more @ 1..) => format!("{} and {more} more", names[..NAMES_MAX].join(", ")),
        Some(0) | None => names.join(", "),
    }
}
