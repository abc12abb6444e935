//! A control process that dies.

use std::net::Ipv4Addr;
use std::time::Duration;

use skep_lab::capture::{Capture, Sighting};
use skep_lab::prober::Prober;

use crate::process::{Part, signal};
use crate::site::{PATIENCE, Site, tell};
use crate::watcher::Watcher;

const MANIFEST: &str = "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: pair}
spec:
  nodes:
    - {name: first, address: 10.0.0.60, role: manager}
    - {name: second, address: 10.0.0.61, role: worker}
---
apiVersion: skep/v1
kind: VipGroup
metadata: {name: web}
spec:
  virtualRouterId: 51
  interface: eth0
  addresses: [10.0.0.70]
  authentication: {none: {}}
  members:
    - {node: first, priority: 100}
    - {node: second, priority: 90}
";
const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 70);
const FIRST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 60);
const SECOND: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 61);
/// Advertisements are sent every second; this is late.
const INTERVAL_MAX: Duration = Duration::from_millis(1_020);

#[test]
fn a_killed_control_process_is_started_again_no_probe_of_the_address_is_lost_and_who_follows_goes_on()
 {
    let site = Site::up_alone_with("control", MANIFEST);
    site.apply("first", &site.write(MANIFEST));
    let control = site
        .process("first", Part::Control)
        .expect("it runs on a manager");
    let swarm = site.engine("first").swarm_id();
    let watcher = Watcher::start(&site, "first");
    site.wait_until("who follows was told what happened before", || {
        watcher.became_active("first") == 1
    });
    let lab = site.lab();
    let capture = Capture::start(&lab).expect("root may capture");
    let before = wait_for_advertisement_after(&capture, Duration::ZERO);
    let prober = Prober::start(&lab, "second", VIP).expect("the node lives");

    signal("-KILL", control);
    let took = site.wait_until("status answers again", || {
        site.generation("first") == Some(1)
            && site
                .process("first", Part::Control)
                .is_some_and(|process| process != control)
    });
    let mut after = before;
    for _ in 0..3 {
        after = wait_for_advertisement_after(&capture, after.at);
    }
    let report = prober.stop().expect("it probed");
    tell(
        "measured",
        &format!(
            "SIGKILL of control: {} of {} probes lost, status answers after {took:.2?}",
            report.lost(),
            report.probes.len()
        ),
    );
    assert!(report.probes.len() > 1_000, "it probed while it happened");
    assert_eq!(report.lost(), 0);
    check_undisturbed(&capture.sightings());
    site.wait_until("everything is ready again", || {
        site.skep("first", &["status"]).code == Some(0)
    });
    assert_eq!(site.engine("first").swarm_id(), swarm);
    assert_eq!(site.generation("second"), Some(1));

    let moved = site.skep("second", &["move", "web", "--to", "second"]);
    moved.check_success();
    site.wait_until("who follows is told what happens on the other node", || {
        watcher.became_active("second") == 1
    });
    // The control process that was started again told it once more.
    assert_eq!(watcher.became_active("first"), 1);
}

fn wait_for_advertisement_after(capture: &Capture, at: Duration) -> Sighting {
    capture
        .wait_for(PATIENCE, |sighting| {
            sighting.is_from(FIRST) && sighting.at > at
        })
        .expect("the first node advertises")
}

/// Checks that only the first node advertised, each time when it was due.
fn check_undisturbed(sightings: &[Sighting]) {
    assert!(!sightings.iter().any(|sighting| sighting.is_from(SECOND)));
    let times = sightings
        .iter()
        .filter(|sighting| sighting.is_from(FIRST))
        .map(|sighting| sighting.at);
    let times: Vec<Duration> = times.collect();
    for pair in times.windows(2) {
        let interval = pair[1].saturating_sub(pair[0]);
        assert!(
            interval <= INTERVAL_MAX,
            "{interval:?} between advertisements"
        );
    }
}
