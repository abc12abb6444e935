//! The other agents of the cluster: what each last said.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use skep_api::call::CallError;
use skep_api::cluster::PeerReport;
use skep_api::dismissal::Dismissal;
use skep_api::path;
use skep_api::peer::{Peer, PeerClient};
use skep_api::trust::name::Standing;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::{Node, SwarmSpec};
use skep_vrrp::time::Instant;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::control::understand::with_causes;

/// How often each peer is asked.
const ASK: Duration = Duration::from_secs(1);

/// What a peer answered.
pub(in crate::control) struct Heard {
    pub(in crate::control) node: NodeName,
    /// What it proved its name with, if it did.
    pub(in crate::control) standing: Option<Standing>,
    pub(in crate::control) report: Result<Box<PeerReport>, String>,
    /// That it has a desired state which does not list this node.
    pub(in crate::control) dismissal: Option<Dismissal>,
}

/// The other agents.
pub(super) struct Peers {
    client: PeerClient,
    heard: mpsc::Sender<Heard>,
    others: BTreeMap<NodeName, Other>,
}

/// Another agent.
pub(super) struct Other {
    pub(super) peer: Peer,
    /// What it said last, and when.
    pub(super) latest: Option<(Box<PeerReport>, Instant)>,
    /// Why it did not answer the last time.
    pub(super) trouble: Option<String>,
    again: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Peers {
    pub(super) const fn new(client: PeerClient, heard: mpsc::Sender<Heard>) -> Self {
        Self {
            client,
            heard,
            others: BTreeMap::new(),
        }
    }

    pub(super) fn client(&self) -> PeerClient {
        self.client.clone()
    }

    /// Asks exactly the nodes of `swarm` but this one.
    pub(super) fn follow(&mut self, swarm: &SwarmSpec, own: Option<&NodeName>) {
        let others = swarm.nodes.iter().filter(|node| Some(&node.name) != own);
        let wanted: BTreeMap<&NodeName, Peer> =
            others.map(|node| (&node.name, agent_of(node))).collect();
        self.others
            .retain(|name, other| wanted.get(name) == Some(&other.peer));
        for (name, peer) in wanted {
            if !self.others.contains_key(name) {
                let again = Arc::new(Notify::new());
                let task = Ask {
                    client: self.client.clone(),
                    peer: peer.clone(),
                    again: Arc::clone(&again),
                    heard: self.heard.clone(),
                };
                let task = tokio::spawn(task.run());
                let other = Other {
                    peer,
                    latest: None,
                    trouble: None,
                    again,
                    task,
                };
                self.others.insert(name.clone(), other);
            }
        }
    }

    /// Takes note of what a peer answered.
    pub(super) fn handle_heard(&mut self, heard: Heard, now: Instant) {
        let Some(other) = self.others.get_mut(&heard.node) else {
            return;
        };
        match heard.report {
            Ok(report) => {
                let before = other.latest.take().map(|(before, _)| *before);
                other.latest = Some((Box::new(report.completed_by(before)), now));
                other.trouble = None;
            }
            Err(trouble) => other.trouble = Some(trouble),
        }
    }

    pub(super) fn get(&self, name: &NodeName) -> Option<&Other> {
        self.others.get(name)
    }

    /// Asks `name` at once: it has news.
    pub(super) fn ask_again(&self, name: &NodeName) {
        if let Some(other) = self.others.get(name) {
            other.again.notify_one();
        }
    }

    pub(super) fn names(&self) -> Vec<NodeName> {
        self.others.keys().cloned().collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&NodeName, &Other)> {
        self.others.iter()
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.task.abort();
    }
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

/// What asks one peer.
struct Ask {
    client: PeerClient,
    peer: Peer,
    again: Arc<Notify>,
    heard: mpsc::Sender<Heard>,
}

impl Ask {
    /// Asks until nobody wants to know.
    async fn run(self) {
        let mut known = None;
        let mut due = interval(ASK);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = due.tick() => {}
                () = self.again.notified() => {}
            }
            let path = path::report(known.as_deref());
            let (standing, answer) = self.client.get_proven(&self.peer, &path).await;
            let answer = answer.map(|report: PeerReport| match standing {
                Some(Standing::KeyHolder) => report,
                Some(Standing::Certified) | None => report.of_certified(),
            });
            let dismissal = match &answer {
                Err(CallError::Dismissed(dismissal)) if standing == Some(Standing::KeyHolder) => {
                    Some(dismissal.clone())
                }
                Ok(_) | Err(_) => None,
            };
            known = answer
                .as_ref()
                .ok()
                .and_then(|report| report.cluster_digest.clone());
            let report = answer.map(Box::new).map_err(|error| complaint(&error));
            if self
                .heard
                .send(Heard {
                    node: self.peer.node.clone(),
                    standing,
                    report,
                    dismissal,
                })
                .await
                .is_err()
            {
                return;
            }
        }
    }
}
