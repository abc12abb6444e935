//! The swarm has no manager.
//!
//! ## What it does
//!
//! Looks for a `Swarm` whose nodes are all workers.
//!
//! ## Why is this bad?
//!
//! A swarm is created by its first manager, and only managers can change it. Nobody would ever
//! begin.
//!
//! ## Example
//!
//! ```yaml
//! nodes:
//!   - {name: pi1, address: 192.168.1.21, role: worker}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! nodes:
//!   - {name: pi1, address: 192.168.1.21, role: manager}
//! ```

use skep_manifest::problem::Severity;
use skep_manifest::swarm::Role;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "no-manager",
    severity: Severity::Error,
    source: include_str!("no_manager.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    let Some(swarm) = &manifests.swarm else {
        return;
    };
    let nodes = &swarm.spec.nodes;
    if !nodes.is_empty() && nodes.iter().all(|node| node.role == Role::Worker) {
        findings.push(
            Finding::new(
                &RULE,
                swarm.document.key_span("/spec/nodes"),
                "all nodes are workers: nobody can create the swarm",
            )
            .help("give one node, or better three, `role: manager`"),
        );
    }
}
