//! Directories with one file per node, and what a person sees of their import.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use skep_keepalived::import::{Import, NodeFile, import};
use skep_keepalived::language::{Files, Include};
use skep_keepalived::ledger::Fate;
use skep_lint::finding::Finding;
use skep_lint::render::human::{Colour, render};
use skep_manifest::parse::parse;
use skep_manifest::problem::Severity;
use skep_manifest::set::{ManifestSet, Source};

/// Reads includes beside the files of the fixture; no file there matches a pattern.
pub(crate) struct Beside(pub(crate) PathBuf);

impl Files for Beside {
    fn include(&mut self, include: Include<'_>) -> Result<Vec<Source>, String> {
        if include.pattern.contains('*') {
            return Ok(Vec::new());
        }
        let path = self.0.join(include.pattern);
        let text = fs::read(&path).map_err(|error| error.to_string())?;
        Ok(vec![Source {
            name: include.pattern.to_owned(),
            text,
        }])
    }
}

pub(crate) fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// The files `NODE.conf` of a directory.
pub(crate) fn node_files(directory: &Path) -> Vec<NodeFile> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .expect("the fixture is there")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "conf")
        })
        .collect();
    paths.sort();
    paths.iter().map(|path| node_file(path)).collect()
}

fn node_file(path: &Path) -> NodeFile {
    let stem = path.file_stem().expect("it has a name").to_string_lossy();
    NodeFile {
        node: stem.parse().expect("it is called like a node"),
        source: Source {
            name: path
                .file_name()
                .expect("it has a name")
                .to_string_lossy()
                .into_owned(),
            text: fs::read(path).expect("it can be read"),
        },
    }
}

pub(crate) fn import_directory(directory: &Path) -> Import {
    import(node_files(directory), &mut Beside(directory.to_owned()))
}

/// The problems as `skep import` shows them.
pub(crate) fn problems(import: &Import) -> String {
    let set = ManifestSet {
        sources: import.texts.sources.clone(),
        ..ManifestSet::default()
    };
    let findings: Vec<Finding> = import
        .texts
        .problems
        .iter()
        .cloned()
        .map(Finding::from)
        .collect();
    render(&set, &findings, Colour::Never)
}

/// The kinds of problems, each once.
pub(crate) fn ids(import: &Import) -> BTreeSet<&'static str> {
    import
        .texts
        .problems
        .iter()
        .map(|problem| problem.id)
        .collect()
}

/// One line for every keyword: where it stands and where it went.
pub(crate) fn ledger(import: &Import) -> String {
    let lines = import.ledger.entries.iter().map(|entry| {
        let source = &import.texts.sources[entry.span.source];
        let location = source.location(entry.span.start);
        let fate = match &entry.fate {
            Fate::Taken(field) => format!("-> {field}"),
            Fate::LeftOut(why) => format!("left out: {why}"),
            Fate::Unknown => "UNKNOWN".to_owned(),
        };
        format!(
            "{}:{} {} {fate}\n",
            location.file, location.line, entry.keyword
        )
    });
    lines.collect()
}

/// What lint says of the manifest that was made, from `severity` on.
pub(crate) fn lint(import: &Import, severity: Severity) -> String {
    let set = parse(vec![Source {
        name: "skep.yaml".to_owned(),
        text: import.text.clone().into_bytes(),
    }]);
    let read: Vec<_> = set
        .documents
        .iter()
        .map(|document| document.object.clone())
        .collect();
    assert_eq!(
        read, import.objects,
        "the comments change nothing:\n{}",
        import.text
    );
    let mut findings = skep_lint::lint(&set);
    findings.retain(|finding| finding.severity >= severity);
    if findings.is_empty() {
        return String::new();
    }
    render(&set, &findings, Colour::Never)
}
