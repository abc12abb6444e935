//! What a virtual router hears that does not fit: who else uses its id, who is configured in
//! another way, who claims what it holds.

use std::mem::discriminant;
use std::net::IpAddr;
use std::time::Duration;

use skep_vrrp::admission::Rejection;
use skep_vrrp::dialect::{Checksum, Dialect};
use skep_vrrp::identity::Priority;
use skep_vrrp::packet::{Advertisement, Discard};
use skep_vrrp::time::Instant;
use skep_vrrp::virtual_router::overlap;

use crate::message::{Anomaly, AnomalyKind};

/// How many anomalies a router remembers: eight senders with two each. Whoever forges senders
/// makes it forget the oldest, and nothing grows.
const REMEMBERED: usize = 16;
/// What was not repeated for this many intervals is over.
const INTERVALS: u32 = 4;
/// So that a person has a chance to see it at the fastest intervals.
const SHORTEST_MEMORY: Duration = Duration::from_secs(10);
/// Every hand-over lets two routers be heard, and a claim that comes once is one that ends.
const RIVAL_FROM: u64 = 3;
/// Claims that are more intervals apart are of as many hand-overs: a rival goes on.
const RIVAL_INTERVALS: u32 = 3;

/// The anomalies of one virtual router.
#[derive(Debug)]
pub(crate) struct Sensing {
    anomalies: Vec<Anomaly>,
    memory: Duration,
    /// Claims that go on for longer are of rivals.
    hand_overs: Duration,
}

impl Sensing {
    /// For a router with this interval.
    pub(crate) fn new(interval: Duration) -> Self {
        Self {
            anomalies: Vec::with_capacity(REMEMBERED),
            memory: memory(interval),
            hand_overs: hand_overs(interval),
        }
    }

    /// The router has this interval from now on.
    pub(crate) fn set_interval(&mut self, interval: Duration) {
        self.memory = memory(interval);
        self.hand_overs = hand_overs(interval);
    }

    /// `from` did this at `now`.
    pub(crate) fn note(&mut self, from: IpAddr, kind: AnomalyKind, now: Instant) {
        let until = now + self.memory;
        let is_same = |known: &Anomaly| {
            known.from == from && discriminant(&known.kind) == discriminant(&kind)
        };
        match self.anomalies.iter_mut().find(|known| is_same(known)) {
            Some(known) if known.until > now => {
                known.kind = kind;
                known.count += 1;
                known.last = now;
                known.until = until;
            }
            found => {
                let anomaly = Anomaly {
                    from,
                    kind,
                    count: 1,
                    first: now,
                    last: now,
                    until,
                };
                match found {
                    Some(over) => *over = anomaly,
                    None => self.add(anomaly),
                }
            }
        }
    }

    /// `from` claims with `priority` what somebody else holds, and advertises every `interval`.
    pub(crate) fn note_claim(
        &mut self,
        (from, priority): (IpAddr, Priority),
        interval: Duration,
        now: Instant,
    ) {
        let apart = interval * RIVAL_INTERVALS;
        let hand_overs = self.hand_overs;
        self.anomalies.retain(|known| {
            known.from != from || !is_passing(known, hand_overs) || now <= known.last + apart
        });
        self.note(from, AnomalyKind::Rival(priority), now);
    }

    /// Somebody left: what was claimed beside it was a hand-over.
    pub(crate) fn note_release(&mut self) {
        let hand_overs = self.hand_overs;
        self.anomalies
            .retain(|known| !is_passing(known, hand_overs));
    }

    /// What goes on, each until a moment of its own.
    pub(crate) fn report(&self) -> Vec<Anomaly> {
        let is_telling = |known: &&Anomaly| !is_passing(known, self.hand_overs);
        self.anomalies.iter().filter(is_telling).cloned().collect()
    }

    fn add(&mut self, anomaly: Anomaly) {
        if self.anomalies.len() < REMEMBERED {
            self.anomalies.push(anomaly);
            return;
        }
        let oldest = self.anomalies.iter_mut().min_by_key(|known| known.last);
        if let Some(oldest) = oldest {
            *oldest = anomaly;
        }
    }
}

/// Whether this is a claim that may be of hand-overs, which are done within `hand_overs`.
fn is_passing(known: &Anomaly, hand_overs: Duration) -> bool {
    let goes_on = known.last.saturating_duration_since(known.first) > hand_overs;
    matches!(known.kind, AnomalyKind::Rival(_)) && (known.count < RIVAL_FROM || !goes_on)
}

/// How long the claims of one router go on that gives the addresses away and takes them back.
fn hand_overs(interval: Duration) -> Duration {
    interval * RIVAL_INTERVALS + overlap(interval)
}

fn memory(interval: Duration) -> Duration {
    SHORTEST_MEMORY.max(interval * INTERVALS)
}

/// What a packet that is no advertisement is a sign of.
pub(crate) const fn of_discard(discard: &Discard) -> AnomalyKind {
    match discard {
        Discard::HopLimit(hop_limit) => AnomalyKind::HopLimit(*hop_limit),
        Discard::AuthenticationType(_) => AnomalyKind::AuthenticationType,
        Discard::TooShort { .. }
        | Discard::Version(_)
        | Discard::Type(_)
        | Discard::VirtualRouterIdZero
        | Discard::NoAddresses
        | Discard::IntervalZero
        | Discard::Checksum => AnomalyKind::Damaged,
    }
}

/// What an advertisement that does not count is a sign of.
pub(crate) const fn of_rejection(rejection: &Rejection) -> AnomalyKind {
    match rejection {
        Rejection::OwnAddress(_) => AnomalyKind::OwnAddress,
        Rejection::Version(version) => AnomalyKind::Version(*version),
        Rejection::AuthenticationType => AnomalyKind::AuthenticationType,
        Rejection::Password => AnomalyKind::Password,
        Rejection::Interval(interval) => AnomalyKind::Interval(*interval),
        Rejection::Unproven(unproven) => AnomalyKind::Unproven(*unproven),
        Rejection::VirtualRouterId(_) => AnomalyKind::Damaged,
    }
}

/// In what an advertisement that counts differs from what this router would say.
pub(crate) fn differences(
    heard: &Advertisement<'_>,
    ours: &Advertisement<'_>,
) -> [Option<AnomalyKind>; 3] {
    let interval = heard.dialect.interval();
    let checksums = (checksum(heard.dialect), checksum(ours.dialect));
    [
        (interval != ours.dialect.interval()).then_some(AnomalyKind::Interval(interval)),
        (!ours.addresses.same_set(heard.addresses)).then_some(AnomalyKind::Addresses),
        (checksums.0 != checksums.1).then_some(AnomalyKind::Checksum),
    ]
}

const fn checksum(dialect: Dialect) -> Option<Checksum> {
    match dialect {
        Dialect::V2 { .. } => None,
        Dialect::V3 { checksum, .. } => Some(checksum),
    }
}
