//! Lint rules over manifests, one file per rule, and the renderers of findings.
//!
//! [`lint()`] never fails and is always complete: what the reader and the resolution found wrong,
//! then what every rule says. Nothing here reads a file or prints. Start reading at
//! [`rule::Rule`] and at any file under `rules/`; its documentation is the rule's section in
//! `docs/reference/lints.md`.

mod family;
pub mod finding;
pub mod fix;
mod manifests;
mod placement;
mod reader;
pub mod reference;
pub mod render;
pub mod rule;
mod rules;
mod suppression;
mod timing;

use std::cmp::Reverse;

use skep_manifest::problem::Severity;
use skep_manifest::set::ManifestSet;

use finding::{Finding, Summary};
use manifests::Manifests;
use rules::not_supported_yet;

/// The most findings that are listed: each takes a place, an excerpt and a reader's time.
const FINDINGS_MAX: usize = 500;

/// Who wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Somebody who writes a manifest: what comes with a later release is a warning.
    Author,
    /// An agent that is about to apply it: what it cannot do is an error that nothing suppresses.
    Agent,
}

/// Everything that is worth saying about a set to its author, by place.
#[must_use]
pub fn lint(set: &ManifestSet) -> Vec<Finding> {
    lint_for(set, Audience::Author)
}

/// Everything that is worth saying about a set to `audience`, by place. What a comment of the
/// author suppresses is marked, not left out. Of more than five hundred the worst are listed, and
/// what is left out is counted by another one.
#[must_use]
pub fn lint_for(set: &ManifestSet, audience: Audience) -> Vec<Finding> {
    let (desired, unresolved) = skep_manifest::resolve::resolve(set);
    let problems = set.problems.iter().cloned().chain(unresolved);
    let mut findings: Vec<Finding> = problems.map(Finding::from).collect();
    let manifests = Manifests::new(set, &desired);
    for rule in rules::ALL {
        (rule.inspect)(&manifests, &mut findings);
    }
    match audience {
        Audience::Author => {}
        Audience::Agent => findings
            .iter_mut()
            .filter(|finding| finding.rule == not_supported_yet::RULE.id)
            .for_each(|finding| finding.severity = Severity::Error),
    }
    suppression::mark(set, &mut findings, audience);
    cut_off(&mut findings);
    findings.sort_by(|one, other| (one.span, one.rule).cmp(&(other.span, other.rule)));
    findings
}

/// Leaves out what nobody reads, and says how much of what.
fn cut_off(findings: &mut Vec<Finding>) {
    if findings.len() <= FINDINGS_MAX {
        return;
    }
    let standing = |finding: &Finding| (finding.suppressed.is_none(), finding.severity);
    // Only which ones they are matters: to sort thousands that nobody sees is work.
    findings.select_nth_unstable_by_key(FINDINGS_MAX, |finding| {
        (Reverse(standing(finding)), finding.span, finding.rule)
    });
    let rest = findings.split_off(FINDINGS_MAX);
    let first = &rest[0];
    let last = findings.iter().map(|finding| finding.span).max();
    let left_out = Summary::of(&rest);
    findings.push(Finding {
        rule: "too-many-problems",
        severity: first.severity,
        message: format!("{left_out} more than the {FINDINGS_MAX} that are listed"),
        help: Some("correct these first; one cause may have many consequences".to_owned()),
        suppressed: first.suppressed.clone(),
        span: last.unwrap_or(first.span),
        related: Vec::new(),
        fix: Vec::new(),
    });
}
