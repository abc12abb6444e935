//! Two members of a VIP group have the same priority.
//!
//! ## What it does
//!
//! Looks for priorities that occur more than once among the members of a group, external ones
//! included, and for groups with more than one `owner: true`, which is an error.
//!
//! ## Why is this bad?
//!
//! Between equal priorities the higher IP address wins (RFC 9568 section 6.4.3). Who holds the
//! addresses is then decided by numbers that nobody chose for it, and changes when a node gets
//! another address. Two owners never give way to each other: both answer for the addresses.
//!
//! ## Example
//!
//! ```yaml
//! members:
//!   - {node: lb1, priority: 100}
//!   - {node: lb2, priority: 100}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! members:
//!   - {node: lb1, priority: 100}
//!   - {node: lb2, priority: 90}
//! ```

use std::collections::BTreeMap;

use skep_manifest::priority::Priority;
use skep_manifest::problem::Severity;
use skep_manifest::span::Span;
use skep_manifest::vip_group::VipGroupSpec;
use skep_manifest::vip_group::member::Member;

use crate::finding::Finding;
use crate::manifests::{Declaration, Manifests};
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "equal-priorities",
    severity: Severity::Warning,
    source: include_str!("equal_priorities.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for group in &manifests.groups {
        for (priority, ranked) in by_priority(group) {
            let [first, second, others @ ..] = &*ranked else {
                continue;
            };
            let finding = report(priority, first, second)
                .related(first.span, format!("`{}` has it first here", first.name));
            findings.push(others.iter().fold(finding, |finding, other| {
                finding.related(other.span, format!("`{}` as well", other.name))
            }));
        }
    }
}

struct Ranked<'a> {
    name: &'a str,
    owner: bool,
    span: Span,
}

fn by_priority<'a>(group: &Declaration<'a, VipGroupSpec>) -> BTreeMap<Priority, Vec<Ranked<'a>>> {
    let mut ranks: BTreeMap<Priority, Vec<Ranked<'a>>> = BTreeMap::new();
    for (index, member) in group.spec.members.iter().enumerate() {
        let (priority, owner) = match member {
            Member::Node(member) if member.owner => (Some(Priority::OWNER), true),
            Member::Node(member) => (member.priority, false),
            Member::External(member) => (member.priority, false),
        };
        let field = if owner { "owner" } else { "priority" };
        if let Some(priority) = priority {
            ranks.entry(priority).or_default().push(Ranked {
                name: member.name().as_str(),
                owner,
                span: group
                    .document
                    .span(&format!("/spec/members/{index}/{field}")),
            });
        }
    }
    ranks
}

fn report(priority: Priority, first: &Ranked<'_>, second: &Ranked<'_>) -> Finding {
    let names = format!("`{}` and `{}`", first.name, second.name);
    if first.owner || second.owner || priority == Priority::OWNER {
        Finding::new(
            &RULE,
            second.span,
            format!("{names} both act as the owner of the addresses: neither gives way, so both would hold them"),
        )
        .severity(Severity::Error)
        .help("leave `owner: true` at the one node whose interface always has the address, and give the others a priority from 1 to 254")
    } else {
        Finding::new(
            &RULE,
            second.span,
            format!("{names} have the same priority {priority}: the one with the higher IP address wins, not the one you prefer"),
        )
        .help("give every member a priority of its own, the highest to the one that shall hold the addresses, or leave all priorities out: then the order of the list decides")
    }
}
