//! Processes that are killed or stopped.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::cluster::agent::{child, processes_of, signal};
use crate::cluster::wire::adverts;
use crate::cluster::{ms, now};
use crate::repetitions::{Both, all_dark};
use crate::site::{FIRST, KINDS, Kind, SECOND, Site, Timing};
use crate::table::{Budget, Table};

/// How long two holders are watched; what has not ended then may last for ever.
const TWO_HOLDERS_WATCH: Duration = Duration::from_secs(6);
/// How long the members have to show what a death leads to, in down intervals of the second.
const WATCH: u32 = 3;

/// What is killed.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// What speaks VRRP.
    DataPlane,
    /// What reads manifests and answers questions; keepalived has no such process.
    Control,
    /// What starts the others.
    First,
}

/// What came of a death.
struct Outcome {
    dark: Duration,
    /// Whether the other member became Active.
    elected: bool,
}

/// Kills and stops processes of both kinds in turn.
pub(crate) fn measure(table: &mut Table, timing: Timing, times: usize) {
    let mut site = Site::new(timing);
    site.start_all();
    let [mut data_plane, mut control, mut first] = [(); 3].map(|()| Both::default());
    let [mut elections, mut killed, mut stopped] = [(); 3].map(|()| Both::default());
    for number in 1..=times {
        for kind in KINDS {
            eprintln!("{}: deaths of {kind:?} {number} of {times}", timing.name);
            let outcome = site.kill(kind, Part::DataPlane);
            data_plane.push(kind, outcome.dark);
            elections
                .of(kind)
                .push(f64::from(u8::from(outcome.elected)));
            if kind == Kind::Skep {
                control.push(kind, site.kill(kind, Part::Control).dark);
            }
            first.push(kind, site.kill(kind, Part::First).dark);
            killed.of(kind).push(site.end_all(kind, Signal::KILL));
            stopped.of(kind).push(site.end_all(kind, Signal::STOP));
        }
    }
    let mut add = |what: &str, unit, both: Both, budget| {
        table.push(both.row(format!("{}: {what}", timing.name), unit, budget));
    };
    let none = Budget::None;
    add("SIGKILL of the data plane: dark", "ms", data_plane, none);
    add("SIGKILL of the data plane: elections", "", elections, none);
    add("SIGKILL of control: dark", "ms", control, none);
    add("SIGKILL of the first process: dark", "ms", first, none);
    let most = Budget::AtMost(4_000.0);
    add("SIGKILL of all: two holders", "ms", killed, most);
    add("SIGSTOP of all: two holders", "ms", stopped, most);
}

impl Site {
    /// Kills one process of the Active member.
    fn kill(&mut self, kind: Kind, part: Part) -> Outcome {
        let [_, second] = kind.nodes();
        let process = self.part(kind, part);
        let prober = self.probe(kind);
        let at = now();
        signal(process, Signal::KILL);
        let until = at + self.timing.down_interval(SECOND) * WATCH;
        self.wait_for_any(kind, until);
        let all = adverts(&self.cluster.capture, kind.id());
        let elected = all.iter().any(|advert| {
            advert.node == second && advert.priority() > 1 && (at..until).contains(&advert.at)
        });
        self.wait_until_it_answers(kind);
        let dark = all_dark(prober);
        self.begin_again(kind);
        Outcome { dark, elected }
    }

    /// Kills or stops all processes of the Active member at once: how long both hold the address,
    /// in milliseconds, without end if that was not seen.
    fn end_all(&mut self, kind: Kind, how: Signal) -> f64 {
        let [first, second] = kind.nodes();
        let processes = processes_of(self.process(kind, first));
        self.wait_for_a_random_moment();
        // The first one neither starts another again nor lets it know of its end.
        signal(processes[0], Signal::STOP);
        for process in processes.into_iter().rev() {
            signal(process, how);
        }
        let takeover = self.wait_for(kind, second, now(), |advert| advert.priority() > 1);
        let address = format!("inet {}/", kind.vip());
        let give_up = Instant::now() + TWO_HOLDERS_WATCH;
        let mut both = f64::INFINITY;
        while Instant::now() < give_up {
            if !self.cluster.addresses(first).contains(&address) {
                let gone = now().saturating_sub(takeover.at);
                eprintln!("  {how:?} of all: two holders for {}", ms(gone));
                both = gone.as_secs_f64() * 1e3;
                break;
            }
        }
        self.begin_again(kind);
        both
    }

    /// Takes away what is left of the first member, and starts it.
    fn begin_again(&mut self, kind: Kind) {
        let [first, _] = kind.nodes();
        self.cluster.cut_power(first);
        self.cluster.restore_power(first);
        self.start(kind, first, FIRST);
        self.wait_until_it_is_back(kind);
    }

    fn part(&self, kind: Kind, part: Part) -> u32 {
        let [node, _] = kind.nodes();
        let first = self.process(kind, node);
        match (part, kind) {
            (Part::First, _) => first,
            (Part::DataPlane, Kind::Skep) => child(first, "vip"),
            (Part::Control, _) => child(first, "control"),
            // It has one child, which speaks VRRP.
            (Part::DataPlane, Kind::Keepalived) => processes_of(first)[1],
        }
    }
}
