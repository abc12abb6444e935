//! Findings as a JUnit report, which most build servers show.

use std::collections::BTreeMap;
use std::fmt::Write;

use skep_manifest::problem::Severity;
use skep_manifest::set::ManifestSet;
use skep_manifest::span::Span;

use crate::finding::Finding;

/// One suite per source. A finding is a test that fails, a note one that passes and says
/// something, a suppressed finding one that is skipped; a source without any is a test that
/// passes.
#[must_use]
pub fn render(set: &ManifestSet, findings: &[Finding]) -> String {
    let mut by_source: BTreeMap<usize, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        by_source
            .entry(finding.span.source)
            .or_default()
            .push(finding);
    }
    let mut suites = String::new();
    let mut all = Counts::default();
    for (index, source) in set.texts().enumerate() {
        let findings = by_source.remove(&index).unwrap_or_default();
        let counts = Counts::of(&findings);
        all = all.and(counts);
        let name = escaped(source.name());
        suites.push_str(&format!("  <testsuite name=\"{name}\"{counts}>\n"));
        if findings.is_empty() {
            suites.push_str(&format!(
                "    <testcase classname=\"{name}\" name=\"lint\"/>\n"
            ));
        }
        for finding in findings {
            suites.push_str(&case(set, finding));
        }
        suites.push_str("  </testsuite>\n");
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"skep lint\"{all}>\n{suites}</testsuites>\n"
    )
}

/// How many tests there are, as attributes.
#[derive(Clone, Copy, Default)]
struct Counts {
    tests: usize,
    failures: usize,
    skipped: usize,
}

impl Counts {
    fn of(findings: &[&Finding]) -> Self {
        let outcomes = |wanted: Outcome| {
            let outcomes = findings.iter().map(|finding| Outcome::of(finding));
            outcomes.filter(|outcome| *outcome == wanted).count()
        };
        Self {
            tests: findings.len().max(1),
            failures: outcomes(Outcome::Failed),
            skipped: outcomes(Outcome::Skipped),
        }
    }

    const fn and(self, other: Self) -> Self {
        Self {
            tests: self.tests + other.tests,
            failures: self.failures + other.failures,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (tests, failures, skipped) = (self.tests, self.failures, self.skipped);
        write!(
            f,
            " tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\""
        )
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Failed,
    Skipped,
    Passed,
}

impl Outcome {
    const fn of(finding: &Finding) -> Self {
        match (&finding.suppressed, finding.severity) {
            (Some(_), _) => Self::Skipped,
            (None, Severity::Error | Severity::Warning) => Self::Failed,
            (None, Severity::Note) => Self::Passed,
        }
    }
}

fn case(set: &ManifestSet, finding: &Finding) -> String {
    let location = set.location(finding.span);
    let mut case = format!(
        "    <testcase classname=\"{}\" name=\"{} at {}:{}\">\n",
        escaped(&location.file),
        finding.rule,
        location.line,
        location.column
    );
    let message = escaped(&finding.message);
    case.push_str(&match Outcome::of(finding) {
        Outcome::Failed => {
            let severity = match finding.severity {
                Severity::Error => "error",
                Severity::Warning | Severity::Note => "warning",
            };
            let details = escaped(&details(set, finding));
            format!(
                "      <failure message=\"{message}\" type=\"{severity}\">{details}</failure>\n"
            )
        }
        Outcome::Skipped => {
            let reason = finding.suppressed.as_deref().unwrap_or_default();
            format!("      <skipped message=\"{}\"/>\n", escaped(reason))
        }
        Outcome::Passed => {
            let details = escaped(&details(set, finding));
            format!("      <system-out>{details}</system-out>\n")
        }
    });
    case.push_str("    </testcase>\n");
    case
}

/// Everything about a finding, as lines.
fn details(set: &ManifestSet, finding: &Finding) -> String {
    let line = |span: Span, what: &str| format!("{}: {what}", set.location(span));
    let mut details = line(finding.span, &finding.message);
    for (span, what) in &finding.related {
        details.push_str(&format!("\n{}", line(*span, what)));
    }
    if let Some(help) = &finding.help {
        details.push_str(&format!("\nhelp: {help}"));
    }
    details
}

/// A text inside of an element or attribute. XML 1.0 §2.2 has no place for most control
/// characters, whether written as such or as references.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' | '\r' => {
                let code = u32::from(character);
                write!(escaped, "&#{code};").expect("a string can be written to");
            }
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}
