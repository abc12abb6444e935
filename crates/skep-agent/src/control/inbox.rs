//! Where the events of control come from.

use std::time::Duration;

use anyhow::Context;
use skep_plan::site::LocalInterface;
use skep_probe::check::Finding;
use skep_vip::message::{Command, Report};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior};

use crate::control::cluster::Happening;
use crate::control::contents::Contents;
use crate::control::question::Question;
use crate::link::{Link, ReceiveError};

/// How often control tells the data plane that it lives, and confirms the inputs.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Everything that can happen to control.
pub(super) enum Event {
    /// The watched source was read.
    Fed(Contents),
    /// The data plane reported, or what it said is not understood.
    Reported(Result<Report, ReceiveError>),
    /// A health check was looked at.
    Looked(Finding),
    /// The interfaces of this node changed.
    Seen(Vec<LocalInterface>),
    /// Something happened in the cluster.
    Happened(Happening),
    /// Somebody asks something.
    Asked(Question),
    /// It is time to confirm what the data plane was told.
    HeartbeatDue,
    /// The agent is told to stop.
    Stopped,
}

/// Where they come from; without a cluster nothing happens in it.
pub(super) struct Sources {
    pub(super) fed: mpsc::Receiver<Contents>,
    pub(super) asked: mpsc::Receiver<Question>,
    pub(super) looked: mpsc::Receiver<Finding>,
    pub(super) seen: mpsc::Receiver<Vec<LocalInterface>>,
    pub(super) happened: Option<mpsc::Receiver<Happening>>,
}

/// All of them, with the clock and the signals.
pub(super) struct Inbox {
    fed: mpsc::Receiver<Contents>,
    asked: mpsc::Receiver<Question>,
    looked: mpsc::Receiver<Finding>,
    seen: mpsc::Receiver<Vec<LocalInterface>>,
    happened: mpsc::Receiver<Happening>,
    heartbeat: Interval,
    terminate: Signal,
    interrupt: Signal,
}

impl Inbox {
    pub(super) fn new(sources: Sources) -> anyhow::Result<Self> {
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            fed: sources.fed,
            asked: sources.asked,
            looked: sources.looked,
            seen: sources.seen,
            // A channel nobody sends on.
            happened: sources.happened.unwrap_or_else(|| mpsc::channel(1).1),
            heartbeat,
            terminate: signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?,
        })
    }

    /// The next event. Every branch is cancel-safe: what a branch has not returned, it keeps.
    pub(super) async fn next(&mut self, link: &Link<Command, Report>) -> Event {
        tokio::select! {
            Some(contents) = self.fed.recv() => Event::Fed(contents),
            report = link.receive() => Event::Reported(report),
            Some(finding) = self.looked.recv() => Event::Looked(finding),
            Some(interfaces) = self.seen.recv() => Event::Seen(interfaces),
            Some(happening) = self.happened.recv() => Event::Happened(happening),
            Some(question) = self.asked.recv() => Event::Asked(question),
            _ = self.heartbeat.tick() => Event::HeartbeatDue,
            _ = self.terminate.recv() => Event::Stopped,
            _ = self.interrupt.recv() => Event::Stopped,
        }
    }
}
