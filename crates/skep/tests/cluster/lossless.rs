//! Addresses that go to another host and back, again and again, at two paces at once, while a client
//! asks for both a thousand times a second.

use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

use super::wire::wait_for_advert;
use super::{Cluster, measured};

/// How often they go there and back.
pub(crate) const REPETITIONS: usize = 10;

/// What whoever leaves says: that it leaves, and that it has left.
const LAST_WORDS: [u8; 2] = [0, 1];

/// A group, and how fast it is.
#[derive(Debug)]
pub(crate) struct Pace {
    name: &'static str,
    pub(crate) group: &'static str,
    pub(crate) id: u8,
    pub(crate) vip: Ipv4Addr,
    lines: &'static str,
}

/// Version 3 at a tenth of a second.
pub(crate) const FAST: Pace = Pace {
    name: "100 ms",
    group: "fast",
    id: 51,
    vip: Ipv4Addr::new(10, 0, 0, 70),
    lines: "advertisementInterval: 100ms",
};

/// Version 2 at a second.
pub(crate) const SLOW: Pace = Pace {
    name: "version 2, 1 s",
    group: "slow",
    id: 52,
    vip: Ipv4Addr::new(10, 0, 0, 80),
    lines: "version: 2",
};

pub(crate) const PACES: [Pace; 2] = [FAST, SLOW];

/// Both groups with this in their `spec`.
pub(crate) fn groups(more: &str) -> String {
    let group = |pace: Pace| {
        let Pace {
            group,
            id,
            vip,
            lines,
            ..
        } = pace;
        format!(
            "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: {group}}}\nspec:\n  \
             virtualRouterId: {id}\n  interface: eth0\n  addresses: [{vip}]\n  {lines}\n{more}"
        )
    };
    PACES.map(group).join("---\n")
}

/// Waits until `node` advertises both groups after a moment, and it alone has their addresses.
pub(crate) fn wait_for_both(cluster: &Cluster, node: &str, since: Duration) {
    for pace in PACES {
        wait_for_advert(&cluster.capture, pace.id, |advert| {
            advert.node == node && advert.at > since && !LAST_WORDS.contains(&advert.priority())
        });
        cluster.wait_for_holder(pace.vip, node);
    }
}

/// Does `round` again and again while `client` asks for both addresses, and asserts that every
/// request was answered.
pub(crate) fn assert_lossless(
    what: &str,
    cluster: &mut Cluster,
    client: &str,
    mut round: impl FnMut(&mut Cluster),
) {
    let probers = PACES.map(|pace| cluster.probe(client, pace.vip));
    for _ in 0..REPETITIONS {
        round(cluster);
    }
    let reports = probers.map(|prober| prober.stop().expect("it probed"));
    for (pace, report) in PACES.iter().zip(&reports) {
        measured(
            &format!("{what} and back, {}, {REPETITIONS} times", pace.name),
            &format!("{} of {} probes lost", report.lost(), report.probes.len()),
        );
    }
    for report in &reports {
        let at = report.started_at;
        assert_eq!(report.lost(), 0, "{what}: {at:?} {:?}", report.dark());
    }
}

/// Runs tests at once that wait for timers most of the time.
pub(crate) fn side_by_side(tests: &[fn()]) {
    thread::scope(|scope| {
        for test in tests {
            scope.spawn(test);
        }
    });
}
