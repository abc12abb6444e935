//! A swarm of three nodes or more has one manager.
//!
//! ## What it does
//!
//! Looks for a `Swarm` with one manager and at least two workers. With two nodes one manager is
//! the best there is: two would fail with either.
//!
//! ## Why is this bad?
//!
//! While that manager is down nobody can change the swarm or replace a task that fails, and when
//! its disk is lost the swarm is lost. Three managers survive the failure of any one of them.
//!
//! ## Example
//!
//! ```yaml
//! nodes:
//!   - {name: pi1, address: 192.168.1.21, role: manager}
//!   - {name: pi2, address: 192.168.1.22, role: worker}
//!   - {name: pi3, address: 192.168.1.23, role: worker}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! nodes:
//!   - {name: pi1, address: 192.168.1.21, role: manager}
//!   - {name: pi2, address: 192.168.1.22, role: manager}
//!   - {name: pi3, address: 192.168.1.23, role: manager}
//! ```

use skep_manifest::problem::Severity;
use skep_manifest::swarm::Role;

use crate::finding::{Finding, counted};
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "single-manager",
    severity: Severity::Note,
    source: include_str!("single_manager.rs"),
    inspect,
};

/// With two nodes there is no better arrangement.
const NODES_MIN: usize = 3;

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    let Some(swarm) = &manifests.swarm else {
        return;
    };
    let nodes = &swarm.spec.nodes;
    let managers = nodes.iter().filter(|node| node.role == Role::Manager);
    if nodes.len() >= NODES_MIN && managers.count() == 1 {
        findings.push(
            Finding::new(
                &RULE,
                swarm.document.key_span("/spec/nodes"),
                format!(
                    "one manager for {}: while it is down nobody can change the swarm or replace a failed task",
                    counted(nodes.len(), "node")
                ),
            )
            .help("make two of the workers managers: three survive the failure of any one"),
        );
    }
}
