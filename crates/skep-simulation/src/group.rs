//! The VIP groups of a cluster, and the times the protocol gives them.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use skep_vip::configuration::{RouterConfiguration, RouterKey};
use skep_vrrp::identity::{Priority, Version};
use skep_vrrp::time::Instant;

use crate::setup::NodeSetup;

/// How many intervals of silence mean that the Active router is gone (RFC 9568 §6.1).
const DOWN_INTERVALS: u32 = 3;
/// Leaving lasts at most this many intervals.
const LEAVING_INTERVALS: u32 = 4;
/// And never longer than this.
const LEAVING_MAX: Duration = Duration::from_secs(10);
/// How long a leaving router keeps the addresses after it heard its successor.
const LEAVING_OVERLAP: Duration = Duration::from_millis(20);
/// How long a farewell waits for the addresses to be gone.
const FAREWELL_PATIENCE: Duration = Duration::from_millis(1500);
/// What is lost by rounding: version 3 counts hundredths of a second, skews are divided.
pub(crate) const ROUNDING: Duration = Duration::from_micros(10);

/// The virtual routers of one group and family, all over the cluster.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) key: RouterKey,
    pub(crate) segment: usize,
    pub(crate) interval: Duration,
    version: Version,
    /// The node that said last that it gives the addresses up, while nobody claims them and
    /// nothing else happens.
    pub(crate) released: Option<usize>,
    /// Who claimed or kept the addresses last, and when; and when somebody else did.
    claimed: Option<(usize, Instant)>,
    claimed_by_another: Instant,
    /// Every address that any of its routers ever moves.
    addresses: BTreeSet<IpAddr>,
    /// How long a router may stay out of the election after it could take part.
    start: Duration,
}

/// What is slow beside the protocol.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slack {
    /// How long a hand takes.
    pub(crate) hand: Duration,
    /// How long a packet is under way.
    pub(crate) latency: Duration,
    /// How long the slowest hand takes of those whose farewell can still come.
    pub(crate) leaver: Duration,
}

impl Group {
    /// The groups of these nodes, in the order in which they are met.
    pub(crate) fn of(nodes: &[NodeSetup]) -> Vec<Self> {
        let mut groups: Vec<Self> = Vec::new();
        for node in nodes {
            for router in &node.routers {
                let interface = node.interfaces.get(&router.interface);
                let segment = interface.map_or(0, |interface| interface.segment);
                let known = groups.iter().position(|group| group.key == router.key);
                let at = known.unwrap_or(groups.len());
                if known.is_none() {
                    groups.push(Self::new(router, segment));
                }
                groups[at].learn(router);
            }
        }
        groups
    }

    fn new(router: &RouterConfiguration, segment: usize) -> Self {
        let mut group = Self {
            key: router.key.clone(),
            segment,
            interval: router.advertisement_interval,
            version: router.version,
            released: None,
            claimed: None,
            claimed_by_another: Instant::default(),
            addresses: BTreeSet::new(),
            start: router.start.delay,
        };
        if router.start.listen_first {
            group.start += 2 * group.down_interval(Priority::new(1));
        }
        group
    }

    /// A node said that it has the addresses, or with priority 0 that it gives them up. That counts
    /// only when no claim of another one is under way.
    pub(crate) fn note_sent(&mut self, node: usize, priority: u8, now: Instant, latency: Duration) {
        let another = match self.claimed {
            Some((last, at)) if last != node => at,
            Some(_) | None => self.claimed_by_another,
        };
        if priority == 0 {
            self.released = (another + latency < now).then_some(node);
            return;
        }
        self.claimed_by_another = another;
        self.claimed = Some((node, now));
        self.released = None;
    }

    /// It moves the addresses of this configuration too.
    pub(crate) fn learn(&mut self, router: &RouterConfiguration) {
        let addresses = router.addresses.iter().map(|held| held.address);
        self.addresses.extend(addresses);
    }

    /// Whether the address is one of its own.
    pub(crate) fn moves(&self, address: IpAddr) -> bool {
        self.addresses.contains(&address)
    }

    /// RFC 9568 §6.1 and RFC 3768 §6.1: the skew of a Backup with this priority.
    fn skew(&self, priority: Priority) -> Duration {
        let unit = match self.version {
            Version::V2 => Duration::from_secs(1),
            Version::V3 => self.interval,
        };
        unit * (256 - u32::from(priority.number())) / 256
    }

    /// How long a Backup with this priority waits in silence.
    pub(crate) fn down_interval(&self, priority: Priority) -> Duration {
        DOWN_INTERVALS * self.interval + self.skew(priority)
    }

    /// How long nobody may hold the addresses although a router of this priority can: it hears the
    /// last advertisement, waits in silence, and its hand puts the addresses in place.
    pub(crate) fn vacancy_max(&self, best: Priority, slack: Slack) -> Duration {
        // The farewell of a router that has left is an advertisement like any other: those who do
        // not preempt, or not yet, have to take its sender for the Active router (RFC 9568 §6.4.2)
        // and wait anew. It is said when the leaver's addresses are gone, so a hand that is slow
        // says it late; if its successor is gone by then, that adds to the silence.
        let farewell = LEAVING_OVERLAP + slack.leaver.min(FAREWELL_PATIENCE) + slack.latency;
        self.start + self.down_interval(best) + farewell + slack.latency + slack.hand + ROUNDING
    }

    /// The same when all heard that the Active router gives up.
    pub(crate) fn succession_max(&self, best: Priority, slack: Slack) -> Duration {
        self.skew(best) + slack.latency + slack.hand + ROUNDING
    }

    /// How long two that hear each other may hold an address: the better one advertises within an
    /// interval, the other lets go on hearing it, after the overlap of a hand-over.
    pub(crate) fn overlap_max(&self, slack: Slack) -> Duration {
        self.interval + slack.latency + LEAVING_OVERLAP + 2 * slack.hand + ROUNDING
    }

    /// How long a router may be Leaving.
    pub(crate) fn leaving_max(&self) -> Duration {
        LEAVING_MAX.min(LEAVING_INTERVALS * self.interval) + LEAVING_OVERLAP
    }

    /// After how much quiet the election is settled: somebody takes over (`vacancy_max` of the
    /// worst), a better one lets it be for its delay, watches it for an interval and ignores it for
    /// a down interval; in between a router may be Leaving in vain.
    pub(crate) fn settling_max(&self, preemption_delay: Duration, slack: Slack) -> Duration {
        let worst = Priority::new(1);
        self.vacancy_max(worst, slack)
            + preemption_delay
            + self.interval
            + self.down_interval(worst)
            + self.leaving_max()
            + self.overlap_max(slack)
    }
}
