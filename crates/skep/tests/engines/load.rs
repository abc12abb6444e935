//! An engine that is busy starting and stopping tasks, on the node that holds an address.

use std::net::Ipv4Addr;
use std::time::Duration;

use skep_lab::capture::{Capture, Frame, now};

use crate::site::{PATIENCE, Site, tell};

/// Fast enough for an election whenever an advertisement waits for the engine's network calls.
const INTERVAL: Duration = Duration::from_millis(40);
/// How late an advertisement may be.
const LATE: Duration = Duration::from_millis(2);
/// How many tasks come and go.
const TASKS: usize = 30;

const A: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 60);
const B: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 61);

const MANIFEST: &str = "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: busy}
spec:
  nodes:
    - {name: a, address: 10.0.0.60, role: manager}
    - {name: b, address: 10.0.0.61, role: worker}
---
apiVersion: skep/v1
kind: VipGroup
metadata: {name: ingress}
spec:
  virtualRouterId: 51
  interface: eth0
  addresses: [10.0.0.70]
  advertisementInterval: 40ms
  authentication: {none: {}}
  members:
    - {node: a, priority: 100}
    - {node: b, priority: 90}
";

#[test]
fn thirty_tasks_that_start_and_stop_delay_no_advertisement_and_move_no_address() {
    let site = Site::up_alone_with("busy", MANIFEST);
    site.apply("a", &site.write(MANIFEST));
    let capture = Capture::start(&site.lab()).expect("root may capture");
    let from = now();
    let tasks = TASKS.to_string();
    let create = [
        "service",
        "create",
        "--quiet",
        "--name",
        "many",
        "--replicas",
    ];
    site.docker(
        "a",
        &[&create, [tasks.as_str(), "nginx"].as_slice()].concat(),
    );
    let running = || site.engine("a").containers().len() + site.engine("b").containers().len();
    site.wait_until("all tasks run", || running() >= TASKS);
    site.docker("a", &["service", "scale", "many=1"]);
    site.wait_until("all tasks but one stop", || running() <= 1);
    let until = now();
    site.docker("a", &["service", "rm", "many"]);
    let late = capture.wait_for(PATIENCE, |sighting| {
        sighting.is_from(A) && sighting.at > until
    });
    assert!(late.is_some(), "a advertises");
    let sightings = capture.sightings();
    let sent = sightings.iter().filter(|sighting| {
        matches!(sighting.frame, Frame::Advertisement { .. }) && sighting.at >= from
    });
    let (ours, theirs): (Vec<_>, Vec<_>) = sent.partition(|sighting| !sighting.is_from(B));
    assert!(theirs.is_empty(), "b took over");
    let mut gaps: Vec<Duration> = ours
        .windows(2)
        .map(|pair| pair[1].at - pair[0].at)
        .collect();
    gaps.sort();
    let (usual, longest) = (gaps[gaps.len() * 95 / 100], gaps[gaps.len() - 1]);
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    tell(
        "measured",
        &format!(
            "{TASKS} tasks start and stop, 40 ms: gaps p95 {:.1} ms, longest {:.1} ms of {} in {:.1} s",
            ms(usual),
            ms(longest),
            gaps.len(),
            (until - from).as_secs_f64()
        ),
    );
    assert!(usual <= INTERVAL + LATE, "{usual:?}");
}
