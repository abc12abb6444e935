//! Changing the desired state, and saying how far it is.

use skep_api::generation::{Generation, Held};
use skep_api::path;
use skep_api::peer::Peer;
use skep_api::submit::{Reached, Submission, Submitted};
use skep_manifest::schema::REVISION;
use skep_manifest::swarm::Node;
use skep_plan::progress::progress;

use crate::control::cluster::{self, Cluster, keeper};
use crate::control::now;
use crate::control::question::{Answer, Hop, Trouble, answer};
use crate::control::state::Control;
use crate::control::state::changing::{Prepared, accepted};
use crate::control::state::early::Early;
use crate::control::state::passing::{PassedOn, pass_on};
use crate::control::understand::Understood;

/// Why nothing can be submitted.
const NO_MANAGER: &str = "no manager of the swarm that has a leader was heard: what runs goes on, and \
                          the desired state can be changed when a majority of the managers is back \
                          (look at `skep status`)";
/// Who answers a question.
pub(super) enum Answerer {
    /// This agent.
    Here,
    /// Another one.
    There(Peer),
}

impl Control {
    /// Changes the desired state: on a manager of the swarm, which keeps it, or on the first one of
    /// the manifest as long as there is no swarm.
    pub(super) fn handle_submission(
        &mut self,
        submission: Submission,
        hop: Hop,
        to: Answer<Submitted>,
    ) {
        self.submit_or_wait(Early::new(submission, hop, to));
    }

    /// The same; while no manager of the swarm is heard it waits for one.
    pub(super) fn submit_or_wait(&mut self, early: Early) {
        let Some(cluster) = &self.cluster else {
            return answer(early.to, Err(self.standalone()));
        };
        let keeper = cluster.has_swarm().then(|| self.manager_of());
        if let Some(Err(_)) = keeper
            && now() < early.until
        {
            return self.early.push(early);
        }
        let Early {
            submission,
            hop,
            to,
            until: _,
        } = early;
        let keeper = if let Some(manager) = keeper {
            manager.map_err(|trouble| vec![trouble])
        } else {
            match self.prepare(&submission) {
                Ok(prepared) => self.keeper_of(&prepared.understood),
                Err(refused) => return self.refuse(submission, refused, to),
            }
        };
        match keeper {
            Err(errors) => answer(to, Ok(Submitted::Rejected(errors))),
            Ok(Answerer::Here) => match self.prepare(&submission) {
                Ok(prepared) => self.submit_in_order(submission, prepared.understood, to),
                Err(refused) => self.refuse(submission, refused, to),
            },
            Ok(Answerer::There(peer)) => {
                let question = PassedOn {
                    peer,
                    part: "keeps the desired state",
                    path: path::SUBMIT,
                    body: Some(submission),
                };
                pass_on(cluster, question, hop, to);
            }
        }
    }

    /// Submits what is not passed on, against what is kept at this moment.
    pub(super) fn submit(&mut self, submission: Submission, to: Answer<Submitted>) {
        let Prepared {
            kept,
            mut understood,
        } = match self.prepare(&submission) {
            Ok(prepared) => prepared,
            Err(refused) => return self.refuse(submission, refused, to),
        };
        let taken = self.taken();
        let Some(cluster) = &mut self.cluster else {
            return answer(to, Err(self.standalone()));
        };
        let decisions = match self.desired.decide(&mut understood, &taken) {
            Ok(decisions) => decisions,
            Err(errors) => return answer(to, Ok(Submitted::Rejected(errors))),
        };
        let next = cluster.next_generation(&submission.by, kept, decisions);
        if let Some(known) = cluster.held().map(|held| &held.generation.id)
            && known.digest == next.id.digest
        {
            return answer(to, Ok(Submitted::Unchanged(known.clone())));
        }
        if submission.dry_run {
            return answer(to, Ok(Submitted::Acceptable));
        }
        if let Err(errors) = cluster.is_read_by_all(REVISION) {
            return answer(to, Ok(Submitted::Rejected(errors)));
        }
        match &understood.desired.swarm {
            Some(swarm) if cluster.has_swarm() => {
                cluster.submit_to_swarm(&swarm.metadata.name, next, to);
            }
            _ => answer(to, self.submit_to_disk(next, understood)),
        }
    }

    /// Keeps `next` on this agent's disk, and works towards it from here on.
    fn submit_to_disk(
        &mut self,
        next: Generation,
        understood: Understood,
    ) -> Result<Submitted, Trouble> {
        let Some(cluster) = &self.cluster else {
            return Err(self.standalone());
        };
        let accepted = accepted(&next);
        let held = Held {
            generation: next,
            is_stored: false,
        };
        // On disk before anybody hears of it: a number that was told is never given away again.
        cluster.submit_to_disk(&held).map_err(Trouble)?;
        self.adopt(held, understood);
        if let (Some(cluster), Some(accepted)) = (&self.cluster, self.desired.accepted()) {
            cluster.announce_to_all(accepted);
        }
        Ok(accepted)
    }

    /// Says how far the world is from the desired state: on the agent that writes to the swarm.
    pub(super) fn answer_progress(&self, hop: Hop, to: Answer<Reached>) {
        let Some(cluster) = &self.cluster else {
            return answer(to, Err(self.standalone()));
        };
        match self.writer_of(None, hop) {
            Answerer::Here => answer(to, Ok(self.reached(cluster))),
            Answerer::There(peer) => {
                let question = PassedOn::<()> {
                    peer,
                    part: "writes to the swarm",
                    path: path::PROGRESS,
                    body: None,
                };
                pass_on(cluster, question, hop, to);
            }
        }
    }

    fn reached(&self, cluster: &Cluster) -> Reached {
        let accepted = self.desired.accepted();
        Reached {
            generation: accepted.and_then(|accepted| accepted.id.clone()),
            objects: accepted.map_or_else(Vec::new, |accepted| {
                let mut objects = progress(
                    &accepted.desired,
                    &cluster.observed(accepted.node.as_ref(), now()),
                );
                objects.extend(crate::control::status::group_progress(
                    &self.knowledge(),
                    now(),
                ));
                objects
            }),
        }
    }

    /// Whose engine can give the swarm a desired state to keep: this node's, or that of any manager
    /// that works, the one that writes first. Two at once are told apart by the swarm.
    pub(super) fn manager_of(&self) -> Result<Answerer, String> {
        let Some(cluster) = &self.cluster else {
            return Ok(Answerer::Here);
        };
        if cluster.swarm().is_some() {
            return Ok(Answerer::Here);
        }
        let accepted = self.desired.accepted();
        let swarm = accepted.and_then(|accepted| accepted.desired.swarm.as_ref());
        let works = |node: &&Node| cluster.tells_of_swarm(&node.name, now());
        let mut nodes = swarm.into_iter().flat_map(|swarm| &swarm.spec.nodes);
        match nodes.find(works) {
            Some(node) => Ok(Answerer::There(cluster::agent_of(node))),
            None => Err(NO_MANAGER.to_owned()),
        }
    }

    /// Who keeps the desired state: the first manager, as long as there is no swarm that could.
    fn keeper_of(&self, understood: &Understood) -> Result<Answerer, Vec<String>> {
        let proposed = keeper(&understood.desired).ok_or_else(|| {
            vec!["no node has the role of a manager: one has to create the swarm".to_owned()]
        })?;
        let accepted = self.desired.accepted();
        if let Some(known) = accepted.and_then(|accepted| keeper(&accepted.desired))
            && known.name != proposed.name
        {
            return Err(vec![format!(
                "{} is the first manager and keeps the desired state, {} cannot take its place yet \
                 (list {} first among the managers)",
                known.name, proposed.name, known.name
            )]);
        }
        if understood.node.as_ref() == Some(&proposed.name) {
            return Ok(Answerer::Here);
        }
        Ok(Answerer::There(cluster::agent_of(proposed)))
    }

    /// Who writes to the swarm, or could: this agent when nobody else does.
    pub(super) fn writer_of(&self, understood: Option<&Understood>, hop: Hop) -> Answerer {
        let accepted = self.desired.accepted();
        let known = accepted.map(|accepted| (&accepted.desired, accepted.node.as_ref()));
        let proposed = understood.map(|set| (&set.desired, set.node.as_ref()));
        let (Some(cluster), Some((desired, own)), Hop::First) =
            (&self.cluster, known.or(proposed), hop)
        else {
            return Answerer::Here;
        };
        let Some(swarm) = &desired.swarm else {
            return Answerer::Here;
        };
        let writer = own.and_then(|own| cluster.writer(&swarm.spec, own, now()));
        let writer = writer.or_else(|| keeper(desired).map(|node| &node.name));
        let node = swarm
            .spec
            .nodes
            .iter()
            .find(|node| Some(&node.name) == writer);
        match node {
            Some(node) if Some(&node.name) != own => Answerer::There(cluster::agent_of(node)),
            Some(_) | None => Answerer::Here,
        }
    }
}
