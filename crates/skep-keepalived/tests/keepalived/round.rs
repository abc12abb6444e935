//! A manifest in the words of keepalived, and back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use skep_keepalived::export::export;
use skep_keepalived::import::{Import, NodeFile, import};
use skep_manifest::desired::{Desired, Runs};
use skep_manifest::name::NodeName;
use skep_manifest::object::{Object, ObjectKey};
use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::{ManifestSet, Source};

use crate::examples;
use crate::fixture::{Beside, directory, problems};

fn read(path: &Path) -> ManifestSet {
    parse(vec![Source {
        name: path.display().to_string(),
        text: fs::read(path).expect("it can be read"),
    }])
}

fn nodes(desired: &Desired) -> Vec<NodeName> {
    let members = desired.vip_groups.values().flat_map(|group| &group.members);
    let own = members.filter(|member| member.runs == Runs::Agent);
    let mut nodes: Vec<NodeName> = own.map(|member| member.name.clone()).collect();
    nodes.sort();
    nodes.dedup();
    nodes
}

/// The import of all exports, and what those left out.
fn around(set: &ManifestSet) -> (Import, Vec<String>) {
    let (desired, _) = resolve(set);
    let interface = "eth0".parse().expect("it is a name");
    let mut files = Vec::new();
    let mut left_out = Vec::new();
    for node in nodes(&desired) {
        let export = export(&desired, &node, Some(&interface)).expect("it is a member");
        for what in export.left_out {
            if !left_out.contains(&what) {
                left_out.push(what);
            }
        }
        files.push(NodeFile {
            source: Source {
                name: format!("{node}.conf"),
                text: export.text.into_bytes(),
            },
            node,
        });
    }
    (import(files, &mut Beside(directory("shapes"))), left_out)
}

fn by_key(objects: impl IntoIterator<Item = Object>) -> BTreeMap<ObjectKey, String> {
    let pair = |object: Object| (object.key(), object.to_yaml());
    objects.into_iter().map(pair).collect()
}

#[test]
fn what_keepalived_can_say_comes_back_as_it_was() {
    let set = read(&directory("reach.yaml"));
    assert!(set.problems.is_empty(), "{:?}", set.problems);
    let (import, left_out) = around(&set);
    let written = by_key(set.documents.iter().map(|document| document.object.clone()));
    assert_eq!(
        by_key(import.objects.clone()),
        written,
        "{}",
        problems(&import)
    );
    insta::assert_snapshot!("reach-left-out", left_out.join("\n"));
}

#[test]
fn no_text_breaks_out_of_its_place() {
    let set = read(&directory("out-of-place.yaml"));
    assert!(set.problems.is_empty(), "{:?}", set.problems);
    let (desired, _) = resolve(&set);
    let node = "fw1".parse().expect("it is a name");
    let export = export(&desired, &node, None).expect("it is a member");
    let left_out = export.left_out.join("\n");
    insta::assert_snapshot!("out-of-place", format!("{}\n{left_out}", export.text));
}

#[test]
fn every_example_comes_back_but_for_what_is_listed() {
    let mut seen = String::new();
    for example in examples::below(&top()) {
        let set = read(&top().join(&example).join("skep.yaml"));
        let (import, left_out) = around(&set);
        let back = by_key(import.objects.clone());
        seen.push_str(&format!("== {example}\n"));
        for what in left_out {
            seen.push_str(&format!("left out: {what}\n"));
        }
        for (key, text) in by_key(set.documents.into_iter().map(|document| document.object)) {
            match back.get(&key) {
                Some(again) if *again == text => seen.push_str(&format!("{key}: the same\n")),
                Some(again) => seen.push_str(&format!("{key}: {}\n", difference(&text, again))),
                None => seen.push_str(&format!("{key}: not in keepalived's language\n")),
            }
        }
    }
    insta::assert_snapshot!("examples", seen);
}

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests")
}

/// The lines that only one of the two has.
fn difference(one: &str, other: &str) -> String {
    let only = |of: &str, not: &str, sign: &str| -> String {
        let lines = of
            .lines()
            .filter(|line| !not.lines().any(|other| other == *line));
        lines
            .map(|line| format!(" {sign}{}", line.trim()))
            .collect()
    };
    format!("{}{}", only(one, other, "-"), only(other, one, "+"))
}
