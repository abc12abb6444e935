//! Feeding what the watched directory holds to the cluster, and confirming what waits for that.

use skep_api::path;
use skep_api::submit::{Confirmation, Submission, Submitted};
use skep_manifest::desired::Desired;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::Role;
use skep_plan::feeding::{Change, DIRECTORY, Manifest, Standing};
use tokio::sync::oneshot;

use crate::control::cluster::Happening;
use crate::control::directory::Contents;
use crate::control::now;
use crate::control::question::{Answer, Hop, Trouble, answer};
use crate::control::state::Control;
use crate::control::state::submission::{PassedOn, pass_on};
use crate::control::watched::{Watched, may_be_confirmed};

impl Control {
    /// Takes what the watched directory holds: it is the desired state of an agent that is alone,
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
                if self.desired.offer(contents, now()) {
                    self.pursue();
                }
            }
        }
    }

    /// Feeds what the watched directory holds, if that changed from what was fed last.
    pub(super) fn feed(&mut self) {
        if let Some(watched) = &mut self.watched {
            watched.look_again();
        }
        self.feed_what_is_due();
    }

    /// The same for what could not be submitted before.
    pub(super) fn feed_what_is_due(&mut self) {
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
            Standing::Changed => self.submit_directory(false),
            Standing::InStep | Standing::Overruled | Standing::Differs | Standing::Paused => {}
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

    /// Does what waits for a confirmation: what somebody applied here, what the directory of this
    /// node or of another one holds, or what the agents run where the swarm keeps something older.
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
        let watched = self.watched.as_mut().filter(|it| waits_here && it.waits());
        if let Some(change) = watched.and_then(|watched| watched.feeding(true)) {
            let submission = self.of_directory(change);
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
            condition.observed_generation + 1 == number && may_be_confirmed(condition.reason)
        });
        let mut nodes: Vec<NodeName> = waiting.map(|(node, _)| node.clone()).collect();
        nodes.dedup();
        nodes
    }

    /// Submits what the watched directory holds.
    fn submit_directory(&mut self, confirmed: bool) {
        let watched = self.watched.as_mut();
        if let Some(change) = watched.and_then(|watched| watched.feeding(confirmed)) {
            let submission = self.of_directory(change);
            self.submit_and_follow(submission, None);
        }
    }

    fn of_directory(&self, change: Change) -> Submission {
        let node = self.desired.node();
        let at = node.map_or_else(String::new, |node| format!("@{node}"));
        Submission {
            by: format!("{DIRECTORY}{at}"),
            change,
            dry_run: false,
        }
    }

    /// Submits what the watched directory holds, and lets this agent and `asked` know what came of
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

    /// Whether what the directory holds counts at all: only a manager's does.
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
