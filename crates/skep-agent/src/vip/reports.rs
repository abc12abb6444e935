//! What control shall know, the newest of each subject.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use skep_linux::clock;
use skep_vip::configuration::RouterKey;
use skep_vip::message::trial::TrialReport;
use skep_vip::message::{
    Command, Contested, ForeignAddress, Lateness, ProcessReport, Report, RouterReport,
    SegmentReport, Silence,
};
use skep_vrrp::time::Instant;

use crate::link::Link;

/// The newest report of every router, and which of them control has not heard.
pub(super) struct Reports {
    process: ProcessReport,
    routers: BTreeMap<RouterKey, RouterReport>,
    unsaid: BTreeSet<RouterKey>,
    removed: BTreeSet<RouterKey>,
    process_unsaid: bool,
    /// What became of a trial, as far as control has not heard it.
    trial: Option<Box<TrialReport>>,
}

impl Reports {
    pub(super) fn new() -> Self {
        let started = Instant::from_boot(clock::now());
        Self {
            process: ProcessReport {
                started,
                ..ProcessReport::default()
            },
            routers: BTreeMap::new(),
            unsaid: BTreeSet::new(),
            removed: BTreeSet::new(),
            process_unsaid: true,
            trial: None,
        }
    }

    pub(super) fn note(&mut self, report: Report) {
        match report {
            Report::Router(router) => {
                self.removed.remove(&router.key);
                self.unsaid.insert(router.key.clone());
                self.routers.insert(router.key.clone(), *router);
            }
            Report::Removed(key) => {
                self.routers.remove(&key);
                self.unsaid.remove(&key);
                self.removed.insert(key);
            }
            Report::Process(process) => {
                self.process = *process;
                self.process_unsaid = true;
            }
            Report::Trial(trial) => self.trial = Some(trial),
        }
    }

    /// The process runs the configuration `revision` and is alive.
    pub(super) const fn note_alive(&mut self, revision: u64) {
        self.process.revision = revision;
        self.process_unsaid = true;
    }

    /// When control was silent for long.
    pub(super) const fn note_silence(&mut self, silence: Option<Silence>) {
        self.process.control_silence = silence;
    }

    /// Which addresses somebody else keeps removing.
    pub(super) fn note_contested(&mut self, contested: Vec<Contested>) {
        self.process.contested = contested;
    }

    /// Which virtual addresses somebody else put here.
    pub(super) fn note_foreign(&mut self, foreign: Vec<ForeignAddress>) {
        self.process.foreign = foreign;
    }

    /// What is heard on a segment.
    pub(super) fn note_segment(&mut self, segment: SegmentReport) {
        let segments = &mut self.process.segments;
        segments.retain(|known| known.interface != segment.interface);
        segments.push(segment);
        self.process_unsaid = true;
    }

    /// Since when the process ends again and again.
    pub(super) fn note_looping(&mut self, since: Option<Duration>) {
        self.process.looping_since = since.map(Instant::from_boot);
    }

    /// The process is less punctual than it could be.
    pub(super) fn note_restriction(&mut self, restriction: String) {
        tracing::warn!("{restriction}");
        self.process.restrictions.push(restriction);
    }

    /// How late the wire thread was so far.
    pub(super) const fn note_wire_lateness(&mut self, lateness: Lateness) {
        self.process.wire_lateness = lateness;
    }

    /// How long the kernel made the hand thread wait once.
    pub(super) fn note_hand_lateness(&mut self, waited: Duration) {
        self.process.hand_lateness.record(waited);
    }

    /// Control has heard nothing yet.
    pub(super) fn say_all_again(&mut self) {
        self.process_unsaid = true;
        self.unsaid = self.routers.keys().cloned().collect();
    }

    /// Says what control has not heard, as far as it listens.
    pub(super) fn send(&mut self, control: &Link<Report, Command>) {
        if let Some(trial) = self.trial.take()
            && control.send(&Report::Trial(trial.clone())).is_err()
        {
            self.trial = Some(trial);
        }
        if self.process_unsaid
            && control
                .send(&Report::Process(Box::new(self.process.clone())))
                .is_ok()
        {
            self.process_unsaid = false;
        }
        while let Some(key) = self.removed.pop_first() {
            if control.send(&Report::Removed(key.clone())).is_err() {
                self.removed.insert(key);
                return;
            }
        }
        while let Some(key) = self.unsaid.pop_first() {
            let Some(router) = self.routers.get(&key) else {
                continue;
            };
            if control
                .send(&Report::Router(Box::new(router.clone())))
                .is_err()
            {
                self.unsaid.insert(key);
                return;
            }
        }
    }
}
