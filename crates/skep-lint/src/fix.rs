//! Corrections of what has one right answer: the text of the manifest with as little changed as
//! possible, comments and formatting kept.

use std::collections::{BTreeMap, BTreeSet};

use skep_manifest::parse::parse;
use skep_manifest::set::{Document, ManifestSet, Source};
use skep_manifest::span::Span;

use crate::finding::Finding;
use crate::lint;

/// A stretch of a source and what has to stand there instead.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// The stretch.
    pub span: Span,
    /// What has to stand there.
    pub text: String,
}

/// What came of the corrections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    /// The new texts of the sources that change, by their place in the set.
    pub texts: BTreeMap<usize, String>,
    /// How many findings are corrected.
    pub applied: usize,
    /// The findings, by their place, that could not be corrected, and why.
    pub refused: Vec<(usize, &'static str)>,
}

/// Corrects the findings of `set` that have one right answer and that no comment suppresses.
///
/// Nothing is corrected in a source whose bytes are no UTF-8, where corrections touch each other
/// all but the first wait for another run, and a source in which the corrections would lead to
/// findings that were not there stays as it is.
#[must_use]
pub fn fix(set: &ManifestSet, findings: &[Finding]) -> Fixed {
    let mut fixed = Fixed::default();
    let mut accepted: BTreeMap<usize, Accepted> = BTreeMap::new();
    let illegible: BTreeSet<usize> = findings
        .iter()
        .filter(|finding| finding.rule == "invalid-utf-8")
        .map(|finding| finding.span.source)
        .collect();
    for (index, finding) in findings.iter().enumerate() {
        if finding.fix.is_empty() || finding.suppressed.is_some() {
            continue;
        }
        let accepted = accepted.entry(finding.span.source).or_default();
        if illegible.contains(&finding.span.source) {
            fixed.refused.push((index, "the file is no UTF-8"));
        } else if accepted.add(&finding.fix, index) {
            continue;
        } else {
            let why = "another correction changes the same place: run it again";
            fixed.refused.push((index, why));
        }
    }
    for (source, accepted) in accepted {
        let Some(text) = set.sources.get(source).map(|it| accepted.apply(it.text())) else {
            continue;
        };
        if accepted.findings.is_empty() {
            continue;
        }
        if is_better(set, findings, source, &text) {
            fixed.applied += accepted.findings.len();
            fixed.texts.insert(source, text);
        } else {
            let refused = accepted.findings.into_iter();
            fixed.refused.extend(
                refused.map(|index| (index, "corrected, the file would have other mistakes")),
            );
        }
    }
    fixed
}

/// The edits of a source that go together.
#[derive(Default)]
struct Accepted {
    edits: BTreeSet<Edit>,
    findings: Vec<usize>,
}

impl Accepted {
    /// Takes the edits of a finding unless one of them touches another one. The same edit may be
    /// the answer to several findings.
    fn add(&mut self, edits: &[Edit], finding: usize) -> bool {
        let touches = |edit: &Edit| {
            let mut known = self.edits.iter();
            known.any(|other| {
                other != edit
                    && other.span.start <= edit.span.end
                    && edit.span.start <= other.span.end
            })
        };
        if edits.iter().any(touches) {
            return false;
        }
        self.edits.extend(edits.iter().cloned());
        self.findings.push(finding);
        true
    }

    fn apply(&self, text: &str) -> String {
        let mut changed = String::with_capacity(text.len());
        let mut at = 0;
        for edit in &self.edits {
            changed.push_str(text.get(at..edit.span.start).unwrap_or_default());
            changed.push_str(&edit.text);
            at = edit.span.end;
        }
        changed.push_str(text.get(at..).unwrap_or_default());
        changed
    }
}

/// Whether the set has, with the new text of a source, fewer findings, and of no kind more. While a
/// document is too broken to be read, only what the reader says can be compared: with the
/// correction the rules look at it for the first time.
fn is_better(set: &ManifestSet, findings: &[Finding], source: usize, text: &str) -> bool {
    let sources = set.sources.iter().enumerate().map(|(index, it)| Source {
        name: it.name().to_owned(),
        text: if index == source { text } else { it.text() }.into(),
    });
    let after = parse(sources.collect());
    let (before, now) = if set.broken.is_empty() {
        let now = lint(&after);
        (
            counts(findings.iter().map(|finding| finding.rule)),
            counts(now.iter().map(|finding| finding.rule)),
        )
    } else {
        (
            counts(set.problems.iter().map(|problem| problem.id)),
            counts(after.problems.iter().map(|problem| problem.id)),
        )
    };
    let is_known = |(rule, count): (&&str, &usize)| before.get(rule).is_some_and(|it| count <= it);
    now.values().sum::<usize>() < before.values().sum() && now.iter().all(is_known)
}

/// How often each of them occurs.
fn counts(ids: impl Iterator<Item = &'static str>) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for id in ids {
        *counts.entry(id).or_default() += 1;
    }
    counts
}

/// The edit that removes the entry `index` of the list at `pointer`, which is not its first;
/// nothing when a comment would go with it.
pub(crate) fn removal(
    set: &ManifestSet,
    document: &Document,
    pointer: &str,
    index: usize,
) -> Option<Edit> {
    let entry = |index: usize| document.span_of(&format!("{pointer}/{index}"));
    let (before, span) = (entry(index.checked_sub(1)?)?, entry(index)?);
    let text = set.sources.get(span.source)?.text();
    let between = text.get(before.end..span.start)?;
    // `[a, b]`: with what separates it from the one before.
    if between.trim() == "," {
        return Some(Edit {
            span: Span {
                start: before.end,
                ..span
            },
            text: String::new(),
        });
    }
    // `- a` on lines of its own.
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[span.end..]
        .find('\n')
        .map_or(text.len(), |at| span.end + at + 1);
    let stands_alone =
        text[start..span.start].trim() == "-" && text[span.end..end].trim().is_empty();
    let has_comment = text[span.start..span.end].contains('#');
    (stands_alone && !has_comment).then(|| Edit {
        span: Span { start, end, ..span },
        text: String::new(),
    })
}
