//! What is wrong with what is fed to the cluster.

use skep_manifest::condition::{Condition, ConditionStatus, ConditionType, Reason};
use skep_vrrp::time::Instant;

use crate::control::status::{Knowledge, wall_time};
use crate::control::watched::{Awaited, Complaint};

/// Why what is watched, or what somebody applied here, does not count.
pub(in crate::control) fn feeding(known: &Knowledge<'_>, now: Instant) -> Vec<Condition> {
    let Some(cluster) = known.cluster else {
        return Vec::new();
    };
    let generation = cluster.number();
    let condition = |reason, message: String, since| Condition {
        condition_type: match reason {
            Reason::AwaitsConfirmation => ConditionType::Stalled,
            Reason::InProgress => ConditionType::Reconciling,
            _ => ConditionType::Degraded,
        },
        status: ConditionStatus::True,
        reason,
        message,
        last_transition_time: wall_time(since, now),
        observed_generation: generation,
    };
    let complaining = known.watched.into_iter();
    let complaining = complaining.filter_map(|it| Some((it, it.complaint()?)));
    let watched = complaining.map(|(watched, complaint)| {
        let Complaint {
            reason,
            message,
            since,
        } = complaint;
        let remedy = watched.remedy(complaint, generation + 1);
        condition(*reason, format!("{message} ({remedy})"), *since)
    });
    let is_next = |awaited: &&Awaited| awaited.generation == generation + 1;
    let applied = known.awaited.filter(is_next).map(|awaited| {
        let Awaited {
            generation: next,
            message,
            since,
            ..
        } = awaited;
        let message = format!("{message} (`skep confirm {next}` lets it)");
        condition(Reason::AwaitsConfirmation, message, *since)
    });
    watched.chain(applied).collect()
}

/// The same of other nodes, as their agents say.
pub(super) fn of_peers(known: &Knowledge<'_>, now: Instant) -> Vec<Condition> {
    let told = known.cluster.into_iter();
    let told = told.flat_map(|cluster| cluster.feeding_of_peers(now));
    told.map(|(node, condition)| Condition {
        message: format!("{node}: {}", condition.message),
        ..condition.clone()
    })
    .collect()
}
