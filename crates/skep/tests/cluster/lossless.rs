//! Addresses that go to another host and back, again and again, at two paces at once, while a client
//! asks for both a thousand times a second.

use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

use super::wire::{story, wait_for_advert};
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

/// What is done again and again to both groups of a cluster while a client asks for them.
pub(crate) struct Trial {
    pub(crate) what: String,
    pub(crate) cluster: Cluster,
    pub(crate) client: &'static str,
    pub(crate) round: Box<dyn FnMut(&mut Cluster) + Send>,
}

impl Trial {
    /// Asserts that every request was answered.
    fn run(&mut self) {
        let Self {
            what,
            cluster,
            client,
            round,
        } = self;
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
        for (pace, report) in PACES.iter().zip(&reports) {
            if let Some(dark) = report.dark().first() {
                let at = report.started_at + dark.from;
                let story = story(&cluster.capture, at);
                panic!("{what}: {dark:?} at {at:?} in {pace:?}:\n{story}");
            }
        }
    }
}

/// Makes trials at once, which wait for timers most of the time. All are set up before the first
/// begins, and none is torn down before the last has ended: both hold the kernel's one
/// configuration lock for long.
pub(crate) fn side_by_side(trials: &[fn() -> Trial]) {
    let mut trials: Vec<Trial> = thread::scope(|scope| {
        let set_up: Vec<_> = trials.iter().map(|set_up| scope.spawn(set_up)).collect();
        set_up.into_iter().map(join).collect()
    });
    thread::scope(|scope| {
        let running = trials.iter_mut().map(|trial| scope.spawn(|| trial.run()));
        let running: Vec<_> = running.collect();
        running.into_iter().for_each(join);
    });
}

/// What the thread came to, or its panic.
fn join<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
