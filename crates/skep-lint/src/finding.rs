//! What lint says, and how many times.

use std::fmt;

use serde::{Deserialize, Serialize};
use skep_manifest::problem::{Problem, Severity};
use skep_manifest::span::Span;

use crate::fix::Edit;
use crate::rule::Rule;

/// Something worth saying about a manifest: what, where, why and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule, or the kind of mistake the reader found, in kebab-case.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, and why that matters.
    pub message: String,
    /// Exactly where.
    pub span: Span,
    /// What to do.
    pub help: Option<String>,
    /// Other places that belong to it, each with what is there.
    pub related: Vec<(Span, String)>,
    /// The reason of the comment that suppresses it, if one does; it may be empty.
    pub suppressed: Option<String>,
    /// What corrects it, when there is one right answer; otherwise nothing.
    pub fix: Vec<Edit>,
}

impl Finding {
    pub(crate) fn new(rule: &Rule, span: Span, message: impl Into<String>) -> Self {
        Self {
            rule: rule.id,
            severity: rule.severity,
            message: message.into(),
            span,
            help: None,
            related: Vec::new(),
            suppressed: None,
            fix: Vec::new(),
        }
    }

    pub(crate) const fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn related(mut self, span: Span, what: impl Into<String>) -> Self {
        self.related.push((span, what.into()));
        self
    }

    pub(crate) fn fix(mut self, fix: impl IntoIterator<Item = Edit>) -> Self {
        self.fix.extend(fix);
        self
    }
}

impl From<Problem> for Finding {
    fn from(problem: Problem) -> Self {
        Self {
            rule: problem.id,
            severity: problem.severity,
            message: problem.message,
            span: problem.span,
            help: problem.help,
            related: problem.related,
            suppressed: None,
            fix: (problem.replacement.into_iter())
                .map(|text| Edit {
                    span: problem.span,
                    text,
                })
                .collect(),
        }
    }
}

/// How many findings there are. What is suppressed is counted as that and nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Summary {
    /// The errors.
    pub errors: usize,
    /// The warnings.
    pub warnings: usize,
    /// The notes.
    pub notes: usize,
    /// The findings that a comment suppresses.
    pub suppressed: usize,
}

impl Summary {
    /// The numbers of `findings`.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        let mut summary = Self::default();
        for finding in findings {
            let counted = match (&finding.suppressed, finding.severity) {
                (Some(_), _) => &mut summary.suppressed,
                (None, Severity::Error) => &mut summary.errors,
                (None, Severity::Warning) => &mut summary.warnings,
                (None, Severity::Note) => &mut summary.notes,
            };
            *counted += 1;
        }
        summary
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let standing = self.errors + self.warnings + self.notes;
        match standing {
            0 => f.write_str("no findings")?,
            _ => f.write_str(&counted(standing, "finding"))?,
        }
        if self.suppressed > 0 {
            write!(f, " ({} suppressed)", self.suppressed)?;
        }
        if standing > 0 {
            write!(
                f,
                ": {}, {}, {}",
                counted(self.errors, "error"),
                counted(self.warnings, "warning"),
                counted(self.notes, "note")
            )?;
        }
        Ok(())
    }
}

/// `1 node`, `2 nodes`.
#[must_use]
pub fn counted(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}
