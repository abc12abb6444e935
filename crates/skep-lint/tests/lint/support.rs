//! Manifests from files and from text.

use std::fs;
use std::path::{Path, PathBuf};

use skep_lint::finding::Finding;
use skep_manifest::parse::parse;
use skep_manifest::set::{ManifestSet, Source};

/// A path below the crate's own folder.
pub(crate) fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// The text of a file.
pub(crate) fn text(file: &Path) -> String {
    let bytes = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    String::from_utf8(bytes).expect("files of the repository are UTF-8")
}

/// The set of one file, which is called by its bare name in messages.
pub(crate) fn read(file: &Path) -> ManifestSet {
    let name = file.file_name().expect("a file has a name");
    parse(vec![Source {
        name: name.to_string_lossy().into_owned(),
        text: text(file).into_bytes(),
    }])
}

/// The set of one text.
pub(crate) fn written(text: &str) -> ManifestSet {
    parse(vec![Source {
        name: "manifest.yaml".to_owned(),
        text: text.as_bytes().to_vec(),
    }])
}

/// The ids of the findings that nothing suppresses.
pub(crate) fn standing(findings: &[Finding]) -> Vec<&'static str> {
    let standing = findings
        .iter()
        .filter(|finding| finding.suppressed.is_none());
    standing.map(|finding| finding.rule).collect()
}
