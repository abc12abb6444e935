//! What would cost the swarm its majority, or make a second one, is refused, and what to do is said.

use crate::site::{Said, Site};

const NAMES: [&str; 3] = ["first", "second", "third"];
const MANAGER: &str = "role: manager";
const THREE: [(&str, &str); 3] = [("first", MANAGER), ("second", MANAGER), ("third", MANAGER)];

/// A swarm of some of the three, each with what is said of it.
fn swarm(nodes: &[(&str, &str)]) -> String {
    let node = |(name, fields): &(&str, &str)| {
        let last = 60 + NAMES.iter().position(|it| it == name).unwrap_or_default();
        format!("    - {{name: {name}, address: 10.0.0.{last}, {fields}}}\n")
    };
    let nodes: String = nodes.iter().map(node).collect();
    format!("apiVersion: skep/v1\nkind: Swarm\nmetadata: {{name: trio}}\nspec:\n  nodes:\n{nodes}")
}

#[test]
fn nobody_is_let_go_or_taken_in_who_would_cost_the_majority_or_make_a_second_swarm() {
    let site = Site::up_with("refusals", &swarm(&THREE));
    check_an_address_that_moves(&site);
    check_a_minority_makes_no_swarm(&site);
    check_a_foreign_swarm(&site);
    check_majority_stays(&site);
}

/// An engine is never reached by an address that moves to another one.
fn check_an_address_that_moves(site: &Site) {
    let group = "---\napiVersion: skep/v1\nkind: VipGroup\nmetadata: {name: ingress}\nspec:\n  \
                 virtualRouterId: 51\n  interface: eth0\n  addresses: [10.0.0.61]\n  \
                 members: [first, third]\n";
    let path = site.write(&format!("{}{group}", swarm(&THREE)));
    let path = path.display().to_string();
    let said = site.skep("first", &["apply", "-f", &path]);
    check_said(
        &said,
        1,
        &[
            "error[virtual-address-is-node-address]: `10.0.0.61` is node `second`'s own address",
            "= help: take an address that no machine has",
        ],
    );
    assert_eq!(site.generation("first"), None);
}

fn check_a_minority_makes_no_swarm(site: &Site) {
    site.run(&["partition", "first"]);
    let said = submit(site, "first", &THREE);
    let few = "1 of 3 managers answered, 2 are needed to create the swarm";
    let start = "start skep on second, third, and let the agents' port (7380/tcp) through";
    check_said(&said, 3, &[few, start]);
    check_told(site, &[few, start]);
    init_by_hand(site, "first");
    site.run(&["heal"]);
}

/// A swarm that somebody made is neither joined nor taken, and neither is a node of it.
fn check_a_foreign_swarm(site: &Site) {
    let foreign = "first is in a swarm that skep did not create";
    let leave = "`docker swarm leave --force` on first";
    check_told(site, &[foreign, leave]);
    let said = submit(site, "first", &THREE[..2]);
    check_said(&said, 3, &[foreign, leave]);
    let others = ["second", "third"].map(|node| site.engine(node).membership());
    assert_eq!(others, ["inactive", "inactive"]);
    site.docker("first", &["swarm", "leave", "--force"]);

    init_by_hand(site, "third");
    let theirs = site.engine("third").swarm_id();
    let engine = site.engine("first");
    site.wait_until("both others make a swarm", || {
        engine.leader().is_some() && engine.nodes().len() == 2
    });
    let said = submit(site, "first", &THREE);
    let elsewhere = "node/third: its engine is in another swarm than `trio`";
    let leave = "`docker swarm leave --force` on third";
    check_said(&said, 3, &[elsewhere, leave]);
    check_told(site, &[elsewhere, leave]);
    assert_eq!(site.engine("third").swarm_id(), theirs);
    site.docker("third", &["swarm", "leave", "--force"]);
    site.apply("first", &site.write(&swarm(&THREE)));
    assert_eq!(site.engine("first").nodes().len(), 3);
}

fn check_majority_stays(site: &Site) {
    site.run(&["kill", "third"]);
    // At this moment the managers themselves still believe that it is there.
    let demoted = [THREE[0], ("second", "role: worker"), THREE[2]];
    let said = submit_for(site, "first", &demoted, "8s");
    let risk = "node/second: becoming a worker could cost the majority: 2 of 3 managers are \
                reachable, third not";
    let remedy = "start third; if it is gone for good, declare it with `availability: drain`";
    check_said(&said, 3, &[risk, remedy]);
    check_told(site, &[risk, remedy]);
    check_second_is_manager(site);

    let undrained = [THREE[0], THREE[2]];
    let said = submit(site, "first", &undrained);
    check_said(
        &said,
        3,
        &["node/second: it left the manifest before it was drained"],
    );
    let drained = [
        THREE[0],
        ("second", "role: manager, availability: drain"),
        THREE[2],
    ];
    submit(site, "first", &drained);
    site.wait_until("second is drained", || {
        site.engine("first").node("second")["Spec"]["Availability"] == "drain"
    });
    let said = submit(site, "first", &undrained);
    check_said(&said, 3, &[risk, remedy]);
    check_second_is_manager(site);

    site.run(&["heal", "third"]);
    site.apply("first", &site.write(&swarm(&THREE)));
}

fn check_second_is_manager(site: &Site) {
    let second = site.engine("first").node("second");
    assert_eq!(second["Spec"]["Role"], "manager");
    assert_eq!(second["ManagerStatus"]["Reachability"], "reachable");
}

fn init_by_hand(site: &Site, node: &str) {
    let said = site.docker(node, &["swarm", "init", "--advertise-addr", "eth0"]);
    assert!(said.contains("Swarm initialized"), "{said}");
}

fn submit(site: &Site, node: &str, nodes: &[(&str, &str)]) -> Said {
    submit_for(site, node, nodes, "2s")
}

fn submit_for(site: &Site, node: &str, nodes: &[(&str, &str)], timeout: &str) -> Said {
    let path = site.write(&swarm(nodes)).display().to_string();
    let words = [
        "apply",
        "-f",
        &path,
        "--prune",
        "--wait",
        "--timeout",
        timeout,
    ];
    site.skep(node, &words)
}

/// Checks what somebody reads at the end of what they asked for.
fn check_said(said: &Said, code: i32, words: &[&str]) {
    assert_eq!(said.code, Some(code), "{said:?}");
    for word in words {
        assert!(said.complaint.contains(word), "{word}: {}", said.complaint);
    }
}

/// Checks what somebody reads who looks how it is.
fn check_told(site: &Site, words: &[&str]) {
    let mut told = String::new();
    site.wait_until(&format!("status says {words:?}"), || {
        told = site.skep("first", &["status"]).output;
        words.iter().all(|word| told.contains(word))
    });
}
