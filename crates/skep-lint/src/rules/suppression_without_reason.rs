//! A comment suppresses findings without saying why.
//!
//! ## What it does
//!
//! Looks for `# skep: ignore[RULE]` with nothing after it. It suppresses all the same.
//!
//! ## Why is this bad?
//!
//! Whoever reads the manifest next cannot tell whether the reason still holds, and leaves the
//! comment there for ever.
//!
//! ## Example
//!
//! ```yaml
//! virtualRouterId: 51   # skep: ignore[duplicate-virtual-router-id]
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! virtualRouterId: 51   # skep: ignore[duplicate-virtual-router-id] other segment: VLAN 12
//! ```

use skep_manifest::problem::Severity;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "suppression-without-reason",
    severity: Severity::Warning,
    source: include_str!("suppression_without_reason.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for suppression in &manifests.set.suppressions {
        if suppression.reason.trim().is_empty() {
            findings.push(
                Finding::new(
                    &RULE,
                    suppression.span,
                    format!(
                        "this comment suppresses `{}` and does not say why",
                        suppression.rule
                    ),
                )
                .help(format!(
                    "write the reason behind it: `# skep: ignore[{}] REASON`",
                    suppression.rule
                )),
            );
        }
    }
}
