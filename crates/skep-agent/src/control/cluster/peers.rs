//! The other agents of the cluster: what each last said.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use skep_api::cluster::PeerReport;
use skep_api::path;
use skep_api::peer::PeerClient;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::{Node, SwarmSpec};
use skep_vrrp::time::Instant;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::control::understand::with_causes;

/// How often each peer is asked.
const ASK: Duration = Duration::from_secs(1);

/// What a peer answered.
pub(in crate::control) struct Heard {
    pub(in crate::control) node: NodeName,
    pub(in crate::control) report: Result<Box<PeerReport>, String>,
}

/// The other agents.
pub(super) struct Peers {
    client: Arc<PeerClient>,
    heard: mpsc::Sender<Heard>,
    peers: BTreeMap<NodeName, Peer>,
}

/// Another agent.
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    /// What it said last, and when.
    pub(super) latest: Option<(Box<PeerReport>, Instant)>,
    /// Why it did not answer the last time.
    pub(super) trouble: Option<String>,
    task: JoinHandle<()>,
}

impl Peers {
    pub(super) const fn new(client: Arc<PeerClient>, heard: mpsc::Sender<Heard>) -> Self {
        Self { client, heard, peers: BTreeMap::new() }
    }

    pub(super) fn client(&self) -> Arc<PeerClient> {
        Arc::clone(&self.client)
    }

    /// Asks exactly the nodes of `swarm` but this one.
    pub(super) fn follow(&mut self, swarm: &SwarmSpec, own: Option<&NodeName>) {
        let others = swarm.nodes.iter().filter(|node| Some(&node.name) != own);
        let wanted: BTreeMap<&NodeName, SocketAddr> =
            others.map(|node| (&node.name, agent_address(node))).collect();
        self.peers.retain(|name, peer| wanted.get(name) == Some(&peer.address));
        for (name, address) in wanted {
            if !self.peers.contains_key(name) {
                let (client, heard) = (Arc::clone(&self.client), self.heard.clone());
                let task = tokio::spawn(ask(client, name.clone(), address, heard));
                let peer = Peer { address, latest: None, trouble: None, task };
                self.peers.insert(name.clone(), peer);
            }
        }
    }

    /// Takes note of what a peer answered.
    pub(super) fn handle_heard(&mut self, heard: Heard, now: Instant) {
        let Some(peer) = self.peers.get_mut(&heard.node) else {
            return;
        };
        match heard.report {
            Ok(report) => {
                peer.latest = Some((report, now));
                peer.trouble = None;
            }
            Err(trouble) => peer.trouble = Some(trouble),
        }
    }

    pub(super) fn get(&self, name: &NodeName) -> Option<&Peer> {
        self.peers.get(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&NodeName, &Peer)> {
        self.peers.iter()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Where the agent of `node` listens.
pub(in crate::control) fn agent_address(node: &Node) -> SocketAddr {
    let default = SocketAddr::new(node.address.0, path::DEFAULT_PORT);
    node.agent_address.map_or(default, |address| address.0)
}

/// Asks one peer until nobody wants to know.
async fn ask(
    client: Arc<PeerClient>,
    node: NodeName,
    address: SocketAddr,
    heard: mpsc::Sender<Heard>,
) {
    let mut due = interval(ASK);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        let answer = client.get::<PeerReport>(&node, address, path::REPORT).await;
        let report = answer.map(Box::new).map_err(|error| with_causes(&error));
        if heard.send(Heard { node: node.clone(), report }).await.is_err() {
            return;
        }
    }
}
