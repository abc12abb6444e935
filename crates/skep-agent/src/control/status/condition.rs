//! How well the agent and its groups do.

mod degraded;
mod rotation;
mod trust;

pub(super) use degraded::of_foreign;
pub(super) use trust::of_lost_key;

use std::time::SystemTime;

use skep_api::status::Holder;
use skep_manifest::condition::{Condition, ConditionStatus, ConditionType, Reason};
use skep_plan::configure::ConfigureError;
use skep_probe::notify::record::Record;
use skep_vip::message::{self, State};
use skep_vrrp::time::Instant;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::control::cluster::{Cluster, WentBack};
use crate::control::desired::{Accepted, DesiredState};
use crate::control::status::observed::{Known, Observed};
use crate::control::status::router::because;
use crate::control::unkept::Unkept;

/// Whether the agent runs what its source says.
pub(super) fn of_agent(
    state: &DesiredState,
    observed: &Observed,
    cluster: Option<&Cluster>,
    now: Instant,
) -> Vec<Condition> {
    let generation = state.accepted().map_or(0, |accepted| accepted.generation);
    let ready = |status, reason, message: &str, since| Condition {
        condition_type: ConditionType::Ready,
        status,
        reason,
        message: message.to_owned(),
        last_transition_time: wall_time(since, now),
        observed_generation: generation,
    };
    let (no, yes) = (ConditionStatus::False, ConditionStatus::True);
    let condition = match (state.accepted(), state.rejected()) {
        (_, Some(rejected)) => ready(
            no,
            Reason::InvalidManifest,
            "what the source holds is refused",
            rejected.at,
        ),
        (None, None) => ready(no, Reason::InProgress, "nothing was read yet", now),
        (Some(_), None) if !observed.is_data_plane_alive(now) => ready(
            no,
            Reason::DataPlaneSilent,
            "the vip process does not answer",
            now,
        ),
        (Some(accepted), None) if accepted.node.is_none() => {
            let message = not_a_member(state);
            ready(no, Reason::NotAMember, &message, accepted.at)
        }
        (Some(accepted), None) => ready(
            yes,
            Reason::AsDeclared,
            "it runs what is declared",
            accepted.at,
        ),
    };
    let mut conditions = vec![condition];
    conditions.extend(degraded::of_data_plane(observed, generation, now));
    conditions.extend(trust::of_name(state, now));
    conditions.extend(trust::of_certificate(cluster, state.accepted(), now));
    conditions.extend(rotation::of_keys(cluster, observed, state.accepted(), now));
    let went_back = cluster.and_then(Cluster::went_back);
    conditions.extend(went_back.map(|went_back| of_store(went_back, generation, now)));
    conditions
}

/// That nothing can be changed because the swarm keeps something older than what runs.
fn of_store(went_back: &WentBack, generation: u64, now: Instant) -> Condition {
    Condition {
        condition_type: ConditionType::Stalled,
        status: ConditionStatus::True,
        reason: Reason::StoreWentBack,
        message: format!(
            "{}: what runs goes on and nothing is changed (`skep confirm {generation}` lets the \
             swarm keep what runs)",
            went_back.message
        ),
        last_transition_time: wall_time(went_back.since, now),
        observed_generation: generation,
    }
}

/// That a restart would begin with something older than what runs.
pub(super) fn of_disk(unkept: &Unkept, generation: u64, now: Instant) -> Condition {
    Condition {
        condition_type: ConditionType::Degraded,
        status: ConditionStatus::True,
        reason: Reason::StateNotKept,
        message: format!(
            "{}: what runs goes on, and a restart may begin with what was before (it is tried \
             every second)",
            unkept.message
        ),
        last_transition_time: wall_time(unkept.since, now),
        observed_generation: generation,
    }
}

fn not_a_member(state: &DesiredState) -> String {
    let name = state
        .node()
        .map_or_else(|| "this host".to_owned(), |node| format!("`{node}`"));
    format!("no group has {name} as a member: add it, or start the agent with --node NAME")
}

/// Whether the group has a living holder and this node does its part.
pub(super) fn of_group(
    is_member: bool,
    (routers, observed): (&[Known<'_>], &Observed),
    active: Option<&Holder>,
    accepted: &Accepted,
    now: Instant,
) -> Vec<Condition> {
    let since = routers
        .iter()
        .map(|known| known.report.since)
        .max()
        .unwrap_or(accepted.at);
    let fault = routers
        .iter()
        .find(|known| known.report.state == State::Fault);
    let (status, reason, message) = match (fault, active) {
        (Some(fault), _) => {
            let message = format!("this node takes no part: {}", because(&fault.report.reason));
            (
                ConditionStatus::False,
                fault_reason(&fault.report.reason),
                message,
            )
        }
        (None, Some(_)) => (
            ConditionStatus::True,
            Reason::AsDeclared,
            "the addresses are held".to_owned(),
        ),
        (None, None) if is_member => (
            ConditionStatus::False,
            Reason::NoActive,
            "no holder is known yet".to_owned(),
        ),
        (None, None) => {
            let message = "this node is no member and does not hear the group".to_owned();
            (ConditionStatus::Unknown, Reason::NotAMember, message)
        }
    };
    let mut conditions = vec![Condition {
        condition_type: ConditionType::Ready,
        status,
        reason,
        message,
        last_transition_time: wall_time(since, now),
        observed_generation: accepted.generation,
    }];
    let contested = degraded::of_group(routers, observed, accepted.generation, now);
    conditions.extend(contested);
    conditions
}

/// Why this node takes no part in a group of which it is a member.
pub(super) fn of_refused(refused: &ConfigureError, accepted: &Accepted, now: Instant) -> Condition {
    Condition {
        condition_type: ConditionType::Ready,
        status: ConditionStatus::False,
        reason: refused.missing.reason(),
        message: format!("this node takes no part: {}", refused.missing),
        last_transition_time: wall_time(accepted.at, now),
        observed_generation: accepted.generation,
    }
}

/// Whether everybody who wants to know about the group can be told; nothing where that is so.
pub(super) fn of_notifications(
    records: &[Record],
    accepted: &Accepted,
    now: Instant,
) -> Option<Condition> {
    let failing = records.iter().find(|record| record.keeps_failing())?;
    let trouble = failing.trouble.as_ref()?;
    let since = now.since_boot().saturating_sub(trouble.since.elapsed());
    Some(Condition {
        condition_type: ConditionType::Degraded,
        status: ConditionStatus::True,
        reason: Reason::NotificationsFailing,
        message: format!("notifier {} fails: {}", failing.notifier, trouble.error),
        last_transition_time: wall_time(Instant::from_boot(since), now),
        observed_generation: accepted.generation,
    })
}

const fn fault_reason(reason: &message::Reason) -> Reason {
    match reason {
        message::Reason::InputFailing { .. } | message::Reason::SyncGroup { .. } => {
            Reason::InputFailing
        }
        message::Reason::InterfaceDown { .. }
        | message::Reason::InterfaceMissing { .. }
        | message::Reason::NoSourceAddress { .. } => Reason::InterfaceDown,
        message::Reason::SocketRefused { .. } | message::Reason::SettingRefused { .. } => {
            Reason::Refused
        }
        message::Reason::Started
        | message::Reason::Owner
        | message::Reason::Silence
        | message::Reason::Released
        | message::Reason::Preempted
        | message::Reason::OutRanked { .. }
        | message::Reason::Overslept { .. }
        | message::Reason::Adopted
        | message::Reason::Recovered
        | message::Reason::Stopped
        | message::Reason::Removed
        | message::Reason::Moved
        | message::Reason::Lowered { .. }
        | message::Reason::HandedOver { .. }
        | message::Reason::NoSuccessor => Reason::InProgress,
    }
}

/// `then` on the wall clock, for people.
pub(in crate::control) fn wall_time(then: Instant, now: Instant) -> String {
    let wall = SystemTime::now() - now.saturating_duration_since(then);
    OffsetDateTime::from(wall)
        .format(&Rfc3339)
        .unwrap_or_default()
}

/// The same to the millisecond and always as long, so that texts sort by time.
pub(in crate::control) fn wall_milliseconds(then: Instant, now: Instant) -> String {
    let wall = SystemTime::now() - now.saturating_duration_since(then);
    let wall = OffsetDateTime::from(wall);
    let (date, time) = (wall.date(), wall.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    )
}
