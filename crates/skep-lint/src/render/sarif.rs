//! Findings as SARIF 2.1.0, which code scanning and editors read.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use skep_manifest::problem::Severity;
use skep_manifest::set::ManifestSet;

use super::json::Place;
use crate::finding::Finding;
use crate::{reader, rule};

/// Where the rules are described for people.
const PAGE: &str = "docs/reference/lints.md";

/// The log as indented JSON with a line break at the end.
#[must_use]
pub fn render(set: &ManifestSet, findings: &[Finding]) -> String {
    let rules = rules();
    let index: BTreeMap<&str, usize> = (rules.iter().enumerate())
        .filter_map(|(index, rule)| Some((rule["id"].as_str()?, index)))
        .collect();
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| result(set, finding, index.get(finding.rule).copied()))
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "skep lint",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                },
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

/// Every rule and every mistake of the reader.
fn rules() -> Vec<Value> {
    let describe = |id: &str, severity: Severity, summary: &str, help: String| {
        json!({
            "id": id,
            "shortDescription": {"text": summary},
            "help": {"text": help},
            "defaultConfiguration": {"level": level(severity)},
        })
    };
    let rules = rule::all().iter().map(|rule| {
        let lines: Vec<&str> = rule.documentation().collect();
        describe(rule.id, rule.severity, rule.summary(), lines.join("\n"))
    });
    let mistakes = reader::ALL.iter().map(|mistake| {
        let help = format!("{} See {PAGE}.", mistake.summary);
        describe(mistake.id, mistake.severity, mistake.summary, help)
    });
    rules.chain(mistakes).collect()
}

fn result(set: &ManifestSet, finding: &Finding, rule: Option<usize>) -> Value {
    let text = match &finding.help {
        Some(help) => format!("{}\nhelp: {help}", finding.message),
        None => finding.message.clone(),
    };
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": {"text": text},
        "locations": [{"physicalLocation": physical(&Place::new(set, finding.span))}],
    });
    if let Some(rule) = rule {
        result["ruleIndex"] = rule.into();
    }
    if !finding.related.is_empty() {
        let related = finding
            .related
            .iter()
            .enumerate()
            .map(|(id, (span, what))| {
                json!({
                    "id": id,
                    "physicalLocation": physical(&Place::new(set, *span)),
                    "message": {"text": what},
                })
            });
        result["relatedLocations"] = related.collect();
    }
    if let Some(reason) = &finding.suppressed {
        result["suppressions"] = json!([{"kind": "inSource", "justification": reason}]);
    }
    result
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn physical(place: &Place) -> Value {
    json!({
        "artifactLocation": {"uri": uri(&place.file)},
        "region": {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        },
    })
}

/// A path as a reference (RFC 3986 §4.2): absolute paths name their scheme, and what has a meaning
/// in a reference is written as `%` and its bytes.
fn uri(path: &str) -> String {
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
