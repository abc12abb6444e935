//! Holds `docs/reference/rfc9568.md` to what it says: every test it names exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// So many underscores make a sentence; the page's other words have fewer.
const UNDERSCORES_OF_A_TEST: usize = 3;

#[test]
fn every_test_that_the_page_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = root.join("docs/reference/rfc9568.md");
    let page = fs::read_to_string(page).expect("the page can be read");
    let is_test = |word: &&str| {
        word.matches('_').count() >= UNDERSCORES_OF_A_TEST && !word.contains(['/', ' '])
    };
    let named: BTreeSet<&str> = page.split('`').filter(is_test).collect();
    assert!(named.len() > 50, "the page names {} tests", named.len());

    let mut files = Vec::new();
    collect(&root.join("crates"), &mut files);
    let mut existing = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a source file can be read");
        let names = text.lines().filter_map(|line| {
            let rest = line.trim_start().strip_prefix("fn ")?;
            Some(rest.split('(').next()?.to_owned())
        });
        existing.extend(names);
    }
    let missing: Vec<_> = named
        .iter()
        .filter(|name| !existing.contains(**name))
        .collect();
    assert!(missing.is_empty(), "there is no such test: {missing:?}");
}

/// The Rust files below `directory`.
fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
