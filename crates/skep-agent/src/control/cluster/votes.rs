//! Who may create the swarm: an agent that a majority of the managers' agents voted for.

use futures_util::future::join_all;
use skep_api::cluster::{Vote, VoteRequest};
use skep_api::path;
use skep_api::peer::{Peer, PeerClient};
use skep_manifest::name::NodeName;
use skep_manifest::swarm::{Role, SwarmSpec};
use skep_plan::observed::Membership;

use crate::control::cluster::Cluster;
use crate::control::cluster::peers::agent_of;
use crate::control::understand::with_causes;

/// An attempt to become the one that creates the swarm.
pub(super) struct Election {
    pub(super) request: VoteRequest,
    others: Vec<Peer>,
}

impl Election {
    pub(super) fn new(swarm: &SwarmSpec, name: &str, own: &NodeName, digest: &str) -> Self {
        let others = swarm.nodes.iter().filter(|node| node.role == Role::Manager);
        let others = others.filter(|node| node.name != *own);
        Self {
            request: VoteRequest {
                swarm: name.to_owned(),
                initiator: own.clone(),
                digest: digest.to_owned(),
            },
            others: others.map(agent_of).collect(),
        }
    }

    /// Asks all other managers' agents at once.
    pub(super) async fn win(&self, own: Vote, client: &PeerClient) -> Result<(), String> {
        let asked = self.others.iter().map(|peer| async move {
            let node = &peer.node;
            let vote = client.post::<Vote>(peer, path::VOTE, &self.request).await;
            match vote {
                Ok(Vote::Granted) => Ok(()),
                Ok(Vote::Refused(why)) => Err(format!("{node}: {why}")),
                Err(error) => Err(format!("{node}: {}", with_causes(&error))),
            }
        });
        let mut votes = join_all(asked).await;
        votes.push(match own {
            Vote::Granted => Ok(()),
            Vote::Refused(why) => Err(format!("{}: {why}", self.request.initiator)),
        });
        let granted = votes.iter().filter(|vote| vote.is_ok()).count();
        if granted > votes.len() / 2 {
            return Ok(());
        }
        let refusals: Vec<String> = votes.into_iter().filter_map(Result::err).collect();
        Err(format!(
            "no majority to create the swarm: {}",
            refusals.join("; ")
        ))
    }
}

impl Cluster {
    /// Votes for the node that asks, unless this agent voted otherwise before or its own engine
    /// may be in a swarm. A vote is on disk before it is given.
    pub(in crate::control) fn handle_vote(&self, request: &VoteRequest) -> Vote {
        if let Err(why) = self.is_free() {
            return Vote::Refused(why);
        }
        match self.store.vote(&request.swarm) {
            Ok(Some(given)) if given == *request => Vote::Granted,
            // The same initiator may start over with another desired state: it knows of no swarm,
            // and neither does this agent.
            Ok(Some(given)) if given.initiator != request.initiator => {
                Vote::Refused(format!("it voted for {}", given.initiator))
            }
            Ok(_) => match self.store.keep_vote(request) {
                Ok(()) => Vote::Granted,
                Err(error) => Vote::Refused(with_causes(&error)),
            },
            Err(error) => Vote::Refused(with_causes(&error)),
        }
    }

    /// Whether this node's engine is certainly in no swarm.
    fn is_free(&self) -> Result<(), String> {
        let engine = self.engine();
        if let Some(swarm_id) = engine.remembers {
            return Err(format!("it remembers the swarm {swarm_id}"));
        }
        let state = match engine.membership {
            Membership::Inactive => return Ok(()),
            Membership::Silent => "its engine does not answer",
            Membership::Pending => "its engine is joining a swarm",
            Membership::Error(_) => "its engine is in a swarm and cannot work",
            Membership::Locked => "its engine is in a swarm and locked",
            Membership::Active(_) => "its engine is in a swarm",
        };
        Err(state.to_owned())
    }
}
