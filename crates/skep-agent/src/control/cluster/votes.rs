//! Who may create the swarm: an agent that a majority of the managers' agents voted for.

use std::collections::BTreeSet;

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
                withdrawn: BTreeSet::new(),
            },
            others: others.map(agent_of).collect(),
        }
    }

    /// Asks all other managers' agents at once; then, where that is no majority, those that refused
    /// once more, now with the names of those that did not: they may have voted for one of these.
    pub(super) async fn win(&self, client: &PeerClient) -> Result<(), String> {
        let needed = self.others.len().div_ceil(2);
        let (granted, mut refusals) = self.ask(&self.others, &self.request, client).await;
        let mut granted_all = granted.len();
        if granted_all < needed && granted_all > 0 {
            let refused = |peer: &&Peer| !granted.contains(&peer.node);
            let others: Vec<Peer> = self.others.iter().filter(refused).cloned().collect();
            let request = VoteRequest {
                withdrawn: granted.iter().cloned().collect(),
                ..self.request.clone()
            };
            let (more, left) = self.ask(&others, &request, client).await;
            granted_all += more.len();
            refusals = left;
        }
        if granted_all >= needed {
            return Ok(());
        }
        Err(format!(
            "no majority to create the swarm: {}",
            refusals.join("; ")
        ))
    }

    /// Who grants `request`, and why the others do not.
    async fn ask(
        &self,
        peers: &[Peer],
        request: &VoteRequest,
        client: &PeerClient,
    ) -> (Vec<NodeName>, Vec<String>) {
        let asked = peers.iter().map(|peer| async move {
            let node = &peer.node;
            match client.post::<Vote>(peer, path::VOTE, request).await {
                Ok(Vote::Granted) => Ok(node.clone()),
                Ok(Vote::Refused(why)) => Err(format!("{node}: {why}")),
                Err(error) => Err(format!("{node}: {}", with_causes(&error))),
            }
        });
        let (granted, refused): (Vec<_>, Vec<_>) =
            join_all(asked).await.into_iter().partition(Result::is_ok);
        (
            granted.into_iter().filter_map(Result::ok).collect(),
            refused.into_iter().filter_map(Result::err).collect(),
        )
    }
}

impl Cluster {
    /// Votes for the node that asks, unless this agent voted otherwise before or its own engine
    /// may be in a swarm. A vote is on disk before it is given.
    ///
    /// Two may want to create the swarm at once, each with a desired state of its own. One of them
    /// gives up its own (`gives_way_to`) and votes for the other: from then on it lacks its own vote
    /// and creates none, so whoever voted for it may follow. `stands` says whether this agent is
    /// one of those that want to.
    pub(in crate::control) fn handle_vote(
        &self,
        request: &VoteRequest,
        own: Option<&NodeName>,
        stands: bool,
    ) -> Vote {
        if let Err(why) = self.is_free() {
            return Vote::Refused(why);
        }
        let given = match self.store.vote(&request.swarm) {
            Ok(given) => given,
            Err(error) => return Vote::Refused(with_causes(&error)),
        };
        if let Some(given) = given
            && given.initiator != request.initiator
        {
            let is_own = Some(&given.initiator) == own;
            let may_follow = if is_own {
                !stands && !self.errands.may_be_creating()
            } else {
                request.withdrawn.contains(&given.initiator)
            };
            if !may_follow {
                return Vote::Refused(format!("it voted for {}", given.initiator));
            }
        }
        // The same initiator may start over with another desired state: it knows of no swarm, and
        // neither does this agent.
        let vote = VoteRequest {
            withdrawn: BTreeSet::new(),
            ..request.clone()
        };
        match self.store.keep_vote(&vote) {
            Ok(()) => Vote::Granted,
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
