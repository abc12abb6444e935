//! A VIP group tracks the same thing twice.
//!
//! ## What it does
//!
//! Looks for two entries of `tracking` that name the same check, interface or service.
//!
//! ## Why is this bad?
//!
//! Weights are added up, so that one failure counts twice; of two effects the worse one wins, and
//! the other entry says something that is not true.
//!
//! ## Example
//!
//! ```yaml
//! kind: VipGroup
//! spec:
//!   tracking: [{check: web, weight: -20}, {check: web, weight: -20}]
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: VipGroup
//! spec:
//!   tracking: [{check: web, weight: -40}]
//! ```

use std::collections::BTreeMap;

use skep_manifest::problem::Severity;
use skep_manifest::vip_group::tracking::{ExternalInput, Tracking};

use crate::finding::Finding;
use crate::fix::removal;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "tracked-twice",
    severity: Severity::Warning,
    source: include_str!("tracked_twice.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for group in &manifests.groups {
        let tracking = &group.spec.tracking;
        let mut firsts = BTreeMap::new();
        for (index, entry) in tracking.iter().enumerate() {
            let (kind, name) = subject(entry);
            let first = *firsts.entry((kind, name)).or_insert(index);
            if first == index {
                continue;
            }
            let place = |index| group.document.span(&format!("/spec/tracking/{index}"));
            // Of two different entries nobody but the author knows which one is meant.
            let same = (*entry == tracking[first])
                .then(|| removal(manifests.set, group.document, "/spec/tracking", index));
            findings.push(
                Finding::new(
                    &RULE,
                    place(index),
                    format!("{kind} `{name}` is tracked twice: one failure counts as two"),
                )
                .related(place(first), "first tracked here")
                .help("keep one of the entries")
                .fix(same.flatten()),
            );
        }
    }
}

/// What an entry looks at.
fn subject(tracking: &Tracking) -> (&'static str, &str) {
    match tracking {
        Tracking::Check(tracked) => ("check", tracked.check.as_str()),
        Tracking::Interface(tracked) => ("interface", tracked.interface.as_str()),
        Tracking::Service(tracked) => ("service", tracked.service.as_str()),
        Tracking::External(tracked) => match &tracked.external {
            ExternalInput::Service(name) => ("external service", name.as_str()),
        },
        Tracking::Swarm(_) => ("the node's part in", "swarm"),
    }
}
