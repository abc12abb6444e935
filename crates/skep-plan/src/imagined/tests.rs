use std::fs;
use std::path::Path;

use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;

use super::*;

fn desired(text: &str) -> Desired {
    let source = Source {
        name: "skep.yaml".to_owned(),
        text: text.as_bytes().to_vec(),
    };
    let set = parse(vec![source]);
    assert!(set.problems.is_empty(), "{:?}\n{text}", set.problems);
    resolve(&set).0
}

#[expect(clippy::disallowed_methods, reason = "a test may read its own data")]
fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a manifest of the repository")
}

fn seed(name: &str) -> String {
    let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests");
    read(&manifests.join("seeds").join(name).join("skep.yaml"))
}

/// A manifest in which one text stands instead of another.
fn changed(manifest: &str, changes: &[(&str, &str)]) -> String {
    changes
        .iter()
        .fold(manifest.to_owned(), |manifest, (from, to)| {
            assert!(manifest.contains(from), "{from}");
            manifest.replace(from, to)
        })
}

/// What is said of a change of a seed.
fn said(name: &str, changes: &[(&str, &str)]) -> String {
    let old = seed(name);
    let new = changed(&old, changes);
    plan_between(&desired(&old), &desired(&new)).to_string()
}

#[test]
fn a_desired_state_that_has_come_about_leaves_nothing_to_do() {
    let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests");
    for name in [
        "beside-keepalived",
        "dual-stack",
        "homelab-three-nodes",
        "homelab-two-nodes",
        "keepalived-replacement",
        "load-balancers",
        "seeds/000",
        "seeds/001",
        "seeds/002",
        "seeds/003",
        "standalone",
        "two-vips-spread",
        "unicast-in-a-cloud",
    ] {
        let desired = desired(&read(&manifests.join(name).join("skep.yaml")));
        let plan = plan_between(&desired, &desired);
        assert_eq!(plan.to_string(), "", "{name}");
    }
    // What asks others before it comes about, too.
    let asking = changed(
        &seed("003"),
        &[
            ("  image: nginx\n", "  image: nginx\n  digest: pin\n"),
            ("  nodes:", "  autolock: {enabled: true}\n  nodes:"),
        ],
    );
    let asking = desired(&asking);
    assert_eq!(plan_between(&asking, &asking).to_string(), "");
}

#[test]
fn what_differs_is_what_is_told() {
    let cases = [
        said("003", &[("image: nginx", "image: nginx:1.27")]),
        said(
            "003",
            &[
                ("cube01, priority: 100", "cube01, priority: 60"),
                (
                    "{name: cube03, address: 10.0.0.62, role: manager}",
                    "{name: cube03, address: 10.0.0.62, role: manager, availability: drain}",
                ),
            ],
        ),
        said(
            "003",
            &[(
                "{name: cube04, address: 10.0.0.63, role: worker}",
                "{name: cube04, address: 10.0.0.63, role: manager}\n    - {name: cube05, address: 10.0.0.64, role: manager}",
            )],
        ),
        said(
            "002",
            &[
                ("labels: {role: apps}", "labels: {role: apps, zone: a}"),
                ("replicas: 2", "replicas: 3"),
                ("{driver: overlay}", "{driver: overlay, attachable: true}"),
                ("haproxy:2.9", "haproxy:3.0"),
            ],
        ),
        said(
            "001",
            &[
                ("virtualRouterId: 69", "virtualRouterId: 70"),
                ("name: web", "name: site"),
            ],
        ),
        plan_between(&desired(""), &desired(&seed("002"))).to_string(),
    ];
    insta::assert_snapshot!(cases.join("\n=====\n"));
}
