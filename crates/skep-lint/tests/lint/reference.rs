use std::fs;

use skep_lint::reference::reference;
use skep_lint::rule;

use crate::support::{path, text};

#[test]
fn the_committed_page_is_what_the_rules_say() {
    let page = path("../../docs/reference/lints.md");
    assert!(
        text(&page) == reference(),
        "docs/reference/lints.md is not what the rules say: run `cargo xtask regenerate`"
    );
}

#[test]
fn every_rule_documents_what_why_example_and_alternative() {
    for rule in rule::all() {
        let page = reference();
        let begin = page
            .find(&format!("\n## {}\n", rule.id))
            .unwrap_or_else(|| panic!("{} has no section", rule.id));
        let section = &page[begin + 1..];
        let section = &section[..section[1..]
            .find("\n## ")
            .map_or(section.len(), |at| at + 1)];
        let mut rest = section;
        for part in [
            rule.summary(),
            "### What it does\n",
            "### Why is this bad?\n",
            "### Example\n",
            "```yaml\n",
            "Use instead:\n",
            "```yaml\n",
        ] {
            let at = rest
                .find(part)
                .unwrap_or_else(|| panic!("{} lacks {part:?}", rule.id));
            rest = &rest[at + part.len()..];
        }
    }
}

/// The reader's mistakes are named in its source as `Problem::error("id", ..)`.
#[test]
fn every_mistake_of_the_reader_stands_on_the_page() {
    let page = reference();
    let mut open = vec![path("../skep-manifest/src")];
    let mut count = 0;
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a folder of the crate");
            open.extend(entries.map(|entry| entry.expect("it can be read").path()));
            continue;
        }
        let source = text(&path);
        for severity in ["error", "warning", "note"] {
            for call in source.split(&format!("Problem::{severity}(")).skip(1) {
                let Some(rest) = call.trim_start().strip_prefix('"') else {
                    continue;
                };
                let id = rest.split('"').next().unwrap_or_default();
                let row = format!("`{id}` | {severity} |");
                assert!(page.contains(&row), "no row `{row}` ({})", path.display());
                count += 1;
            }
        }
    }
    assert!(count > 20, "only {count} mistakes found in the source");
}
