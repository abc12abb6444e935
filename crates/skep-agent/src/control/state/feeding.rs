//! Feeding what is watched to the cluster, and confirming what waits for that.

use skep_api::path;
use skep_api::submit::{Confirmation, Submission, Submitted};
use skep_manifest::desired::Desired;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::Role;
use skep_plan::feeding::{Change, Kept, Manifest, SourceState};
use tokio::sync::oneshot;

use crate::control::cluster::{Cluster, Happening};
use crate::control::contents::Contents;
use crate::control::question::{Answer, Hop, Trouble, answer};
use crate::control::state::Control;
use crate::control::state::passing::{PassedOn, pass_on};
use crate::control::watched::{Watched, may_be_confirmed};
use crate::control::{git, now};

impl Control {
    /// Takes what the watched source holds: it is the desired state of an agent that is alone,
    /// and one of the feeders of a cluster.
    pub(in crate::control) fn handle_fed(&mut self, contents: Contents) {
        match (&mut self.watched, &self.cluster) {
            (Some(watched), Some(cluster)) => {
                // Who has no key feeds nothing.
                if let Ok(keys) = cluster.value_keys() {
                    watched.handle_read(contents, &keys, now());
                    self.feed();
                }
            }
            (None, _) | (_, None) => {
                let origin = contents.commit.as_ref().map(|commit| commit.origin.clone());
                let is_known = origin.as_ref().is_some_and(|it| self.desired.is_at(it));
                if is_known || !self.desired.offer(contents, now()) {
                    return;
                }
                // Nobody waits for the disk to know where the addresses belong.
                self.pursue();
                if let (Some(origin), Some(git)) = (origin, &self.options.git)
                    && let Err(error) =
                        git::keep_accepted(&self.options.cluster.state, git, &origin)
                {
                    tracing::error!("{error:#}");
                }
            }
        }
    }

    /// Feeds what the watched source holds, if that changed from what was fed last.
    pub(super) fn feed(&mut self) {
        if let Some(watched) = &mut self.watched {
            watched.look_again();
        }
        self.feed_what_is_due();
    }

    /// The same for what could not be submitted before.
    pub(super) fn feed_what_is_due(&mut self) {
        if let (Some(watched), Some(cluster)) = (&mut self.watched, &self.cluster) {
            let kept = cluster.held().map(|held| &held.generation.kept);
            watched.handle_emptiness(kept, now());
        }
        let Some(documents) = self.watched.as_ref().and_then(Watched::due) else {
            return;
        };
        let is_to_feed = self.is_to_feed(documents);
        let (Some(watched), Some(cluster)) = (&mut self.watched, &self.cluster) else {
            return;
        };
        if !is_to_feed {
            return watched.set_aside();
        }
        let kept = cluster.held().map(|held| &held.generation.kept);
        match watched.judge(kept, cluster.disk(), now()) {
            SourceState::Changed => self.submit_watched(),
            SourceState::InStep
            | SourceState::Overruled
            | SourceState::Differs
            | SourceState::Paused => {}
        }
    }

    pub(super) fn handle_fed_on(&mut self, outcome: &Result<Submitted, Trouble>) {
        if let Some(watched) = &mut self.watched {
            watched.handle_submitted(outcome, now());
        }
        if let Ok(Submitted::Accepted { .. } | Submitted::Unchanged(_)) = outcome {
            self.feed_what_is_due();
        }
    }

    /// Does what waits for a confirmation: what somebody applied here, what this node
    /// or another one watches, or what the agents run where the swarm keeps something older.
    pub(super) fn handle_confirmation(
        &mut self,
        confirmation: Confirmation,
        hop: Hop,
        to: Answer<Submitted>,
    ) {
        let number = confirmation.generation;
        let waits_here = self.following_number() == number;
        if waits_here && let Some(awaited) = self.awaited.take_if(|it| it.generation == number) {
            let mut submission = awaited.submission;
            if let Change::Feed(feeding) = &mut submission.change {
                feeding.confirmed = true;
            }
            return self.handle_submission(submission, Hop::First, to);
        }
        let watched = self.watched.as_ref();
        if waits_here
            && watched.is_some_and(Watched::waits)
            && let Some(submission) = self.of_watched(true)
        {
            return self.submit_and_follow(submission, Some(to));
        }
        let waiting = self.waiting_elsewhere(number);
        match (waiting.as_slice(), hop, &self.cluster) {
            ([node], Hop::First, Some(cluster)) => {
                let Some(peer) = cluster.peer_of(node) else {
                    return answer(to, Err(Trouble(format!("{node} is no peer any more"))));
                };
                let question = PassedOn {
                    peer,
                    part: "waits for a confirmation",
                    path: path::CONFIRM,
                    body: Some(confirmation),
                };
                pass_on(cluster, question, hop, to);
            }
            ([_, _, ..], Hop::First, _) => {
                let names: Vec<&str> = waiting.iter().map(NodeName::as_str).collect();
                answer(
                    to,
                    Err(Trouble(format!(
                        "on more than one node something waits for that: {} (say it on the node \
                         whose source shall count)",
                        names.join(", ")
                    ))),
                );
            }
            _ => self.confirm_store(confirmation, hop, to),
        }
    }

    /// The nodes where something would become generation `number` if somebody confirmed it.
    fn waiting_elsewhere(&self, number: u64) -> Vec<NodeName> {
        let told = self.cluster.iter();
        let told = told.flat_map(|cluster| cluster.feeding_of_peers(now()));
        let waiting = told.filter(|(_, condition)| {
            let next = condition.observed_generation.checked_add(1);
            next == Some(number) && may_be_confirmed(condition.reason)
        });
        let mut nodes: Vec<NodeName> = waiting.map(|(node, _)| node.clone()).collect();
        nodes.dedup();
        nodes
    }

    fn submit_watched(&mut self) {
        if let Some(submission) = self.of_watched(false) {
            self.submit_and_follow(submission, None);
        }
    }

    /// What is watched as it is submitted.
    fn of_watched(&mut self, confirmed: bool) -> Option<Submission> {
        let held = self.cluster.as_ref().and_then(Cluster::held);
        let kept: Option<&Kept> = held.map(|held| &held.generation.kept);
        let watched = self.watched.as_mut()?;
        let change = watched.feeding(kept, confirmed)?;
        let node = self.desired.node();
        let at = node.map_or_else(String::new, |node| format!("@{node}"));
        Some(Submission {
            by: watched.by(&at),
            change,
            dry_run: false,
        })
    }

    /// Submits what is watched, and lets this agent and `asked` know what came of
    /// it.
    fn submit_and_follow(&mut self, submission: Submission, asked: Option<Answer<Submitted>>) {
        let Some(cluster) = &self.cluster else {
            return;
        };
        let happenings = cluster.happenings();
        let (to, answered) = oneshot::channel();
        tokio::spawn(async move {
            let stopping = || Trouble("the agent is stopping".to_owned());
            let outcome = answered.await.unwrap_or_else(|_dropped| Err(stopping()));
            if let Some(asked) = asked {
                answer(asked, outcome.clone());
            }
            // The loop only goes away when the agent stops.
            let _stopping = happenings.send(Happening::FedOn(outcome)).await;
        });
        self.handle_submission(submission, Hop::First, to);
    }

    /// Whether what the source holds counts at all: only a manager's does.
    fn is_to_feed(&self, documents: &[Manifest]) -> bool {
        let is_manager = |desired: &Desired, own: Option<&NodeName>| {
            let mut nodes = desired.swarm.iter().flat_map(|swarm| &swarm.spec.nodes);
            nodes.any(|node| Some(&node.name) == own && node.role == Role::Manager)
        };
        if let Some(accepted) = self.desired.accepted() {
            return is_manager(&accepted.desired, accepted.node.as_ref());
        }
        let sources = documents.iter().map(Manifest::source).collect();
        let understood = self.desired.understand(sources);
        // What cannot be understood is submitted, and told when it is refused.
        understood.map_or(true, |set| is_manager(&set.desired, set.node.as_ref()))
    }
}
