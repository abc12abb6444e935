//! What the vip process says of itself.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use skep_vrrp::identity::VirtualRouterId;
use skep_vrrp::time::Instant;

/// What the vip process says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessReport {
    /// When it started: another moment is another process, which has to be told everything.
    pub started: Instant,
    /// The configuration it runs.
    pub revision: u64,
    /// Why it is less punctual than it could be, a sentence each.
    pub restrictions: Vec<String>,
    /// How late the wire thread acted on its timers.
    pub wire_lateness: Lateness,
    /// How long the hand thread waited for the kernel.
    pub hand_lateness: Lateness,
    /// The last time in which control was silent for long.
    #[serde(default)]
    pub control_silence: Option<Silence>,
    /// Since when the process ends again and again, if it does.
    #[serde(default)]
    pub looping_since: Option<Instant>,
    /// The addresses that somebody else removes again and again.
    #[serde(default)]
    pub contested: Vec<Contested>,
    /// The virtual addresses that somebody else put where no router of this node holds them.
    #[serde(default)]
    pub foreign: Vec<ForeignAddress>,
    /// What is heard on the segments of this node that is not for its routers.
    #[serde(default)]
    pub segments: Vec<SegmentReport>,
}

/// What is heard on the segment of an interface that is not for a router of this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SegmentReport {
    /// The interface.
    pub interface: String,
    /// Since when a socket listens there.
    pub listening_since: Instant,
    /// The virtual router ids that others use.
    pub ids: Vec<Overheard>,
}

/// A virtual router id that somebody else uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Overheard {
    /// The id.
    pub id: VirtualRouterId,
    /// When it was heard last, on the boot clock: a plain number, because there may be many and a
    /// message has a limit.
    pub last_ms: u64,
}

/// A time in which control said nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Silence {
    /// When it last spoke before.
    pub since: Instant,
    /// When it spoke again, if it has.
    pub until: Option<Instant>,
}

/// An address that somebody else removes again and again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contested {
    /// The interface.
    pub interface: String,
    /// The address.
    pub address: IpAddr,
    /// How often it was removed.
    pub times: u64,
    /// When it was removed last.
    pub last_at: Instant,
    /// Who removed it last, as far as the kernel tells.
    pub by: String,
}

/// A virtual address that somebody else put where no router of this node holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ForeignAddress {
    /// The interface.
    pub interface: String,
    /// The address.
    pub address: IpAddr,
    /// The length of its prefix.
    pub prefix_length: u8,
    /// Since when it is known.
    pub since: Instant,
}

/// The upper bounds of the lateness histogram, in microseconds: a tenth of a millisecond is what a
/// real-time thread has, 30 ms is a down interval at the fastest advertisements.
pub const LATENESS_BOUNDS_US: [u64; 9] =
    [100, 250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 300_000];

/// How late something was, as a histogram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lateness {
    /// How often it was at most as late as the bound in [`LATENESS_BOUNDS_US`] with the same index;
    /// the last count is of everything later.
    pub counts: [u64; LATENESS_BOUNDS_US.len() + 1],
    /// All of it together, in microseconds.
    pub sum_us: u64,
    /// The latest, in microseconds.
    pub max_us: u64,
}

impl Lateness {
    /// It was this late once.
    pub fn record(&mut self, late: Duration) {
        let late_us = u64::try_from(late.as_micros()).unwrap_or(u64::MAX);
        let bucket = LATENESS_BOUNDS_US.partition_point(|bound| *bound < late_us);
        self.counts[bucket] += 1;
        self.sum_us = self.sum_us.saturating_add(late_us);
        self.max_us = self.max_us.max(late_us);
    }
}
