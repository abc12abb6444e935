//! A member has priority 255 without being the owner of the addresses.
//!
//! ## What it does
//!
//! Looks for nodes with `priority: 255` that do not say `owner: true`.
//!
//! ## Why is this bad?
//!
//! Priority 255 does not mean "very high". It says that the addresses are the router's own (RFC
//! 9568 section 5.2.4): it takes them at once without listening first, and never gives way to
//! another. Two of them hold the addresses at the same time.
//!
//! ## Example
//!
//! ```yaml
//! members:
//!   - {node: docker1, priority: 255}
//!   - {node: docker2, priority: 100}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! members:
//!   - {node: docker1, priority: 150}
//!   - {node: docker2, priority: 100}
//! ```

use skep_manifest::priority::Priority;
use skep_manifest::problem::Severity;
use skep_manifest::vip_group::member::Member;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "priority-255-without-owner",
    severity: Severity::Error,
    source: include_str!("priority_255_without_owner.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for group in &manifests.groups {
        for (index, member) in group.spec.members.iter().enumerate() {
            let Member::Node(member) = member else {
                continue;
            };
            if member.priority != Some(Priority::OWNER) || member.owner {
                continue;
            }
            let pointer = format!("/spec/members/{index}/priority");
            findings.push(
                Finding::new(
                    &RULE,
                    group.document.span(&pointer),
                    format!(
                        "priority 255 makes `{}` the owner of the addresses: it would take them without listening first and never give way",
                        member.node
                    ),
                )
                .help(format!(
                    "use a priority from 1 to 254; only if the addresses are always on an interface of `{}`, write `owner: true` instead of the priority",
                    member.node
                )),
            );
        }
    }
}
