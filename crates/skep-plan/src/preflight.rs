//! Whether nodes can work together, before they are told to: what is looked at, and what it means.
//!
//! Agents do the looking; [`judge()`] makes findings of what they saw.

mod count;
mod groups;
mod judge;
mod nodes;
mod vrrp;
mod ways;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};
use skep_manifest::desired::Desired;
use skep_manifest::name::{Name, NodeName};
use skep_manifest::service::image::Image;
use skep_manifest::swarm::{Node, Role, SwarmSpec};
use skep_vip::message::trial::LaneReport;

pub use groups::{Carrier, Group, GroupLane, Lanes, Unplaced};
pub use judge::judge;

use crate::observed::Engine;

/// Where managers listen for each other and for nodes that join.
const MANAGEMENT: Way = Way::tcp(2377);
/// Where nodes tell each other about networks.
const GOSSIP: [Way; 2] = [Way::tcp(7946), Way::udp(7946)];

/// What the nodes of a manifest need of each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The UDP port of overlay traffic.
    pub data_path_port: u16,
    /// The images of the services.
    pub images: BTreeSet<Image>,
    /// The VIP groups.
    pub groups: BTreeMap<Name, Group>,
    /// Whether the manifest names a swarm that it takes over.
    pub adopts: bool,
}

impl Asked {
    /// What `desired` needs; nothing without a swarm.
    #[must_use]
    pub fn of(desired: &Desired) -> Option<Self> {
        let SwarmSpec {
            nodes,
            data_path_port,
            adopt,
            ..
        } = &desired.swarm.as_ref()?.spec;
        let services = desired.services.values();
        let groups = desired.vip_groups.iter();
        Some(Self {
            nodes: nodes.clone(),
            data_path_port: *data_path_port,
            images: services.map(|service| service.spec.image.clone()).collect(),
            groups: groups
                .map(|(name, group)| (name.clone(), Group::of(group)))
                .collect(),
            adopts: adopt.is_some(),
        })
    }

    /// The node `name`.
    #[must_use]
    pub fn node(&self, name: &NodeName) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == *name)
    }

    /// Where the engine of `node` will listen.
    #[must_use]
    pub fn engine_ways(&self, node: &Node) -> Vec<(Way, SocketAddr)> {
        let at = |way: Way| (way, SocketAddr::new(node.address.0, way.port));
        let management = (node.role == Role::Manager).then_some(MANAGEMENT);
        let overlay = Way::udp(self.data_path_port);
        let data_path = node.data_path_address.unwrap_or(node.address).0;
        management
            .into_iter()
            .chain(GOSSIP)
            .map(at)
            .chain([(overlay, SocketAddr::new(data_path, overlay.port))])
            .collect()
    }
}

/// One way into a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Way {
    /// How.
    pub protocol: Protocol,
    /// Where.
    pub port: u16,
}

impl Way {
    /// By TCP.
    #[must_use]
    pub const fn tcp(port: u16) -> Self {
        let protocol = Protocol::Tcp;
        Self { protocol, port }
    }

    /// By UDP.
    #[must_use]
    pub const fn udp(port: u16) -> Self {
        let protocol = Protocol::Udp;
        Self { protocol, port }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match self.protocol {
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
        };
        write!(formatter, "{protocol} port {}", self.port)
    }
}

/// How a port is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Protocol {
    /// With connections.
    Tcp,
    /// With datagrams.
    Udp,
}

/// What an agent says of its node before the others knock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// The version of the agent.
    pub agent: String,
    /// Its engine.
    pub engine: Engine,
    /// The version of its engine, or why that is not known.
    pub engine_version: Result<String, String>,
    /// The images that its engine does not have.
    pub missing_images: BTreeSet<Image>,
    /// The addresses of the manifest that the node does not have.
    pub missing_addresses: BTreeSet<IpAddr>,
    /// Where it does not listen for the others, and why.
    pub taken: Vec<Taken>,
    /// Its clock: milliseconds since 1970.
    pub clock_ms: i64,
}

/// A port on which an agent cannot listen in place of its engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Taken {
    /// Which one.
    pub way: Way,
    /// The system's words.
    pub why: String,
}

/// What became of an agent's attempt to reach another node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Knock {
    /// The other node.
    pub to: NodeName,
    /// How.
    pub way: Way,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of an attempt to reach a node, as who tried sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It answered.
    Answered,
    /// Datagrams left; only the other side knows whether they arrived.
    Sent,
    /// It, or something on the way, said no.
    Refused,
    /// Nothing came back.
    Silent,
    /// This node did not let it out, in the system's words.
    Kept(String),
    /// Somebody answered who is not the agent of that node, in words.
    Stranger(String),
    /// It answered, and not as it should, in words.
    Troubled(String),
}

/// A datagram that arrived where it shall.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Heard {
    /// Who sent it.
    pub from: NodeName,
    /// How it came.
    pub way: Way,
}

/// Everything that arrived at a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Arrived {
    /// On the ports of its engine.
    pub heard: Vec<Heard>,
    /// For its VIP groups, or why its data plane does not say.
    pub vrrp: Result<Vec<LaneSeen>, String>,
    /// The groups that have no place on it.
    pub unplaced: Vec<Unplaced>,
}

/// How advertisements of VIP groups would leave and reach a node, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LaneSeen {
    /// How.
    pub lane: GroupLane,
    /// What became of it.
    pub report: LaneReport,
}

/// Everything that was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The node whose agent asked the others, if it is one of them.
    pub by: Option<NodeName>,
    /// The nodes whose agents answered.
    pub visits: BTreeMap<NodeName, Visit>,
    /// What the agent that asked came to where it did not get an answer.
    pub unreached: Vec<Knock>,
}

/// What the agent of one node said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Of its node.
    pub facts: Facts,
    /// How much its clock is ahead of the clock of the agent that asked, in milliseconds.
    pub clock_ahead_ms: i64,
    /// Of its attempts to reach the others.
    pub knocks: Vec<Knock>,
    /// Of what arrived.
    pub heard: BTreeSet<Heard>,
    /// Of its VIP groups, or why its data plane does not say.
    pub vrrp: Result<Vec<LaneSeen>, String>,
    /// Of the groups that have no place on it.
    pub unplaced: Vec<Unplaced>,
}

/// What all of it means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// The nodes that were asked for.
    pub nodes: Vec<NodeName>,
    /// How many attempts to reach another node succeeded.
    pub passed: usize,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// Whether nothing stands in the way of applying.
    #[must_use]
    pub fn is_good(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.all(|finding| finding.severity == Severity::Note)
    }
}

/// One thing that is wrong, or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub subject: Subject,
    /// The nodes where something is to be changed, the most likely first.
    pub nodes: Vec<NodeName>,
    /// From where to where something does not pass, when it is about that.
    pub path: Option<Path>,
    /// What is wrong.
    pub message: String,
    /// What helps.
    pub remedy: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// The manifest cannot come about.
    Problem,
    /// It can, and a person should know.
    Note,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Subject {
    /// The agent of a node.
    Agent,
    /// The key that the agents share.
    Key,
    /// What passes between nodes.
    Network,
    /// An address of a node.
    Address,
    /// The Docker engine of a node.
    Engine,
    /// The clock of a node.
    Clock,
    /// An image.
    Image,
}

/// From where to where something does not pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Path {
    /// The nodes that try.
    pub from: Vec<NodeName>,
    /// The nodes that they try to reach.
    pub to: Vec<NodeName>,
    /// How.
    pub way: Passage,
}

/// How something passes between nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Passage {
    /// Into a port.
    Port(Way),
    /// As advertisements of VIP groups do, by IP protocol 112.
    Vrrp(Carrier),
}

#[cfg(test)]
mod tests;
