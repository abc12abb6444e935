//! `VipGroup`: addresses that move together, and the nodes among which they move.

pub mod address;
pub mod announcements;
pub mod authentication;
pub mod member;
pub mod timing;
pub mod tracking;
pub mod transport;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::InterfaceAddress;
use crate::duration::Interval;
use crate::name::{InterfaceName, Name, NodeName, SyncGroupName};
use crate::priority::VirtualRouterId;
use crate::shorthand::{self, Written};
use address::{PolicyRule, Route, VirtualAddress};
use announcements::Announcements;
use authentication::Authentication;
use member::{Member, Priorities, Selector};
use timing::{AdvertisementInterval, Lease, Preemption, Start};
use tracking::Tracking;
use transport::{Checksum, Transport, Version};

/// How many addresses an advertisement can count, RFC 9568 §5.2.5.
pub const ADDRESSES_MAX: usize = 255;
/// How many members a group has at the most: as many as different priorities can be assigned.
pub const MEMBERS_MAX: usize = 200;

/// Addresses that move together, and the nodes among which they move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("oneOf" = [{"required": ["members"]}, {"required": ["selector"]}]))]
pub struct VipGroupSpec {
    /// The id of the virtual router on its network segment, 1 to 255. `auto` is chosen once, when
    /// the manifest is submitted, and needs a `Swarm`: the lowest that no other group has and that
    /// no agent hears somebody else use. It stays the group's, whoever comes later.
    #[serde(default)]
    pub virtual_router_id: VirtualRouterId,
    /// The version of VRRP: 3 (RFC 9568) or 2 (RFC 3768, IPv4 only).
    #[serde(default)]
    pub version: Version,
    /// The interface of the advertisements; by default, on each node, the interface whose subnet
    /// holds the first address.
    pub interface: Option<InterfaceName>,
    /// Whether a member is ineligible while that interface is down.
    #[serde(default = "VipGroupSpec::default_track_interface")]
    pub track_interface: bool,
    /// The addresses, as many as an advertisement can count. A bare address is short for
    /// `{address: ADDRESS}`.
    #[serde(with = "shorthand")]
    #[schemars(
        with = "Vec<Written<InterfaceAddress, VirtualAddress>>",
        length(min = 1, max = ADDRESSES_MAX)
    )]
    pub addresses: Vec<VirtualAddress>,
    /// Routes that exist only on the node that holds the addresses.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// Routing rules that exist only on the node that holds the addresses.
    #[serde(default)]
    pub rules: Vec<PolicyRule>,
    /// How long the kernel keeps the addresses when nobody renews them, at least `1s`; with
    /// `forever` a dead agent leaves its addresses behind.
    #[serde(default)]
    pub lease: Lease,
    /// The time between advertisements: `10ms` to `40.95s` in version 3, whole seconds up to
    /// `255s` in version 2.
    #[serde(default)]
    pub advertisement_interval: AdvertisementInterval,
    /// What authenticates the advertisements. By default `cluster` when there is a `Swarm`, the
    /// version is 3 and no member is external, else `none`.
    pub authentication: Option<Authentication>,
    /// How checksums are computed (version 3 over IPv4).
    #[serde(default)]
    pub checksum: Checksum,
    /// The members, in order of preference, as many as different priorities can be assigned.
    /// Either all of them have a priority or none. A bare name is short for `{node: NAME}`.
    /// Exactly one of `members` and `selector` is given.
    #[serde(default, with = "shorthand", skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Written<NodeName, Member>>", length(min = 1, max = MEMBERS_MAX))]
    pub members: Vec<Member>,
    /// Which nodes are members, by what they are. Exactly one of `members` and `selector` is
    /// given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
    /// How members without a priority get one.
    #[serde(default)]
    pub priorities: Priorities,
    /// Whether a member takes over from a living one of lower priority.
    #[serde(default)]
    pub preemption: Preemption,
    /// What a member does first when it starts.
    #[serde(default)]
    pub start: Start,
    /// Groups with the same word here move together.
    pub sync_group: Option<SyncGroupName>,
    /// What else decides who holds the addresses: health checks, interfaces, services, the swarm.
    #[serde(default)]
    pub tracking: Vec<Tracking>,
    /// How the network learns that the addresses moved.
    #[serde(default)]
    pub announcements: Announcements,
    /// How the advertisements travel.
    #[serde(default)]
    pub transport: Transport,
    /// Whether the addresses have the virtual router's own MAC address.
    #[serde(default)]
    pub virtual_mac: bool,
    /// Whether packets to the addresses are accepted by a holder that does not own them.
    #[serde(default = "VipGroupSpec::default_accept")]
    pub accept: bool,
    /// Whom to tell about transitions.
    #[serde(default)]
    pub notify: Vec<Notification>,
}

impl VipGroupSpec {
    const fn default_track_interface() -> bool {
        true
    }

    const fn default_accept() -> bool {
        true
    }
}

/// Whom to tell about which transitions of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Notification {
    /// The `Notifier`.
    pub notifier: Name,
    /// The states whose entering is told; by default all.
    #[serde(default)]
    pub states: Vec<MemberState>,
    /// Tell again until it succeeds, and then again this often while the state lasts.
    pub every: Option<Interval>,
}

/// The state of a group's member.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum MemberState {
    /// It holds the addresses.
    Active,
    /// It stands by.
    Backup,
    /// It cannot take part.
    Fault,
    /// It holds the addresses until its successor is heard.
    Leaving,
}
