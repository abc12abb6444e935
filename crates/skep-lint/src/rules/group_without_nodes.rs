//! A VIP group has external members only.
//!
//! ## What it does
//!
//! Looks for groups that list `external` members and no node.
//!
//! ## Why is this bad?
//!
//! skep does not run external routers: it never holds the addresses, and no agent does anything
//! for the group. A service that relies on it relies on nothing of this manifest.
//!
//! ## Example
//!
//! ```yaml
//! kind: VipGroup
//! spec:
//!   members:
//!     - {external: old-lb1, address: 10.0.0.8, priority: 100}
//!     - {external: old-lb2, address: 10.0.0.9, priority: 50}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: VipGroup
//! spec:
//!   members:
//!     - {node: cube01, priority: 100}
//!     - {external: old-lb2, address: 10.0.0.9, priority: 50}
//! ```

use skep_manifest::problem::Severity;
use skep_manifest::vip_group::member::Member;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "group-without-nodes",
    severity: Severity::Error,
    source: include_str!("group_without_nodes.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for group in &manifests.groups {
        let members = &group.spec.members;
        let is_external = |member: &Member| matches!(member, Member::External(_));
        if !members.is_empty() && members.iter().all(is_external) {
            findings.push(
                Finding::new(
                    &RULE,
                    group.document.key_span("/spec/members"),
                    format!(
                        "all members of `{}` are external: no node of this manifest can hold its addresses",
                        group.name
                    ),
                )
                .help("list at least one `node`, or remove the group"),
            );
        }
    }
}
