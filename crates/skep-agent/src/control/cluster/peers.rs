//! The other agents of the cluster: what each last said, itself or by way of one that relays it.

mod asking;
mod relaying;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use skep_api::call::CallError;
use skep_api::cluster::PeerReport;
use skep_api::dismissal::Dismissal;
use skep_api::path;
use skep_api::peer::{Peer, PeerClient};
use skep_api::told::{Relayed, Told};
use skep_api::trust::name::Standing;
use skep_manifest::desired::Desired;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::{Node, Role, SwarmSpec};
use skep_plan::acquaintance::{Acquaintance, asked};
use skep_plan::observed::Cluster as Swarm;
use skep_vrrp::time::Instant;
use tokio::sync::mpsc;

use crate::control::cluster::Cluster;
use crate::control::cluster::peers::asking::{Asking, Wants};
use crate::control::cluster::peers::relaying::{Place, Relay};
use crate::control::desired::Accepted;
use crate::control::understand::with_causes;

/// An agent that was heard within this time answers.
const FRESH: Duration = Duration::from_secs(3);

/// An agent that says that it has news is asked for this long.
const NEWS: Duration = Duration::from_secs(10);

/// What a peer answered.
pub(in crate::control) struct Heard {
    pub(in crate::control) node: NodeName,
    /// What it proved its name with, if it did.
    pub(in crate::control) standing: Option<Standing>,
    pub(in crate::control) told: Result<Box<Told>, String>,
    /// That it has a desired state which does not list this node.
    pub(in crate::control) dismissal: Option<Dismissal>,
}

/// The other agents.
pub(super) struct Peers {
    client: PeerClient,
    heard: mpsc::Sender<Heard>,
    others: BTreeMap<NodeName, Other>,
    /// Where this agent is in what it relays.
    place: Place,
    /// How many questions were asked, since this agent runs.
    questions: u64,
}

/// Another agent.
pub(super) struct Other {
    pub(super) peer: Peer,
    pub(super) is_manager: bool,
    /// What it said last, and when.
    pub(super) latest: Option<(Arc<PeerReport>, Instant)>,
    /// The swarm as it told that.
    pub(super) swarm: Option<SwarmTold>,
    /// Why it did not answer the last time.
    pub(super) trouble: Option<String>,
    /// What asks it, when this agent does so itself.
    asking: Option<Asking>,
    /// It has news: until when it is asked itself.
    has_news_until: Option<Instant>,
    /// What it relays.
    relays: BTreeMap<NodeName, Relay>,
    /// When what is relayed of it changed last.
    changed: u64,
    /// Whether it is relayed as silent.
    is_silent: bool,
}

/// A swarm as another agent told it.
pub(super) struct SwarmTold {
    digest: String,
    pub(super) swarm: Box<Swarm>,
    /// Whether it had not changed when that agent answered last.
    pub(super) is_current: bool,
}

impl Cluster {
    /// Asks those agents that are to be asked now.
    pub(in crate::control) fn attend(&mut self, accepted: Option<&Accepted>, now: Instant) {
        let Some(accepted) = accepted else {
            return;
        };
        let tells_itself = self.swarm().is_some();
        let own = accepted.node.as_ref();
        self.peers.attend(&accepted.desired, own, tells_itself, now);
    }

    /// The swarm as the peer `name` told of it.
    pub(in crate::control) fn told_by(&self, name: &NodeName) -> Option<&Swarm> {
        Some(&self.peers.get(name)?.swarm.as_ref()?.swarm)
    }

    /// What changed since `position` of what other agents told this one.
    pub(in crate::control) fn relayed(&self, position: &str, now: Instant) -> Relayed {
        self.peers.relayed(position, now)
    }

    /// How often this agent asked others how they are.
    pub(in crate::control) const fn questions(&self) -> u64 {
        self.peers.questions()
    }
}

impl Peers {
    pub(super) fn new(client: PeerClient, heard: mpsc::Sender<Heard>) -> Self {
        Self {
            client,
            heard,
            others: BTreeMap::new(),
            place: Place::new(),
            questions: 0,
        }
    }

    pub(super) fn client(&self) -> PeerClient {
        self.client.clone()
    }

    /// Knows exactly the nodes of `swarm` but this one.
    pub(super) fn follow(&mut self, swarm: &SwarmSpec, own: Option<&NodeName>) {
        let others = swarm.nodes.iter().filter(|node| Some(&node.name) != own);
        let mut wanted: BTreeMap<&NodeName, (Peer, bool)> = others
            .map(|node| (&node.name, (agent_of(node), node.role == Role::Manager)))
            .collect();
        self.others.retain(|name, other| {
            let known = wanted.get(name).filter(|(peer, _)| *peer == other.peer);
            let is_kept = known.is_some();
            if is_kept && let Some((_, is_manager)) = wanted.remove(name) {
                other.is_manager = is_manager;
            }
            is_kept
        });
        for (name, (peer, is_manager)) in wanted {
            self.others
                .insert(name.clone(), Other::new(peer, is_manager));
        }
    }

    /// Asks those of the nodes of `desired` that `own` has to ask itself, and wants of them what it
    /// does not know: this node's own engine tells of the swarm, or does not.
    pub(super) fn attend(
        &mut self,
        desired: &Desired,
        own: Option<&NodeName>,
        tells_itself: bool,
        now: Instant,
    ) {
        let acquaintance = |name: &NodeName| {
            let other = self.others.get(name);
            other.map_or(Acquaintance::Silent, |other| other.acquaintance(now))
        };
        let asked = asked(desired, own, acquaintance);
        let teller = self.teller(now).cloned();
        let is_told = teller
            .as_ref()
            .is_some_and(|name| self.others[name].swarm.is_some());
        let mut nodes = desired.swarm.iter().flat_map(|swarm| &swarm.spec.nodes);
        let is_manager = nodes.any(|it| Some(&it.name) == own && it.role == Role::Manager);
        for (name, other) in &mut self.others {
            let has_news = other.has_news_until.is_some_and(|until| now < until);
            if !has_news && !asked.contains(name) {
                other.leave_alone();
                continue;
            }
            let wants = Wants {
                swarm: !tells_itself && teller.as_ref().is_none_or(|teller| teller == name),
                relayed: !is_manager && other.is_manager,
            };
            match &other.asking {
                Some(asking) => asking.want(wants),
                None => {
                    let asking =
                        Asking::start(&self.client, &other.peer, wants, self.heard.clone());
                    other.asking = Some(asking);
                }
            }
            if tells_itself || (!wants.swarm && is_told) {
                other.swarm = None;
            }
        }
        self.note_silence(now);
    }

    /// The one of those that are asked that shall tell of the swarm: its leader, or else the first.
    fn teller(&self, now: Instant) -> Option<&NodeName> {
        let asked = self.others.iter().filter(|(_, it)| it.asking.is_some());
        let known = asked.map(|(name, other)| (name, other.acquaintance(now)));
        let telling = known.filter(|(_, acquaintance)| *acquaintance >= Acquaintance::Tells);
        let best = telling.rev().max_by_key(|(_, acquaintance)| *acquaintance);
        best.map(|(name, _)| name)
    }

    /// Takes note of what a peer answered. Whether that changes who is to be asked.
    pub(super) fn handle_heard(&mut self, heard: Heard, now: Instant) -> bool {
        self.questions += 1;
        let Some(other) = self.others.get_mut(&heard.node) else {
            return false;
        };
        let before = other.acquaintance(now);
        match heard.told {
            Ok(told) => {
                let Told {
                    report,
                    swarm_digest,
                    swarm,
                    relayed,
                    ..
                } = *told;
                if report.is_some() {
                    other.changed = self.place.next();
                }
                other.take_report(report, now);
                other.take_swarm(swarm_digest, swarm);
                other.trouble = None;
                let is_changed = other.acquaintance(now) != before;
                if let Some(relayed) = relayed {
                    self.take_relayed(&heard.node, relayed, now);
                }
                is_changed
            }
            Err(trouble) => {
                other.trouble = Some(trouble);
                false
            }
        }
    }

    pub(super) fn get(&self, name: &NodeName) -> Option<&Other> {
        self.others.get(name)
    }

    /// Asks `name` at once, and for a while: it has news.
    pub(super) fn ask_again(&mut self, name: &NodeName, now: Instant) {
        if let Some(other) = self.others.get_mut(name) {
            other.has_news_until = Some(now + NEWS);
            if let Some(asking) = &other.asking {
                asking.ask_again();
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&NodeName, &Other)> {
        self.others.iter()
    }

    /// How many questions were answered, or not, since this agent runs.
    pub(super) const fn questions(&self) -> u64 {
        self.questions
    }
}

impl Other {
    const fn new(peer: Peer, is_manager: bool) -> Self {
        Self {
            peer,
            is_manager,
            latest: None,
            swarm: None,
            trouble: None,
            asking: None,
            has_news_until: None,
            relays: BTreeMap::new(),
            changed: 0,
            is_silent: false,
        }
    }

    /// Whether this agent asks it itself.
    pub(super) const fn is_asked(&self) -> bool {
        self.asking.is_some()
    }

    /// What it said last, and what it relays.
    pub(super) fn reports(&self) -> impl Iterator<Item = &PeerReport> {
        let relayed = self.relays.values().map(Relay::report);
        let own = self.latest.iter().map(|(report, _)| &**report);
        own.chain(relayed)
    }

    fn acquaintance(&self, now: Instant) -> Acquaintance {
        match &self.latest {
            Some((report, at)) if now.saturating_duration_since(*at) < FRESH => {
                match &report.tells {
                    None => Acquaintance::Heard,
                    Some(telling) if telling.leads => Acquaintance::Leads,
                    Some(_) => Acquaintance::Tells,
                }
            }
            Some(_) | None => Acquaintance::Silent,
        }
    }

    /// Asks it no more; what it said stays, as old as it is.
    fn leave_alone(&mut self) {
        self.asking = None;
        self.trouble = None;
        self.swarm = None;
        self.relays.clear();
    }

    fn take_report(&mut self, report: Option<Box<PeerReport>>, now: Instant) {
        self.latest = match (report, self.latest.take()) {
            (Some(report), _) => Some((Arc::from(report), now)),
            (None, Some(known)) => Some((older(known, now), now)),
            (None, None) => None,
        };
    }

    /// What it tells of the swarm has `digest`; it is not told again to whoever has it.
    fn take_swarm(&mut self, digest: Option<String>, swarm: Option<Box<Swarm>>) {
        self.swarm = match (digest, swarm, self.swarm.take()) {
            (Some(digest), Some(swarm), _) => Some(SwarmTold {
                digest,
                swarm,
                is_current: true,
            }),
            (Some(digest), None, Some(known)) => Some(SwarmTold {
                is_current: known.digest == digest,
                ..known
            }),
            (Some(_), None, None) | (None, ..) => None,
        };
    }
}

/// What was said at a moment, as it is `now`.
fn older((mut report, at): (Arc<PeerReport>, Instant), now: Instant) -> Arc<PeerReport> {
    let by = now.saturating_duration_since(at).as_millis();
    Arc::make_mut(&mut report).grow_older(u64::try_from(by).unwrap_or(u64::MAX));
    report
}

/// The agent of `node`.
pub(in crate::control) fn agent_of(node: &Node) -> Peer {
    let default = SocketAddr::new(node.address.0, path::DEFAULT_PORT);
    let address = node.agent_address.map_or(default, |address| address.0);
    Peer {
        node: node.name.clone(),
        address,
    }
}

/// Why a peer did not answer, and what a person can do about it.
pub(in crate::control) fn complaint(error: &CallError) -> String {
    let hint = error.hint().map(|hint| format!(" ({hint})"));
    with_causes(error) + &hint.unwrap_or_default()
}

#[cfg(test)]
mod tests;
