//! Working towards another desired state, from wherever it comes.

use skep_api::generation::{Generation, Held};

use crate::control::cluster::{self, Cluster, Stored};
use crate::control::now;
use crate::control::question::answer;
use crate::control::state::Control;
use crate::control::state::changing::accepted;
use crate::control::understand::Understood;

impl Control {
    /// Works towards what the swarm took, and only then tells who submitted it.
    pub(super) fn handle_stored(&mut self, stored: Stored) {
        let taken = self
            .cluster
            .as_mut()
            .and_then(|cluster| cluster.handle_stored(stored, now()));
        let Some((held, to)) = taken else {
            return;
        };
        let accepted = accepted(&held.generation);
        self.take_over(held);
        if let (Some(cluster), Some(accepted)) = (&self.cluster, self.desired.accepted()) {
            cluster.announce_to_all(accepted);
        }
        if let Some(to) = to {
            answer(to, Ok(accepted));
        }
    }

    /// Takes over the desired state that a peer or the swarm keeps, unless it counts less than what
    /// is known or is not whole.
    pub(super) fn take_over(&mut self, held: Held) {
        let seen = self.cluster.as_ref().map(Cluster::newest_seen);
        if seen.is_none_or(|seen| held.rank() < seen) {
            return;
        }
        let number = held.generation.id.number;
        if self.clashes(&held) {
            let id = &held.generation.id;
            let cluster = self.cluster.as_ref();
            if !cluster.is_some_and(|cluster| cluster.gives_way_to(id, Some(held.rank()))) {
                return;
            }
            tracing::warn!(
                by = held.generation.feeder,
                "generation {number} of this node gives way to another one that was submitted at \
                 the same time: look at `skep diff` and apply again what is missing"
            );
        }
        let is_whole = |cluster: &Cluster| cluster.is_whole(&held.generation);
        if !self.cluster.as_ref().is_some_and(is_whole) {
            tracing::error!(generation = number, "a desired state is damaged");
            return;
        }
        let known = self.cluster.as_ref().and_then(Cluster::held);
        let is_known = known.is_some_and(|known| known.generation.id == held.generation.id);
        let understood = self.read(&held.generation);
        let Some(cluster) = &mut self.cluster else {
            return;
        };
        match understood {
            Ok(understood) => {
                cluster.keep(&held, now());
                if is_known {
                    cluster.follow_stored(held.is_stored);
                } else {
                    self.adopt(held, understood);
                }
            }
            // What is kept is what a restart can run.
            Err(errors) => {
                cluster.pass_over(held.rank());
                self.desired.reject(errors, now());
            }
        }
    }

    /// Whether `held` is another desired state of the same number, and no swarm says which counts.
    fn clashes(&self, held: &Held) -> bool {
        let known = self.cluster.as_ref().and_then(Cluster::held);
        known.is_some_and(|known| {
            let is_other = known.generation.id != held.generation.id;
            is_other && known.rank() == held.rank() && !held.is_stored
        })
    }

    /// What `generation` means here, with what was decided about it.
    pub(super) fn read(&self, generation: &Generation) -> Result<Understood, Vec<String>> {
        let sources = cluster::sources(&generation.kept.documents);
        let mut understood = self.desired.understand(sources)?;
        generation.decisions.apply(&mut understood.desired);
        generation.kept.order(&mut understood.desired);
        Ok(understood)
    }

    /// Works towards `held`, which means `understood`, from here on.
    pub(super) fn adopt(&mut self, held: Held, understood: Understood) {
        let id = held.generation.id.clone();
        self.desired.accept(id.number, Some(id), understood, now());
        if let (Some(cluster), Some(accepted)) = (&mut self.cluster, self.desired.accepted()) {
            cluster.follow(held, accepted);
        }
        self.pursue();
        self.tell_inputs();
        self.feed();
    }
}
