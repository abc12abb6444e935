//! The manager that leads: its power, and its agent.

use std::fs;
use std::time::{Duration, Instant};

use crate::site::{Site, seed, tell};

/// The leader's agent is given up after 10 s of silence; the rest is what a write takes.
const NEXT_WRITES: Duration = Duration::from_secs(15);

const CUBES: [&str; 4] = ["cube01", "cube02", "cube03", "cube04"];
const MANAGERS: [&str; 3] = ["cube01", "cube02", "cube03"];

#[test]
fn a_leader_comes_back_to_its_swarm_and_when_a_leader_s_agent_stops_another_manager_writes() {
    let site = Site::up("leader", &seed("003"));
    site.apply("cube01", &seed("003"));
    check_power_cut_and_return(&site);
    check_next_manager_writes(&site);
}

fn check_power_cut_and_return(site: &Site) {
    let before = site.engine("cube01").nodes();
    let swarm = site.engine("cube01").swarm_id();
    let ids: Vec<String> = CUBES.map(|cube| site.engine(cube).node_id()).into();
    assert_eq!(site.engine("cube01").leader().as_deref(), Some("cube01"));

    site.run(&["kill", "cube01"]);
    let cut = Instant::now();
    // The agent that writes is silent: who waits goes on, and needs it for an address not at all.
    site.skep("cube02", &["wait", "--for=active=cube02", "vip/ingress"])
        .check_success();
    let wait = ["wait", "--for=condition=Ready", "node/cube02"];
    let ended = site.skep("cube02", &[&wait[..], &["--timeout", "1s"]].concat());
    assert!(matches!(ended.code, Some(0 | 3)), "{ended:?}");
    site.wait_until("another manager leads", || {
        let leader = site.engine("cube02").leader();
        leader.is_some_and(|leader| leader != "cube01")
    });
    let took = cut.elapsed();
    tell(
        "measured",
        &format!("power cut of the leader: another leads after {took:.1?}"),
    );
    assert!(site.has_address("cube02", "eth0", "10.0.0.70/32"));

    let returned = Instant::now();
    site.run(&["heal", "cube01"]);
    site.wait_until("cube01 has the address again, alone", || {
        site.has_address("cube01", "eth0", "10.0.0.70/32")
            && !site.has_address("cube02", "eth0", "10.0.0.70/32")
    });
    site.wait_until("everything is ready again", || {
        site.skep("cube01", &["status"]).code == Some(0) && site.engine("cube02").nodes() == before
    });
    tell(
        "measured",
        &format!(
            "return of the leader's node: as before after {:.1?}",
            returned.elapsed()
        ),
    );
    for manager in MANAGERS {
        assert_eq!(site.engine(manager).swarm_id(), swarm, "of {manager}");
    }
    for (cube, id) in CUBES.iter().zip(ids) {
        assert_eq!(site.engine(cube).node_id(), id, "of {cube}");
        assert_eq!(site.generation(cube), Some(1), "of {cube}");
    }
}

fn check_next_manager_writes(site: &Site) {
    let leader = site
        .engine("cube01")
        .leader()
        .expect("the swarm has a leader");
    assert_ne!(leader, "cube01", "who returns does not lead");
    site.stop_agent(&leader);
    let stopped = Instant::now();
    let manifest = fs::read_to_string(seed("003").join("skep.yaml")).expect("it is there");
    let changed = manifest.replace(
        "  image: nginx\n",
        "  image: nginx\n  environment: {WRITTEN_BY: next}\n",
    );
    assert_ne!(changed, manifest);
    let path = site.write(&changed).display().to_string();
    let said = site.skep("cube04", &["apply", "-f", &path]).check_success();
    assert_eq!(said, "accepted as generation 2\n");
    site.wait_until("the change is written", || {
        site.engine("cube01").environment("web") == ["WRITTEN_BY=next"]
    });
    let took = stopped.elapsed();
    assert_eq!(
        site.engine("cube01").leader(),
        Some(leader.clone()),
        "its engine lives"
    );
    let mut writer = String::new();
    site.wait_until("everybody knows another writer", || {
        let status = site.json("cube04", &["status"]);
        writer = status["cluster"]["writer"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        MANAGERS.contains(&writer.as_str()) && writer != leader
    });
    tell(
        "measured",
        &format!("agent of leader {leader} stopped: {writer} wrote after {took:.1?}"),
    );
    assert!(took < NEXT_WRITES, "it took {took:?}");
}
