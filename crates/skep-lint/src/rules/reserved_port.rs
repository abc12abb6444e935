//! A service publishes a port that the swarm or the agents need for themselves.
//!
//! ## What it does
//!
//! Looks for published ports that are the swarm's (2377 and 7946 over TCP, 7946 and the
//! `dataPathPort` over UDP) or the agents' (7380 over TCP, or what `agentAddress` says).
//!
//! ## Why is this bad?
//!
//! The port is taken on every node that matters: Docker fails to publish it, or, in the routing
//! mesh, catches what the nodes say to each other.
//!
//! ## Example
//!
//! ```yaml
//! kind: Service
//! spec:
//!   ports: [{published: 7946, target: 80}]
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: Service
//! spec:
//!   ports: [{published: 8080, target: 80}]
//! ```

use std::collections::BTreeMap;

use skep_manifest::problem::Severity;
use skep_manifest::service::port::Protocol;
use skep_manifest::swarm::SwarmSpec;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "reserved-port",
    severity: Severity::Error,
    source: include_str!("reserved_port.rs"),
    inspect,
};

/// Where agents listen unless the manifest says otherwise.
const AGENT_PORT: u16 = 7380;

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    let Some(swarm) = &manifests.swarm else {
        return;
    };
    let reserved = reserved(swarm.spec);
    for service in &manifests.services {
        for (index, port) in service.spec.ports.iter().enumerate() {
            let Some(number) = port.published else {
                continue;
            };
            let Some(user) = reserved.get(&(number, port.protocol)) else {
                continue;
            };
            let pointer = format!("/spec/ports/{index}/published");
            findings.push(
                Finding::new(
                    &RULE,
                    service.document.span(&pointer),
                    format!("port {number} is {user}: no service can have it"),
                )
                .help("publish another port"),
            );
        }
    }
}

/// The ports that are taken, and by what.
fn reserved(swarm: &SwarmSpec) -> BTreeMap<(u16, Protocol), &'static str> {
    let mut reserved = BTreeMap::from([
        ((2377, Protocol::Tcp), "where the managers listen"),
        ((7946, Protocol::Tcp), "how the engines find each other"),
        ((7946, Protocol::Udp), "how the engines find each other"),
        (
            (swarm.data_path_port, Protocol::Udp),
            "what overlay networks use",
        ),
    ]);
    for node in &swarm.nodes {
        let port = node.agent_address.map_or(AGENT_PORT, |it| it.0.port());
        reserved.insert((port, Protocol::Tcp), "where the agents listen");
    }
    reserved
}
