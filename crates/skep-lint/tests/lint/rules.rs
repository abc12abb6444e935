use std::collections::BTreeSet;
use std::fs;

use skep_lint::finding::Finding;
use skep_lint::render::human::{self, Colour};
use skep_lint::{Audience, lint, lint_for, rule};
use skep_manifest::problem::Severity;

use crate::support::{path, read, standing, text, written};

#[test]
fn every_rule_fires_on_its_failing_fixture_and_says_what_a_person_needs() {
    for rule in rule::all() {
        let folder = path("tests/fixtures").join(rule.id);
        let set = read(&folder.join("fails.yaml"));
        let findings = lint(&set);
        assert!(
            standing(&findings).contains(&rule.id),
            "{} finds nothing in its failing fixture",
            rule.id
        );
        insta::with_settings!({
            snapshot_path => folder,
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!("fails", human::render(&set, &findings, Colour::Never));
        });
    }
}

#[test]
fn no_rule_fires_on_a_passing_fixture() {
    let mut fired = String::new();
    for rule in rule::all() {
        let set = read(&path("tests/fixtures").join(rule.id).join("passes.yaml"));
        let findings = lint(&set);
        if !standing(&findings).is_empty() {
            let shown = human::render(&set, &findings, Colour::Never);
            fired += &format!("{}:\n{shown}", rule.id);
        }
    }
    assert!(fired.is_empty(), "{fired}");
}

#[test]
fn a_rule_is_a_file_a_fixture_folder_and_an_id_of_the_same_name() {
    let names = |folder: &str, suffix: &str| -> BTreeSet<String> {
        fs::read_dir(path(folder))
            .expect("the folder is part of the crate")
            .filter_map(|entry| {
                let name = entry.expect("it can be read").file_name();
                let name = name.to_string_lossy().into_owned();
                Some(name.strip_suffix(suffix)?.replace('_', "-"))
            })
            .filter(|name| !name.contains('.'))
            .collect()
    };
    let ids: BTreeSet<String> = rule::all().iter().map(|rule| rule.id.to_owned()).collect();
    assert_eq!(names("src/rules", ".rs"), ids);
    assert_eq!(names("tests/fixtures", ""), ids);
}

#[test]
fn every_finding_has_a_remedy() {
    for rule in rule::all() {
        let set = read(&path("tests/fixtures").join(rule.id).join("fails.yaml"));
        for finding in lint(&set) {
            assert!(
                finding.help.is_some() || rule::find(finding.rule).is_none(),
                "{}: {}",
                rule.id,
                finding.message
            );
        }
    }
}

#[test]
fn what_is_not_supported_yet_warns_the_author_and_stops_the_agent() {
    let severities = |findings: Vec<Finding>| -> BTreeSet<Severity> {
        let unsupported = findings
            .into_iter()
            .filter(|finding| finding.rule == "not-supported-yet");
        unsupported.map(|finding| finding.severity).collect()
    };
    let set = read(&path("tests/fixtures/not-supported-yet/fails.yaml"));
    assert_eq!(
        severities(lint_for(&set, Audience::Author)),
        [Severity::Warning].into()
    );
    assert_eq!(
        severities(lint_for(&set, Audience::Agent)),
        [Severity::Error].into()
    );
}

#[test]
fn a_related_place_in_another_file_is_shown_with_it() {
    let fails = path("tests/fixtures/duplicate-virtual-router-id/fails.yaml");
    let text = text(&fails);
    let sources = text
        .split("---\n")
        .zip(["swarm.yaml", "ingress.yaml", "database.yaml"]);
    let set = skep_manifest::parse::parse(
        sources
            .map(|(text, name)| skep_manifest::set::Source {
                name: name.to_owned(),
                text: text.as_bytes().to_vec(),
            })
            .collect(),
    );
    let shown = human::render(&set, &lint(&set), Colour::Never);
    insta::assert_snapshot!(shown);
}

#[test]
fn colour_changes_nothing_but_the_colour() {
    let set = read(&path("tests/fixtures/equal-priorities/fails.yaml"));
    let findings = lint(&set);
    let coloured = human::render(&set, &findings, Colour::Always);
    let mut plain = String::new();
    for (index, part) in coloured.split('\u{1b}').enumerate() {
        let text = match index {
            0 => part,
            _ => part.split_once('m').expect("a sequence ends with m").1,
        };
        plain.push_str(text);
    }
    assert_ne!(coloured, plain);
    assert_eq!(plain, human::render(&set, &findings, Colour::Never));
}

#[test]
fn a_manifest_cannot_write_to_the_terminal() {
    let set =
        written("kind: \u{1b}[31mSwarm\nspec: {\u{1b}]0;x\u{7}: 1}\n\u{feff}\u{200d}: \u{9b}1m\n");
    let shown = human::render(&set, &lint(&set), Colour::Never);
    assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{9b}']), "{shown:?}");
}
