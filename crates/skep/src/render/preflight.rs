//! What a try of the nodes came to.

use std::fmt::Write;

use skep_plan::preflight::{Severity, Verdict};

/// One line per finding with its remedy below, and what it comes to.
pub(crate) fn verdict(verdict: &Verdict) -> String {
    let mut text = String::new();
    for finding in &verdict.findings {
        let severity = match finding.severity {
            Severity::Problem => "PROBLEM",
            Severity::Note => "note",
        };
        let _infallible = writeln!(text, "{severity:<8} {}", finding.message);
        let _infallible = writeln!(text, "         hint: {}", finding.remedy);
    }
    let (nodes, passed) = (verdict.nodes.len(), verdict.passed);
    let outcome = if verdict.is_good() {
        "nothing is in the way of applying"
    } else {
        "mend what is called a PROBLEM first"
    };
    let _infallible = writeln!(
        text,
        "{nodes} nodes, {passed} ways between them are open: {outcome}"
    );
    text
}
