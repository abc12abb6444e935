//! The VIP groups of a cluster, and the times the protocol gives them.

use std::collections::BTreeSet;
use std::time::Duration;

use skep_vip::configuration::{RouterConfiguration, RouterKey, Start};
use skep_vrrp::identity::{Family, Priority, Version, VirtualRouterId};
use skep_vrrp::time::Instant;

use crate::accord::{Wire, are_tied};
use crate::invariants::hand_over::HandOver;
use crate::setup::NodeSetup;

/// How many intervals of silence mean that the Active router is gone (RFC 9568 §6.1).
const DOWN_INTERVALS: u32 = 3;
/// Leaving lasts at most this many intervals.
const LEAVING_INTERVALS: u32 = 4;
/// And never longer than this.
const LEAVING_MAX: Duration = Duration::from_secs(10);
/// How many intervals a leaving router keeps the addresses after it heard its successor.
const OVERLAP_INTERVALS: u32 = 3;
/// But neither shorter nor longer than this.
const OVERLAP: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(500)];
/// How many intervals of their leader two followers wait until one of them yields.
const LEADERS_DECIDE_INTERVALS: u32 = 2;
/// How long a farewell waits for the addresses to be gone.
const FAREWELL_PATIENCE: Duration = Duration::from_millis(1500);
/// What is lost by rounding: version 3 counts hundredths of a second, skews are divided.
pub(crate) const ROUNDING: Duration = Duration::from_micros(10);

/// The virtual routers of one group and family, all over the cluster.
#[derive(Debug)]
pub(crate) struct Group {
    /// Its first name.
    pub(crate) key: RouterKey,
    /// Every name that it ever has, one after the other.
    names: Vec<RouterKey>,
    /// One of its routers, under its last name.
    router: RouterConfiguration,
    pub(crate) segment: usize,
    /// The group whose router decides for this one's, by index; itself where it decides alone.
    pub(crate) leader: usize,
    /// The node that said last that it gives the addresses up, and as what, while nobody claims
    /// them and nothing else happens.
    pub(crate) released: Option<(usize, Wire)>,
    /// The last hand-over, while nothing else happens.
    pub(crate) handed_over: Option<HandOver>,
    /// Who claimed or kept the addresses last, and when; and when somebody else did.
    claimed: Option<(usize, Instant)>,
    claimed_by_another: Instant,
    /// Every id that any of its routers ever has.
    ids: BTreeSet<VirtualRouterId>,
    /// The longest and the shortest interval that any of them ever has, and the longest time that
    /// priorities divide: who was told another one may still wait with the one before.
    pub(crate) longest: Duration,
    shortest: Duration,
    skew_unit: Duration,
    start: Start,
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

/// RFC 9568 §6.1 and RFC 3768 §6.1: the time of which a priority is a part.
fn skew_unit(version: Version, interval: Duration) -> Duration {
    match version {
        Version::V2 => Duration::from_secs(1),
        Version::V3 => interval,
    }
}

/// How long a router with this interval may be Leaving.
pub(crate) fn leaving_max(interval: Duration) -> Duration {
    LEAVING_MAX.min(LEAVING_INTERVALS * interval) + leaving_overlap(interval)
}

/// How long a leaving router with this interval keeps the addresses after it heard its successor.
pub(crate) fn leaving_overlap(interval: Duration) -> Duration {
    let [shortest, longest] = OVERLAP;
    (OVERLAP_INTERVALS * interval).clamp(shortest, longest)
}

/// Finds out which group decides for each: of those that move together the first by its last name.
pub(crate) fn appoint_leaders(groups: &mut [Group]) {
    let leader = |of: &Group| {
        let tied = groups.iter().enumerate();
        let tied = tied.filter(|(_, other)| are_tied(&of.router, &other.router));
        let first =
            tied.min_by_key(|(_, other)| (other.router.follows.is_some(), &other.router.key));
        first.map_or(0, |(at, _)| at)
    };
    let leaders: Vec<usize> = groups.iter().map(leader).collect();
    for (group, leader) in groups.iter_mut().zip(leaders) {
        group.leader = leader;
    }
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
        appoint_leaders(&mut groups);
        groups
    }

    fn new(router: &RouterConfiguration, segment: usize) -> Self {
        Self {
            key: router.key.clone(),
            names: Vec::new(),
            router: router.clone(),
            segment,
            leader: 0,
            released: None,
            handed_over: None,
            claimed: None,
            claimed_by_another: Instant::default(),
            ids: BTreeSet::new(),
            longest: router.advertisement_interval,
            shortest: router.advertisement_interval,
            skew_unit: skew_unit(router.version, router.advertisement_interval),
            start: router.start,
        }
    }

    /// A node said that it has the addresses, or with priority 0 that it gives them up. That counts
    /// only when no claim of another one is under way.
    pub(crate) fn note_sent(
        &mut self,
        node: usize,
        (wire, priority): (Wire, u8),
        now: Instant,
        latency: Duration,
    ) {
        let another = match self.claimed {
            Some((last, at)) if last != node => at,
            Some(_) | None => self.claimed_by_another,
        };
        if priority == 0 {
            self.released = (another + latency < now).then_some((node, wire));
            return;
        }
        self.claimed_by_another = another;
        self.claimed = Some((node, now));
        self.released = None;
    }

    /// A router of it is told to be this.
    pub(crate) fn learn(&mut self, router: &RouterConfiguration) {
        if !self.is_called(&router.key) {
            self.names.push(router.key.clone());
            self.router.key = router.key.clone();
        }
        self.ids.insert(router.virtual_router_id);
        let interval = router.advertisement_interval;
        self.longest = self.longest.max(interval);
        self.shortest = self.shortest.min(interval);
        self.skew_unit = self.skew_unit.max(skew_unit(router.version, interval));
    }

    /// Whether this is its name, or was.
    pub(crate) fn is_called(&self, key: &RouterKey) -> bool {
        self.names.contains(key)
    }

    /// Whether it got the one name before the other.
    pub(crate) fn is_renamed(&self, from: &RouterKey, to: &RouterKey) -> bool {
        let at = |key| self.names.iter().position(|name| name == key);
        at(from) < at(to)
    }

    /// Whether an advertisement on a segment, from a source of this family, is one of its own.
    pub(crate) fn says(&self, segment: usize, family: Family, id: VirtualRouterId) -> bool {
        self.segment == segment && self.key.family == family && self.ids.contains(&id)
    }

    fn skew(&self, priority: Priority) -> Duration {
        self.skew_unit * (256 - u32::from(priority.number())) / 256
    }

    /// How long a Backup with this priority waits in silence at most.
    pub(crate) fn down_interval(&self, priority: Priority) -> Duration {
        DOWN_INTERVALS * self.longest + self.skew(priority)
    }

    /// How long a Backup that speaks this version waits in silence at least.
    pub(crate) fn least_silence(&self, version: Version, priority: Priority) -> Duration {
        let rank = 256 - u32::from(priority.number());
        DOWN_INTERVALS * self.shortest + skew_unit(version, self.shortest) * rank / 256
    }

    /// How long a router may stay out of the election after it could take part.
    fn start_max(&self) -> Duration {
        let listening = if self.start.listen_first { 2 } else { 0 };
        self.start.delay + listening * self.down_interval(Priority::new(1))
    }

    /// How long nobody may hold the addresses although a router of this priority can: it hears the
    /// last advertisement, waits in silence, and its hand puts the addresses in place.
    pub(crate) fn vacancy_max(&self, best: Priority, slack: Slack) -> Duration {
        // The farewell of a router that has left is an advertisement like any other: those who do
        // not preempt, or not yet, have to take its sender for the Active router (RFC 9568 §6.4.2)
        // and wait anew. It is said when the leaver's addresses are gone, so a hand that is slow
        // says it late; if its successor is gone by then, that adds to the silence.
        let farewell =
            leaving_overlap(self.longest) + slack.leaver.min(FAREWELL_PATIENCE) + slack.latency;
        self.start_max()
            + self.down_interval(best)
            + farewell
            + slack.latency
            + slack.hand
            + ROUNDING
    }

    /// The same when all heard that the Active router gives up.
    pub(crate) fn succession_max(&self, best: Priority, slack: Slack) -> Duration {
        self.start_max() + self.skew(best) + slack.latency + slack.hand + ROUNDING
    }

    /// How long two that hear each other may hold an address: the better one advertises within an
    /// interval, the other lets go on hearing it, or on hearing it again after it contradicted, and
    /// after the overlap of a hand-over.
    pub(crate) fn overlap_max(&self, slack: Slack) -> Duration {
        self.longest + 3 * slack.latency + leaving_overlap(self.longest) + 2 * slack.hand + ROUNDING
    }

    /// How long routers that follow this one let each other be where their leaders may disagree.
    pub(crate) fn forbearance(&self) -> Duration {
        LEADERS_DECIDE_INTERVALS * self.longest
    }

    /// How long a router may be Leaving.
    pub(crate) fn leaving_max(&self) -> Duration {
        leaving_max(self.longest)
    }

    /// After how much quiet the election is settled: somebody takes over (`vacancy_max` of the
    /// worst), a better one lets it be for its delay, watches it for an interval and ignores it for
    /// a down interval; in between a router may be Leaving in vain.
    pub(crate) fn settling_max(&self, preemption_delay: Duration, slack: Slack) -> Duration {
        let worst = Priority::new(1);
        self.vacancy_max(worst, slack)
            + preemption_delay
            + self.longest
            + self.down_interval(worst)
            + self.leaving_max()
            + self.overlap_max(slack)
    }
}
