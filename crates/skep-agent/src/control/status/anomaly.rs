//! What virtual routers hear that does not fit, in words and as conditions.

use skep_api::status::{AnomalyStatus, VipGroupStatus};
use skep_manifest::condition::{Condition, ConditionStatus, ConditionType, Reason};
use skep_vip::message::{Anomaly, AnomalyKind, RouterReport};
use skep_vrrp::identity::Version;
use skep_vrrp::time::Instant;
use skep_vrrp::trailer::Unproven;

use crate::control::desired::Accepted;
use crate::control::status::cluster::OtherHolder;
use crate::control::status::condition::wall_time;
use crate::control::status::{Knowledge, age_ms, cluster};

/// Two nodes may say that they hold a group while it moves and their reports are on their way.
const SETTLED_MS: u64 = 3_000;

/// What goes on at this virtual router.
pub(super) fn status(report: &RouterReport, now: Instant) -> Vec<AnomalyStatus> {
    let goes_on = report
        .anomalies
        .iter()
        .filter(|anomaly| anomaly.until > now);
    let status = |anomaly: &Anomaly| AnomalyStatus {
        from: anomaly.from,
        reason: reason(anomaly.kind),
        message: sentence(anomaly, report),
        count: anomaly.count,
        since_ms: age_ms(anomaly.first, now),
        last_ms: age_ms(anomaly.last, now),
    };
    goes_on.map(status).collect()
}

/// Adds a condition for each kind of thing that does not fit in `group`.
pub(super) fn judge(
    group: &mut VipGroupStatus,
    accepted: &Accepted,
    known: &Knowledge<'_>,
    now: Instant,
) {
    let mut found: Vec<(Reason, String, u64)> = Vec::new();
    if let Some((message, since_ms)) = second_holder(group, known, now) {
        found.push((Reason::TwoActive, message, since_ms));
    }
    for anomaly in group.routers.iter().flat_map(|router| &router.anomalies) {
        let same = found
            .iter_mut()
            .find(|(reason, ..)| *reason == anomaly.reason);
        match same {
            Some((_, message, since_ms)) => {
                message.push_str("; ");
                message.push_str(&anomaly.message);
                *since_ms = anomaly.since_ms.max(*since_ms);
            }
            None => found.push((anomaly.reason, anomaly.message.clone(), anomaly.since_ms)),
        }
    }
    let degraded = |(reason, message, since_ms)| Condition {
        condition_type: ConditionType::Degraded,
        status: ConditionStatus::True,
        reason,
        message,
        last_transition_time: wall_time(before(now, since_ms), now),
        observed_generation: accepted.generation,
    };
    group.conditions.extend(found.into_iter().map(degraded));
}

/// Whether another node says that it holds what this one holds, and since when both do.
fn second_holder(
    group: &VipGroupStatus,
    known: &Knowledge<'_>,
    now: Instant,
) -> Option<(String, u64)> {
    let mut routers = group.routers.iter();
    let ours = routers.find(|router| !router.holding.is_empty())?;
    let others = cluster::holders_by_peers(known, known.cluster?, &group.name, now);
    let other = others
        .into_iter()
        .find(|other| both_held_ms(ours.since_ms, other) >= SETTLED_MS)?;
    let OtherHolder { node, since_ms, .. } = other;
    let deaf = if ours.heard.is_none() {
        "; this node has heard nobody since it started: does the network pass VRRP, IP protocol \
         112, between them?"
    } else {
        ""
    };
    let message = format!("{node} holds the addresses too, as its agent says{deaf}");
    Some((message, since_ms.min(ours.since_ms)))
}

/// For how long both are known to have held the addresses at the same time: what the other one said
/// says nothing of the time since.
fn both_held_ms(ours_ms: u64, other: &OtherHolder) -> u64 {
    other.since_ms.min(ours_ms.saturating_sub(other.age_ms))
}

fn before(now: Instant, milliseconds: u64) -> Instant {
    let since_boot = now.since_boot();
    Instant::from_boot(since_boot.saturating_sub(std::time::Duration::from_millis(milliseconds)))
}

const fn reason(kind: AnomalyKind) -> Reason {
    match kind {
        AnomalyKind::Foreign => Reason::ForeignAdvertisements,
        AnomalyKind::Interval(_) => Reason::IntervalMismatch,
        AnomalyKind::Version(_) => Reason::VersionMismatch,
        AnomalyKind::AuthenticationType | AnomalyKind::Password | AnomalyKind::Unproven(_) => {
            Reason::AuthenticationMismatch
        }
        AnomalyKind::Addresses => Reason::AddressesMismatch,
        AnomalyKind::Checksum => Reason::ChecksumMismatch,
        AnomalyKind::OwnAddress => Reason::OwnAddressHeard,
        AnomalyKind::HopLimit(_) | AnomalyKind::Damaged => Reason::DamagedAdvertisements,
        AnomalyKind::Rival(_) => Reason::TwoActive,
    }
}

/// What happens, whose fault that may be, and what it does.
fn sentence(anomaly: &Anomaly, report: &RouterReport) -> String {
    let Anomaly { from, kind, .. } = anomaly;
    let id = report.virtual_router_id;
    match kind {
        AnomalyKind::Foreign => format!(
            "{from} uses virtual router id {id} and is no member's address: choose another id, or \
             give the member its `address`"
        ),
        AnomalyKind::Interval(theirs) => format!("{from} advertises every {theirs:?}"),
        AnomalyKind::Version(Version::V2) => format!("{from} speaks version 2, which is ignored"),
        AnomalyKind::Version(Version::V3) => format!("{from} speaks version 3, which is ignored"),
        AnomalyKind::AuthenticationType => {
            format!("{from} authenticates in another way and is ignored")
        }
        AnomalyKind::Password => format!("{from} has another password and is ignored"),
        AnomalyKind::Unproven(unproven) => format!("{from} {}", unproven_words(*unproven)),
        AnomalyKind::Addresses => format!("{from} advertises other addresses"),
        AnomalyKind::Checksum => format!(
            "{from} computes its checksums in another way: set `checksum.pseudoHeader` as it does"
        ),
        AnomalyKind::OwnAddress => format!(
            "somebody else advertises from this node's own address {from}, or the network sends \
             its packets back"
        ),
        AnomalyKind::HopLimit(hop_limit) => format!(
            "packets from {from} have TTL {hop_limit} instead of 255: they come from another \
             network and are ignored"
        ),
        AnomalyKind::Damaged => format!("what {from} sends is no advertisement and is ignored"),
        AnomalyKind::Rival(priority) => {
            format!("{from} advertises too, with priority {priority}: two hold the addresses")
        }
    }
}

const fn unproven_words(unproven: Unproven) -> &'static str {
    match unproven {
        Unproven::NoTrailer => "does not sign its advertisements",
        Unproven::UnknownKey(_) => "signs with a key that this node does not have",
        Unproven::WrongCode => "signs with another key of the same id",
        Unproven::Stale => {
            "signs with a time that is too old: set the clocks of both nodes, or `replay: monotonic`"
        }
        Unproven::Replayed => "repeats what was said before: somebody may replay advertisements",
    }
}

#[cfg(test)]
mod tests;
