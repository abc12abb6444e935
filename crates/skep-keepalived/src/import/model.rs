//! What one node's file says, in the words of keepalived.

use std::collections::BTreeMap;
use std::net::IpAddr;

use skep_manifest::address::{Address, HostPort, InterfaceAddress};
use skep_manifest::duration::{Duration, Interval};
use skep_manifest::name::{InterfaceName, NodeName};
use skep_manifest::priority::VirtualRouterId;
use skep_manifest::span::Span;
use skep_manifest::value_source::AbsolutePath;
use skep_manifest::vip_group::address::{PolicyRule, Route};
use skep_manifest::vip_group::authentication::Authentication;
use skep_manifest::vip_group::timing::AdvertisementInterval;
use skep_manifest::vip_group::tracking::Weight;
use skep_manifest::vip_group::transport::Version;

use crate::program::Program;

/// A value, and where it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Span,
}

impl<T> At<T> {
    pub(super) const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// One node's file.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) name: NodeName,
    pub(super) globals: Globals,
    pub(super) scripts: BTreeMap<String, Script>,
    pub(super) instances: Vec<Instance>,
    pub(super) sync_groups: Vec<SyncGroup>,
    /// By interface: how long down, and how long up, before that counts.
    pub(super) delays: BTreeMap<String, At<(Duration, Duration)>>,
}

/// What is said for all instances of a node, unless they say otherwise.
#[derive(Clone, Debug, Default)]
pub(super) struct Globals {
    pub(super) version: Option<At<Version>>,
    pub(super) multicast: Option<At<Address>>,
    pub(super) announced: Announced,
    pub(super) checksum_as_v2: Option<At<bool>>,
    pub(super) start_delay: Option<At<Duration>>,
    pub(super) mail: Mail,
    pub(super) smtp_alert: Option<At<bool>>,
    pub(super) no_fault_mails: bool,
    pub(super) user: Option<At<String>>,
}

/// Whom to mail.
#[derive(Clone, Debug, Default)]
pub(super) struct Mail {
    pub(super) to: Vec<At<String>>,
    pub(super) from: Option<At<String>>,
    pub(super) server: Option<At<HostPort>>,
    pub(super) timeout: Option<At<Interval>>,
}

/// How addresses are announced.
#[derive(Clone, Debug, Default)]
pub(super) struct Announced {
    pub(super) count: Option<At<u8>>,
    pub(super) repeat_after: Option<At<Duration>>,
    pub(super) refresh: Option<At<Duration>>,
    pub(super) refresh_count: Option<At<u8>>,
}

/// A `vrrp_script` or a `vrrp_track_process`.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) span: Span,
    pub(super) looks_at: LooksAt,
    pub(super) interval: Option<At<Interval>>,
    pub(super) timeout: Option<At<Interval>>,
    pub(super) rise: Option<At<u8>>,
    pub(super) fall: Option<At<u8>>,
    pub(super) user: Option<At<String>>,
    pub(super) weight: Option<At<Weight>>,
}

/// What a check looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LooksAt {
    Nothing,
    Program(At<Program>),
    Process {
        name: At<String>,
        minimum: u16,
    },
    /// The number in a file, and how often it counts.
    Number {
        path: At<AbsolutePath>,
        weighs: i32,
    },
}

/// A `vrrp_instance`.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub(super) name: At<String>,
    pub(super) is_master: Option<At<bool>>,
    pub(super) interface: Option<At<InterfaceName>>,
    pub(super) version: Option<At<Version>>,
    pub(super) virtual_router_id: Option<At<VirtualRouterId>>,
    pub(super) priority: Option<At<u8>>,
    pub(super) interval: Option<At<AdvertisementInterval>>,
    pub(super) authentication: Option<At<Authentication>>,
    pub(super) addresses: Vec<At<HeldAddress>>,
    pub(super) routes: Vec<At<Route>>,
    pub(super) rules: Vec<At<PolicyRule>>,
    pub(super) accept: Option<At<bool>>,
    pub(super) preempt: Option<At<bool>>,
    pub(super) preempt_delay: Option<At<Duration>>,
    pub(super) ignores_interface: Option<At<()>>,
    pub(super) tracks: Vec<At<Track>>,
    pub(super) source: Option<At<Address>>,
    pub(super) multicast: Option<At<Address>>,
    pub(super) peers: Option<At<Vec<At<IpAddr>>>>,
    pub(super) minimum_ttl: Option<u8>,
    pub(super) checksum_as_v2: Option<At<bool>>,
    pub(super) announced: Announced,
    pub(super) virtual_mac: Option<At<()>>,
    pub(super) told: Told,
}

/// An address that an instance holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HeldAddress {
    pub(super) address: InterfaceAddress,
    pub(super) interface: Option<InterfaceName>,
    pub(super) label: Option<String>,
    pub(super) is_excluded: bool,
}

/// Something that is tracked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Track {
    pub(super) what: Tracked,
    pub(super) weight: Option<Weight>,
}

/// What is tracked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tracked {
    Interface(InterfaceName),
    /// The name of a script or of a process.
    Check(String),
    /// The name of a file with a number, and how often that counts.
    Number(String, Option<i32>),
}

/// Whom to tell about transitions.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub(super) programs: Vec<At<(Event, Program, Option<String>)>>,
    pub(super) by_mail: Option<At<bool>>,
}

/// A transition that is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Master,
    Backup,
    Fault,
    Any,
}

/// A `vrrp_sync_group`.
#[derive(Clone, Debug)]
pub(super) struct SyncGroup {
    pub(super) name: At<String>,
    pub(super) instances: Vec<At<String>>,
    pub(super) tracks: Vec<At<Track>>,
    pub(super) told: Told,
}
