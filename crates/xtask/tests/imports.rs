//! Holds the import table of `docs/architecture.md`: which crate may import which.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Each crate with the crates of this workspace it may import; its tests may import more.
const MAY_IMPORT: [(&str, &[&str]); 15] = [
    ("skep-manifest", &[]),
    ("skep-vrrp", &[]),
    ("skep-vip", &["skep-vrrp"]),
    ("skep-plan", &["skep-manifest", "skep-vip", "skep-vrrp"]),
    ("skep-lint", &["skep-manifest"]),
    ("skep-keepalived", &["skep-manifest"]),
    ("skep-linux", &[]),
    ("skep-api", &["skep-manifest", "skep-plan"]),
    (
        "skep-agent",
        &[
            "skep-api",
            "skep-linux",
            "skep-lint",
            "skep-manifest",
            "skep-plan",
            "skep-probe",
            "skep-swarm",
            "skep-vip",
            "skep-vrrp",
        ],
    ),
    ("skep-lab", &["skep-manifest"]),
    ("skep-probe", &["skep-manifest"]),
    (
        "skep-simulation",
        &["skep-manifest", "skep-plan", "skep-vip", "skep-vrrp"],
    ),
    ("skep-swarm", &["skep-manifest", "skep-plan"]),
    (
        "skep",
        &[
            "skep-agent",
            "skep-api",
            "skep-keepalived",
            "skep-lab",
            "skep-linux",
            "skep-lint",
            "skep-manifest",
            "skep-plan",
            "skep-probe",
            "skep-simulation",
            "skep-swarm",
            "skep-vip",
            "skep-vrrp",
        ],
    ),
    ("xtask", &[]),
];

#[test]
fn crates_import_only_what_the_table_allows() {
    let table: BTreeMap<&str, BTreeSet<&str>> = MAY_IMPORT
        .iter()
        .map(|(name, may)| (*name, may.iter().copied().collect()))
        .collect();
    let packages = workspace_packages();
    let members: BTreeSet<&str> = packages.keys().map(String::as_str).collect();
    let listed: BTreeSet<&str> = table.keys().copied().collect();
    assert_eq!(
        members, listed,
        "the table names exactly the crates that exist"
    );
    for (name, dependencies) in &packages {
        let may = &table[name.as_str()];
        for dependency in dependencies {
            assert!(
                may.contains(dependency.as_str()),
                "{name} imports {dependency}, which docs/architecture.md does not allow"
            );
        }
    }
}

/// The crates of this workspace, each with those of its dependencies that belong to it too.
fn workspace_packages() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var("CARGO").expect("cargo runs the tests");
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata runs");
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    let name = |value: &serde_json::Value| value["name"].as_str().expect("a name").to_owned();
    let members: BTreeSet<String> = packages.iter().map(name).collect();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("a list");
            // Tests may set up what they need: a lab, manifests.
            let is_of_tests = |dependency: &&serde_json::Value| dependency["kind"] == "dev";
            let own = dependencies
                .iter()
                .filter(|dependency| !is_of_tests(dependency))
                .map(name)
                .filter(|dependency| members.contains(dependency))
                .collect();
            (name(package), own)
        })
        .collect()
}
