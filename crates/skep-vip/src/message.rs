//! What control and vip say to each other.
//!
//! Both directions are level-triggered: a message states what is or shall be, never what changed,
//! so either side can restart and be told again.

mod process;
pub mod trial;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use skep_vrrp::identity::{Priority, Version, VirtualRouterId};
use skep_vrrp::time::Instant;
use skep_vrrp::trailer::Unproven;

use crate::configuration::{HmacMode, RouterConfiguration, RouterKey, VirtualAddress};
use crate::message::trial::{Trial, TrialReport};

pub use process::{
    Contested, ForeignAddress, LATENESS_BOUNDS_US, Lateness, Overheard, ProcessReport,
    SegmentReport, Silence,
};

/// From control to vip.
///
/// A configuration arrives as any number of [`Command::Configure`] and one [`Command::Commit`]:
/// nothing changes before the commit, and what it does not include is released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Command {
    /// One virtual router of the configuration `revision`.
    Configure {
        /// Which configuration it belongs to; the first message of another one drops what was
        /// collected so far.
        revision: u64,
        /// The router.
        router: Box<RouterConfiguration>,
    },
    /// The configuration `revision` is complete: run exactly these routers.
    Commit {
        /// The configuration.
        revision: u64,
        /// How many routers it has; a commit that does not match what arrived is refused.
        routers: u32,
    },
    /// The state of a health input, sent again whenever it may have been missed.
    Input {
        /// Its name, as in [`crate::configuration::TrackedInput::name`].
        name: String,
        /// What is known of it.
        health: Health,
    },
    /// Another member of a group lives, and this is how it ranks, as its own agent said. Sent
    /// again while that is fresh; it allows a router that is lowered to leave at once.
    Standby {
        /// This node's router of the group.
        key: RouterKey,
        /// The highest effective priority of the other members.
        priority: Priority,
        /// When its agent said so.
        heard_at: Instant,
    },
    /// Listen on these interfaces, too, where no router runs. Sent again whenever it may have been
    /// missed.
    Listen {
        /// Which.
        interfaces: BTreeSet<String>,
    },
    /// Take part in this trial, as far as it says; what was tried before is over.
    Try(Box<Trial>),
    /// Control is alive. Its silence is a reason, never a fault.
    Heartbeat,
    /// Control has just started: every report is due again.
    ReportAll,
}

/// What is known of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Health {
    /// Nothing yet: never demotes, never faults.
    Unknown,
    /// It passes.
    Passing,
    /// It fails.
    Failing,
}

/// From vip to control: the newest replaces the older ones about the same subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Report {
    /// One virtual router.
    Router(Box<RouterReport>),
    /// A virtual router is gone, its addresses are released.
    Removed(RouterKey),
    /// The process itself.
    Process(Box<ProcessReport>),
    /// What became of a trial.
    Trial(Box<TrialReport>),
}

/// What a virtual router is and knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RouterReport {
    /// Which virtual router.
    pub key: RouterKey,
    /// The configuration it runs.
    pub revision: u64,
    /// Its id on the wire.
    pub virtual_router_id: VirtualRouterId,
    /// The interface it runs on.
    pub interface: String,
    /// The address it advertises from, while it takes part.
    pub source: Option<IpAddr>,
    /// Its state.
    pub state: State,
    /// Why it is in that state.
    pub reason: Reason,
    /// Since when.
    pub since: Instant,
    /// The priority it was given.
    pub base_priority: Priority,
    /// The priority it has, given its inputs.
    pub effective_priority: Priority,
    /// Its inputs, as far as it knows.
    pub inputs: Vec<InputReport>,
    /// The last valid advertisement of another router.
    pub heard: Option<Heard>,
    /// The addresses it wants to be present here.
    pub holding: Vec<VirtualAddress>,
    /// The last changes of state, oldest first.
    pub transitions: Vec<Transition>,
    /// What it counted since it started.
    pub counters: Counters,
    /// What authenticates its advertisements.
    pub authentication: Authenticated,
    /// The ids of the keys whose codes it believes, the one that it signs with first.
    #[serde(default)]
    pub keys: Vec<u8>,
    /// What it hears that does not fit.
    pub anomalies: Vec<Anomaly>,
}

/// The state of a virtual router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// It cannot or must not take part.
    Fault,
    /// It stands by for another router.
    Backup,
    /// It holds the addresses.
    Active,
    /// It holds the addresses until its successor is heard.
    Leaving,
}

/// Why a virtual router changed its state, or why it stays in Fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum Reason {
    /// It was started.
    Started,
    /// It was started as the owner of the addresses.
    Owner,
    /// Nobody advertised for a whole down interval.
    Silence,
    /// The Active router advertised priority 0: it left.
    Released,
    /// The Active router has a lower priority.
    Preempted,
    /// A router of higher priority, or of equal priority and a higher address, advertised.
    OutRanked {
        /// Who.
        by: IpAddr,
        /// With which priority.
        priority: Priority,
    },
    /// It did not run for a down interval, and another router took over.
    Overslept {
        /// Who took over.
        successor: IpAddr,
    },
    /// An input fails whose effect is a fault.
    InputFailing {
        /// Its name.
        name: String,
    },
    /// A router that it moves together with is in Fault.
    SyncGroup {
        /// Which.
        router: RouterKey,
    },
    /// The interface is down.
    InterfaceDown {
        /// Its name.
        interface: String,
    },
    /// There is no such interface.
    InterfaceMissing {
        /// Its name.
        interface: String,
    },
    /// The interface has no address to advertise from.
    NoSourceAddress {
        /// Its name.
        interface: String,
    },
    /// The socket of the interface cannot be opened.
    SocketRefused {
        /// The system's words.
        message: String,
    },
    /// The kernel cannot be made to do what the router needs on an interface.
    SettingRefused {
        /// What was tried, why it failed, and the remedy.
        message: String,
    },
    /// The process before this one was Active until a moment ago.
    Adopted,
    /// What kept it in Fault is over.
    Recovered,
    /// It was told to stop.
    Stopped,
    /// It is not configured any more.
    Removed,
    /// An operator moved the group to another node.
    Moved,
    /// Its priority was lowered while a better member stood by.
    Lowered {
        /// To this priority.
        priority: Priority,
        /// The priority of the better member.
        better: Priority,
    },
    /// It left, and its successor was heard.
    HandedOver {
        /// Who succeeded.
        to: IpAddr,
    },
    /// It left, and nobody took over: it is Active again, or it stopped and released the addresses.
    NoSuccessor,
}

/// One change of state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    /// When.
    pub at: Instant,
    /// From which state.
    pub from: State,
    /// To which state.
    pub to: State,
    /// Why.
    pub reason: Reason,
}

/// An input as its virtual router knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InputReport {
    /// Its name.
    pub name: String,
    /// What is known of it.
    pub health: Health,
    /// When control last said so.
    pub heard_at: Option<Instant>,
}

/// A valid advertisement of another router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Heard {
    /// Who sent it.
    pub from: IpAddr,
    /// When.
    pub at: Instant,
    /// Its priority.
    pub priority: Priority,
    /// Its interval.
    pub interval: Duration,
}

/// What authenticates a virtual router's advertisements, as it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Authenticated {
    /// Nothing.
    None,
    /// A password.
    Simple,
    /// Codes.
    Hmac(HmacMode),
}

/// Something a sender does again and again that does not fit the virtual router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Anomaly {
    /// Who.
    pub from: IpAddr,
    /// What.
    pub kind: AnomalyKind,
    /// How often since `first`.
    pub count: u64,
    /// Since when.
    pub first: Instant,
    /// When last.
    pub last: Instant,
    /// When it is over, unless it happens again.
    pub until: Instant,
}

/// What does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AnomalyKind {
    /// The sender is no member of the group, but uses its id.
    Foreign,
    /// Another interval: not counted in version 2, learnt in version 3.
    Interval(Duration),
    /// The other version.
    Version(Version),
    /// Another type of authentication.
    AuthenticationType,
    /// Another password.
    Password,
    /// No proof that a member sent it.
    Unproven(Unproven),
    /// Another list of addresses.
    Addresses,
    /// A checksum over something else.
    Checksum,
    /// This router's own source address.
    OwnAddress,
    /// A hop limit other than 255.
    HopLimit(u8),
    /// Bytes that are no advertisement.
    Damaged,
    /// Another claim to what this router, or the one it follows, holds.
    Rival(Priority),
}

/// What a virtual router counted since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counters {
    /// Advertisements sent.
    pub sent: u64,
    /// Valid advertisements received.
    pub received: u64,
    /// Advertisements of priority 0 sent.
    pub releases_sent: u64,
    /// Advertisements of priority 0 received.
    pub releases_received: u64,
    /// How often it became Active.
    pub became_active: u64,
    /// How often a successor took over from it.
    pub handed_over: u64,
    /// How often it left and nobody took over.
    pub no_successor: u64,
    /// Advertisements discarded: wrong checksum.
    pub discarded_checksum: u64,
    /// Advertisements discarded: wrong length, or a field that cannot be.
    pub discarded_malformed: u64,
    /// Advertisements discarded: a TTL or hop limit other than 255, or below that of a peer.
    pub discarded_ttl: u64,
    /// Advertisements discarded: the other version.
    pub discarded_version: u64,
    /// Advertisements discarded: wrong type of authentication, or wrong password.
    pub discarded_authentication: u64,
    /// Version 2 advertisements discarded: another interval.
    pub discarded_interval: u64,
    /// Advertisements discarded: they carry this router's own source address.
    pub discarded_own_address: u64,
    /// Advertisements that prove nothing, discarded or excused: no authentication code.
    pub unproven_no_trailer: u64,
    /// Advertisements that prove nothing: a key this node does not know.
    pub unproven_unknown_key: u64,
    /// Advertisements that prove nothing: a wrong authentication code.
    pub unproven_wrong_code: u64,
    /// Advertisements that prove nothing: signed longer ago than the window allows.
    pub unproven_stale: u64,
    /// Advertisements that prove nothing: heard before.
    pub unproven_replayed: u64,
    /// Advertisements discarded: sent by nobody whom the transport knows, or the other way.
    pub discarded_transport: u64,
    /// Advertisements accepted whose address list is not ours.
    pub address_list_mismatches: u64,
}
