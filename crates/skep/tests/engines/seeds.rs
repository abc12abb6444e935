//! The seeds: what people built by hand, from one manifest each.

use std::net::Ipv4Addr;
use std::path::Path;

use serde_json::Value;

use crate::engine::SwarmNode;
use crate::site::{Site, seed, tell};
use crate::takeover::{Member, cut_power};

const CUBES: [Member; 4] = [
    member("cube01", 60, 100),
    member("cube02", 61, 90),
    member("cube03", 62, 80),
    member("cube04", 63, 70),
];
const DOCKERS: [Member; 3] = [
    member("docker1", 11, 100),
    member("docker2", 12, 75),
    member("docker3", 13, 50),
];

const fn member(node: &'static str, host: u8, priority: u8) -> Member {
    Member {
        node,
        address: Ipv4Addr::new(10, 0, 0, host),
        priority,
    }
}

#[test]
fn seed_003_comes_up_from_bare_engines_and_its_web_answers_after_each_power_cut() {
    let site = Site::up_alone("seed003", &seed("003"));
    for cube in CUBES {
        assert_eq!(site.engine(cube.node).membership(), "inactive");
    }
    let said = site.apply("cube01", &seed("003"));
    assert!(said.starts_with("accepted as generation 1\n"), "{said}");
    tell("measured", &format!("seed 003: {}", last_line(&said)));

    let expected = [
        SwarmNode::ready("cube01", "manager"),
        SwarmNode::ready("cube02", "manager"),
        SwarmNode::ready("cube03", "manager"),
        SwarmNode::ready("cube04", "worker"),
    ];
    assert_eq!(site.engine("cube02").nodes(), expected);
    assert!(site.has_address("cube01", "eth0", "10.0.0.70/32"));
    let pinged = site.exec("cube04", &["ping", "-c", "3", "-i", "0.2", "10.0.0.70"]);
    assert!(
        pinged.output.contains("3 received, 0% packet loss"),
        "{pinged:?}"
    );
    site.check_web("cube04", "10.0.0.70", "cube01");
    check_nothing_to_do(&site, "cube03", &seed("003"));
    check_agents_agree(&site, "cube01", "cube04");

    for pair in CUBES.windows(2) {
        let [from, to] = [pair[0], pair[1]];
        cut_power(&site, from, to);
        site.wait_until("the next member has the address", || {
            site.has_address(to.node, "eth0", "10.0.0.70/32")
        });
        site.check_web("cube04", "10.0.0.70", to.node);
    }
}

#[test]
fn seed_001_runs_its_tasks_and_its_address_moves_in_the_order_of_the_priorities() {
    let site = Site::up_alone("seed001", &seed("001"));
    site.apply("docker1", &seed("001"));
    check_three_managers_run_web(&site);
    assert!(site.has_address("docker1", "ens18", "10.0.0.200/32"));
    check_ingress(&site, "docker3", "10.0.0.200");
    for pair in DOCKERS.windows(2) {
        let [from, to] = [pair[0], pair[1]];
        cut_power(&site, from, to);
        site.wait_until("the next member has the address", || {
            site.has_address(to.node, "ens18", "10.0.0.200/32")
        });
    }
}

#[test]
fn seed_000_runs_on_while_seed_002_is_refused_because_it_is_another_swarm() {
    let site = Site::up("seed000", &seed("000"));
    site.apply("docker1", &seed("000"));
    check_three_managers_run_web(&site);
    assert!(site.has_address("docker1", "eth0", "10.99.0.50/32"));
    check_ingress(&site, "docker3", "10.99.0.50");

    let path = seed("002").display().to_string();
    let refused = site.skep("docker2", &["apply", "-f", &path]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let expected = "skep.yaml:11:18: there is more than one `Swarm`";
    assert!(
        refused.complaint.contains(expected),
        "`{expected}` in {}",
        refused.complaint
    );
    for docker in DOCKERS {
        assert_eq!(site.generation(docker.node), Some(1));
    }
    check_three_managers_run_web(&site);
    assert!(site.has_address("docker1", "eth0", "10.99.0.50/32"));
    check_nothing_to_do(&site, "docker1", &seed("000"));
}

fn check_three_managers_run_web(site: &Site) {
    let expected = DOCKERS.map(|docker| SwarmNode::ready(docker.node, "manager"));
    assert_eq!(site.engine("docker2").nodes(), expected);
    assert_eq!(site.engine("docker2").running_tasks().len(), 3);
    // What another agent than the one that was asked to wait tells is up to a second old.
    site.wait_until("docker3 tells of three tasks", || {
        let web = &site.json("docker3", &["get", "services"])[0];
        assert_eq!(web["desired"], 3);
        web["running"] == 3
    });
}

/// Checks the routing mesh where the kernel has what it is made of.
fn check_ingress(site: &Site, client: &str, address: &str) {
    if !Path::new("/proc/net/ip_vs").exists() {
        tell(
            "SKIPPED",
            &format!(
                "traffic to the ingress port at {address}: this kernel has no IPVS \
                 (/proc/net/ip_vs is missing), which Docker's routing mesh is made of"
            ),
        );
        return;
    }
    site.wait_until("the ingress port answers", || {
        site.page(client, address).is_some()
    });
}

/// Checks that applying what is applied changes nothing.
fn check_nothing_to_do(site: &Site, node: &str, manifests: &Path) {
    let path = manifests.display().to_string();
    let again = site.skep(node, &["apply", "-f", &path]).check_success();
    assert_eq!(again, "unchanged, generation 1\n");
    let diff = site.skep(node, &["diff", "-f", &path, "-o", "json"]);
    let plan: Value = serde_json::from_str(&diff.check_success()).expect("it is JSON");
    for part in ["steps", "waiting", "blocked"] {
        assert_eq!(plan[part], Value::Array(Vec::new()), "{part}");
    }
}

/// Checks that two agents say the same of what does not depend on who says it.
fn check_agents_agree(site: &Site, one: &str, other: &str) {
    let told = |node: &str| {
        let nodes = site.json(node, &["get", "nodes"]);
        let vips = site.json(node, &["get", "vips"]);
        let services = site.json(node, &["get", "services"]);
        let pick = |list: &Value, fields: &[&str]| -> Vec<Vec<Value>> {
            let list = list.as_array().expect("it is a list");
            let object = |object: &Value| fields.iter().map(|&at| object[at].clone()).collect();
            list.iter().map(object).collect()
        };
        (
            pick(
                &nodes,
                &["name", "address", "role", "engine", "availability", "holds"],
            ),
            pick(&vips, &["name", "addresses", "members"]),
            vips[0]["active"]["node"].clone(),
            services,
        )
    };
    let (nodes, _, active, services) = told(one);
    assert_eq!((nodes.len(), active), (4, Value::from("cube01")));
    assert_eq!(services[0]["running"], 4);
    // What a peer holds is known a moment after it is so.
    site.wait_until("the agents agree", || told(one) == told(other));
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or_default()
}
