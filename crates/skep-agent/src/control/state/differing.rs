//! Saying what manifests would change.

use std::time::Duration;

use futures_util::future::join_all;
use skep_api::path;
use skep_api::peer::{Line, Peer, PeerClient};
use skep_api::submit::{Differences, Submission};
use skep_api::told::{Known, Told};
use skep_api::trust::name::Standing;
use skep_manifest::desired::Desired;
use skep_plan::action::Plan;
use skep_plan::groups::{GroupChange, group_changes};
use skep_plan::observed::Observed;
use skep_plan::plan;

use crate::control::now;
use crate::control::question::{Answer, Hop, answer};
use crate::control::state::Control;
use crate::control::state::changing::lines;
use crate::control::state::passing::{PassedOn, pass_on};
use crate::control::state::submission::Answerer;
use crate::control::understand::Understood;

/// How long an agent that this one never asked has to say how it is: less than whoever asks for the
/// difference waits.
const INTRODUCTION: Duration = Duration::from_secs(2);

impl Control {
    /// Says what a set of manifests would change: on the agent that writes to the swarm.
    pub(super) fn handle_diff(
        &mut self,
        submission: Submission,
        hop: Hop,
        to: Answer<Differences>,
    ) {
        let prepared = match self.prepare(&submission) {
            Ok(prepared) => prepared,
            Err(refused) => return answer(to, Ok(Differences::Rejected(lines(refused)))),
        };
        let paused = prepared.kept.paused();
        let mut understood = prepared.understood;
        if let Err(errors) = self.desired.decide(&mut understood, &self.taken()) {
            return answer(to, Ok(Differences::Rejected(errors)));
        }
        let vip_groups = self.group_changes(&understood);
        let Some(cluster) = &self.cluster else {
            // What a directory would change can be said without an engine.
            let plan = Plan {
                vip_groups,
                ..Plan::default()
            };
            return answer(to, Ok(Differences::Plan(Box::new(plan))));
        };
        match self.writer_of(Some(&understood), hop) {
            Answerer::Here => {
                let own = understood.node.as_ref();
                let mut observed = cluster.observed(own, now());
                let strangers = cluster.strangers(&understood.desired, own);
                let client = cluster.client().with_limit(INTRODUCTION);
                let desired = understood.desired;
                tokio::spawn(async move {
                    introduce(&client, strangers, &mut observed).await;
                    let plan = Plan {
                        vip_groups,
                        paused,
                        ..plan(&desired, &observed)
                    };
                    answer(to, Ok(Differences::Plan(Box::new(plan))));
                });
            }
            Answerer::There(peer) => {
                let question = PassedOn {
                    peer,
                    part: "writes to the swarm",
                    path: path::DIFF,
                    body: Some(submission),
                };
                pass_on(cluster, question, hop, to);
            }
        }
    }

    fn group_changes(&self, understood: &Understood) -> Vec<GroupChange> {
        let nothing = Desired::default();
        let accepted = self.desired.accepted();
        let old = accepted.map_or(&nothing, |accepted| &accepted.desired);
        group_changes(old, &understood.desired)
    }
}

/// Asks agents that nobody asked so far how they are. Who does not answer is silent.
async fn introduce(client: &PeerClient, strangers: Vec<Peer>, observed: &mut Observed) {
    let asked = strangers.into_iter().map(|peer| async move {
        let known = Known {
            // Whether there is a swarm already decides what would be done.
            swarm: Some(String::new()),
            ..Known::default()
        };
        let node = peer.node.clone();
        let mut line = Line::new(client.clone(), peer);
        let (standing, told) = line.get::<Told>(&path::report(&known)).await;
        let told = told.ok()?;
        Some(match standing {
            Some(Standing::KeyHolder) => (node, told),
            Some(Standing::Certified) | None => (node, told.of_certified()),
        })
    });
    for (node, told) in join_all(asked).await.into_iter().flatten() {
        if let Some(report) = told.report {
            observed.engines.insert(node, report.engine);
        }
        if observed.cluster.is_none() {
            observed.cluster = told.swarm.map(|swarm| *swarm);
        }
    }
}
