//! A VIP group tracks something with a weight, and its members never preempt each other.
//!
//! ## What it does
//!
//! Looks for weights in groups with `preemption: {enabled: false}`.
//!
//! ## Why is this bad?
//!
//! A weight moves the addresses by making another member the better one, and without preemption
//! no member takes over from a living one, however low its priority has become. The check may
//! fail for ever, and the addresses stay. The group's owner (priority 255) alone preempts always.
//!
//! ## Example
//!
//! ```yaml
//! kind: VipGroup
//! spec:
//!   preemption: {enabled: false}
//!   tracking: [{check: web, weight: -30}]
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: VipGroup
//! spec:
//!   preemption: {enabled: false}
//!   tracking: [{check: web, effect: fault}]
//! ```

use skep_manifest::problem::Severity;
use skep_manifest::vip_group::tracking::Influence;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "weight-without-preemption",
    severity: Severity::Warning,
    source: include_str!("weight_without_preemption.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    let groups = manifests.groups.iter();
    for group in groups.filter(|group| !group.spec.preemption.enabled) {
        for (index, tracking) in group.spec.tracking.iter().enumerate() {
            let Influence::Weight(weight) = tracking.influence() else {
                continue;
            };
            let pointer = format!("/spec/tracking/{index}/weight");
            findings.push(
                Finding::new(
                    &RULE,
                    group.document.span(&pointer),
                    format!(
                        "a weight of {} moves nothing here: without preemption nobody takes over from a living member",
                        weight.number()
                    ),
                )
                .related(
                    group.document.span("/spec/preemption/enabled"),
                    "preemption is off",
                )
                .help("use `effect: fault` or `effect: demote` instead of the weight, or turn preemption on"),
            );
        }
    }
}
