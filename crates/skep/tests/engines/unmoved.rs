//! What happens to engines, to the quorum and to the agents' control moves no address, until the
//! engine of the node that holds it is down for good and another one is not.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use skep_lab::capture::{Capture, Frame, Sighting, now};
use skep_lab::prober::Prober;

use crate::process::{Part, signal};
use crate::site::{PATIENCE, Site, tell};

const MANIFEST: &str = "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: firm}
spec:
  nodes:
    - {name: a, address: 10.0.0.60, role: manager}
    - {name: b, address: 10.0.0.61, role: manager}
    - {name: c, address: 10.0.0.62, role: manager}
---
apiVersion: skep/v1
kind: VipGroup
metadata: {name: ingress}
spec:
  virtualRouterId: 51
  interface: eth0
  addresses: [10.0.0.70]
  advertisementInterval: 100ms
  authentication: {none: {}}
  members:
    - {node: a, priority: 100}
    - {node: b, priority: 90}
    - {node: c, priority: 80}
  tracking: [{swarm: [engine, availability, quorum], staleAfter: 3s}]
";
const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 70);
const A: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 60);
const B: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 61);
const NODES: [&str; 3] = ["a", "b", "c"];
const INGRESS: u8 = 51;
const INSIDE: u8 = 52;

/// What was said of the swarm is too old by then.
const STALE: Duration = Duration::from_secs(5);
/// How long every engine is away.
const AWAY: Duration = Duration::from_secs(20);
/// An engine is asked every second, on a busy machine less often: it may have answered last so long
/// before it was stopped.
const UNASKED: Duration = Duration::from_secs(3);
/// An engine that is silent for longer is down.
const DOWN_AFTER: Duration = Duration::from_secs(30);

#[test]
fn an_address_stays_while_engines_restart_and_controls_die() {
    let site = Site::up_with("unmoved", MANIFEST);
    site.apply("a", &site.write(MANIFEST));
    wait_until_all_pass(&site);
    let engines = NODES.map(|node| site.engine_process(node));
    let lab = site.lab();
    let capture = Capture::start(&lab).expect("root may capture");

    // Two of three managers: the quorum is lost.
    signal_all("-STOP", &engines[1..]);
    pass(STALE);
    assert_eq!(
        health(&site, "a"),
        "passing",
        "what is unknown changes nothing"
    );
    signal("-STOP", engines[0]);
    let silent_from = Instant::now();
    for node in NODES {
        kill_control(&site, node);
    }
    pass(AWAY.saturating_sub(silent_from.elapsed()));
    signal_all("-CONT", &engines);
    let answers = |node: &str| site.json(node, &["status"])["cluster"]["managersReachable"] == 3;
    site.wait_until("all managers are back", || {
        NODES.iter().all(|node| answers(node))
    });
    let moved = |sighting: &Sighting| is_advertised(sighting) && !sighting.is_from(A);
    assert!(!capture.sightings().iter().any(moved), "the address moved");
}

/// A second group, which `b` holds and which depends on the quorum alone; the first one depends on
/// each by itself, so that an engine counts whatever is known of the quorum.
fn manifest_with_quorum() -> String {
    let apart = "[{swarm: [engine], staleAfter: 3s}, {swarm: [quorum], staleAfter: 3s}]";
    let together = "[{swarm: [engine, availability, quorum], staleAfter: 3s}]";
    let ingress = MANIFEST.replace(together, apart);
    let (_, group) = MANIFEST.rsplit_once("---\n").expect("it has two documents");
    let group = group
        .replace("ingress", "inside")
        .replace("51", "52")
        .replace("10.0.0.70", "10.0.0.71")
        .replace("node: b, priority: 90", "node: b, priority: 110")
        .replace(together, "[{swarm: [quorum], staleAfter: 3s}]");
    format!("{ingress}---\n{group}")
}

#[test]
fn an_address_leaves_an_engine_that_is_down_without_a_lost_probe_and_a_lost_quorum_moves_none() {
    let manifest = manifest_with_quorum();
    let site = Site::up_alone_with("down", &manifest);
    site.apply("a", &site.write(&manifest));
    wait_until_all_pass(&site);
    // Two of three managers: with them the quorum goes.
    let engines = ["a", "c"].map(|node| site.engine_process(node));
    let lab = site.lab();
    let capture = Capture::start(&lab).expect("root may capture");
    let prober = Prober::start(&lab, "c", VIP).expect("the node lives");
    let stopped_at = now();
    signal_all("-STOP", &engines);
    let moved = capture.wait_for(PATIENCE, |sighting| {
        is_advertised_by(sighting, INGRESS) && !sighting.is_from(A) && sighting.at > stopped_at
    });
    if moved.is_none() {
        for node in NODES {
            tell("status", &site.json(node, &["status"]).to_string());
        }
    }
    let moved = moved.expect("the address leaves the engine that is down");
    assert!(moved.is_from(B), "{moved:?}");
    let took = moved.at - stopped_at;
    assert!(took + UNASKED >= DOWN_AFTER, "it moved after {took:?}");
    check_lost_quorum_moves_nothing(&site, &capture, stopped_at);
    signal_all("-CONT", &engines);
    site.wait_until("the address is back where it should be", || {
        holds(&site, "a") && !holds(&site, "b")
    });
    let report = prober.stop().expect("it probed");
    tell(
        "measured",
        &format!(
            "engine of the Active node down: the address moves after {took:.1?}; {} of {} probes lost",
            report.lost(),
            report.probes.len()
        ),
    );
    assert_eq!(report.lost(), 0);
}

/// `b` knows for longer than it takes to count that there is no quorum, and nobody does better.
fn check_lost_quorum_moves_nothing(site: &Site, capture: &Capture, lost_at: Duration) {
    site.wait_until("it would count", || {
        let status = site.json("b", &["status"]).to_string();
        // The engine goes on by what it knew for a moment after the others are gone.
        (32..90).any(|age| status.contains(&format!("its engine has no quorum for {age} s")))
    });
    let sightings = capture.sightings();
    let inside = |sighting: &&Sighting| is_advertised_by(sighting, INSIDE) && sighting.at > lost_at;
    let inside: Vec<&Sighting> = sightings.iter().filter(inside).collect();
    assert!(!inside.is_empty());
    let is_as_before =
        |sighting: &&&Sighting| sighting.is_from(B) && priority(sighting) == Some(110);
    let other = inside.iter().find(|sighting| !is_as_before(sighting));
    assert!(other.is_none(), "{other:?}");
}

fn wait_until_all_pass(site: &Site) {
    site.wait_until("all members pass", || {
        NODES.iter().all(|node| health(site, node) == "passing")
    });
}

fn signal_all(name: &str, processes: &[u32]) {
    for process in processes {
        signal(name, *process);
    }
}

fn kill_control(site: &Site, node: &str) {
    let control = site.process(node, Part::Control).expect("it runs");
    signal("-KILL", control);
    site.wait_until("control is back", || {
        let now = site.process(node, Part::Control);
        now.is_some_and(|it| it != control) && site.generation(node).is_some()
    });
}

const fn is_advertised(sighting: &Sighting) -> bool {
    matches!(sighting.frame, Frame::Advertisement { .. })
}

fn is_advertised_by(sighting: &Sighting, virtual_router: u8) -> bool {
    match &sighting.frame {
        Frame::Advertisement { payload, .. } => payload.get(1) == Some(&virtual_router),
        Frame::Announcement { .. } => false,
    }
}

fn priority(sighting: &Sighting) -> Option<u8> {
    match &sighting.frame {
        Frame::Advertisement { payload, .. } => payload.get(2).copied(),
        Frame::Announcement { .. } => None,
    }
}

fn holds(site: &Site, node: &str) -> bool {
    site.has_address(node, "eth0", "10.0.0.70/32")
}

/// What the data plane of a node knows of its part in the swarm: what does not pass, if any does not.
fn health(site: &Site, node: &str) -> String {
    let status = site.json(node, &["status"]);
    let groups = status["vipGroups"].as_array().into_iter().flatten();
    let inputs = groups.flat_map(|group| group["routers"][0]["inputs"].as_array());
    let health = inputs.flatten().map(|input| input["health"].as_str());
    let mut health = health.map(|health| health.unwrap_or_default().to_owned());
    health
        .find(|health| health != "passing")
        .unwrap_or_else(|| "passing".to_owned())
}

/// Lets time pass in which something is so: nothing says that nothing happens.
fn pass(time: Duration) {
    std::thread::sleep(time);
}
