//! Manifests that change while they run.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use crate::cluster::wire::{adverts, wait_for_advert};
use crate::cluster::{Cluster, measured, ms, wait_until};
use crate::pair::{self, A, B, CLIENT, ID, PRIORITIES, VIP, assert_none_lost};

const OTHER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 71);
const OTHER_ID: u8 = 52;

#[test]
fn a_priority_edited_in_the_directory_moves_its_group_and_no_other() {
    // Slower than the budget: an early advertisement is not a regular one.
    let slow = |priorities| {
        pair::group("ingress", ID, VIP, priorities).replace("100ms", "400ms")
            + "---\n"
            + &pair::group("other", OTHER_ID, OTHER, PRIORITIES)
    };
    let cluster = pair::running("edit", &slow(PRIORITIES));
    cluster.wait_for_holder(OTHER, A);
    let prober = cluster.probe(CLIENT, OTHER);
    let mut begun = Vec::new();
    for _ in 0..3 {
        cluster.save(B, "skep.yaml", &slow([80, 90]));
        let saved = cluster.save(A, "skep.yaml", &slow([80, 90]));
        let lower = wait_for_advert(&cluster.capture, ID, |advert| {
            advert.node == A && advert.at > saved && advert.priority() == 80
        });
        begun.push(lower.at - saved);
        cluster.wait_for_holder(VIP, B);
        pair::save(&cluster, &slow(PRIORITIES));
        cluster.wait_for_holder(VIP, A);
    }
    measured(
        "priority edited: other group meanwhile",
        &assert_none_lost(prober),
    );
    begun.sort();
    let times: Vec<String> = begun.iter().copied().map(ms).collect();
    measured(
        "priority edited: from the rename to the lower advertisement",
        &format!("{} (budget 50 ms)", times.join(", ")),
    );
    let budget = Duration::from_millis(50);
    assert!(begun.iter().all(|time| *time <= budget), "{begun:?}");
    let strangers = adverts(&cluster.capture, OTHER_ID);
    assert!(strangers.iter().all(|advert| advert.node == A));
}

#[test]
fn what_cannot_be_accepted_changes_nothing_and_says_where_and_what_to_do() {
    let good = pair::ingress();
    let cluster = pair::running("broken", &good);
    let prober = cluster.probe(CLIENT, VIP);
    let swarm = "---\napiVersion: skep/v1\nkind: Swarm\nmetadata: {name: cube}\nspec:\n  nodes:\n    \
                 - {name: a, address: 10.0.0.60, role: manager}\n";
    let twin = "---\n".to_owned() + &pair::group("twin", ID, OTHER, PRIORITIES);
    let cases = [
        (good.replace("[10.0.0.70]", "[10.0.0.70"), "skep.yaml:", ""),
        (
            good.replace("interface:", "interfaec:"),
            "skep.yaml:6:3",
            "did you mean",
        ),
        (
            good.replace("virtualRouterId: 51", "virtualRouterId: 300"),
            "skep.yaml:5:20",
            "255",
        ),
        (good.clone() + &twin, "skep.yaml:17:20", "such as 52"),
        (
            good.clone() + swarm,
            "skep.yaml:",
            "remove the Swarm document",
        ),
    ];
    for (manifest, place, remedy) in &cases {
        cluster.save(A, "skep.yaml", manifest);
        assert_refused(&cluster, &[place, remedy]);
        cluster.save(A, "skep.yaml", &good);
        assert_accepted(&cluster);
    }
    let remedy = ["every manifest is gone or empty", "stop the agent"];
    fs::remove_file(cluster.manifests(A).join("skep.yaml")).expect("it is there");
    assert_refused(&cluster, &remedy);
    cluster.save(A, "skep.yaml", &good);
    assert_accepted(&cluster);
    // What an editor leaves behind on a full disk.
    cluster.save(A, "skep.yaml", "");
    assert_refused(&cluster, &remedy);
    cluster.save(A, "skep.yaml", &good);
    assert_accepted(&cluster);
    measured(
        "5 broken manifests, an empty directory and an empty file",
        &assert_none_lost(prober),
    );
}

#[test]
fn every_broken_fixture_of_the_language_is_refused_while_the_agent_runs() {
    let cluster = pair::running("fixtures", &pair::ingress());
    let prober = cluster.probe(CLIENT, VIP);
    let fixtures =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../skep-manifest/tests/fixtures/broken");
    let mut refused = 0;
    for entry in fs::read_dir(fixtures).expect("it is there") {
        let path = entry.expect("it can be listed").path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let bytes = fs::read(&path).expect("it can be read");
        let file = path
            .file_name()
            .expect("it has a name")
            .to_string_lossy()
            .into_owned();
        if bytes.is_empty() || file == "empty.yaml" {
            continue;
        }
        fs::write(cluster.manifests(A).join(&file), bytes).expect("there is room");
        assert_refused(&cluster, &[&format!("{file}:")]);
        fs::remove_file(cluster.manifests(A).join(&file)).expect("it is there");
        assert_accepted(&cluster);
        refused += 1;
    }
    assert!(refused >= 20, "{refused}");
    measured(
        &format!("{refused} broken fixtures, one after another"),
        &assert_none_lost(prober),
    );
}

/// Asserts that the status ends with 1 and says all of this, and that nothing moved.
fn assert_refused(cluster: &Cluster, said: &[&str]) {
    let mut answer = (0, String::new());
    let came = wait_until(|| {
        answer = cluster.agent(A).ask(&["status"]);
        answer.0 == 1 && said.iter().all(|word| answer.1.contains(word))
    });
    assert!(came, "{said:?} is not in: {}", answer.1);
    assert!(answer.1.contains("REJECTED"), "{}", answer.1);
    assert_eq!(cluster.holders(VIP), [A]);
}

fn assert_accepted(cluster: &Cluster) {
    let mut answer = (2, String::new());
    let came = wait_until(|| {
        answer = cluster.agent(A).ask(&["status"]);
        answer.0 == 0
    });
    assert!(came, "{}", answer.1);
}
