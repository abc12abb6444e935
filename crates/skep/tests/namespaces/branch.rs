//! A branch of a git repository that feeds a cluster.

use std::fs;

use crate::cluster::{Cluster, measured, ms, wait_until};
use crate::clustered;
use crate::pair::{self, A, B, CLIENT, PRIORITIES, VIP};
use crate::repository::{
    LOWER, Move, git, ingress, make_repository, push, start, wait_until_said, work,
};

#[test]
fn a_branch_feeds_a_cluster_by_the_rules_of_a_directory() {
    let mut cluster = pair::hosts("branch");
    clustered::make_key(&cluster);
    let set = |priorities| {
        let groups = ingress(priorities) + "  authentication: {none: {}}\n";
        clustered::manifest(&groups)
    };
    make_repository(&cluster, &set(PRIORITIES));
    let key = cluster.directory(CLIENT).join("cluster.key");
    let key = format!("SKEP_CLUSTER_KEY={}", key.display());
    for node in [A, B] {
        start(&mut cluster, node, &[&key, "SKEP_INTERVAL=1s"]);
    }
    cluster.wait_for_holder(VIP, A);
    wait_until_history(&cluster, 1, "\"begin\" (Ada)");

    cluster.agent(B).wait_until_it_hears("ingress");
    let pushed = push(&cluster, &set(LOWER), "b shall have it");
    let move_of_cluster = Move::after(&cluster, pushed);
    measured(
        "pushed, in a cluster: to the first of the other one",
        &ms(move_of_cluster.done),
    );
    wait_until_history(&cluster, 2, "\"b shall have it\" (Ada)");
    cluster.wait_for_holder(VIP, B);
    cluster.save(CLIENT, "README", "about something else\n");
    push(&cluster, &set(LOWER), "about something else");

    let bad = set(PRIORITIES).replace("interface:", "interfaec:");
    push(&cluster, &bad, "a slip");
    for node in [A, B] {
        let slip = [
            "InvalidManifest: git /",
            "\"a slip\" (Ada)",
            "vip.yaml:14:3",
        ];
        wait_until_said(&cluster, node, &slip);
        wait_until_said(
            &cluster,
            node,
            &["generation 2 by git main@", "have it\" (Ada)"],
        );
    }

    // What was written anew is not made from what was fed, and a word is needed.
    git(&cluster, &["reset", "--quiet", "--hard", "HEAD~3"]);
    push(&cluster, &set(PRIORITIES), "written anew");
    let differs = [
        "SourceDiffers",
        "not made from what was fed last (main@",
        "skep confirm 3",
    ];
    wait_until_said(&cluster, A, &differs);
    assert_eq!(cluster.holders(VIP), [B]);
    let (code, said) = cluster.agent(A).ask(&["confirm", "3"]);
    assert_eq!((code, said.as_str()), (0, "accepted as generation 3\n"));
    cluster.wait_for_holder(VIP, A);
    wait_until_history(&cluster, 3, "\"written anew\" (Ada)");

    check_comparing(&cluster);
    check_removals(&cluster);
    check_pausing(&cluster, &set(LOWER));
}

/// Checks that manifests are compared with a generation, and one that nobody has is said.
fn check_comparing(cluster: &Cluster) {
    let path = work(cluster).join("vip.yaml").display().to_string();
    let compare = |generation: &str| {
        let words = ["diff", "--from", generation, "-f", &path, "--take-over"];
        cluster.agent(B).ask(&words)
    };
    let same = (0, "nothing would change\n".to_owned());
    assert_eq!(compare("@3"), same);
    let text = fs::read_to_string(&path).expect("it was pushed");
    cluster.save(
        CLIENT,
        "vip.yaml",
        &text.replace("priority: 90", "priority: 110"),
    );
    let (code, said) = compare("@3");
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("priority of b: 90 -> 110"), "{said}");
    let (code, said) = compare("@1");
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("kept by the swarm"), "{said}");
}

/// Checks that neither a commit without VIP groups removes them, nor an empty one anything; then the
/// branch holds nothing.
fn check_removals(cluster: &Cluster) {
    push(cluster, &clustered::manifest(""), "without groups");
    wait_until_said(
        cluster,
        A,
        &["AwaitsConfirmation", "every VIP group", "skep confirm 4"],
    );
    git(cluster, &["rm", "--quiet", "vip.yaml"]);
    git(cluster, &["commit", "--quiet", "-m", "nothing"]);
    git(cluster, &["push", "--quiet", "origin", "HEAD:main"]);
    wait_until_said(
        cluster,
        A,
        &["SourceRefused", "nothing is removed because of that"],
    );
    assert_eq!(cluster.holders(VIP), [A]);
}

/// Checks that a paused branch feeds nothing until it is resumed.
fn check_pausing(cluster: &Cluster, manifest: &str) {
    assert_eq!(cluster.agent(B).ask(&["pause", "git"]).0, 0);
    push(cluster, manifest, "while nobody feeds");
    wait_until_said(cluster, A, &["PAUSED git"]);
    assert_eq!(cluster.agent(B).ask(&["resume", "git"]).0, 0);
    cluster.wait_for_holder(VIP, B);
    wait_until_history(cluster, 6, "\"while nobody feeds\" (Ada)");
}

/// Waits until the latest generation has this number, and whoever made it is told so.
fn wait_until_history(cluster: &Cluster, number: u64, by: &str) {
    let mut text = String::new();
    let came = wait_until(|| {
        text = cluster.agent(B).ask(&["history"]).1;
        let line = text.lines().nth(1).unwrap_or_default();
        line.starts_with(&format!("{number} ")) && line.contains("git main@") && line.contains(by)
    });
    assert!(came, "{number} {by}: {text}");
}
