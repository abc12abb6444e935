//! What an operator asks of a swarm that lost the majority of its managers.

use skep_api::path;
use skep_api::recovery::{
    Claim, ClaimAnswer, ManagerStatus, RecoverAnswer, RecoverRequest, Situation,
};
use skep_manifest::desired::Declared;
use skep_manifest::swarm::SwarmSpec;

use crate::control::cluster::{self, Cluster};
use crate::control::now;
use crate::control::question::{Answer, Hop, Trouble, answer};
use crate::control::state::Control;
use crate::control::state::passing::{PassedOn, pass_on};
use crate::control::status;

impl Control {
    pub(super) fn answer_situation(&self, to: Answer<Situation>) {
        let situation = self.known_swarm().map(|(cluster, swarm)| {
            let own = self.desired.node();
            let nodes = status::agent_status(&self.knowledge(), now()).cluster;
            let managers = cluster::managers(&swarm.spec).into_iter().map(|name| {
                let nodes = nodes.iter().flat_map(|cluster| &cluster.nodes);
                let seen = nodes.into_iter().find(|node| node.name == name.as_str());
                let known = cluster.known_of_manager(own, &name, now());
                ManagerStatus {
                    heard_ms: seen.and_then(|seen| seen.heard_ms),
                    engine: seen.map_or_else(String::new, |seen| seen.engine.clone()),
                    generation: known.generation,
                    log: known.report.log,
                    services: known.report.services,
                    refused: cluster.recovery_refused(swarm, own, &name, now()),
                    name,
                }
            });
            Situation {
                swarm: swarm.metadata.name.to_string(),
                leaderless_ms: cluster.leaderless_ms(now()),
                refused: cluster.nothing_to_recover(swarm, own, now()),
                managers: managers.collect(),
            }
        });
        answer(to, situation);
    }

    pub(super) fn handle_recover(
        &mut self,
        request: RecoverRequest,
        hop: Hop,
        to: Answer<RecoverAnswer>,
    ) {
        let peer = match self.known_swarm() {
            Err(trouble) => return answer(to, Err(trouble)),
            Ok((cluster, _)) if self.desired.node() != Some(&request.on) => {
                cluster.peer_of(&request.on)
            }
            Ok(_) => return self.recover_here(&request, to),
        };
        let (Some(peer), Some(cluster)) = (peer, &self.cluster) else {
            let unknown = format!("the manifest has no node called {}", request.on);
            return answer(to, Err(Trouble(unknown)));
        };
        let question = PassedOn {
            peer,
            part: "is to go on with the swarm",
            path: path::RECOVER,
            body: Some(request),
        };
        pass_on(cluster, question, hop, to);
    }

    pub(super) fn handle_claim(&mut self, claim: &Claim, to: Answer<ClaimAnswer>) {
        let granted = self
            .cluster
            .as_mut()
            .map(|cluster| cluster.handle_claim(claim, now()));
        answer(to, granted.ok_or_else(|| self.standalone()));
    }

    fn recover_here(&mut self, request: &RecoverRequest, to: Answer<RecoverAnswer>) {
        let accepted = self.desired.accepted();
        let swarm = accepted.and_then(|accepted| accepted.desired.swarm.as_ref());
        if let (Some(cluster), Some(swarm)) = (&mut self.cluster, swarm) {
            answer(to, Ok(cluster.recover(request, swarm, now())));
        }
    }

    fn known_swarm(&self) -> Result<(&Cluster, &Declared<SwarmSpec>), Trouble> {
        let cluster = self.cluster.as_ref().ok_or_else(|| self.standalone())?;
        let accepted = self.desired.accepted();
        let swarm = accepted.and_then(|accepted| accepted.desired.swarm.as_ref());
        let none = || {
            Trouble(
                "this agent knows no swarm: it has no desired state (ask another node, or apply \
                 the manifests)"
                    .to_owned(),
            )
        };
        Ok((cluster, swarm.ok_or_else(none)?))
    }
}
