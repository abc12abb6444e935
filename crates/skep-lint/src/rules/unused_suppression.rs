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

use std::collections::{BTreeMap, BTreeSet};

use skep_manifest::compose::UNSUPPORTED;
use skep_manifest::problem::Severity;
use skep_manifest::set::ManifestSet;
use skep_manifest::span::Span;

use crate::finding::Finding;
use crate::fix::Edit;
use crate::manifests::Manifests;
use crate::reader::{self, Mistake};
use crate::rule::{self, Rule};
use crate::suppression;

pub(crate) const RULE: Rule = Rule {
    id: "unused-suppression",
    severity: Severity::Warning,
    source: include_str!("unused_suppression.rs"),
    inspect,
};

/// How far below its comment a finding can be that the comment was meant for: within an entry of a
/// list, above which it stands.
const DISTANCE_MAX: usize = 5;

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    let set = manifests.set;
    let mut idle: BTreeMap<Span, BTreeSet<&str>> = BTreeMap::new();
    for suppression in suppression::unused(set, findings) {
        idle.entry(suppression.span)
            .or_default()
            .insert(&suppression.rule);
    }
    let lines = lines(set, findings, &idle);
    let unused: Vec<Finding> = suppression::unused(set, findings)
        .map(|suppression| {
            let (why, help) = explain(&suppression.rule);
            let message = format!("this comment suppresses nothing: {why}");
            let finding = Finding::new(&RULE, suppression.span, message);
            let meant = lines
                .get(&(suppression.source, suppression.rule.as_str()))
                .and_then(|lines| lines.range(suppression.line + 1..).next())
                .filter(|line| **line <= suppression.line + DISTANCE_MAX);
            if let Some(line) = meant {
                return finding.help(format!("put it above line {line}, where the finding is"));
            }
            // A rule that does not exist was meant to be another one, which only the author knows.
            match rule::find(&suppression.rule) {
                Some(_) => {
                    finding
                        .help(help)
                        .fix(removal(set, suppression.span, &idle[&suppression.span]))
                }
                None => finding.help(help),
            }
        })
        .collect();
    findings.extend(unused);
}

/// The lines with findings of the rules that comments suppress in vain, by source and rule.
fn lines<'a>(
    set: &ManifestSet,
    findings: &'a [Finding],
    idle: &BTreeMap<Span, BTreeSet<&str>>,
) -> BTreeMap<(usize, &'a str), BTreeSet<usize>> {
    let rules: BTreeSet<&str> = idle.values().flatten().copied().collect();
    let mut lines: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
    let could_be = |it: &&Finding| rules.contains(it.rule) && suppression::is_suppressible(it);
    for finding in findings.iter().filter(could_be) {
        let place = (finding.span.source, finding.rule);
        let line = set.location(finding.span).line;
        lines.entry(place).or_default().insert(line);
    }
    lines
}

/// The edit that removes those of the comment's rules that exist and suppress nothing, and with
/// the last one the comment.
fn removal(set: &ManifestSet, comment: Span, idle: &BTreeSet<&str>) -> Option<Edit> {
    let source = set.sources.get(comment.source)?;
    let text = source.text();
    let here = set.suppressions.iter().filter(|it| it.span == comment);
    let kept: Vec<&str> = here
        .map(|it| it.rule.as_str())
        .filter(|id| !idle.contains(id) || rule::find(id).is_none())
        .collect();
    if !kept.is_empty() {
        let written = text.get(comment.start..comment.end)?;
        let list = comment.start + written.find('[')? + 1;
        let end = comment.start + written.find(']')?;
        return Some(Edit {
            span: Span {
                start: list,
                end,
                ..comment
            },
            text: kept.join(", "),
        });
    }
    let line = text[..comment.start].rfind('\n').map_or(0, |at| at + 1);
    let before = text[line..comment.start].trim_end();
    let end = text[comment.end..]
        .find('\n')
        .map_or(text.len(), |at| comment.end + at);
    let (start, end) = if before.is_empty() {
        (line, (end + 1).min(text.len()))
    } else {
        (line + before.len(), comment.end)
    };
    Some(Edit {
        span: Span {
            start,
            end,
            ..comment
        },
        text: String::new(),
    })
}

fn explain(id: &str) -> (String, String) {
    let mistake = reader::find(id);
    let is_refusal = |it: &Mistake| it.severity == Severity::Error && it.id != UNSUPPORTED;
    if mistake.is_some_and(is_refusal) {
        (
            format!("`{id}` is no rule, it makes the manifest unusable and cannot be suppressed"),
            "correct the manifest and remove the comment".to_owned(),
        )
    } else if mistake.is_some() || rule::find(id).is_some() {
        (
            format!("`{id}` finds nothing at the line it stands for"),
            "remove the comment, or put it on the line of the finding or directly above".to_owned(),
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
