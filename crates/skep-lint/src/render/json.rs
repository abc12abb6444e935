//! Findings for programs. The form is stable: fields are added, none is renamed or removed, and
//! every field is always there.

use serde::{Deserialize, Serialize};
use skep_manifest::problem::Severity;
use skep_manifest::set::ManifestSet;
use skep_manifest::span::Span;

use crate::finding::{Finding, Summary};

/// Everything that lint says about a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Report {
    /// The version of this form: 1.
    pub version: u32,
    /// The findings by place, the suppressed ones among them.
    pub findings: Vec<Reported>,
    /// How many there are.
    pub summary: Summary,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reported {
    /// The rule, or the kind of mistake the reader found, in kebab-case.
    pub rule: String,
    /// How bad it is.
    pub severity: ReportedSeverity,
    /// What is wrong, and why that matters.
    pub message: String,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What to do; null when there is nothing to add.
    pub help: Option<String>,
    /// Other places that belong to it.
    pub related: Vec<Related>,
    /// Why a comment in the manifest suppresses it; null when none does.
    pub suppressed: Option<Suppressed>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ReportedSeverity {
    /// The manifest cannot be used.
    Error,
    /// Probably not what was meant.
    Warning,
    /// Worth knowing.
    Note,
}

/// A stretch of a file. Lines and columns count from 1, columns in characters; the end is the
/// character after the last one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The file, as it was given; `-` is standard input.
    pub file: String,
    /// The line of the first character.
    pub line: usize,
    /// The column of the first character.
    pub column: usize,
    /// The line of the end.
    pub end_line: usize,
    /// The column of the end.
    pub end_column: usize,
}

/// Another place that belongs to a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Related {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What is there.
    pub message: String,
}

/// A finding's suppression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Suppressed {
    /// The reason the comment gives; it may be empty.
    pub reason: String,
}

impl Report {
    /// The report of `findings`, which are of `set`.
    #[must_use]
    pub fn new(set: &ManifestSet, findings: &[Finding]) -> Self {
        Self {
            version: 1,
            findings: findings.iter().map(|it| Reported::new(set, it)).collect(),
            summary: Summary::of(findings),
        }
    }
}

impl Reported {
    fn new(set: &ManifestSet, finding: &Finding) -> Self {
        let related = finding.related.iter().map(|(span, what)| Related {
            place: Place::new(set, *span),
            message: what.clone(),
        });
        Self {
            rule: finding.rule.to_owned(),
            severity: match finding.severity {
                Severity::Error => ReportedSeverity::Error,
                Severity::Warning => ReportedSeverity::Warning,
                Severity::Note => ReportedSeverity::Note,
            },
            message: finding.message.clone(),
            place: Place::new(set, finding.span),
            help: finding.help.clone(),
            related: related.collect(),
            suppressed: finding
                .suppressed
                .clone()
                .map(|reason| Suppressed { reason }),
        }
    }
}

impl Place {
    pub(super) fn new(set: &ManifestSet, span: Span) -> Self {
        let start = set.location(span);
        let end = set.location(Span {
            start: span.end,
            ..span
        });
        Self {
            file: start.file,
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    }
}

/// The report as indented JSON with a line break at the end.
#[must_use]
pub fn render(set: &ManifestSet, findings: &[Finding]) -> String {
    let report = Report::new(set, findings);
    let json = serde_json::to_string_pretty(&report).expect("all keys of a report are text");
    json + "\n"
}
