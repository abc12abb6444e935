//! A VIP group has one member only.
//!
//! ## What it does
//!
//! Counts the members of every group: the listed ones, external ones among them, or the nodes
//! that its selector matches. A group whose selector matches none has a rule of its own.
//!
//! ## Why is this bad?
//!
//! The addresses of a VIP group are there to move. With one member there is nowhere to move to:
//! when the node fails, so do they.
//!
//! ## Example
//!
//! ```yaml
//! kind: VipGroup
//! spec:
//!   members: [cube01]
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: VipGroup
//! spec:
//!   members: [cube01, cube02]
//! ```

use skep_manifest::problem::Severity;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "single-member-group",
    severity: Severity::Warning,
    source: include_str!("single_member_group.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for group in &manifests.groups {
        let (count, field) = match &group.spec.selector {
            Some(_) => (manifests.seats(group).len(), "/spec/selector"),
            None => (group.spec.members.len(), "/spec/members"),
        };
        if count == 1 {
            findings.push(
                Finding::new(
                    &RULE,
                    group.document.key_span(field),
                    format!(
                        "`{}` has one member: when that node fails, nobody takes over its addresses",
                        group.name
                    ),
                )
                .help("add a second member on the same segment"),
            );
        }
    }
}
