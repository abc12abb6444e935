//! `skep simulate` as a person calls it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SEED_003: &str = "manifests/seeds/003/skep.yaml";

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn simulate(manifest: &str, scenario: &str) -> Output {
    let directory = tempfile::tempdir().expect("there is room");
    let path = directory.path().join("scenario.yaml");
    fs::write(&path, scenario).expect("there is room");
    Command::new(env!("CARGO_BIN_EXE_skep"))
        .current_dir(directory.path())
        .args(["simulate", "--scenario", "scenario.yaml", "-f"])
        .arg(top().join(manifest))
        .output()
        .expect("the command runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it prints text")
}

/// The scenario that the page has a reader write down.
fn example() -> String {
    let page = fs::read(top().join("docs/simulate.md")).expect("the page is there");
    let page = text(&page);
    let block = page.split_once("<<'END'\n").expect("it has an example").1;
    block
        .split_once("END\n")
        .expect("the example ends")
        .0
        .to_owned()
}

#[test]
fn the_example_of_the_documentation_comes_true() {
    let output = simulate(SEED_003, &example());
    let (out, errors) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}{errors}");
    assert!(out.contains("5 of 5 expectations came true"), "{out}");
    let takeover = "cube02  ingress/ipv4: Backup -> Active: nobody advertised";
    assert!(out.contains(takeover), "{out}");
}

#[test]
fn an_expectation_that_does_not_come_true_is_named_with_its_line() {
    let output = simulate(
        SEED_003,
        "- {at: 10s, cut: cube01}\n- {at: 20s, expect: {group: ingress, holder: cube03}}\n",
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "error: scenario.yaml:2:3: at 20s, `ingress`: 10.0.0.70 is held by cube02, expected cube03\n"
    );
}

#[test]
fn all_mistakes_in_a_scenario_are_found_at_once_with_their_lines() {
    let output = simulate(
        SEED_003,
        "- {at: 1s, cut: cube09}\n- {at: 2s, explode: cube01}\n- {at: 3s, expect: {group: web, holder: cube01}}\n\
         - {at: soon, heal: all}\n- {at: 4s, cut: cube01, stop: cube01}\n",
    );
    assert_eq!(output.status.code(), Some(2));
    let errors = text(&output.stderr);
    let lines: Vec<&str> = errors.lines().collect();
    let expected = [
        "error: scenario.yaml:1:17: there is no node `cube09` (there are: `cube01`, `cube02`, `cube03`, `cube04`)",
        "error: scenario.yaml:2:12: there is no `explode` here",
        "error: scenario.yaml:3:28: there is no VIP group `web` (there are: `ingress`)",
        "error: scenario.yaml:4:8: ",
        "error: scenario.yaml:5:3: a step is one thing: `cut` or `stop`",
    ];
    assert_eq!(lines.len(), expected.len(), "{errors}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}\n{expected}");
    }
}
