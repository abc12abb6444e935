//! Groups that move together have different members, or there is only one of them.
//!
//! ## What it does
//!
//! Compares the nodes of all groups with the same `syncGroup`, and looks for a `syncGroup` that
//! only one group has.
//!
//! ## Why is this bad?
//!
//! Groups of a sync group are on one node or on none. A node that is a member of some of them
//! only can hold none when the others are elsewhere, so that the sync group has fewer nodes to
//! move to than each of its groups. A sync group of one binds nothing: usually the word of
//! another group is spelled differently.
//!
//! ## Example
//!
//! ```yaml
//! kind: VipGroup
//! metadata: {name: inside}
//! spec: {syncGroup: edge, members: [fw1, fw2]}
//! ---
//! kind: VipGroup
//! metadata: {name: outside}
//! spec: {syncGroup: edge, members: [fw1, fw3]}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: VipGroup
//! metadata: {name: outside}
//! spec: {syncGroup: edge, members: [fw1, fw2]}
//! ```

use std::collections::BTreeSet;

use skep_manifest::name::NodeName;
use skep_manifest::object::Kind;
use skep_manifest::problem::Severity;
use skep_manifest::vip_group::VipGroupSpec;

use crate::finding::Finding;
use crate::manifests::{Declaration, Manifests};
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "sync-group-members-differ",
    severity: Severity::Warning,
    source: include_str!("sync_group_members_differ.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    let mut broken = manifests.set.broken.iter();
    let complete = !broken.any(|(kind, _)| *kind == Kind::VipGroup);
    for (word, groups) in manifests.sync_groups() {
        let [first, others @ ..] = &*groups else {
            continue;
        };
        if others.is_empty() && complete {
            findings.push(lonely(word, first));
        }
        let nodes = nodes(manifests, first);
        for other in others {
            if self::nodes(manifests, other) != nodes {
                findings.push(report(word, first, other));
            }
        }
    }
}

fn nodes<'a>(
    manifests: &Manifests<'a>,
    group: &Declaration<'a, VipGroupSpec>,
) -> BTreeSet<&'a NodeName> {
    let seats = manifests.seats(group);
    seats.into_iter().map(|seat| seat.node).collect()
}

fn lonely(word: &str, group: &Declaration<'_, VipGroupSpec>) -> Finding {
    let span = group.document.span("/spec/syncGroup");
    let message = format!(
        "`{}` is the only group of sync group `{word}`: nothing moves together with it",
        group.name
    );
    Finding::new(&RULE, span, message)
        .help("give the other group the same word, or remove `syncGroup`")
}

fn report(
    word: &str,
    first: &Declaration<'_, VipGroupSpec>,
    other: &Declaration<'_, VipGroupSpec>,
) -> Finding {
    let members = |group: &Declaration<'_, VipGroupSpec>| match &group.spec.selector {
        Some(_) => group.document.key_span("/spec/selector"),
        None => group.document.key_span("/spec/members"),
    };
    let message = format!(
        "`{}` moves together with `{}` in sync group `{word}`, but has other nodes: it can only be where both have a member",
        other.name, first.name
    );
    Finding::new(&RULE, members(other), message)
        .related(members(first), format!("the nodes of `{}`", first.name))
        .help("give all groups of a sync group the same nodes")
}
