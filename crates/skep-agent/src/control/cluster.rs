//! The agent's part in a cluster: what it knows of its engine and its peers, what it does next.
//!
//! Nothing here waits. What takes time (an engine, a peer) runs as a task that ends in a
//! [`Happening`] for control's loop.

mod apply;
mod digest;
mod engine;
mod grants;
mod peers;
mod store;
mod votes;
pub(super) mod writer;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use skep_api::cluster::{Announcement, PeerReport};
use skep_api::generation::{Generation, GenerationId, Manifest};
use skep_api::path;
use skep_api::peer::{Peer, PeerClient};
use skep_manifest::desired::Desired;
use skep_manifest::name::NodeName;
use skep_manifest::set::Source;
use skep_manifest::swarm::{Node, Role, SwarmSpec};
use skep_plan::action::{Blocked, Executor, Plan, Step};
use skep_plan::observed::{Cluster as Swarm, Engine, Membership, Observed};
use skep_plan::ownership::SWARM;
use skep_plan::plan;
use skep_vrrp::time::Instant;
use tokio::sync::{Notify, mpsc};

pub(super) use engine::Sight;
pub(super) use peers::Heard;

use crate::control::cluster::apply::Errand;
use crate::control::cluster::grants::Grants;
use crate::control::cluster::peers::Peers;
pub(super) use crate::control::cluster::peers::agent_of;
use crate::control::cluster::store::{Remembered, Store};
use crate::control::cluster::writer::{Candidate, writer};
use crate::control::desired::Accepted;
use crate::control::understand::Understood;
use crate::control::understand::with_causes;

/// An agent that was heard within this time is one of those a plan reckons with.
const FRESH: Duration = Duration::from_secs(5);

/// Happenings that may wait for the loop.
const HAPPENINGS_WAITING: usize = 64;

/// What a task of the cluster came to.
pub(super) enum Happening {
    /// The engine was looked at.
    Seen(Sight),
    /// A peer answered, or did not.
    Heard(Heard),
    /// A peer's desired state arrived, or did not.
    Fetched(Result<Box<Generation>, String>),
    /// What was to be done was tried.
    Done(apply::Outcome),
}

/// Where an agent of a cluster finds what it needs.
#[derive(Clone, Debug)]
pub struct ClusterOptions {
    /// The secret of the cluster.
    pub key: PathBuf,
    /// Where it keeps what must survive a restart.
    pub state: PathBuf,
    /// Where it listens for its peers.
    pub listen: SocketAddr,
    /// The socket of this node's Docker engine.
    pub docker: PathBuf,
}

/// Everything an agent knows of its cluster.
pub(super) struct Cluster {
    store: Store,
    peers: Peers,
    happenings: mpsc::Sender<Happening>,
    docker: PathBuf,
    look_again: Arc<Notify>,
    sight: Option<Sight>,
    remembered: Option<Remembered>,
    generation: Option<Generation>,
    grants: Grants,
    /// What is being done; one errand at a time.
    errand: Option<Errand>,
    /// Whether the swarm was changed since `sight`, so that a plan from it would do it all again.
    is_sight_old: bool,
    /// Why the last errand failed.
    trouble: Option<String>,
    /// Why the last attempt to create or join the swarm failed.
    refused: Option<String>,
    /// Whether a desired state is on its way.
    fetching: bool,
    blocked: Vec<Blocked>,
}

impl Cluster {
    /// The cluster as the state directory knows it; what happens is sent to the receiver.
    pub(super) fn open(
        options: &ClusterOptions,
        client: PeerClient,
    ) -> anyhow::Result<(Self, mpsc::Receiver<Happening>)> {
        let (happenings, inbox) = mpsc::channel(HAPPENINGS_WAITING);
        let look_again = Arc::new(Notify::new());
        let (sights, seen) = mpsc::channel(1);
        tokio::spawn(engine::watch(
            options.docker.clone(),
            Arc::clone(&look_again),
            sights,
        ));
        let (reports, heard) = mpsc::channel(HAPPENINGS_WAITING);

        tokio::spawn(forward(seen, happenings.clone(), Happening::Seen));
        tokio::spawn(forward(heard, happenings.clone(), Happening::Heard));
        let store = Store::open(&options.state)?;
        let cluster = Self {
            remembered: store.remembered()?,
            generation: store.generation()?,
            peers: Peers::new(client, reports),
            docker: options.docker.clone(),
            look_again,
            sight: None,
            grants: Grants::default(),
            errand: None,
            is_sight_old: false,
            trouble: None,
            refused: None,
            fetching: false,
            blocked: Vec::new(),
            happenings,
            store,
        };
        Ok((cluster, inbox))
    }

    /// The desired state that was kept last.
    pub(super) const fn generation(&self) -> Option<&Generation> {
        self.generation.as_ref()
    }

    /// Works towards `generation` from here on, which is `accepted`.
    pub(super) fn follow(&mut self, generation: Generation, accepted: &Accepted) {
        self.generation = Some(generation);
        if let Some(swarm) = &accepted.desired.swarm {
            self.peers.follow(&swarm.spec, accepted.node.as_ref());
        }
        self.look_again.notify_one();
    }

    /// Keeps `generation` on disk.
    pub(super) fn keep(&self, generation: &Generation) -> Result<(), String> {
        self.store
            .keep_generation(generation)
            .map_err(|error| with_causes(&error))
    }

    /// The generation that `documents` would be, after the one that is known.
    pub(super) fn next_generation(&self, feeder: &str, documents: Vec<Manifest>) -> Generation {
        let number = self
            .generation
            .as_ref()
            .map_or(1, |latest| latest.id.number + 1);
        let id = GenerationId {
            number,
            digest: digest::digest(&documents),
        };
        let accepted_at = crate::control::status::wall_clock();
        Generation {
            id,
            feeder: feeder.to_owned(),
            accepted_at,
            documents,
        }
    }

    /// Whether `generation` is what its digest says.
    pub(super) fn is_whole(generation: &Generation) -> bool {
        digest::digest(&generation.documents) == generation.id.digest
    }

    pub(super) fn handle_seen(&mut self, sight: Sight, accepted: Option<&Accepted>) {
        let before = self.sight.replace(sight);
        self.is_sight_old = false;
        let after = self.engine().membership;
        if matches!(after, Membership::Active(_)) {
            self.refused = None;
        }
        self.remember_if_ours();
        if before.is_none_or(|before| before.membership != after) {
            // Others wait for this node to come in: they are told to look.
            for node in self.peers.names() {
                self.announce(&node, accepted);
            }
        }
    }

    pub(super) fn handle_heard(&mut self, heard: Heard, accepted: Option<&Accepted>, now: Instant) {
        let node = heard.node.clone();
        let number = |id: &GenerationId| id.number;
        let theirs = heard.report.as_ref().ok();
        let theirs = theirs.map(|report| report.generation.as_ref().map_or(0, number));
        self.peers.handle_heard(heard, now);
        self.remember_if_ours();
        let own = self
            .generation
            .as_ref()
            .map_or(0, |generation| generation.id.number);
        match theirs {
            Some(theirs) if theirs > own => self.fetch(&node),
            Some(theirs) if theirs < own => self.announce(&node, accepted),
            Some(_) | None => {}
        }
    }

    pub(super) fn handle_announced(&mut self, announcement: Announcement) {
        let Announcement {
            generation,
            node,
            address,
        } = announcement;
        let own = self
            .generation
            .as_ref()
            .map_or(0, |generation| generation.id.number);
        if generation.number > own {
            self.fetch_from(Peer { node, address });
        } else {
            self.peers.ask_again(&node);
        }
    }

    pub(super) const fn handle_fetched(&mut self) {
        self.fetching = false;
    }

    pub(super) fn handle_done(&mut self, outcome: apply::Outcome, accepted: Option<&Accepted>) {
        let errand = self.errand.take();
        if let Some(membership) = outcome.membership {
            self.handle_seen(
                Sight {
                    membership,
                    cluster: None,
                    trouble: None,
                },
                accepted,
            );
        }
        self.trouble = outcome.trouble;
        match (&self.trouble, errand) {
            (Some(trouble), Some(Errand::Init | Errand::Join)) => {
                self.refused = Some(trouble.clone());
            }
            (None, Some(Errand::Init | Errand::Join)) => self.refused = None,
            (_, Some(Errand::Write)) => self.is_sight_old = true,
            (_, None) => {}
        }
        // What was refused is refused again: it is tried at the pace of the looks.
        if self.trouble.is_none() {
            self.look_again.notify_one();
        }
    }

    /// Does what is next, when nothing is being done.
    pub(super) fn proceed(&mut self, accepted: &Accepted, now: Instant) {
        let (Some(swarm), Some(node)) = (&accepted.desired.swarm, &accepted.node) else {
            return;
        };
        let observed = self.observed(accepted.node.as_ref(), now);
        let planned = plan(&accepted.desired, &observed);
        let writes = self.writer(&swarm.spec, node, now) == Some(node);
        self.blocked.clone_from(&planned.blocked);
        if self.errand.is_some() || self.is_sight_old {
            return;
        }
        let mine: Vec<Step> = planned
            .steps
            .into_iter()
            .filter(|step| match &step.executor {
                Executor::Node(executor) => executor == node && is_init(step),
                Executor::Writer => writes && observed.cluster.is_some(),
            })
            .collect();
        if let Some(init) = mine.iter().find(|step| is_init(step)) {
            self.start_init(
                init.clone(),
                &swarm.spec,
                swarm.metadata.name.as_str(),
                node,
            );
        } else if !mine.is_empty() {
            self.start_writing(mine);
        } else if self.wants_to_join() {
            self.start_join(&swarm.spec, node, now);
        }
    }

    /// What a plan for the swarm is made from.
    pub(super) fn observed(&self, own: Option<&NodeName>, now: Instant) -> Observed {
        let mut engines: BTreeMap<NodeName, Engine> = self
            .peers
            .iter()
            .filter_map(|(name, peer)| {
                let (report, heard_at) = peer.latest.as_ref()?;
                let is_fresh = now.saturating_duration_since(*heard_at) < FRESH;
                is_fresh.then(|| (name.clone(), report.engine.clone()))
            })
            .collect();
        if let Some(node) = own {
            engines.insert(node.clone(), self.engine());
        }
        let cluster = self.sight.as_ref().and_then(|sight| sight.cluster.clone());
        Observed { engines, cluster }
    }

    /// What would change with `desired` instead of what is known.
    pub(super) fn plan_for(&self, understood: &Understood, now: Instant) -> Plan {
        plan(
            &understood.desired,
            &self.observed(understood.node.as_ref(), now),
        )
    }

    /// This node's own engine.
    pub(super) fn engine(&self) -> Engine {
        Engine {
            membership: self
                .sight
                .as_ref()
                .map_or(Membership::Silent, |sight| sight.membership.clone()),
            remembers: self
                .remembered
                .as_ref()
                .map(|remembered| remembered.swarm_id.clone()),
            refused: self.refused.clone(),
        }
    }

    /// What this agent tells its peers, but for its VIP groups.
    pub(super) fn report(&self) -> PeerReport {
        PeerReport {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            generation: self
                .generation
                .as_ref()
                .map(|generation| generation.id.clone()),
            engine: self.engine(),
            cluster: self.swarm().cloned(),
            vip_groups: Vec::new(),
        }
    }

    /// The swarm as this node's engine tells it.
    pub(super) fn swarm(&self) -> Option<&Swarm> {
        self.sight.as_ref().and_then(|sight| sight.cluster.as_ref())
    }

    /// What is known of the peer `name`: its report and when it came.
    pub(super) fn peer(&self, name: &NodeName) -> Option<&(Box<PeerReport>, Instant)> {
        self.peers.get(name)?.latest.as_ref()
    }

    /// Why the engine cannot tell, and why the last errand failed.
    pub(super) fn troubles(&self) -> impl Iterator<Item = &str> {
        let sight = self
            .sight
            .as_ref()
            .and_then(|sight| sight.trouble.as_deref());
        let peers = self
            .peers
            .iter()
            .filter_map(|(_, other)| other.trouble.as_deref());
        sight
            .into_iter()
            .chain(self.trouble.as_deref())
            .chain(peers)
    }

    pub(super) fn blocked(&self) -> &[Blocked] {
        &self.blocked
    }

    /// The client for other agents.
    pub(super) fn client(&self) -> PeerClient {
        self.peers.client()
    }

    /// The agent that writes to the swarm.
    pub(super) fn writer<'a>(
        &self,
        swarm: &'a SwarmSpec,
        own: &NodeName,
        now: Instant,
    ) -> Option<&'a NodeName> {
        let engine = self.engine();
        let order = managers(swarm);
        let mut candidates: BTreeMap<NodeName, Candidate<'_>> = self
            .peers
            .iter()
            .filter_map(|(name, peer)| {
                let (report, heard_at) = peer.latest.as_ref()?;
                let candidate = Candidate {
                    silent: now.saturating_duration_since(*heard_at),
                    membership: &report.engine.membership,
                    leads: leads(&report.engine.membership, report.cluster.as_ref()),
                };
                Some((name.clone(), candidate))
            })
            .collect();
        let own_candidate = Candidate {
            silent: Duration::ZERO,
            membership: &engine.membership,
            leads: leads(&engine.membership, self.swarm()),
        };
        candidates.insert(own.clone(), own_candidate);
        let chosen = writer(&order, &candidates)?.clone();
        swarm
            .nodes
            .iter()
            .map(|node| &node.name)
            .find(|name| **name == chosen)
    }

    /// Remembers the swarm this node is in, once it is certain that it is skep's.
    fn remember_if_ours(&mut self) {
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
        let remembered = Remembered { swarm_id };
        if let Err(error) = self.store.remember(&remembered) {
            tracing::error!("{}", with_causes(&error));
        }
        self.remembered = Some(remembered);
    }

    fn fetch(&mut self, node: &NodeName) {
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
            let fetched = client.get::<Generation>(&peer, path::GENERATION).await;
            let fetched = fetched.map(Box::new).map_err(|error| with_causes(&error));
            // The loop only goes away when the agent stops.
            let _stopping = happenings.send(Happening::Fetched(fetched)).await;
        });
    }

    /// Tells `node` that this agent has a newer desired state.
    fn announce(&self, node: &NodeName, accepted: Option<&Accepted>) {
        let own = accepted.and_then(|accepted| {
            let swarm = accepted.desired.swarm.as_ref()?;
            let own = accepted.node.as_ref()?;
            swarm.spec.nodes.iter().find(|node| node.name == *own)
        });
        let (Some(own), Some(other), Some(generation)) =
            (own, self.peers.get(node), &self.generation)
        else {
            return;
        };
        let announcement = Announcement {
            generation: generation.id.clone(),
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

    fn wants_to_join(&self) -> bool {
        let is_out = match &self.engine().membership {
            Membership::Inactive => true,
            Membership::Silent
            | Membership::Pending
            | Membership::Error(_)
            | Membership::Locked
            | Membership::Active(_) => false,
        };
        let mut peers = self.peers.iter();
        is_out
            && peers.any(|(_, peer)| {
                peer.latest
                    .as_ref()
                    .is_some_and(|(report, _)| report.cluster.is_some())
            })
    }
}

const fn is_init(step: &Step) -> bool {
    matches!(step.action, skep_plan::action::Action::InitSwarm(_))
}

/// The names of the managers, in the order of the manifest.
pub(super) fn managers(swarm: &SwarmSpec) -> Vec<NodeName> {
    let managers = swarm.nodes.iter().filter(|node| node.role == Role::Manager);
    managers.map(|node| node.name.clone()).collect()
}

/// The node that keeps the desired state: the first manager.
pub(super) fn keeper(desired: &Desired) -> Option<&Node> {
    let swarm = desired.swarm.as_ref()?;
    swarm
        .spec
        .nodes
        .iter()
        .find(|node| node.role == Role::Manager)
}

/// Whether an engine leads the swarm it tells of.
fn leads(membership: &Membership, swarm: Option<&Swarm>) -> bool {
    let (Membership::Active(active), Some(swarm)) = (membership, swarm) else {
        return false;
    };
    let node = swarm.nodes.get(&active.node_id);
    node.and_then(|node| node.manager)
        .is_some_and(|manager| manager.leader)
}

/// Manifests as the reader wants them.
pub(super) fn sources(documents: &[Manifest]) -> Vec<Source> {
    documents
        .iter()
        .map(|manifest| Source {
            name: manifest.name.clone(),
            text: manifest.text.clone().into_bytes(),
        })
        .collect()
}

/// Passes on what arrives as a happening, until one side is gone.
async fn forward<T>(
    mut from: mpsc::Receiver<T>,
    to: mpsc::Sender<Happening>,
    happening: fn(T) -> Happening,
) {
    while let Some(arrived) = from.recv().await {
        if to.send(happening(arrived)).await.is_err() {
            return;
        }
    }
}
