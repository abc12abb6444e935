use std::fs;
use std::path::{Path, PathBuf};

use skep_lint::finding::Summary;
use skep_lint::lint;
use skep_lint::render::human::{self, Colour};

use crate::support::{path, read, standing, text, written};

#[test]
fn the_seeds_and_everyday_manifests_have_no_errors() {
    let mut files = Vec::new();
    collect(&path("../../manifests"), &mut files);
    collect(
        &path("../skep-manifest/tests/fixtures/manifests"),
        &mut files,
    );
    files.retain(|file| !file.ends_with("language.yaml"));
    assert!(files.len() >= 6, "{files:?}");
    for file in files {
        let set = read(&file);
        let findings = lint(&set);
        assert_eq!(
            Summary::of(&findings).errors,
            0,
            "{}\n{}",
            file.display(),
            human::render(&set, &findings, Colour::Never)
        );
    }
}

#[test]
fn no_rule_fires_on_the_manifests_people_start_from() {
    let mut files = Vec::new();
    collect(&path("../../manifests"), &mut files);
    assert!(files.len() >= 6, "{files:?}");
    for file in files {
        let set = read(&file);
        let findings = lint(&set);
        assert_eq!(
            standing(&findings),
            Vec::<&str>::new(),
            "{}\n{}",
            file.display(),
            human::render(&set, &findings, Colour::Never)
        );
    }
}

/// Editors read the modeline, people the first line and the page.
#[test]
fn every_manifest_people_start_from_says_when_to_use_it_and_where_its_schema_is() {
    let top = path("../../manifests");
    let page = text(&top.join("README.md"));
    let mut files = Vec::new();
    collect(&top, &mut files);
    for file in files {
        let manifest = text(&file);
        let folder = file.strip_prefix(&top).expect("it is below");
        let situation = folder.parent().expect("each has a folder").display();
        if !folder.starts_with("seeds") {
            assert!(manifest.starts_with("# When: "), "{situation}");
            assert!(
                page.contains(&format!("({situation}/skep.yaml)")),
                "{situation}"
            );
        }
        for document in manifest.split("\n---\n") {
            let modeline = document
                .lines()
                .find_map(|line| line.strip_prefix("# yaml-language-server: $schema="))
                .unwrap_or_else(|| panic!("{situation}: no modeline in\n{document}"));
            let schema = file.parent().expect("a folder").join(modeline);
            assert!(schema.is_file(), "{situation}: {modeline}");
        }
    }
}

/// Which fields of the whole language this release does not act on, as its author reads it.
#[test]
fn the_whole_language_is_supported_or_said_not_to_be() {
    let language = path("../skep-manifest/tests/fixtures/manifests/language.yaml");
    let language = text(&language);
    // The page shows alternatives side by side; one of each makes a manifest.
    let without = |dropped: &[&str]| -> String {
        let kept = language.lines().filter(|line| {
            let line = line.trim_start();
            !dropped.iter().any(|field| line.starts_with(field))
        });
        kept.flat_map(|line| [line, "\n"]).collect()
    };
    let set = written(&without(&["selector:", "webhook:", "exec: {argv: [/usr"]));
    let lines: Vec<String> = lint(&set)
        .into_iter()
        .filter(|finding| finding.rule == "not-supported-yet")
        .map(|finding| format!("{}: {}", set.location(finding.span).line, finding.message))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            files.push(path);
        }
    }
    files.sort();
}

#[test]
fn the_least_manifest_is_clean() {
    let home = path("../skep-manifest/tests/fixtures/manifests/homelab-two-nodes.yaml");
    let set = read(&home);
    let findings = lint(&set);
    assert!(
        findings.is_empty(),
        "{}",
        human::render(&set, &findings, Colour::Never)
    );
}
