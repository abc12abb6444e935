//! Nodes without the cluster's key: which of them are told anything, and what one does that is told
//! that it belongs to the cluster no more.

use skep_api::dismissal::Dismissal;
use skep_api::generation::Rank;
use skep_manifest::name::NodeName;
use skep_plan::ownership;

use crate::control::cluster::Cluster;
use crate::control::desired::Accepted;
use crate::control::now;
use crate::control::question::{Admitted, Answer, Trouble, answer};
use crate::control::state::Control;

impl Control {
    /// Whether `node` is told anything: while the desired state lists it, and until it has left the
    /// swarm, for it has to know when its turn is.
    pub(super) fn answer_admit(&self, node: NodeName, to: Answer<Admitted>) {
        let known = self.cluster.as_ref().zip(self.desired.accepted());
        let Some((cluster, accepted)) = known else {
            let none = "this agent has no desired state yet".to_owned();
            return answer(to, Err(Trouble(none)));
        };
        let (true, Some(held)) = (cluster.has_key(), cluster.held()) else {
            let none = "this agent has no cluster key: ask one that has".to_owned();
            return answer(to, Err(Trouble(none)));
        };
        let admitted = if is_declared(&node, accepted) || is_in_swarm(&node, accepted, cluster) {
            Admitted::Listed
        } else {
            Admitted::Dismissed(Dismissal {
                node,
                generation: held.generation.id.clone(),
                is_stored: held.is_stored,
            })
        };
        answer(to, Ok(admitted));
    }

    /// Lets go of everything when a newer desired state than the own does not list this node: it
    /// is told nothing any more, so that this is the last it hears.
    pub(super) fn handle_dismissal(&mut self, dismissal: &Dismissal) {
        let Some(cluster) = &self.cluster else {
            return;
        };
        let theirs = Rank::new(dismissal.generation.number, dismissal.is_stored);
        if cluster.has_key() || theirs <= cluster.rank() || !self.desired.dismiss() {
            return;
        }
        tracing::warn!("{dismissal}: this node runs nothing any more");
        cluster.forget();
        self.follow_configuration();
    }
}

fn is_declared(node: &NodeName, accepted: &Accepted) -> bool {
    let mut nodes = accepted
        .desired
        .swarm
        .iter()
        .flat_map(|swarm| &swarm.spec.nodes);
    nodes.any(|declared| declared.name == *node)
}

/// Whether the swarm still has an entry of it.
fn is_in_swarm(node: &NodeName, accepted: &Accepted, cluster: &Cluster) -> bool {
    let observed = cluster.swarm().or_else(|| cluster.swarm_by_peers(now()));
    let (Some(swarm), Some(observed)) = (&accepted.desired.swarm, observed) else {
        return false;
    };
    let mut names = observed
        .nodes
        .values()
        .filter_map(|listed| ownership::node_name(&swarm.metadata.name, listed));
    names.any(|name| name == *node)
}
