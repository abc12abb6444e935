//! The control process: manifests in, configuration for the data plane out, answers to questions.
//!
//! One loop owns all state and waits for one closed [`Event`]; feeders, sockets and signals run
//! beside it as tasks that only send events. What it is fed and refuses changes nothing.

mod checks;
mod desired;
pub mod directory;
pub mod listener;
mod routes;
mod status;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use skep_api::status::AgentStatus;
use skep_vip::configuration::RouterConfiguration;
use skep_vip::message::{Command, Report};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use skep_linux::clock;
use skep_linux::process::channel::Channel;
use skep_manifest::name::NodeName;
use skep_probe::check::Finding;
use skep_vrrp::time::Instant;

use crate::control::checks::{Checks, FINDINGS_WAITING};
use crate::control::desired::DesiredState;
use crate::control::directory::Contents;
use crate::control::status::Observed;
use crate::link::{Link, ReceiveError};

/// How often control tells the data plane that it lives, and confirms the inputs.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// How many questions may wait for the loop: more callers than that wait in the socket.
const QUESTIONS_WAITING: usize = 16;

/// What an agent is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name of the node, when it is not the host's.
    pub node: Option<NodeName>,
    /// The directory of manifests to watch.
    pub manifests: PathBuf,
    /// Where the agent answers the command line.
    pub socket: PathBuf,
}

/// Everything that can happen to control.
enum Event {
    /// The watched directory was read.
    Fed(Contents),
    /// The data plane reported, or what it said is not understood.
    Reported(Result<Report, ReceiveError>),
    /// A health check was looked at.
    Looked(Finding),
    /// Somebody asks for the status.
    Asked(oneshot::Sender<AgentStatus>),
    /// It is time to confirm what the data plane was told.
    HeartbeatDue,
    /// The agent is told to stop.
    Stopped,
}

/// Runs until the agent is told to stop.
///
/// # Errors
///
/// When the socket for the command line cannot be served.
pub(crate) async fn run(options: Options, channel: Channel) -> anyhow::Result<()> {
    let (contents, fed) = mpsc::channel(1);
    let (questions, asked) = mpsc::channel(QUESTIONS_WAITING);
    let (findings, looked) = mpsc::channel(FINDINGS_WAITING);
    tokio::spawn(directory::feed(options.manifests.clone(), contents));
    let server = routes::serve(&options.socket, questions)?;
    tokio::spawn(server);
    let mut control = Control {
        desired: DesiredState::new(options.node.clone()),
        observed: Observed::default(),
        checks: Checks::new(findings),
        options,
        link: Link::new(channel).context("cannot wait for the data plane")?,
        untold: false,
    };
    control.send(&Command::ReportAll);
    let mut inbox = Inbox::new(fed, asked, looked)?;
    loop {
        match inbox.next(&control.link).await {
            Event::Fed(contents) => control.handle_fed(contents),
            Event::Reported(report) => control.handle_report(report),
            Event::Looked(finding) => control.handle_finding(finding),
            Event::Asked(answer) => control.answer(answer),
            Event::HeartbeatDue => control.handle_heartbeat(),
            Event::Stopped => return Ok(()),
        }
    }
}

/// The state of control.
struct Control {
    options: Options,
    desired: DesiredState,
    observed: Observed,
    checks: Checks,
    link: Link<Command, Report>,
    /// Whether the data plane did not hear all of the configuration.
    untold: bool,
}

impl Control {
    fn handle_fed(&mut self, contents: Contents) {
        if !self.desired.offer(contents, now()) {
            return;
        }
        if let Some(accepted) = self.desired.accepted() {
            self.checks.follow(&accepted.desired, &accepted.routers);
        }
        self.configure();
    }

    fn handle_finding(&mut self, finding: Finding) {
        if let Some(input) = self.checks.handle_finding(finding) {
            self.send(&input);
        }
    }

    fn handle_report(&mut self, report: Result<Report, ReceiveError>) {
        match report {
            Ok(report) => {
                let is_new = self.observed.handle_report(report, now());
                self.checks.set_own_address(self.observed.own_address());
                if is_new {
                    self.configure();
                }
            }
            Err(error) => tracing::warn!(%error, "what the data plane said is not understood"),
        }
    }

    fn handle_heartbeat(&mut self) {
        self.send(&Command::Heartbeat);
        for input in self.checks.inputs() {
            self.send(&input);
        }
        if self.untold {
            self.configure();
        }
    }

    /// Tells the data plane what to run, all of it: it keeps what did not change.
    fn configure(&mut self) {
        let Some(accepted) = self.desired.accepted() else {
            return;
        };
        let revision = accepted.generation;
        let routers = u32::try_from(accepted.routers.len()).expect("a node has few routers");
        let configure = |router: &RouterConfiguration| Command::Configure {
            revision,
            router: Box::new(router.clone()),
        };
        let commands = accepted.routers.iter().map(configure);
        let mut commands = commands.chain([Command::Commit { revision, routers }]);
        self.untold = !commands.all(|command| self.send(&command));
    }

    /// Whether the data plane heard `command`.
    fn send(&self, command: &Command) -> bool {
        let sent = self.link.send(command);
        if let Err(error) = &sent {
            tracing::warn!(%error, "the data plane was not told, it is told again");
        }
        sent.is_ok()
    }

    fn answer(&self, answer: oneshot::Sender<AgentStatus>) {
        let known = status::Knowledge {
            options: &self.options,
            desired: &self.desired,
            observed: &self.observed,
            checks: &self.checks,
        };
        let status = status::agent_status(&known, now());
        // Who asked may have left.
        let _unheard = answer.send(status);
    }
}

fn now() -> Instant {
    Instant::from_boot(clock::now())
}

/// Where events come from.
struct Inbox {
    fed: mpsc::Receiver<Contents>,
    asked: mpsc::Receiver<oneshot::Sender<AgentStatus>>,
    looked: mpsc::Receiver<Finding>,
    heartbeat: tokio::time::Interval,
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Inbox {
    fn new(
        fed: mpsc::Receiver<Contents>,
        asked: mpsc::Receiver<oneshot::Sender<AgentStatus>>,
        looked: mpsc::Receiver<Finding>,
    ) -> anyhow::Result<Self> {
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            fed,
            asked,
            looked,
            heartbeat,
            terminate: signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?,
        })
    }

    /// The next event. Every branch is cancel-safe: what a branch has not returned, it keeps.
    async fn next(&mut self, link: &Link<Command, Report>) -> Event {
        tokio::select! {
            Some(contents) = self.fed.recv() => Event::Fed(contents),
            report = link.receive() => Event::Reported(report),
            Some(finding) = self.looked.recv() => Event::Looked(finding),
            Some(answer) = self.asked.recv() => Event::Asked(answer),
            _ = self.heartbeat.tick() => Event::HeartbeatDue,
            _ = self.terminate.recv() => Event::Stopped,
            _ = self.interrupt.recv() => Event::Stopped,
        }
    }
}
