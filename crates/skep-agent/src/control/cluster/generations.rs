//! The desired state as it travels between the agents of a cluster.

use skep_api::cluster::Announcement;
use skep_api::generation::{Generation, GenerationId, Held, Rank};
use skep_api::path;
use skep_api::peer::Peer;
use skep_manifest::desired::Desired;
use skep_manifest::name::NodeName;
use skep_manifest::object::Object;
use skep_manifest::set::Source;
use skep_manifest::swarm::Role;
use skep_plan::decisions::Decisions;
use skep_plan::feeding::{Fed, Kept as Content};
use skep_vrrp::time::Instant;

use crate::control::cluster::declared::has_declared_address;
use crate::control::cluster::digest::digest;
use crate::control::cluster::peers::{Other, agent_of};
use crate::control::cluster::store::Kept;
use crate::control::cluster::store::Store;
use crate::control::cluster::{Cluster, Happening, is_needed_by, own_node};
use crate::control::desired::Accepted;
use crate::control::now;
use crate::control::question::Trouble;
use crate::control::sealing::hand_out;
use crate::control::status::wall_clock;
use crate::control::understand::with_causes;
use crate::control::unkept::Unkept;

impl Cluster {
    /// The desired state that this agent works towards.
    pub(in crate::control) const fn held(&self) -> Option<&Held> {
        self.held.as_ref()
    }

    /// How much it counts.
    pub(in crate::control) fn rank(&self) -> Rank {
        self.held.as_ref().map_or_else(Rank::default, Held::rank)
    }

    /// How much the newest desired state counts that this agent has seen, kept or not.
    pub(in crate::control) fn newest_seen(&self) -> Rank {
        self.rank().max(self.passed_over)
    }

    /// The number of what this agent works towards, 0 for none.
    pub(in crate::control) fn number(&self) -> u64 {
        let held = self.held.as_ref();
        held.map_or(0, |held| held.generation.id.number)
    }

    /// Whether the desired state `other` of rank `rank` counts instead of this agent's although both
    /// have the same number: two were the first at once, on the disks of two first managers. All
    /// agents decide that alike; who may be creating the swarm with its own does not give way.
    pub(in crate::control) fn gives_way_to(
        &self,
        other: &GenerationId,
        rank: Option<Rank>,
    ) -> bool {
        let own = self.held.as_ref();
        let Some(own) = own.filter(|own| !own.is_stored && Some(own.rank()) == rank) else {
            return false;
        };
        other.digest < own.generation.id.digest
            && !self.has_swarm()
            && !self.errands.may_be_creating()
    }

    /// Asks nobody again for the desired state of this rank, which this agent does not understand.
    pub(in crate::control) const fn pass_over(&mut self, rank: Rank) {
        self.passed_over = rank;
    }

    /// Works towards `held` from here on, which is `accepted`.
    pub(in crate::control) fn follow(&mut self, held: Held, accepted: &Accepted) {
        self.held = Some(held);
        self.held_since = Some(now());
        self.has_declared_address = has_declared_address(accepted);
        if let Some(swarm) = &accepted.desired.swarm {
            self.peers.follow(&swarm.spec, accepted.node.as_ref());
        }
        self.attend(Some(accepted), now());
        self.look_again.notify_one();
    }

    /// Takes note of whether the swarm keeps what this agent works towards.
    pub(in crate::control) const fn follow_stored(&mut self, is_stored: bool) {
        if let Some(held) = &mut self.held {
            held.is_stored = is_stored;
        }
    }

    /// Tells what this agent works towards: a manager's tells everybody, any other one the managers'
    /// agents, which everybody hears of, and those it asks itself.
    pub(in crate::control) fn announce_to_all(&self, accepted: &Accepted) {
        let is_manager = own_node(accepted).is_some_and(|own| own.role == Role::Manager);
        let hears = |other: &Other| is_manager || other.is_manager || other.is_asked();
        for (node, _) in self.peers.iter().filter(|(_, other)| hears(other)) {
            self.announce(node, Some(accepted));
        }
    }

    /// Keeps `held` on disk.
    pub(in crate::control) fn keep(&mut self, held: &Held, now: Instant) {
        let (before, written) = (self.unkept.take(), self.store.keep(held));
        self.unkept = Unkept::after(before, "the desired state", written, now);
    }

    /// Keeps what it works towards on disk, if that did not take it.
    pub(in crate::control) fn keep_again(&mut self, now: Instant) {
        if let (Some(_), Some(held)) = (&self.unkept, self.held.clone()) {
            self.keep(&held, now);
        }
    }

    /// Why the disk lacks what it works towards.
    pub(in crate::control) const fn unkept(&self) -> Option<&Unkept> {
        self.unkept.as_ref()
    }

    /// Keeps `next` on disk as what follows the desired state that this agent knows.
    pub(in crate::control) fn submit_to_disk(&self, next: &Held) -> Result<(), String> {
        let expected = self.held.as_ref().map(|held| &held.generation.id);
        match self.store.submit(expected, next) {
            Ok(Kept::Accepted) => Ok(()),
            Ok(Kept::Conflict) => Err(
                "another desired state came before it: look at `skep diff` and apply again"
                    .to_owned(),
            ),
            Err(error) => Err(with_causes(&error)),
        }
    }

    /// The generation that `kept` would be, after the one that is known.
    pub(in crate::control) fn next_generation(
        &self,
        feeder: &str,
        kept: Content,
        decisions: Decisions,
    ) -> Generation {
        let id = GenerationId {
            number: self.number() + 1,
            digest: digest(&kept, &decisions),
        };
        let accepted_at = wall_clock();
        Generation {
            id,
            feeder: feeder.to_owned(),
            accepted_at,
            kept,
            decisions,
        }
    }

    /// Whether `generation` is what its digest says. What is handed to a node without the cluster's
    /// key leaves out what is secret.
    pub(in crate::control) fn is_whole(&self, generation: &Generation) -> bool {
        !self.has_key() || digest(&generation.kept, &generation.decisions) == generation.id.digest
    }

    /// Takes note that `caller` has news, whatever it says: it has no key.
    pub(in crate::control) fn handle_hint(
        &mut self,
        caller: &NodeName,
        accepted: Option<&Accepted>,
        now: Instant,
    ) {
        self.peers.ask_again(caller, now);
        self.attend(accepted, now);
    }

    pub(in crate::control) fn handle_announced(
        &mut self,
        announcement: Announcement,
        accepted: Option<&Accepted>,
        now: Instant,
    ) {
        let Announcement {
            generation,
            is_stored,
            node,
            address,
        } = announcement;
        let rank = Rank::new(generation.number, is_stored);
        if rank > self.newest_seen() || self.gives_way_to(&generation, Some(rank)) {
            self.fetch_from(Peer { node, address });
        } else {
            self.peers.ask_again(&node, now);
            self.attend(accepted, now);
        }
    }

    /// `held` as the node `node` may have it, which has no key.
    pub(in crate::control) fn hand_out(
        &self,
        held: Held,
        node: &NodeName,
        desired: &Desired,
    ) -> Result<Held, Trouble> {
        let keys = self.value_keys()?;
        let needed = |object: &Object| is_needed_by(node, desired, object);
        let mut held = held;
        let documents = std::mem::take(&mut held.generation.kept.documents);
        held.generation.kept.documents = hand_out(documents, &keys, needed);
        Ok(held)
    }

    /// Forgets what this agent worked towards, which does not count for it any more.
    pub(in crate::control) fn forget(&self) {
        if let Err(error) = self.store.forget() {
            tracing::error!("{}", with_causes(&error));
        }
    }

    pub(in crate::control) const fn handle_fetched(&mut self) {
        self.fetching = false;
    }

    pub(super) fn fetch(&mut self, node: &NodeName) {
        if let Some(other) = self.peers.get(node) {
            self.fetch_from(other.peer.clone());
        }
    }

    fn fetch_from(&mut self, peer: Peer) {
        if self.fetching {
            return;
        }
        self.fetching = true;
        let (client, happenings) = (self.peers.client(), self.happenings.clone());
        tokio::spawn(async move {
            let fetched = client.get::<Held>(&peer, path::GENERATION).await;
            let fetched = fetched.map(Box::new).map_err(|error| with_causes(&error));
            // The loop only goes away when the agent stops.
            let _stopping = happenings.send(Happening::Fetched(fetched)).await;
        });
    }

    /// Tells `node` that this agent has a newer desired state.
    pub(super) fn announce(&self, node: &NodeName, accepted: Option<&Accepted>) {
        let own = accepted.and_then(own_node);
        let (Some(own), Some(other), Some(held)) = (own, self.peers.get(node), &self.held) else {
            return;
        };
        let announcement = Announcement {
            generation: held.generation.id.clone(),
            is_stored: held.is_stored,
            node: own.name.clone(),
            address: agent_of(own).address,
        };
        let (client, peer) = (self.peers.client(), other.peer.clone());
        tokio::spawn(async move {
            let told: Result<(), _> = client.post(&peer, path::ANNOUNCE, &announcement).await;
            if let Err(error) = told {
                let node = &peer.node;
                tracing::debug!(%node, "was not told of the desired state: {}", with_causes(&error));
            }
        });
    }
}

/// The desired state on the disk, or why there is none: a damaged file is one that peers may have
/// whole, and is not written over by a first one.
pub(super) fn on_disk(store: &Store, now: Instant) -> (Option<Held>, Option<Unkept>) {
    store.latest().map_or_else(
        |error| {
            let message = format!("the desired state is not known: {}", with_causes(&error));
            tracing::error!("{message}");
            (
                None,
                Some(Unkept {
                    message,
                    since: now,
                }),
            )
        },
        |held| (held, None),
    )
}

/// Manifests as the reader wants them.
pub(in crate::control) fn sources(documents: &[Fed]) -> Vec<Source> {
    documents.iter().map(|fed| fed.manifest.source()).collect()
}
