//! Two first managers.

use std::path::PathBuf;

use crate::site::{Site, tell};

const NODES: [&str; 2] = ["first", "second"];

/// A swarm of two managers in this order.
fn manifest(order: [&str; 2]) -> String {
    let node = |node: &str| {
        let address = if node == "first" {
            "10.0.0.60"
        } else {
            "10.0.0.61"
        };
        format!("    - {{name: {node}, address: {address}, role: manager}}\n")
    };
    format!(
        "apiVersion: skep/v1\nkind: Swarm\nmetadata: {{name: twins}}\nspec:\n  nodes:\n{}{}",
        node(order[0]),
        node(order[1])
    )
}

#[test]
fn two_applies_at_once_with_different_first_managers_make_one_swarm() {
    let site = Site::up_with("twins", &manifest(NODES));
    // Neither can hear of the other one's.
    site.run(&["partition", "first"]);
    for (node, order) in [("first", NODES), ("second", ["second", "first"])] {
        let path = write(&site, node, &manifest(order));
        let said = site.skep(node, &["apply", "-f", &path.display().to_string()]);
        assert_eq!(said.check_success(), "accepted as generation 1\n");
    }
    site.run(&["heal"]);
    let took = site.wait_until("both are in the swarm", || {
        let engine = site.engine("first");
        engine.membership() == "active" && engine.leader().is_some() && engine.nodes().len() == 2
    });
    let swarm = site.engine("first").swarm_id();
    assert_ne!(swarm, "");
    site.wait_until("both managers tell of the same swarm", || {
        site.engine("second").swarm_id() == swarm
    });
    let mut kept = Vec::new();
    site.wait_until("both work towards the same", || {
        kept = NODES
            .map(|node| site.json(node, &["history"])[0]["id"].clone())
            .to_vec();
        kept[0] == kept[1] && NODES.iter().all(|node| site.generation(node) == Some(1))
    });
    tell(
        "measured",
        &format!("two first desired states on two disks: one swarm {took:.1?} after they met"),
    );
    site.wait_until("all is well", || {
        NODES
            .iter()
            .all(|node| site.skep(node, &["status"]).code == Some(0))
    });
}

fn write(site: &Site, node: &str, manifest: &str) -> PathBuf {
    let path = site.directory().join(format!("{node}.yaml"));
    std::fs::write(&path, manifest).expect("there is room for files");
    path
}
