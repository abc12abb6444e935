//! The swarm this node is or was in: who remembers one never creates another.

use skep_plan::observed::Membership;
use skep_plan::ownership::SWARM;

use crate::control::cluster::Cluster;
use crate::control::cluster::store::Remembered;
use crate::control::understand::with_causes;

impl Cluster {
    /// Remembers the swarm this node is in, once it is certain that it is skep's.
    pub(super) fn remember_if_ours(&mut self) {
        let Some((swarm_id, node_id)) = self.own_ids() else {
            return;
        };
        let known = self.remembered.as_ref();
        let known = known.filter(|known| known.swarm_id == swarm_id);
        let node_id = Some(node_id);
        if known.is_none_or(|known| known.node_id != node_id) {
            self.write_down(Remembered {
                keeps_desired_state: known.is_some_and(|known| known.keeps_desired_state),
                swarm_id,
                node_id,
            });
        }
    }

    /// The id of the swarm this node is in and that is skep's, as its own engine or a peer's says,
    /// and the id of the node in it.
    fn own_ids(&self) -> Option<(String, String)> {
        let Membership::Active(active) = self.engine().membership else {
            return None;
        };
        let told = self
            .peers
            .iter()
            .filter_map(|(_, other)| Some(&*other.swarm.as_ref()?.swarm));
        let mut ours = self.swarm().into_iter().chain(told).filter(|swarm| {
            swarm.labels.contains_key(SWARM) && swarm.nodes.contains_key(&active.node_id)
        });
        let swarm_id = ours.next()?.id.clone();
        Some((swarm_id, active.node_id))
    }

    /// Remembers that the swarm keeps the desired state: from here on it is not given one again.
    pub(super) fn remember_store(&mut self) {
        if let Some(remembered) = self.remembered.clone()
            && !remembered.keeps_desired_state
        {
            self.write_down(Remembered {
                keeps_desired_state: true,
                ..remembered
            });
        }
    }

    fn write_down(&mut self, remembered: Remembered) {
        if let Err(error) = self.store.remember(&remembered) {
            tracing::error!("{}", with_causes(&error));
        }
        self.remembered = Some(remembered);
    }
}
