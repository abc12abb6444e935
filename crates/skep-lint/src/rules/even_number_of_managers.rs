//! The swarm has an even number of managers.
//!
//! ## What it does
//!
//! Counts the nodes with `role: manager`, whatever their availability.
//!
//! ## Why is this bad?
//!
//! Changes need a majority of the managers. An even number survives no more failures than one
//! manager less, and there is one more that can fail: with two, either failure leaves a swarm
//! that nobody can change.
//!
//! ## Example
//!
//! ```yaml
//! nodes:
//!   - {name: pi1, address: 192.168.1.21, role: manager}
//!   - {name: pi2, address: 192.168.1.22, role: manager}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! nodes:
//!   - {name: pi1, address: 192.168.1.21, role: manager}
//!   - {name: pi2, address: 192.168.1.22, role: worker}
//! ```

use skep_manifest::problem::Severity;
use skep_manifest::swarm::Role;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "even-number-of-managers",
    severity: Severity::Warning,
    source: include_str!("even_number_of_managers.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    let Some(swarm) = &manifests.swarm else {
        return;
    };
    let nodes = &swarm.spec.nodes;
    let managers = nodes
        .iter()
        .filter(|node| node.role == Role::Manager)
        .count();
    if managers == 0 || !managers.is_multiple_of(2) {
        return;
    }
    let (fewer, more) = (managers - 1, managers + 1);
    let survived = fewer / 2;
    let message = if survived == 0 {
        format!(
            "{managers} managers: when either of them fails, the other has no majority and nobody can change the swarm"
        )
    } else {
        format!(
            "{managers} managers survive the failure of {survived}, as {fewer} would, but there is one more that can fail"
        )
    };
    findings.push(
        Finding::new(&RULE, swarm.document.key_span("/spec/nodes"), message).help(format!(
            "make one of them a worker, or have {more} managers: those survive the failure of {}",
            more / 2
        )),
    );
}
