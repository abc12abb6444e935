//! The agent and Debian's keepalived on a machine that other programs keep busy.
//!
//! It takes all processors and is a program of its own, so that it disturbs no other test. Run as
//! root: `cargo test -p skep --features interop --test stress`.

#[path = "../cluster/cluster.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod cluster;
#[path = "../namespaces/floor.rs"]
mod floor;
#[path = "../interop/keepalived.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod keepalived;
#[path = "../../benches/beside/site.rs"]
#[expect(dead_code, reason = "the bench uses more of it")]
mod site;
#[path = "../../benches/beside/stress.rs"]
mod stress;

use std::time::Duration;

use crate::cluster::{measured, ms};
use crate::floor::Floor;
use crate::site::{KINDS, Kind, Site, Timing};

const TIMING: Timing = Timing::new("v3 100 ms", 3, Duration::from_millis(100));
const TIME: Duration = Duration::from_secs(20);

/// A machine that keeps a bare real-time thread waiting for longer than two advertisements is
/// itself why an advertisement is missed.
const STANDSTILL: Duration = Duration::from_millis(200);
/// How much of the machine the load has to take to be one, in percent.
const BUSY: f64 = 90.0;

#[test]
fn a_machine_without_an_idle_moment_moves_no_address() {
    let mut site = Site::new(TIMING);
    site.start_all();
    if let Some(restriction) = restriction(&site) {
        measured("members on a busy machine are not judged", &restriction);
        return;
    }
    let floor = Floor::start(TIMING.interval);
    let (stood, load) = stress::under_load(&mut site, TIME);
    let floor = floor.latest();
    for (kind, stood) in KINDS.into_iter().zip(stood) {
        measured(
            &format!("{TIME:?} without an idle moment, 100 ms: {kind:?}"),
            &format!(
                "{} false failovers, longest gap {}",
                stood.failovers,
                ms(stood.longest_gap)
            ),
        );
    }
    measured(
        "its load",
        &format!(
            "{:.0} % busy, {:.0} MiB/s written; a bare real-time thread at most {} late",
            load.busy,
            load.written,
            ms(floor)
        ),
    );
    assert!(load.busy > BUSY, "{load:?}");
    if floor > STANDSTILL {
        measured("members on a busy machine are not judged", "it stood still");
        return;
    }
    let [_keepalived, skep] = stood;
    assert_eq!(skep.failovers, 0, "{skep:?}");
}

/// Why the members of skep cannot be punctual here, if they cannot.
fn restriction(site: &Site) -> Option<String> {
    let agents = Kind::Skep.nodes().map(|node| site.cluster.agent(node));
    let mut restrictions = agents.into_iter().flat_map(|agent| {
        let status = agent.status().expect("it answers");
        status.data_plane.restrictions
    });
    restrictions.next()
}
