//! The state of control, and what each event does to it.

mod admitting;
mod adopting;
mod answering;
mod changing;
mod comparing;
mod differing;
mod early;
mod feeding;
mod group_keys;
mod history;
mod listening;
mod moving;
mod passing;
mod preflighting;
mod recording;
mod recovering;
mod rotating;
mod submission;

use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, SystemTime};

use skep_plan::site::{LocalInterface, Site};
use skep_probe::check::Finding;
use skep_vip::configuration::RouterConfiguration;
use skep_vip::message::trial::TrialReport;
use skep_vip::message::{Command, Report};
use skep_vrrp::time::Instant;
use tokio::sync::watch;

use crate::control::alarms::Alarms;
use crate::control::checks::Checks;
use crate::control::chronicle::Chronicle;
use crate::control::cluster::{Cluster, Happening};
use crate::control::desired::DesiredState;
use crate::control::moves::Moves;
use crate::control::notifications::Notifications;
use crate::control::preflight::listening::Listening;
use crate::control::question::Question;
use crate::control::state::early::Early;
use crate::control::state::listening::Waiting;
use crate::control::status::{self, Observed};
use crate::control::watched::{Awaited, Place, Watched};
use crate::control::{Options, now};
use crate::link::{Link, ReceiveError};
use crate::process::give_back;

/// How long after a new desired state or a transition there is nothing more to do.
const UNREST: Duration = Duration::from_secs(2);

/// The state of control.
pub(super) struct Control {
    options: Options,
    desired: DesiredState,
    observed: Observed,
    /// What this node knows of itself.
    site: Site,
    moves: Moves,
    checks: Checks,
    notifications: Notifications,
    alarms: Alarms,
    chronicle: Chronicle,
    cluster: Option<Cluster>,
    /// What feeds the cluster.
    watched: Option<Watched>,
    /// What somebody applied here and has to confirm.
    awaited: Option<Awaited>,
    link: Link<Command, Report>,
    /// What was submitted while no manager of the swarm is heard.
    early: Vec<Early>,
    /// What was submitted and waits, the oldest first.
    waiting: VecDeque<Waiting>,
    /// Whether the data plane did not hear all of the configuration.
    untold: bool,
    /// Where this agent listens in place of its engine while nodes try to reach each other.
    listening: Option<Listening>,
    /// What the data plane last said of a trial.
    tried: watch::Sender<Option<TrialReport>>,
    /// When memory is given back that only a desired state or a transition needed.
    rest_at: Option<Instant>,
}

impl Control {
    pub(super) fn new(
        options: Options,
        desired: DesiredState,
        checks: Checks,
        cluster: Option<Cluster>,
        (link, place): (Link<Command, Report>, Place),
    ) -> Self {
        let state = options.cluster.state.clone();
        let directory = options.socket.parent().unwrap_or(Path::new("/"));
        let notifications = Notifications::new(directory, now());
        let watched = cluster
            .as_ref()
            .map(|cluster| Watched::new(place, cluster.disk()));
        Self {
            options,
            desired,
            observed: Observed::default(),
            site: Site::default(),
            moves: Moves::open(state, now(), SystemTime::now()),
            checks,
            notifications,
            alarms: Alarms::default(),
            chronicle: Chronicle::new(recording::life()),
            cluster,
            watched,
            awaited: None,
            link,
            early: Vec::new(),
            waiting: VecDeque::new(),
            untold: false,
            listening: None,
            tried: watch::Sender::new(None),
            rest_at: None,
        }
    }

    /// Takes up the work on a node of which `site` is known, where it was left.
    pub(super) fn start(&mut self, site: Site) {
        self.site = site;
        self.send(&Command::ReportAll);
        let kept = self.cluster.as_ref().and_then(Cluster::held).cloned();
        let Some(kept) = kept else {
            return;
        };
        match self.read(&kept.generation) {
            Ok(understood) => self.adopt(kept, understood),
            Err(errors) => self.desired.reject(errors, now()),
        }
    }

    pub(super) fn handle_seen(&mut self, interfaces: Vec<LocalInterface>) {
        self.site.interfaces = interfaces;
        self.listen();
        self.reconsider();
    }

    pub(super) const fn link(&self) -> &Link<Command, Report> {
        &self.link
    }

    pub(super) fn handle_finding(&mut self, finding: Finding) {
        let known = |name: &str| self.observed.health(name, now());
        if let Some(input) = self.checks.handle_finding(finding, known) {
            self.send(&input);
        }
    }

    pub(super) fn handle_report(&mut self, report: Result<Report, ReceiveError>) {
        match report {
            Ok(Report::Trial(report)) => {
                let _before = self.tried.send_replace(Some(*report));
            }
            Ok(report) => {
                if self.observed.is_transition(&report) {
                    self.rest_at = Some(now() + UNREST);
                }
                self.record_transitions(&report);
                let is_new = self.observed.handle_report(report, now());
                self.checks.set_own_address(self.observed.own_address());
                self.notify();
                self.tell(
                    self.checks
                        .unheard(|name| self.observed.health(name, now())),
                );
                if is_new {
                    self.listen();
                    self.configure();
                }
                self.submit_waiting();
            }
            Err(error) => tracing::warn!(%error, "what the data plane said is not understood"),
        }
    }

    pub(super) fn handle_heartbeat(&mut self) {
        self.send(&Command::Heartbeat);
        self.listen();
        self.submit_early();
        self.submit_waiting();
        self.tell(self.checks.inputs(|name| self.observed.health(name, now())));
        // Files have no event that always comes: what they say is looked at.
        if self.look_at_group_keys() || self.desired.reads_node_files() {
            self.reconsider();
        }
        self.expire_moves();
        self.follow_keys();
        self.feed_what_is_due();
        self.tell_standbys();
        self.follow_alarms();
        self.tell_inputs();
        let groups = status::vip_groups(&self.knowledge(), now());
        if let Some(cluster) = &mut self.cluster {
            cluster.follow_groups(&groups);
            cluster.attend(self.desired.accepted(), now());
            cluster.keep_again(now());
        }
        self.moves.keep_again(now());
        if self.untold {
            self.configure();
        }
        self.end_listening();
        if self.rest_at.take_if(|at| *at <= now()).is_some() {
            give_back();
        }
    }

    fn tell(&self, inputs: Vec<Command>) {
        for input in inputs {
            self.send(&input);
        }
    }

    /// Tells the data plane who stands by for its routers, as long as that is fresh.
    fn tell_standbys(&self) {
        let (Some(cluster), Some(accepted)) = (&self.cluster, self.desired.accepted()) else {
            return;
        };
        for standby in cluster.standbys(&accepted.routers, now()) {
            self.send(&standby);
        }
    }

    /// Tells the data plane what the engine and the swarm say.
    fn tell_inputs(&self) {
        if let (Some(cluster), Some(accepted)) = (&self.cluster, self.desired.accepted()) {
            let known = |name: &str| self.observed.health(name, now());
            self.tell(cluster.inputs(accepted, known, now()));
        }
    }

    pub(super) fn handle_happening(&mut self, happening: Happening) {
        let Some(cluster) = &mut self.cluster else {
            return;
        };
        match happening {
            Happening::Seen(sight) => {
                cluster.handle_seen(*sight, self.desired.accepted(), now());
                self.submit_early();
            }
            Happening::TasksSeen(seen) => {
                cluster.handle_tasks_seen(seen);
                return self.tell_inputs();
            }
            Happening::Heard(heard) => {
                let by = heard.node.clone();
                let dismissal = heard.dismissal.clone();
                cluster.handle_heard(heard, self.desired.accepted(), now());
                let moves = cluster.moves_told_by(&by);
                self.take_orders(moves);
                self.submit_early();
                if let Some(dismissal) = dismissal {
                    self.handle_dismissal(&dismissal);
                }
            }
            Happening::Moved(order) => self.take_orders([order]),
            Happening::Recalled(recalled) => self.handle_recalled(*recalled),
            Happening::Stored(stored) => self.handle_stored(*stored),
            Happening::KeyLearned(learned) => cluster.handle_key(learned, now()),
            Happening::LookedUp(image, answer) => {
                cluster.handle_looked_up(image, answer, now());
            }
            Happening::FedOn(outcome) => self.handle_fed_on(&outcome),
            Happening::Done(outcome) => {
                let acts = outcome.acts.clone();
                cluster.handle_done(outcome, self.desired.accepted(), now());
                self.record_acts(acts);
            }
            Happening::Fetched(fetched) => {
                cluster.handle_fetched();
                match fetched {
                    Ok(held) => self.take_over(*held),
                    Err(trouble) => tracing::warn!("no desired state from a peer: {trouble}"),
                }
            }
        }
        if let (Some(cluster), Some(accepted)) = (&mut self.cluster, self.desired.accepted()) {
            cluster.proceed(accepted, now());
        }
    }

    pub(super) fn handle_question(&mut self, question: Question) {
        match question {
            Question::Status(to) => self.answer_status(to),
            Question::Submit(submission, hop, to) => self.handle_submission(submission, hop, to),
            Question::Diff(submission, hop, to) => self.handle_diff(submission, hop, to),
            Question::Compare(comparison, hop, to) => self.handle_comparison(comparison, hop, to),
            Question::Progress(hop, to) => self.answer_progress(hop, to),
            Question::History(hop, to) => self.handle_history(hop, to),
            Question::Rollback(recall, hop, to) => self.handle_rollback(recall, hop, to),
            Question::Confirm(confirmation, hop, to) => {
                self.handle_confirmation(confirmation, hop, to)
            }
            Question::Admit(node, to) => self.answer_admit(node, to),
            Question::Report(known, caller, to) => self.answer_report(&known, &caller, to),
            Question::Generation(caller, to) => self.answer_generation(&caller, to),
            Question::Announce(announcement, caller, to) => {
                self.handle_announcement(announcement, &caller, to);
            }
            Question::Vote(request, to) => self.handle_vote(&request, to),
            Question::Claim(claim, to) => self.handle_claim(&claim, to),
            Question::Situation(to) => self.answer_situation(to),
            Question::Recover(request, hop, to) => self.handle_recover(request, hop, to),
            Question::Grant(request, caller, to) => self.handle_grant(&request, &caller, to),
            Question::Rotate(to) => self.handle_rotate(to),
            Question::Key(request, to) => self.answer_key(&request, to),
            Question::Move(request, to) => self.handle_move(request, to),
            Question::MoveOrder(order, to) => self.handle_order(order, to),
            Question::Events(marks, hop, to) => self.handle_events(marks, hop, to),
            Question::Preflight(request, to) => self.handle_preflight(request, to),
            Question::PreflightListen(round, to) => self.handle_listen(round, to),
            Question::PreflightKnock(round, to) => self.handle_knock(round, to),
            Question::PreflightHeard(token, to) => self.answer_heard(&token, to),
        }
    }

    /// Follows what changed about this node, if that changes what it runs.
    fn reconsider(&mut self) {
        if self.desired.configure(&mut self.site) {
            self.follow_configuration();
        }
    }

    /// Does what follows from a new desired state.
    fn pursue(&mut self) {
        if let Some(accepted) = self.desired.accepted() {
            self.moves.prune(&accepted.desired, now());
        }
        self.record_generation();
        self.site.moves = self.moves.in_force();
        self.listen();
        self.look_at_group_keys();
        self.desired.configure(&mut self.site);
        self.follow_configuration();
    }

    fn follow_configuration(&mut self) {
        self.rest_at = Some(now() + UNREST);
        if let Some(accepted) = self.desired.accepted() {
            self.checks.follow(&accepted.desired, &accepted.routers);
            self.notifications.follow(accepted);
        }
        self.notify();
        self.configure();
    }

    /// Tells the notifiers what the data plane reported; what they know is not told again.
    fn notify(&mut self) {
        let Some(accepted) = self.desired.accepted() else {
            return;
        };
        for report in self.observed.routers() {
            self.notifications.handle_report(report, accepted, now());
        }
    }

    /// Tells the data plane what to run, all of it: it keeps what did not change.
    fn configure(&mut self) {
        let Some(accepted) = self.desired.accepted() else {
            return;
        };
        // What it has to be told first depends on what it knows, and it reports as soon as it runs.
        if !self.observed.has_heard_of_data_plane() {
            self.untold = true;
            return;
        }
        // A router that is to begin with a check that did not pass yet must know so before.
        self.tell(
            self.checks
                .unheard(|name| self.observed.health(name, now())),
        );
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
}

#[cfg(test)]
mod tests;
