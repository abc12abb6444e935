//! The swarm this node is or was in: who remembers one never creates another.

use skep_plan::observed::Membership;
use skep_plan::ownership::SWARM;

use crate::control::cluster::Cluster;
use crate::control::cluster::store::Remembered;
use crate::control::understand::with_causes;

impl Cluster {
    /// Remembers the swarm this node is in, once it is certain that it is skep's.
    pub(super) fn remember_if_ours(&mut self) {
        let Some(swarm_id) = self.own_swarm_id() else {
            return;
        };
        let known = self
            .remembered
            .as_ref()
            .map(|remembered| &remembered.swarm_id);
        if known != Some(&swarm_id) {
            self.remember(swarm_id);
        }
    }

    /// The id of the swarm this node is in and that is skep's, as its own engine or a peer's says.
    fn own_swarm_id(&self) -> Option<String> {
        let Membership::Active(active) = self.engine().membership else {
            return None;
        };
        let reports = self
            .peers
            .iter()
            .filter_map(|(_, other)| other.latest.as_ref());
        let told = reports.filter_map(|(report, _)| report.cluster.as_ref());
        let mut ours = self.swarm().into_iter().chain(told).filter(|swarm| {
            swarm.labels.contains_key(SWARM) && swarm.nodes.contains_key(&active.node_id)
        });
        ours.next().map(|swarm| swarm.id.clone())
    }

    fn remember(&mut self, swarm_id: String) {
        let keeps_desired_state = false;
        self.write_down(Remembered {
            swarm_id,
            keeps_desired_state,
        });
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
