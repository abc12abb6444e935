//! What an agent knows of its cluster, put together for those who ask.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU8;
use std::sync::Arc;
use std::time::Duration;

use skep_api::cluster::{Entrusted, PeerReport, Telling};
use skep_api::moves::Move;
use skep_api::peer::{Peer, PeerClient};
use skep_api::recovery::RecoveryReport;
use skep_api::status::{RouterStatus, VipGroupStatus};
use skep_manifest::condition::Condition;
use skep_manifest::desired::Desired;
use skep_manifest::name::NodeName;
use skep_manifest::schema::REVISION;
use skep_manifest::swarm::{Role, SwarmSpec};
use skep_plan::action::Blocked;
use skep_plan::observed::{Cluster as Swarm, Engine, Membership, NodeGroups, Observed};
use skep_vrrp::time::Instant;
use tokio::sync::mpsc;

use crate::control::cluster::digest;
use crate::control::cluster::peers::Other;
use crate::control::cluster::writer::{Candidate, writer};
use crate::control::cluster::{Cluster, Happening, Store, agent_of, managers};
use crate::control::status::backup_priority;

/// An agent that was heard within this time is one of those a plan reckons with.
pub(super) const FRESH: Duration = Duration::from_secs(5);

/// By then the managers know which of them is gone: they noticed it within 3 s where that was
/// measured.
const MISSED: Duration = Duration::from_secs(10);

impl Cluster {
    /// What a plan for the swarm is made from.
    pub(in crate::control) fn observed(&self, own: Option<&NodeName>, now: Instant) -> Observed {
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
        // An engine that manages tells for itself, or nothing can be written through it.
        let told = if self.engine().membership.is_manager() {
            self.told_swarm()
        } else {
            self.swarm_by_peers(now).cloned()
        };
        Observed {
            engines,
            groups: self.groups_of_nodes(own, now),
            cluster: told,
            unheard: self.unheard(now),
            naming_keys: self.secrets.naming_keys(),
        }
    }

    /// The nodes whose agents were not heard since the desired state counts, while that is young.
    fn unheard(&self, now: Instant) -> BTreeSet<NodeName> {
        let is_young = |since: &Instant| now.saturating_duration_since(*since) < MISSED;
        let Some(since) = self.held_since.filter(is_young) else {
            return BTreeSet::new();
        };
        let was_heard = |peer: &Other| peer.latest.as_ref().is_some_and(|(_, at)| *at > since);
        let unheard = self.peers.iter().filter(|(_, peer)| !was_heard(peer));
        unheard.map(|(name, _)| name.clone()).collect()
    }

    /// What every node does about VIP groups whose agent was just heard to work towards the same
    /// desired state: what was so before it knew of an order says nothing.
    fn groups_of_nodes(
        &self,
        own: Option<&NodeName>,
        now: Instant,
    ) -> BTreeMap<NodeName, NodeGroups> {
        let known = self.held.as_ref().map(|held| &held.generation.id);
        let heard = self.peers.iter().filter_map(|(name, peer)| {
            let (report, heard_at) = peer.latest.as_ref()?;
            let is_fresh = now.saturating_duration_since(*heard_at) < FRESH;
            let knows = is_fresh && report.generation.as_ref() == known;
            knows.then(|| (name.clone(), node_groups(&report.vip_groups)))
        });
        let own = own.map(|own| (own.clone(), self.groups.clone()));
        heard.chain(own).collect()
    }

    /// Takes note of what this node does about VIP groups.
    pub(in crate::control) fn follow_groups(&mut self, groups: &[VipGroupStatus]) {
        self.groups = node_groups(groups);
    }

    /// The swarm as its leader's agent just told it, or else any manager's.
    pub(in crate::control) fn swarm_by_peers(&self, now: Instant) -> Option<&Swarm> {
        let told = self.peers.iter().filter_map(|(_, peer)| {
            let (report, at) = peer.latest.as_ref()?;
            let is_fresh = now.saturating_duration_since(*at) < FRESH;
            let told = peer.swarm.as_ref().filter(|_| is_fresh)?;
            Some((report, &*told.swarm))
        });
        let mut told = told.peekable();
        let first = told.peek().map(|(_, swarm)| *swarm);
        told.find(|(report, _)| leads(report))
            .map(|(_, swarm)| swarm)
            .or(first)
    }

    /// The agents of those nodes of `desired` that this one does not ask, as they are in no desired
    /// state that it has.
    pub(in crate::control) fn strangers(
        &self,
        desired: &Desired,
        own: Option<&NodeName>,
    ) -> Vec<Peer> {
        let nodes = desired.swarm.iter().flat_map(|swarm| &swarm.spec.nodes);
        let others = nodes.filter(|node| Some(&node.name) != own);
        let unknown = others.filter(|node| self.peers.get(&node.name).is_none());
        unknown.map(agent_of).collect()
    }

    /// What this agent tells its peers of itself and its engine.
    pub(in crate::control) fn report(&self) -> PeerReport {
        PeerReport {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            generation: self.held.as_ref().map(|held| held.generation.id.clone()),
            is_stored: self.held.as_ref().is_some_and(|held| held.is_stored),
            schema_revision: REVISION,
            engine: self.engine(),
            tells: self.swarm().map(|swarm| Telling {
                id: swarm.id.clone(),
                leads: self.leads(),
            }),
            vip_groups: Vec::new(),
            moves: Vec::new(),
            overheard: BTreeSet::new(),
            feeding: Vec::new(),
            recovery: RecoveryReport::default(),
            passing: BTreeSet::new(),
            keys: None,
            entrusted: Entrusted::default(),
        }
    }

    /// This node's own engine.
    pub(in crate::control) fn engine(&self) -> Engine {
        let mut membership = self
            .sight
            .as_ref()
            .map_or(Membership::Silent, |sight| sight.membership.clone());
        if let Membership::Active(active) = &mut membership
            && !self.has_declared_address
        {
            active.advertised = None;
        }
        Engine {
            membership,
            remembers: self
                .remembered
                .as_ref()
                .map(|remembered| remembered.swarm_id.clone()),
            refused: self.errands.refused().map(str::to_owned),
            is_stuck: self.is_stuck,
            keeps_unlock_key: self.keeps_unlock_key(),
            is_certified: !self.has_key(),
        }
    }

    /// The swarm as this node's engine tells it, with what registries say of images.
    pub(in crate::control) fn told_swarm(&self) -> Option<Swarm> {
        let swarm = self.swarm()?.clone();
        Some(Swarm {
            images: self.images.looked_up(),
            ..swarm
        })
    }

    /// The digest of [`Self::told_swarm`].
    pub(in crate::control) fn told_digest(&self) -> Option<String> {
        let swarm = self.sight.as_ref()?.cluster_digest.as_deref()?;
        Some(digest::with_images(swarm, &self.images.looked_up()))
    }

    /// The swarm as this node's engine tells it.
    pub(in crate::control) fn swarm(&self) -> Option<&Swarm> {
        self.sight.as_ref().and_then(|sight| sight.cluster.as_ref())
    }

    /// What is known of the peer `name`: its report and when it came.
    pub(in crate::control) fn peer(&self, name: &NodeName) -> Option<&(Arc<PeerReport>, Instant)> {
        self.peers.get(name)?.latest.as_ref()
    }

    /// The agent of the node `name`, if it is a peer.
    pub(in crate::control) fn peer_of(&self, name: &NodeName) -> Option<Peer> {
        Some(self.peers.get(name)?.peer.clone())
    }

    /// The agents of all other nodes.
    pub(in crate::control) fn agents(&self) -> Vec<Peer> {
        self.peers
            .iter()
            .map(|(_, other)| other.peer.clone())
            .collect()
    }

    /// Every move that some peer told of last.
    pub(in crate::control) fn moves(&self) -> impl Iterator<Item = &Move> {
        let reports = self
            .peers
            .iter()
            .filter_map(|(_, peer)| peer.latest.as_ref());
        reports.flat_map(|(report, _)| &report.moves)
    }

    /// The moves that the peer `name` told of, or relays.
    pub(in crate::control) fn moves_told_by(&self, name: &NodeName) -> Vec<Move> {
        let peer = self.peers.get(name);
        let reports = peer.into_iter().flat_map(Other::reports);
        reports.flat_map(|report| report.moves.clone()).collect()
    }

    /// The virtual router ids that other agents hear others use. What one said before it fell
    /// silent counts on: nobody knows better.
    pub(in crate::control) fn overheard(&self) -> impl Iterator<Item = NonZeroU8> + '_ {
        let reports = self
            .peers
            .iter()
            .filter_map(|(_, peer)| peer.latest.as_ref());
        reports.flat_map(|(report, _)| report.overheard.iter().copied())
    }

    /// What is wrong with what is fed on other nodes, as their agents just said.
    pub(in crate::control) fn feeding_of_peers(
        &self,
        now: Instant,
    ) -> impl Iterator<Item = (&NodeName, &Condition)> {
        let reports = self.peers.iter().filter_map(move |(node, peer)| {
            let (report, heard_at) = peer.latest.as_ref()?;
            let is_fresh = now.saturating_duration_since(*heard_at) < FRESH;
            is_fresh.then_some((node, report))
        });
        reports.flat_map(|(node, report)| {
            let conditions = report.feeding.iter();
            conditions.map(move |condition| (node, condition))
        })
    }

    /// What this agent keeps on disk.
    pub(in crate::control) const fn disk(&self) -> &Store {
        &self.store
    }

    /// Where what happened is sent.
    pub(in crate::control) fn happenings(&self) -> mpsc::Sender<Happening> {
        self.happenings.clone()
    }

    /// Why the engine cannot tell, why the last errand failed, and why peers are not heard.
    pub(in crate::control) fn troubles(&self) -> impl Iterator<Item = &str> {
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
            .chain(self.shelf_trouble())
            .chain(self.errands.trouble())
            .chain(peers)
    }

    pub(in crate::control) fn blocked(&self) -> &[Blocked] {
        &self.blocked
    }

    /// The client for other agents.
    pub(in crate::control) fn client(&self) -> PeerClient {
        self.peers.client()
    }

    /// Whether there is a swarm that can keep the desired state: this node or a peer is or was in it.
    pub(in crate::control) fn has_swarm(&self) -> bool {
        let mut reports = self
            .peers
            .iter()
            .filter_map(|(_, peer)| peer.latest.as_ref());
        self.remembered.is_some() || reports.any(|(report, _)| report.engine.remembers.is_some())
    }

    /// Whether the engine of the node `name` was just heard to be a manager that can tell.
    pub(in crate::control) fn tells_of_swarm(&self, name: &NodeName, now: Instant) -> bool {
        self.peer(name).is_some_and(|(report, heard_at)| {
            let is_fresh = now.saturating_duration_since(*heard_at) < FRESH;
            is_fresh && report.tells.is_some()
        })
    }

    /// Whether every agent that was ever heard reads manifests of this revision of the language; the
    /// reasons otherwise, one for each agent.
    pub(in crate::control) fn is_read_by_all(&self, revision: u32) -> Result<(), Vec<String>> {
        let reads = |(name, peer): (&NodeName, &Other)| {
            let (report, _) = peer.latest.as_ref()?;
            (report.schema_revision < revision).then(|| {
                format!(
                    "the agent of {name} ({}) does not read what this one writes: update it first",
                    report.version
                )
            })
        };
        let old: Vec<String> = self.peers.iter().filter_map(reads).collect();
        if old.is_empty() { Ok(()) } else { Err(old) }
    }

    /// Whether this node's engine leads the swarm.
    pub(super) fn leads(&self) -> bool {
        let (Membership::Active(active), Some(swarm)) = (self.engine().membership, self.swarm())
        else {
            return false;
        };
        let node = swarm.nodes.get(&active.node_id);
        node.and_then(|node| node.manager)
            .is_some_and(|manager| manager.leader)
    }

    /// The agent that writes to the swarm.
    pub(in crate::control) fn writer<'a>(
        &self,
        swarm: &'a SwarmSpec,
        own: &NodeName,
        now: Instant,
    ) -> Option<&'a NodeName> {
        let engine = self.engine();
        // A manager that shall be one no longer writes until another one can.
        let surplus = swarm.nodes.iter().filter(|node| node.role == Role::Worker);
        let surplus = surplus.map(|node| node.name.clone());
        let order: Vec<NodeName> = managers(swarm).into_iter().chain(surplus).collect();
        let mut candidates: BTreeMap<NodeName, Candidate<'_>> = self
            .peers
            .iter()
            .filter_map(|(name, peer)| {
                let (report, heard_at) = peer.latest.as_ref()?;
                let candidate = Candidate {
                    silent: now.saturating_duration_since(*heard_at),
                    membership: &report.engine.membership,
                    leads: leads(report),
                };
                Some((name.clone(), candidate))
            })
            .collect();
        let own_candidate = Candidate {
            silent: Duration::ZERO,
            membership: &engine.membership,
            leads: self.leads(),
        };
        candidates.insert(own.clone(), own_candidate);
        let chosen = writer(&order, &candidates)?.clone();
        swarm
            .nodes
            .iter()
            .map(|node| &node.name)
            .find(|name| **name == chosen)
    }
}

/// The groups that a node holds, and those that it would take over.
fn node_groups(groups: &[VipGroupStatus]) -> NodeGroups {
    let named = |is_it: fn(&RouterStatus) -> bool| {
        let groups = groups
            .iter()
            .filter(|group| group.routers.iter().any(is_it));
        groups.map(|group| group.name.clone()).collect()
    };
    NodeGroups {
        holds: named(|router| !router.holding.is_empty()),
        stands_by: named(|router| backup_priority(router).is_some()),
    }
}

/// Whether an agent says that its engine leads the swarm.
fn leads(report: &PeerReport) -> bool {
    report.tells.as_ref().is_some_and(|telling| telling.leads)
}
