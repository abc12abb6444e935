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

/// The anomalies of one virtual router.
#[derive(Debug)]
pub(crate) struct Sensing {
    anomalies: Vec<Anomaly>,
    memory: Duration,
}

impl Sensing {
    /// For a router with this interval.
    pub(crate) fn new(interval: Duration) -> Self {
        Self {
            anomalies: Vec::with_capacity(REMEMBERED),
            memory: memory(interval),
        }
    }

    /// The router has this interval from now on.
    pub(crate) fn set_interval(&mut self, interval: Duration) {
        self.memory = memory(interval);
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
        // Claims that are further apart are of as many hand-overs: a rival goes on.
        let apart = interval * INTERVALS;
        self.anomalies.retain(|known| {
            let is_claim = known.from == from && matches!(known.kind, AnomalyKind::Rival(_));
            !is_claim || known.count >= RIVAL_FROM || now <= known.last + apart
        });
        self.note(from, AnomalyKind::Rival(priority), now);
    }

    /// What goes on, each until a moment of its own.
    pub(crate) fn report(&self) -> Vec<Anomaly> {
        let is_telling = |anomaly: &&Anomaly| match anomaly.kind {
            AnomalyKind::Rival(_) => anomaly.count >= RIVAL_FROM,
            AnomalyKind::Foreign
            | AnomalyKind::Interval(_)
            | AnomalyKind::Version(_)
            | AnomalyKind::AuthenticationType
            | AnomalyKind::Password
            | AnomalyKind::Unproven(_)
            | AnomalyKind::Addresses
            | AnomalyKind::Checksum
            | AnomalyKind::OwnAddress
            | AnomalyKind::HopLimit(_)
            | AnomalyKind::Damaged => true,
        };
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
