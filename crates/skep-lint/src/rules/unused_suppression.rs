//! A comment suppresses nothing.
//!
//! ## What it does
//!
//! Looks for `# skep: ignore[RULE] REASON` where the rule has no finding on that line, or, for a
//! comment that stands alone, on the next line that is no comment. Mistakes that make a document
//! unreadable cannot be suppressed.
//!
//! ## Why is this bad?
//!
//! The mistake is gone or the rule is misspelt. In the first case the comment hides the mistake
//! when it comes back, in the second it does not do what its author thinks.
//!
//! ## Example
//!
//! ```yaml
//! # skep: ignore[equal-priorites] the old pair had it so
//! - {node: lb2, priority: 100}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! - {node: lb2, priority: 90}
//! ```

use skep_manifest::problem::Severity;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::{self, Rule};
use crate::{reader, suppression};

pub(crate) const RULE: Rule = Rule {
    id: "unused-suppression",
    severity: Severity::Warning,
    source: include_str!("unused_suppression.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    let unused: Vec<Finding> = suppression::unused(manifests.set, findings)
        .map(|suppression| {
            let (why, help) = explain(&suppression.rule);
            let message = format!("this comment suppresses nothing: {why}");
            Finding::new(&RULE, suppression.span, message).help(help)
        })
        .collect();
    findings.extend(unused);
}

fn explain(id: &str) -> (String, String) {
    if rule::find(id).is_some() {
        (
            format!("`{id}` finds nothing at the line it stands for"),
            "remove the comment, or put it on the line of the finding or directly above".to_owned(),
        )
    } else if reader::find(id).is_some() {
        (
            format!("`{id}` is no rule, it makes the manifest unusable and cannot be suppressed"),
            "correct the manifest and remove the comment".to_owned(),
        )
    } else {
        let help = match similar(id) {
            Some(rule) => format!("did you mean `{}`?", rule.id),
            None => "docs/reference/lints.md lists the rules".to_owned(),
        };
        (format!("there is no rule `{id}`"), help)
    }
}

/// The rule whose id is most like `id`, if it is like it at all.
fn similar(id: &str) -> Option<&'static Rule> {
    const SIMILARITY_MIN: f64 = 0.7;
    let rated = rule::all()
        .iter()
        .map(|rule| (strsim::normalized_damerau_levenshtein(rule.id, id), rule))
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN);
    rated
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, rule)| rule)
}
