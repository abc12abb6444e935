//! What is done again and again, at a random moment between two advertisements.

use std::time::Duration;

use crate::cluster::{ms, now, wait_until};
use crate::sample::Sample;
use crate::site::{CLIENT, FIRST, KINDS, Kind, SECOND, Site, Timing, wait_for_end};
use crate::table::{Budget, Row, Table};

use skep_lab::prober::{Dark, Prober};

/// A priority that is lower and still the highest.
const LOWER: u8 = 95;
/// One that is below that of the other member.
const LOWEST: u8 = 80;

/// Does everything in turn with both kinds.
pub(crate) fn measure(table: &mut Table, timing: Timing, times: usize) {
    let mut site = Site::new(timing);
    site.start_all();
    let name = timing.name;
    let [mut takeover, mut dark] = [(); 2].map(|()| Both::default());
    let [mut stop, mut restart] = [(); 2].map(|()| Both::default());
    let [mut deleted, mut lower] = [(); 2].map(|()| Both::default());
    let mut changed = Both::default();
    for number in 1..=times {
        for kind in KINDS {
            eprintln!("{name}: {kind:?} {number} of {times}");
            let (took, was_dark) = site.cut_power(kind);
            takeover.push(kind, took);
            dark.push(kind, was_dark);
            let (leaving, returning) = site.restart(kind);
            stop.push(kind, leaving);
            restart.push(kind, leaving + returning);
            deleted.push(kind, site.delete(kind));
            lower.push(kind, site.lower(kind));
            changed.push(kind, site.change_places(kind));
        }
    }
    let protocol = timing.down_interval(SECOND) + Duration::from_millis(1);
    let at_most = Budget::BesideAndAtMost(protocol.as_secs_f64() * 1e3);
    let mut add = |what: &str, both: Both, budget| {
        table.push(both.row(format!("{name}: {what}"), "ms", budget));
    };
    add("last advertisement → successor's first", takeover, at_most);
    add("power cut: dark", dark, Budget::Open);
    add("stop: dark", stop, Budget::None);
    add("stop and start: dark", restart, Budget::None);
    let below = "priority below the other's and back: dark";
    add(below, changed, Budget::None);
    add("address deleted: dark", deleted, Budget::AtMost(5.0));
    let saved = "saved → lower advertisement";
    add(saved, lower, Budget::AtMost(50.0));
}

/// Times of both, in milliseconds.
#[derive(Default)]
pub(crate) struct Both {
    pub(crate) keepalived: Sample,
    pub(crate) skep: Sample,
}

impl Both {
    pub(crate) fn push(&mut self, kind: Kind, time: Duration) {
        self.of(kind).push(time.as_secs_f64() * 1e3);
    }

    pub(crate) fn of(&mut self, kind: Kind) -> &mut Sample {
        match kind {
            Kind::Keepalived => &mut self.keepalived,
            Kind::Skep => &mut self.skep,
        }
    }

    /// What both came to.
    pub(crate) fn row(self, what: String, unit: &'static str, budget: Budget) -> Row {
        Row {
            what,
            unit,
            keepalived: self.keepalived,
            skep: self.skep,
            budget,
        }
    }
}

impl Site {
    /// Cuts the power of the Active member and gives it back: from the last advertisement to the
    /// successor's first, and the time in the dark.
    fn cut_power(&mut self, kind: Kind) -> (Duration, Duration) {
        let [first, second] = kind.nodes();
        let prober = self.probe(kind);
        let at = now();
        self.cluster.cut_power(first);
        let next = self.wait_for(kind, second, at, |_| true);
        let took = next.at - self.last_before(kind, first, next.at).at;
        self.wait_for_holder(kind, second);
        self.wait_until_it_answers(kind);
        let dark = all_dark(prober);
        self.cluster.restore_power(first);
        self.start(kind, first, FIRST);
        self.wait_until_it_is_back(kind);
        (took, dark)
    }

    /// Stops the Active member and starts it: the time in the dark until its successor answers,
    /// and until it answers itself.
    fn restart(&mut self, kind: Kind) -> (Duration, Duration) {
        let [first, second] = kind.nodes();
        let prober = self.probe(kind);
        let at = now();
        let process = self.stop(kind, first);
        self.wait_for(kind, second, at, |_| true);
        wait_for_end(process);
        self.wait_for_holder(kind, second);
        self.wait_until_it_answers(kind);
        let leaving = all_dark(prober);
        let prober = self.probe(kind);
        self.start(kind, first, FIRST);
        self.wait_until_it_is_back(kind);
        (leaving, all_dark(prober))
    }

    /// Deletes the address from the Active member: the time in the dark.
    fn delete(&mut self, kind: Kind) -> Duration {
        let [first, _] = kind.nodes();
        let prober = self.probe(kind);
        let address = format!("{}/32", kind.vip());
        let delete = ["ip", "address", "delete", &address, "dev", "eth0"];
        self.cluster.say(first, &delete);
        self.wait_until_it_is_back(kind);
        all_dark(prober)
    }

    /// Lowers the priority of the Active member: the time until it advertises it.
    fn lower(&mut self, kind: Kind) -> Duration {
        let [first, _] = kind.nodes();
        self.wait_for_a_random_moment();
        let at = self.change(kind, first, LOWER);
        let lower = self.wait_for(kind, first, at, |advert| advert.priority() == LOWER);
        let back = self.change(kind, first, FIRST);
        self.wait_for(kind, first, back, |advert| advert.priority() == FIRST);
        lower.at - at
    }

    /// Lowers the priority of the Active member until the other one is Active, and raises it
    /// again: the time in the dark.
    fn change_places(&mut self, kind: Kind) -> Duration {
        let [first, second] = kind.nodes();
        let prober = self.probe(kind);
        let at = self.change(kind, first, LOWEST);
        self.wait_for(kind, second, at, |_| true);
        self.wait_for_holder(kind, second);
        self.wait_until_it_answers(kind);
        self.change(kind, first, FIRST);
        self.wait_until_it_is_back(kind);
        all_dark(prober)
    }

    /// Waits until the better member holds the address and the other one knows.
    pub(crate) fn wait_until_it_is_back(&self, kind: Kind) {
        let [first, _] = kind.nodes();
        self.wait_for_holder(kind, first);
        self.wait_until_it_answers(kind);
        let since = now();
        self.wait_for(kind, first, since, |advert| advert.priority() == FIRST);
        let held = wait_until(|| self.cluster.holders(kind.vip()) == [first]);
        assert!(held, "{first} holds it");
    }

    /// Asks the address of a group from a random moment on.
    pub(crate) fn probe(&self, kind: Kind) -> Prober {
        let prober = self.cluster.probe(CLIENT, kind.vip());
        self.wait_for_a_random_moment();
        prober
    }

    pub(crate) fn wait_for_a_random_moment(&self) {
        // What was waited for before is of no length in particular.
        let interval = self.timing.interval.as_nanos();
        let part = now().as_nanos() % interval;
        let part = u64::try_from(part).expect("an interval is short");
        std::thread::sleep(Duration::from_nanos(part));
    }
}

/// The sum of all times without an answer.
pub(crate) fn all_dark(prober: Prober) -> Duration {
    let report = prober.stop().unwrap_or_else(|error| panic!("{error:#}"));
    let dark: Duration = report.dark().iter().map(Dark::length).sum();
    eprintln!("  {} lost, dark {}", report.lost(), ms(dark));
    dark
}
