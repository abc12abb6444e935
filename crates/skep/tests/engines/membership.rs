//! Who belongs to the swarm, and how it is set up: changed by the manifest, and by fate.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::engine::{Engine, SwarmNode};
use crate::site::Site;

const LONE: &str = "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: settled}
spec:
  nodes: [{name: first, address: 10.0.0.60, role: manager}]
";
const SERVICE: &str = "\
---
apiVersion: skep/v1
kind: Service
metadata: {name: web}
spec: {image: nginx, mode: {replicated: {replicas: 3}}}
";

/// A swarm of nodes called `first`, `second`, …, each with what is said of it.
fn swarm(nodes: &[(usize, &str)]) -> String {
    const NAMES: [&str; 4] = ["first", "second", "third", "fourth"];
    let node = |(index, fields): &(usize, &str)| {
        let (name, last) = (NAMES[*index], 60 + index);
        format!("    - {{name: {name}, address: 10.0.0.{last}, {fields}}}\n")
    };
    let nodes: String = nodes.iter().map(node).collect();
    format!(
        "apiVersion: skep/v1\nkind: Swarm\nmetadata: {{name: members}}\nspec:\n  nodes:\n{nodes}"
    )
}

const MANAGER: &str = "role: manager";
const WORKER: &str = "role: worker";
const DRAINED_MANAGER: &str = "role: manager, availability: drain";
const DRAINED_WORKER: &str = "role: worker, availability: drain";

#[test]
fn a_swarm_is_made_with_its_settings_and_changed_in_place_where_that_is_possible() {
    let site = Site::up_with("settings", LONE);
    let made = format!(
        "{LONE}  addressPools: [{{base: 10.20.0.0/16, prefixLength: 26}}]\n  dataPathPort: 4790\n"
    );
    let history = format!("{made}  taskHistory: 3\n");
    site.apply("first", &site.write(&history));
    let engine = site.engine("first");
    let first = engine.ask("/swarm");
    assert_eq!(first["DefaultAddrPool"], json!(["10.20.0.0/16"]));
    assert_eq!(
        (&first["SubnetSize"], &first["DataPathPort"]),
        (&json!(26), &json!(4790))
    );
    assert_eq!(
        first["Spec"]["Orchestration"]["TaskHistoryRetentionLimit"],
        3
    );
    check_no_difference(&site, &history);

    let settings = "  certificateExpiry: 720h\n  dispatcherHeartbeat: 2s\n  snapshots: {interval: 500, keep: 1}\n";
    let changed = format!("{made}{settings}");
    site.apply("first", &site.write(&changed));
    let second = engine.ask("/swarm");
    assert_eq!(second["ID"], first["ID"]);
    assert_eq!(
        second["Spec"]["Orchestration"]["TaskHistoryRetentionLimit"],
        5
    );
    assert_eq!(
        second["Spec"]["Dispatcher"]["HeartbeatPeriod"],
        2_000_000_000_u64
    );
    assert_eq!(
        second["Spec"]["CAConfig"]["NodeCertExpiry"],
        720_u64 * 3600 * 1_000_000_000
    );
    assert_eq!(second["Spec"]["Raft"]["SnapshotInterval"], 500);
    assert_eq!(second["Spec"]["Raft"]["KeepOldSnapshots"], 1);
    check_no_difference(&site, &changed);
    // What skep does not own is as the engine made it.
    assert_eq!(
        second["Spec"]["Raft"]["ElectionTick"],
        first["Spec"]["Raft"]["ElectionTick"]
    );

    let other = changed.replace("4790", "4791");
    let path = site.write(&other).display().to_string();
    let said = site.skep(
        "first",
        &["apply", "-f", &path, "--wait", "--timeout", "5s"],
    );
    assert_eq!(said.code, Some(3), "{said:?}");
    let reason = "it was created with `dataPathPort: 4790`, not 4791";
    assert!(said.complaint.contains(reason), "{said:?}");
    assert_eq!(engine.ask("/swarm")["DataPathPort"], 4790);
}

fn check_no_difference(site: &Site, manifest: &str) {
    let path = site.write(manifest).display().to_string();
    let said = site.skep("first", &["diff", "-f", &path]);
    assert_eq!((said.code, said.output.as_str()), (Some(0), ""), "{said:?}");
}

#[test]
fn a_manager_that_is_gone_for_good_is_replaced_and_never_do_four_stand_with_two() {
    let four = [(0, MANAGER), (1, MANAGER), (2, MANAGER), (3, WORKER)];
    let site = Site::up_with("replaced", &swarm(&four));
    site.apply("first", &site.write(&swarm(&four[..3])));
    let engine = site.engine("first");
    site.run(&["kill", "third"]);
    site.wait_until("the swarm knows that it is gone", || {
        engine.node("third")["ManagerStatus"]["Reachability"] == "unreachable"
    });

    // A fourth manager beside a dead one is not let in.
    let beside = [(0, MANAGER), (1, MANAGER), (2, MANAGER), (3, MANAGER)];
    let path = site.write(&swarm(&beside)).display().to_string();
    let said = site.skep(
        "first",
        &["apply", "-f", &path, "--wait", "--timeout", "3s"],
    );
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(
        said.complaint
            .contains("joining as manager could cost the majority"),
        "{said:?}"
    );
    assert_eq!(engine.nodes().len(), 3);

    let drained = [
        (0, MANAGER),
        (1, MANAGER),
        (2, DRAINED_MANAGER),
        (3, MANAGER),
    ];
    let path = site.write(&swarm(&drained)).display().to_string();
    site.skep("first", &["apply", "-f", &path]).check_success();
    site.wait_until("the dead one is drained", || {
        engine.node("third")["Spec"]["Availability"] == "drain"
    });
    let path = site.write(&swarm(&[(0, MANAGER), (1, MANAGER), (3, MANAGER)]));
    watching_managers(&site, || site.apply("first", &path));
    let manager = |name| SwarmNode::ready(name, "manager");
    assert_eq!(engine.nodes(), ["first", "fourth", "second"].map(manager));
}

/// Does something while the managers are counted all the time.
fn watching_managers(site: &Site, work: impl FnOnce() -> String) {
    let done = AtomicBool::new(false);
    let engine = site.engine("first");
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut most = 0;
            while !done.load(Ordering::Relaxed) {
                let nodes = engine.ask("/nodes");
                let nodes = nodes.as_array().into_iter().flatten();
                let managers: Vec<&Value> = nodes.map(|node| &node["ManagerStatus"]).collect();
                let managers = managers.into_iter().filter(|manager| manager.is_object());
                let all = managers.clone().count();
                let reached = managers.filter(|manager| manager["Reachability"] == "reachable");
                let reached = reached.count();
                assert!(reached * 2 > all && all <= 3, "{reached} of {all} managers");
                most = most.max(reached);
            }
            most
        });
        work();
        done.store(true, Ordering::Relaxed);
        assert_eq!(watch.join().expect("the majority was never lost"), 3);
    });
}

#[test]
fn roles_are_swapped_a_wiped_node_comes_back_and_a_drained_one_leaves() {
    let first = swarm(&[(0, MANAGER), (1, WORKER), (2, WORKER)]);
    let site = Site::up_with("members", &first);
    site.apply("second", &site.write(&first));

    // The only manager, which leads, becomes a worker.
    let swapped = [(0, WORKER), (1, MANAGER), (2, WORKER)];
    site.apply("third", &site.write(&swarm(&swapped)));
    let engine = site.engine("second");
    let ready = |nodes: [(&str, &str); 3]| nodes.map(|(name, role)| SwarmNode::ready(name, role));
    let all = ready([
        ("first", "worker"),
        ("second", "manager"),
        ("third", "worker"),
    ]);
    assert_eq!(engine.nodes(), all);

    check_wiped_node(&site, &all);
    check_leaver(&site);
}

/// An engine that lost everything is the same node again, and its old entry goes.
fn check_wiped_node(site: &Site, all: &[SwarmNode]) {
    let engine = site.engine("second");
    let before = site.engine("third").node_id();
    site.run(&["kill", "third"]);
    fs::remove_dir_all(site.disk("third").join("data/swarm")).expect("it was in a swarm");
    site.run(&["heal", "third"]);
    site.wait_until("there is one node of its name, and it is ready", || {
        engine.nodes() == all
    });
    assert_ne!(site.engine("third").node_id(), before);
    assert_eq!(engine.node("third")["Spec"]["Labels"]["skep.node"], "third");
}

/// A node that left the manifest goes when its tasks are gone, and not before it was drained.
fn check_leaver(site: &Site) {
    let engine = site.engine("second");
    let apply = |nodes: &[(usize, &str)]| {
        let manifest = format!("{}{SERVICE}", swarm(nodes));
        site.write(&manifest).display().to_string()
    };
    let all = apply(&[(0, WORKER), (1, MANAGER), (2, WORKER)]);
    site.apply("first", all.as_ref());
    let rest = [(0, WORKER), (1, MANAGER)];
    let words = ["apply", "-f", &apply(&rest), "--wait", "--timeout", "3s"];
    let said = site.skep("first", &words);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(
        said.complaint
            .contains("it left the manifest before it was drained"),
        "{said:?}"
    );
    assert_eq!(site.engine("third").membership(), "active");

    site.apply(
        "first",
        apply(&[(0, WORKER), (1, MANAGER), (2, DRAINED_WORKER)]).as_ref(),
    );
    site.apply("first", apply(&rest).as_ref());
    assert_eq!(site.engine("third").membership(), "inactive");
    let left = [("first", "worker"), ("second", "manager")];
    assert_eq!(
        engine.nodes(),
        left.map(|(name, role)| SwarmNode::ready(name, role))
    );
    assert_eq!(engine.running_tasks().len(), 3);
    assert_eq!(site.skep("first", &["status"]).code, Some(0));
}

#[test]
fn nodes_whose_addresses_change_join_anew_one_at_a_time_and_old_tokens_let_nobody_in() {
    let before = swarm(&[(0, MANAGER), (1, MANAGER), (2, MANAGER)]);
    let site = Site::up_with("addresses", &before);
    site.apply("first", &site.write(&before));
    let engine = site.engine("first");
    let tokens = |engine: &Engine| engine.ask("/swarm")["JoinTokens"].clone();
    let granted = tokens(&engine);

    for (node, address) in [("second", "10.0.0.161/24"), ("third", "10.0.0.162/24")] {
        let add = ["ip", "address", "add", address, "dev", "eth0"];
        site.exec(node, &add).check_success();
    }
    let after = before
        .replace("10.0.0.61", "10.0.0.161")
        .replace("10.0.0.62", "10.0.0.162");
    let path = site.write(&after);
    watching_managers(&site, || site.apply("first", &path));
    let manager = |name| SwarmNode::ready(name, "manager");
    assert_eq!(engine.nodes(), ["first", "second", "third"].map(manager));
    for (node, address) in [("second", "10.0.0.161:2377"), ("third", "10.0.0.162:2377")] {
        assert_eq!(engine.node(node)["ManagerStatus"]["Addr"], address);
        assert_eq!(engine.node(node)["Spec"]["Availability"], "active");
    }
    site.wait_until("the tokens they joined with are worthless", || {
        let now = tokens(&engine);
        now["Manager"] != granted["Manager"] && now["Worker"] != granted["Worker"]
    });
}
