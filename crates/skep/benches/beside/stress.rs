//! Members that share the machine with programs which want all of it.

use std::fs;
use std::time::Duration;

use crate::cluster::now;
use crate::cluster::wire::{Advert, adverts};
use crate::site::{CLIENT, KINDS, Kind, Site};

/// Programs that compute without end, for each processor.
const SPINNERS: usize = 4;
/// Programs that write and wait for the disk without end, for each processor.
const WRITERS: usize = 2;

const SPIN: &str = "while :; do :; done";
const WRITE: &str =
    "while :; do dd if=/dev/zero of=\"$0\" bs=256k count=32 conv=fsync status=none; done";

/// How long the wire is watched until it is known again that the members live.
const STEP: Duration = Duration::from_secs(5);

/// What became of the members of a group under load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stood {
    /// How often the worse member took over although the better one lived.
    pub(crate) failovers: usize,
    /// The longest time between two advertisements of the better member.
    pub(crate) longest_gap: Duration,
}

/// What the load was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// The part of the time in which no processor was idle or waited for the disk, in percent.
    pub(crate) busy: f64,
    /// What reached the disks, in MiB for each second.
    pub(crate) written: f64,
}

/// Loads the machine for `time`; what became of the groups of both kinds, in the order of
/// [`KINDS`].
pub(crate) fn under_load(site: &mut Site, time: Duration) -> ([Stood; 2], Load) {
    let programs = start(site);
    let before = (Processors::look(), mebibytes_written());
    let from = now();
    let mut until = from;
    while until < from + time {
        until += STEP.min(from + time - until);
        for kind in KINDS {
            site.wait_for_any(kind, until);
        }
    }
    let load = Load {
        busy: Processors::look().busy_since(before.0),
        written: (mebibytes_written() - before.1) / time.as_secs_f64(),
    };
    for program in programs {
        let stopped = site.cluster.lab.stop(program, STEP);
        stopped.expect("it was started here");
    }
    let stood = KINDS.map(|kind| {
        let all = adverts(&site.cluster.capture, kind.id());
        let meanwhile = |advert: &&Advert| (from..=until).contains(&advert.at) && is_active(advert);
        let meanwhile: Vec<&Advert> = all.iter().filter(meanwhile).collect();
        stood(kind, &meanwhile)
    });
    (stood, load)
}

fn start(site: &mut Site) -> Vec<u32> {
    let processors = std::thread::available_parallelism().expect("it is known");
    let directory = site.cluster.directory(CLIENT);
    let lab = &mut site.cluster.lab;
    let mut start = |script: &str, name: String| {
        let mut command = lab.command(CLIENT, "sh").expect("the host lives");
        command.args(["-c", script]).arg(directory.join(name));
        lab.spawn(command).expect("it starts")
    };
    let spinners = (0..SPINNERS * processors.get()).map(|number| (SPIN, number));
    let writers = (0..WRITERS * processors.get()).map(|number| (WRITE, number));
    let programs = spinners.chain(writers);
    programs
        .map(|(script, number)| start(script, format!("written{number}")))
        .collect()
}

/// What `adverts`, all that claimed the address during the load, say of the members.
fn stood(kind: Kind, adverts: &[&Advert]) -> Stood {
    let [first, second] = kind.nodes();
    let takes_over = |pair: &&[&Advert]| pair[0].node == first && pair[1].node == second;
    let own: Vec<_> = adverts
        .iter()
        .filter(|advert| advert.node == first)
        .collect();
    let gaps = own.windows(2).map(|pair| pair[1].at - pair[0].at);
    Stood {
        failovers: adverts.windows(2).filter(takes_over).count(),
        longest_gap: gaps.max().unwrap_or(Duration::MAX),
    }
}

/// Priority 0 and the farewell of a router that leaves are no claim.
fn is_active(advert: &Advert) -> bool {
    advert.priority() > 1
}

/// What all processors did so far, in clock ticks.
#[derive(Clone, Copy)]
struct Processors {
    all: u64,
    idle: u64,
}

impl Processors {
    fn look() -> Self {
        let text = fs::read_to_string("/proc/stat").expect("/proc is mounted");
        let line = text.lines().next().expect("it begins with the sum of all");
        // user nice system idle iowait irq softirq steal, and what is counted there already.
        let words = line.split_whitespace().skip(1).take(8);
        let ticks: Vec<u64> = words
            .map(|word| word.parse().expect("it is a number"))
            .collect();
        Self {
            all: ticks.iter().sum(),
            idle: ticks[3] + ticks[4],
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "percent need no more")]
    fn busy_since(self, before: Self) -> f64 {
        let (all, idle) = (self.all - before.all, self.idle - before.idle);
        (all - idle) as f64 / all as f64 * 100.0
    }
}

/// What was written to all disks since the machine started.
fn mebibytes_written() -> f64 {
    let text = fs::read_to_string("/proc/vmstat").expect("/proc is mounted");
    // KiB that were given to block devices.
    let line = text.lines().find_map(|line| line.strip_prefix("pgpgout "));
    let kibibytes: f64 = line
        .and_then(|number| number.parse().ok())
        .expect("it is counted");
    kibibytes / 1024.0
}
