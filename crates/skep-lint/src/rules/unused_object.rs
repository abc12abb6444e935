//! A health check or a notifier is declared, and no VIP group uses it.
//!
//! ## What it does
//!
//! Looks for `HealthCheck`s that no group tracks, and for `Notifier`s that no group names under
//! `notify`.
//!
//! ## Why is this bad?
//!
//! It does nothing: the check decides about no addresses, and nobody is told anything. Usually
//! the entry in the group was forgotten.
//!
//! ## Example
//!
//! ```yaml
//! kind: HealthCheck
//! metadata: {name: web}
//! spec: {listening: {port: 80}}
//! ---
//! kind: VipGroup
//! spec:
//!   members: [cube01, cube02]
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: VipGroup
//! spec:
//!   members: [cube01, cube02]
//!   tracking: [{check: web}]
//! ```

use std::collections::BTreeSet;

use skep_manifest::object::Kind;
use skep_manifest::problem::Severity;
use skep_manifest::vip_group::tracking::Tracking;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "unused-object",
    severity: Severity::Warning,
    source: include_str!("unused_object.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    let set = manifests.set;
    // A group that cannot be read may use anything.
    if set.broken.iter().any(|(kind, _)| *kind == Kind::VipGroup) {
        return;
    }
    let mut used = BTreeSet::new();
    for group in &manifests.groups {
        used.extend(group.spec.tracking.iter().filter_map(|it| match it {
            Tracking::Check(tracked) => Some((Kind::HealthCheck, &tracked.check)),
            Tracking::Interface(_)
            | Tracking::Service(_)
            | Tracking::External(_)
            | Tracking::Swarm(_) => None,
        }));
        let told = group.spec.notify.iter();
        used.extend(told.map(|it| (Kind::Notifier, &it.notifier)));
    }
    let declared: BTreeSet<_> = (set.documents.iter())
        .map(|document| (document.object.kind(), document.object.name()))
        .collect();
    // What is meant by a name that nothing has may be any of them.
    let dangling: BTreeSet<Kind> = used.difference(&declared).map(|(kind, _)| *kind).collect();
    for document in &set.documents {
        let kind = document.object.kind();
        let (what, remedy) = match kind {
            Kind::HealthCheck => ("tracks", "tracking: [{check: "),
            Kind::Notifier => ("notifies", "notify: [{notifier: "),
            Kind::Swarm
            | Kind::VipGroup
            | Kind::Service
            | Kind::Stack
            | Kind::Network
            | Kind::Config
            | Kind::Secret => continue,
        };
        let name = document.object.name();
        if !dangling.contains(&kind) && !used.contains(&(kind, name)) {
            findings.push(
                Finding::new(
                    &RULE,
                    document.span("/metadata/name"),
                    format!("no VIP group {what} `{name}`: it does nothing"),
                )
                .help(format!(
                    "write `{remedy}{name}}}]` in a group, or remove it"
                )),
            );
        }
    }
}
