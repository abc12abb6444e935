//! The page `docs/reference/lints.md`, written from what the rules say about themselves.

use skep_manifest::problem::Severity;

use crate::reader;
use crate::rule::{self, Rule};

/// The whole page.
#[must_use]
pub fn reference() -> String {
    let mut rules: Vec<&Rule> = rule::all().iter().collect();
    rules.sort_by_key(|rule| rule.id);
    let mut page = String::from(HEAD);
    for rule in &rules {
        let (id, severity, summary) = (rule.id, severity_name(rule.severity), rule.summary());
        page.push_str(&format!("| [`{id}`](#{id}) | {severity} | {summary} |\n"));
    }
    for rule in &rules {
        page.push_str(&section(rule));
    }
    page.push_str(READER_HEAD);
    for mistake in reader::ALL {
        let severity = severity_name(mistake.severity);
        page.push_str(&format!(
            "| <a id=\"{id}\"></a>`{id}` | {severity} | {summary} |\n",
            id = mistake.id,
            summary = mistake.summary
        ));
    }
    page
}

fn section(rule: &Rule) -> String {
    let severity = severity_name(rule.severity);
    let mut section = format!("\n## {}\n\nSeverity: {severity}\n\n", rule.id);
    for line in rule.documentation() {
        // The section itself is a heading of the second level, what stands in it one lower.
        match line.strip_prefix("## ") {
            Some(heading) => section.push_str(&format!("### {heading}\n")),
            None => section.push_str(&format!("{line}\n")),
        }
    }
    section
}

const fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

const HEAD: &str = "\
# Lint rules

<!-- Written by `cargo xtask regenerate` from the rules in `crates/skep-lint/src/rules/`. -->

`skep lint` reads all documents together and reports everything in one run. A manifest is *lint
clean* when there is no error; warnings and notes may stand.

A comment suppresses the findings of one rule on its own line or, standing alone, on the next line
that is no comment:

```yaml
# skep: ignore[equal-priorities] both are the same machine with two names
- {node: lb2, priority: 100}
```

Suppressed findings are counted and stand in the JSON output with their reason. The mistakes of
the [last section](#what-the-reader-refuses) that are errors cannot be suppressed.

| Rule | Severity | What it finds |
|---|---|---|
";

const READER_HEAD: &str = "
## What the reader refuses

These are no rules: a document with such a mistake means nothing, or not what it says. Each is
reported with its place and what is allowed there.

| Mistake | Severity | What it is |
|---|---|---|
";
