//! Groups of which this node never heard another member.
//!
//! Backups are silent, so an Active router that hears nobody proves nothing by itself: whether the
//! others hear it is for their agents to say, and without them nobody can tell.

use std::time::Duration;

use skep_api::status::{RouterStatus, VipGroupStatus};
use skep_manifest::condition::{Condition, ConditionStatus, ConditionType, Reason};
use skep_vip::message::{Counters, RouterReport, State};
use skep_vrrp::time::Instant;

use crate::control::desired::Accepted;
use crate::control::status::condition::wall_time;
use crate::control::status::observed::DOWN_INTERVALS;
use crate::control::status::{Knowledge, cluster, router};

/// Three missing advertisements make a Backup take over; this many are no bad luck.
const INTERVALS: u32 = 10;
/// So that members that start one after the other find each other in time.
const SHORTEST: Duration = Duration::from_secs(10);

const REMEDIES: &str = "look whether another member runs, whether its firewall and this node's let \
                        IP protocol 112 in, and whether the switch passes multicast (IGMP snooping \
                        without a querier does not); else use `transport.unicast`";

/// Adds a condition when a router of `group`, which has other members, never heard one of them.
pub(super) fn judge(
    group: &mut VipGroupStatus,
    accepted: &Accepted,
    known: &Knowledge<'_>,
    now: Instant,
) {
    if group.members.len() < 2 {
        return;
    }
    let of_group = |report: &&RouterReport| report.key.group == group.name;
    let found = known
        .observed
        .routers()
        .filter(of_group)
        .find_map(|report| {
            let mut routers = accepted.routers.iter();
            let configured = routers.find(|router| router.key == report.key)?;
            let patience = SHORTEST.max(configured.advertisement_interval * INTERVALS);
            let since = unheard_since(report)?;
            if now.saturating_duration_since(since) < patience {
                return None;
            }
            let others = cluster::routers_by_peers(known, report, now);
            let (status, message) = verdict(report.state, echo(report, &others, patience))?;
            Some((status, message, since))
        });
    group
        .conditions
        .extend(found.map(|(status, message, since)| Condition {
            condition_type: ConditionType::Degraded,
            status,
            reason: Reason::NothingHeard,
            message: format!("{message}: {REMEDIES}"),
            last_transition_time: wall_time(since, now),
            observed_generation: accepted.generation,
        }));
}

/// Since when a router takes part for which nothing ever arrived.
fn unheard_since(report: &RouterReport) -> Option<Instant> {
    if report.state == State::Fault || report.heard.is_some() || hears(&report.counters) {
        return None;
    }
    let transitions = report.transitions.iter().rev();
    let takes_part = transitions.take_while(|transition| transition.to != State::Fault);
    takes_part.last().map(|transition| transition.at)
}

/// Whether anything arrived, be it of use or not: then packets do pass.
const fn hears(counters: &Counters) -> bool {
    counters.received
        + counters.discarded_checksum
        + counters.discarded_malformed
        + counters.discarded_ttl
        + counters.discarded_version
        + counters.discarded_authentication
        + counters.discarded_interval
        + counters.discarded_transport
        + counters.unproven_no_trailer
        + counters.unproven_unknown_key
        + counters.unproven_wrong_code
        + counters.unproven_stale
        + counters.unproven_replayed
        > 0
}

/// What the agents of the other members say they hear of this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Echo {
    /// One of them hears it.
    Heard,
    /// Those that have long taken part do not hear it.
    Unheard,
    /// None of them says anything.
    Unknown,
}

/// What `others`, the routers of the same group elsewhere, hear of the one of `report`.
fn echo(report: &RouterReport, others: &[&RouterStatus], patience: Duration) -> Echo {
    let hears = |other: &&&RouterStatus| {
        other.heard.as_ref().is_some_and(|heard| {
            let fresh_ms = heard.interval_ms * u64::from(DOWN_INTERVALS) + cluster::FRESH_MS;
            Some(heard.from) == report.source && heard.age_ms < fresh_ms
        })
    };
    let has_had_time = |other: &&&RouterStatus| {
        !router::is_fault(other) && u128::from(other.since_ms) >= patience.as_millis()
    };
    if others.iter().any(|other| hears(&other)) {
        Echo::Heard
    } else if others.iter().any(|other| has_had_time(&other)) {
        Echo::Unheard
    } else {
        Echo::Unknown
    }
}

/// What it means that a router in `state` never heard anybody.
const fn verdict(state: State, echo: Echo) -> Option<(ConditionStatus, &'static str)> {
    match (state, echo) {
        (State::Fault, _) | (State::Active | State::Leaving, Echo::Heard) => None,
        (State::Backup, _) => Some((
            ConditionStatus::True,
            "this node stands by and has never heard another member",
        )),
        (State::Active | State::Leaving, Echo::Unheard) => Some((
            ConditionStatus::True,
            "this node has never heard another member, and those whose agents answer do not hear it",
        )),
        (State::Active | State::Leaving, Echo::Unknown) => Some((
            ConditionStatus::Unknown,
            "this node advertises and has never heard another member, which is as it should be \
             only while the others hear it; if another one is Active too",
        )),
    }
}

#[cfg(test)]
mod tests;
