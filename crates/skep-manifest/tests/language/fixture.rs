//! Fixtures of the tests, and what is found in them as text.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use skep_manifest::problem::{Problem, Severity};
use skep_manifest::set::{ManifestSet, Source};

/// The folder `name` of the fixtures.
pub(crate) fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// Every manifest of a folder, by its file name.
pub(crate) fn read_all(name: &str) -> Vec<Source> {
    let entries = fs::read_dir(folder(name)).expect("the fixtures are part of the crate");
    let mut sources: Vec<Source> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .map(|path| Source {
            name: path
                .file_name()
                .expect("a file")
                .to_string_lossy()
                .into_owned(),
            text: fs::read(&path).expect("a fixture can be read"),
        })
        .collect();
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!sources.is_empty(), "no fixtures in {name}");
    sources
}

/// Problems as a person would read them.
pub(crate) fn report(set: &ManifestSet, problems: &[Problem]) -> String {
    let mut text = String::new();
    for problem in problems {
        let severity = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let marked = &set.text(problem.span.source).expect("a source").text()
            [problem.span.start..problem.span.end];
        let marked: String = marked
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(40)
            .collect();
        let place = set.location(problem.span);
        writeln!(
            text,
            "{place} {severity}[{}] {}  ->|{marked}|",
            problem.id, problem.message
        )
        .expect("a string can be written to");
        if let Some(help) = &problem.help {
            writeln!(text, "  help: {help}").expect("a string can be written to");
        }
        for (span, what) in &problem.related {
            writeln!(text, "  {}: {what}", set.location(*span))
                .expect("a string can be written to");
        }
    }
    text
}

/// Compares a text with the fixture `name`; with `UPDATE_EXPECTED` set it writes the fixture.
pub(crate) fn compare(name: &str, found: &str) {
    let path = folder(name);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&path, found).expect("a fixture can be written");
    }
    let expected = fs::read(&path).unwrap_or_default();
    assert_eq!(
        String::from_utf8_lossy(&expected),
        found,
        "{name}: set UPDATE_EXPECTED and review what changes"
    );
}
