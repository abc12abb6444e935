//! Findings as workflow commands of GitHub Actions, which it shows beside the lines.

use skep_manifest::problem::Severity;
use skep_manifest::set::ManifestSet;

use super::json::Place;
use crate::finding::{Finding, Summary};

/// One command per finding that is not suppressed, and at the end how many there are.
#[must_use]
pub fn render(set: &ManifestSet, findings: &[Finding]) -> String {
    let standing = findings
        .iter()
        .filter(|finding| finding.suppressed.is_none());
    let mut text: String = standing.map(|finding| command(set, finding)).collect();
    text.push_str(&format!("{}\n", Summary::of(findings)));
    text
}

fn command(set: &ManifestSet, finding: &Finding) -> String {
    let name = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let place = Place::new(set, finding.span);
    let mut properties = format!(
        "file={},line={},endLine={}",
        property(&place.file),
        place.line,
        place.end_line
    );
    // Columns belong to annotations of one line only.
    if place.line == place.end_line {
        properties.push_str(&format!(
            ",col={},endColumn={}",
            place.column, place.end_column
        ));
    }
    properties.push_str(&format!(",title={}", property(finding.rule)));
    let mut message = finding.message.clone();
    for (span, what) in &finding.related {
        message.push_str(&format!("\n{}: {what}", set.location(*span)));
    }
    if let Some(help) = &finding.help {
        message.push_str(&format!("\nhelp: {help}"));
    }
    format!("::{name} {properties}::{}\n", data(&message))
}

/// What stands after the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
