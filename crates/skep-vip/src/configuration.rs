//! What one virtual router on one node is told to be.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use skep_vrrp::identity::{Family, Priority, Version, VirtualRouterId};

/// Which virtual router of a node: the group it belongs to and the family it speaks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RouterKey {
    /// The name of the VIP group.
    pub group: String,
    /// The family of the router's advertisements.
    pub family: Family,
}

impl fmt::Display for RouterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.family {
            Family::Ipv4 => write!(f, "{}/ipv4", self.group),
            Family::Ipv6 => write!(f, "{}/ipv6", self.group),
        }
    }
}

/// Everything a node must know to run one virtual router: the share of one VIP group that belongs
/// to this node, with nothing left to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterConfiguration {
    /// Which virtual router this is.
    pub key: RouterKey,
    /// The id it uses on the wire.
    pub virtual_router_id: VirtualRouterId,
    /// The protocol version it speaks.
    pub version: Version,
    /// The interface it advertises on.
    pub interface: String,
    /// The source address of its advertisements; by default the interface's first address that is
    /// no virtual one.
    pub source: Option<IpAddr>,
    /// The addresses that move with it, in the order they are advertised.
    pub addresses: Vec<VirtualAddress>,
    /// Its priority when nothing is wrong; [`Priority::OWNER`] makes it the addresses' owner.
    pub priority: Priority,
    /// The time between advertisements while Active.
    pub advertisement_interval: Duration,
    /// What authenticates its advertisements.
    pub authentication: Authentication,
    /// Whether version 3 over IPv4 sums a pseudo-header.
    pub checksum: ChecksumMode,
    /// Whether it takes over from a living router of lower priority.
    pub preemption: Preemption,
    /// How the network learns that an address moved.
    pub announcements: Announcements,
    /// How long the kernel keeps an address that nobody renews.
    pub lease: Lease,
    /// Whether the interface going down is a fault.
    pub track_interface: bool,
    /// The inputs that change its priority or its eligibility.
    pub tracking: Vec<TrackedInput>,
    /// The other interfaces whose links are inputs.
    pub tracked_interfaces: Vec<TrackedInterface>,
    /// How its advertisements travel.
    pub transport: Transport,
    /// The routes that move with it.
    pub routes: Vec<VirtualRoute>,
    /// What it does before it first takes part.
    pub start: Start,
    /// Routers of this node with the same word move together.
    pub sync_group: Option<String>,
    /// The family of the group's router that decides for this one; the group's first address
    /// decides which that is, and itself follows none.
    pub follows: Option<Family>,
    /// Whether another member is the addresses' owner, and may advertise from one of them.
    pub owned_elsewhere: bool,
    /// The addresses the other members advertise from; none when not all are known, and then
    /// nobody is foreign.
    pub members: Option<Vec<IpAddr>>,
    /// Where an operator moved the group.
    pub relocation: Relocation,
}

impl RouterConfiguration {
    /// What it needs the kernel to do, and on which interface.
    pub fn settings(&self) -> impl Iterator<Item = (&str, Setting)> {
        let shared = self
            .addresses
            .iter()
            .filter(|held| shares_subnet(held.address, held.prefix_length));
        let shared = shared.map(|held| held.interface.as_deref().unwrap_or(&self.interface));
        let heard = self.owned_elsewhere && self.key.family == Family::Ipv4;
        let heard = heard.then_some((self.interface.as_str(), Setting::HearOwner));
        shared
            .map(|interface| (interface, Setting::KeepOthers))
            .chain(heard)
    }
}

/// What the kernel has to do on an interface, and does not do by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// Keep the other addresses of a subnet when the first one goes: a node's own address that
    /// comes after a virtual one would go with it.
    KeepOthers,
    /// Hear what comes from an address that is held here: that is where the owner of the addresses
    /// advertises from.
    HearOwner,
}

/// One address of a VIP group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VirtualAddress {
    /// The address itself.
    pub address: IpAddr,
    /// The length of its prefix: 32 or 128 for a host address.
    pub prefix_length: u8,
    /// The interface it is put on; by default the router's own.
    pub interface: Option<String>,
    /// The interface label, IPv4 only.
    pub label: Option<String>,
    /// Whether it stands in the advertisements.
    pub advertised: bool,
}

/// Whether the kernel lets such an address and others of its subnet depend on each other: the first
/// IPv4 address of a subnet takes the later ones along when it goes.
#[must_use]
pub const fn shares_subnet(address: IpAddr, prefix_length: u8) -> bool {
    address.is_ipv4() && prefix_length < 32
}

/// What authenticates a virtual router's advertisements.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Authentication {
    /// Nothing.
    None,
    /// Version 2's simple password, padded with zero bytes. It is readable on the wire.
    Simple([u8; 8]),
    /// Version 3's trailer: a message authentication code over each advertisement.
    Hmac(HmacKeys),
}

/// The keys of a group, and how strictly they are asked for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HmacKeys {
    /// The keys that verify, by id.
    pub keys: BTreeMap<u8, Vec<u8>>,
    /// The id of the key that signs.
    pub active_key: u8,
    /// What happens to an advertisement without a valid code.
    pub mode: HmacMode,
    /// How a replayed advertisement is known.
    pub replay: Replay,
    /// How old an advertisement may be, when its age counts.
    pub window: Duration,
}

/// What happens to an advertisement without a valid code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HmacMode {
    /// It does not count.
    Enforce,
    /// It counts and is counted: for the time in which not every member has the key.
    Permissive,
    /// It counts, and what this node sends carries no code yet.
    ReceiveOnly,
}

/// How a replayed advertisement is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Replay {
    /// Its sequence is a time, which may not be older than the window.
    Time,
    /// Its sequence only grows.
    Monotonic,
}

impl Authentication {
    /// The ids of the keys that verify, the one that signs first.
    #[must_use]
    pub fn key_ids(&self) -> Vec<u8> {
        match self {
            Self::None | Self::Simple(_) => Vec::new(),
            Self::Hmac(HmacKeys {
                keys, active_key, ..
            }) => {
                let others = keys.keys().copied().filter(|id| id != active_key);
                std::iter::once(*active_key).chain(others).collect()
            }
        }
    }
}

impl fmt::Debug for HmacKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HmacKeys")
            .field("ids", &self.keys.keys())
            .field("active_key", &self.active_key)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Simple(_) => "Simple(..)",
            Self::Hmac(_) => "Hmac(..)",
        })
    }
}

/// Whether version 3 over IPv4 sums a pseudo-header: RFC 9568 says no, keepalived and FRR do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChecksumMode {
    /// Send with the pseudo-header until a peer is heard that sends without, then follow it.
    Auto,
    /// Always send with the pseudo-header.
    Always,
    /// Never send with the pseudo-header.
    Never,
}

/// Whether, and how late, a router takes over from a living one of lower priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preemption {
    /// Whether it takes over at all.
    pub enabled: bool,
    /// How long it first lets the other one be.
    pub delay: Duration,
}

/// How the network learns that an address moved (gratuitous ARP, unsolicited neighbour
/// advertisements).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcements {
    /// How many are sent per burst and address.
    pub count: u8,
    /// How long after the first burst the second follows; zero means never.
    pub repeat_after: Duration,
    /// How often the addresses are announced while nothing changes; zero means never.
    pub refresh: Duration,
    /// How many are sent each time then.
    pub refresh_count: u8,
}

/// How long the kernel keeps an address that nobody renews.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lease {
    /// For ever: a dead agent leaves its addresses behind.
    Forever,
    /// For this long after the last renewal.
    For(Duration),
}

/// An input of a virtual router: a health check by name, and what its failure does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackedInput {
    /// The name under which [`crate::message::Command::Input`] reports it.
    pub name: String,
    /// What its failure does.
    pub effect: Effect,
}

/// An interface whose link is an input of a virtual router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackedInterface {
    /// Its name.
    pub interface: String,
    /// What its link going down does.
    pub effect: Effect,
    /// How long the link has to be up until it counts as up.
    pub up_delay: Duration,
    /// How long the link has to be down until it counts as down.
    pub down_delay: Duration,
}

/// How advertisements travel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// To everybody on the segment who joined this group.
    Multicast(IpAddr),
    /// To these peers one by one; nobody else is listened to.
    Unicast {
        /// The other members, without this node.
        peers: Vec<IpAddr>,
        /// The lowest TTL or hop limit that is accepted.
        minimum_hop_limit: u8,
    },
}

/// A route that is there while its router is Active.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VirtualRoute {
    /// Where it leads.
    pub destination: IpAddr,
    /// The length of the destination's prefix.
    pub prefix_length: u8,
    /// The gateway.
    pub via: Option<IpAddr>,
    /// The interface it leaves by; by default the one that reaches the gateway, or the router's.
    pub interface: Option<String>,
    /// The routing table; by default the main one.
    pub table: Option<u32>,
}

/// What a virtual router does before it first takes part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// How long it stays out of the election.
    pub delay: Duration,
    /// Whether it claims nothing before its interface is known to deliver what others send: for
    /// at most two down intervals.
    pub listen_first: bool,
}

/// Where an operator moved a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Relocation {
    /// Nowhere: priorities decide.
    #[default]
    None,
    /// To this node: it ranks above every other member and preempts.
    Here,
    /// To another node: this one hands over, and ranks below that one.
    Away,
}

impl Relocation {
    /// The priority that `priority` becomes. Nobody ranks above the owner of the addresses but an
    /// operator who moves them away from it.
    pub(crate) fn rank(self, priority: Priority) -> Priority {
        const TOP: Priority = Priority::new(254);
        const BELOW_TOP: Priority = Priority::new(253);
        match self {
            Self::None => priority,
            Self::Here => priority.max(TOP),
            Self::Away => priority.min(BELOW_TOP),
        }
    }
}

/// What a failing input does to a virtual router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// The router leaves the election.
    Fault,
    /// The router ranks like this instead: below every member without a demotion, and beside those
    /// with one in the order they had.
    Demote(Priority),
    /// The priority changes: a negative weight is added while the input fails, a positive one
    /// while it passes. The sum is kept within 1..=254.
    Weight(i16),
}
