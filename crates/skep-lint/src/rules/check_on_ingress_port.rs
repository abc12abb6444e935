//! A VIP group tracks a check of a port that every node answers, whatever runs there.
//!
//! ## What it does
//!
//! Looks for VIP groups that track a `tcp`, `listening` or `http` check of a node's own port
//! while a service publishes that port with `mode: ingress`, which is the default.
//!
//! ## Why is this bad?
//!
//! A port published with `mode: ingress` is open on every node of the swarm: the routing mesh
//! forwards to a task anywhere. The check passes on a node without a task, and when the last task
//! dies it fails on all nodes alike. So it never moves the addresses to a better node.
//!
//! ## Example
//!
//! ```yaml
//! kind: HealthCheck
//! metadata: {name: web}
//! spec: {tcp: {port: 80}}
//! ---
//! kind: VipGroup
//! spec:
//!   tracking: [{check: web}]
//! ---
//! kind: Service
//! spec:
//!   ports: [{published: 80, target: 80}]
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

use std::collections::BTreeMap;
use std::net::IpAddr;

use skep_manifest::health_check::{HealthCheckSpec, Probe};
use skep_manifest::name::Name;
use skep_manifest::problem::Severity;
use skep_manifest::service::port::{Protocol, PublishMode};
use skep_manifest::span::Span;
use skep_manifest::vip_group::tracking::Tracking;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "check-on-ingress-port",
    severity: Severity::Warning,
    source: include_str!("check_on_ingress_port.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    let published = ingress_ports(manifests);
    for group in &manifests.groups {
        for (index, tracking) in group.spec.tracking.iter().enumerate() {
            let Tracking::Check(tracked) = tracking else {
                continue;
            };
            let Some(check) = manifests.checks.get(&tracked.check) else {
                continue;
            };
            let Some(target) = own_port(manifests, check.spec) else {
                continue;
            };
            let Some((service, place)) = published.get(&target.port) else {
                continue;
            };
            let port = target.port;
            findings.push(
                Finding::new(
                    &RULE,
                    group.document.span(&format!("/spec/tracking/{index}/check")),
                    format!(
                        "check `{}` looks at port {port}, on which every node answers for service `{service}`, with a task or without: it says nothing about the node",
                        tracked.check
                    ),
                )
                .related(check.document.span(target.pointer), "the port it looks at")
                .related(*place, format!("published by `{service}` on every node"))
                .help(format!(
                    "publish the port with `mode: host`, so that only nodes with a task of `{service}` answer, or check something else that is the node's own"
                )),
            );
        }
    }
}

/// The TCP ports on which every node answers: the service, and where it says so.
fn ingress_ports<'a>(manifests: &Manifests<'a>) -> BTreeMap<u16, (&'a Name, Span)> {
    let mut published = BTreeMap::new();
    for service in &manifests.services {
        for (index, port) in service.spec.ports.iter().enumerate() {
            if let Some(number) = port.published
                && port.mode == PublishMode::Ingress
                && port.protocol == Protocol::Tcp
            {
                let pointer = format!("/spec/ports/{index}/published");
                let place = (service.name, service.document.span(&pointer));
                published.entry(number).or_insert(place);
            }
        }
    }
    published
}

struct Target {
    port: u16,
    pointer: &'static str,
}

/// The TCP port of the node itself that a check looks at, if that is what it does.
fn own_port(manifests: &Manifests<'_>, check: &HealthCheckSpec) -> Option<Target> {
    let (host, port, pointer) = match &check.probe {
        Probe::Tcp(tcp) => (tcp.host.as_deref(), tcp.port, "/spec/tcp/port"),
        Probe::Listening(listening) => (None, listening.port, "/spec/listening/port"),
        Probe::Http(http) => {
            let (host, port) = authority(http.url.as_str())?;
            (Some(host), port, "/spec/http/url")
        }
        Probe::Exec(_) | Probe::File(_) | Probe::Process(_) | Probe::Route(_) => return None,
    };
    let is_own = host.is_none_or(|host| is_of_a_node(manifests, host));
    is_own.then_some(Target { port, pointer })
}

/// Host and port of a URL.
fn authority(url: &str) -> Option<(&str, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        Some(_) | None if scheme == "https" => (authority, 443),
        Some(_) | None => (authority, 80),
    };
    Some((host.trim_matches(['[', ']']), port))
}

fn is_of_a_node(manifests: &Manifests<'_>, host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => {
            address.is_loopback()
                || (manifests.nodes().iter()).any(|node| node.address.0 == address)
                || (manifests.groups.iter())
                    .flat_map(|group| &group.spec.addresses)
                    .any(|virtual_address| virtual_address.address.address() == address)
        }
        Err(_) => {
            host == "localhost" || (manifests.nodes().iter()).any(|node| node.name.as_str() == host)
        }
    }
}
