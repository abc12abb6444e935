//! How far the exchange of the cluster's key is, and who holds it up.

use skep_manifest::condition::{Condition, ConditionStatus, ConditionType, Reason};
use skep_plan::rotation::{Holdup, Next, STEPS, Why};
use skep_vrrp::time::Instant;

use super::wall_time;
use crate::control::cluster::Cluster;
use crate::control::desired::Accepted;
use crate::control::status::keys_in_force;
use crate::control::status::observed::Observed;

/// What is to be told while the key is exchanged.
pub(super) fn of_keys(
    cluster: Option<&Cluster>,
    observed: &Observed,
    accepted: Option<&Accepted>,
    now: Instant,
) -> Option<Condition> {
    let (cluster, accepted) = (cluster?, accepted?);
    let in_force = keys_in_force(observed, Some(accepted));
    let next = cluster.next_of_keys(accepted, in_force, now)?;
    let (condition_type, message) = told(&next, cluster.trouble_with_keys())?;
    Some(Condition {
        condition_type,
        status: ConditionStatus::True,
        reason: Reason::KeyRotation,
        message,
        last_transition_time: wall_time(now, now),
        observed_generation: accepted.generation,
    })
}

fn told(next: &Next, trouble: Option<&str>) -> Option<(ConditionType, String)> {
    let taken = match next {
        Next::Rest => return None,
        Next::Learn(..) => 0,
        Next::Speak => 1,
        Next::Drop => 2,
        Next::Wait(taken, _) => *taken,
    };
    let far = format!("the cluster's key is exchanged, {taken} of {STEPS} steps are taken here");
    if let Some(trouble) = trouble {
        let message = format!("{far}, and the next one fails: {trouble}");
        return Some((ConditionType::Stalled, message));
    }
    let held_up: &[Holdup] = match next {
        Next::Wait(_, held_up) => held_up,
        Next::Rest | Next::Learn(..) | Next::Speak | Next::Drop => &[],
    };
    if held_up.is_empty() {
        return Some((ConditionType::Reconciling, far));
    }
    let is_stuck = held_up.iter().any(|one| match one.why {
        Why::Behind => false,
        Why::Silent | Why::Certified | Why::Unable | Why::Foreign => true,
    });
    let names: Vec<String> = held_up.iter().map(ToString::to_string).collect();
    let condition_type = if is_stuck {
        ConditionType::Stalled
    } else {
        ConditionType::Reconciling
    };
    let message = format!("{far}; the next one waits: {}", names.join("; "));
    Some((condition_type, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_it_up_is_named_with_a_remedy_and_who_comes_is_no_alarm() {
        let wait = |why| {
            let node = "cube03".parse().expect("a name");
            let held_up = Next::Wait(1, vec![Holdup { node, why }]);
            told(&held_up, None).expect("it is told")
        };
        let (kind, message) = wait(Why::Silent);
        assert_eq!(kind, ConditionType::Stalled);
        assert_eq!(
            message,
            "the cluster's key is exchanged, 1 of 3 steps are taken here; the next one waits: the \
             agent of cube03 does not answer (start it, or take cube03 out of the manifest)"
        );
        assert_eq!(wait(Why::Behind).0, ConditionType::Reconciling);
        let (kind, message) = told(&Next::Drop, Some("no space left")).expect("it is told");
        assert_eq!(kind, ConditionType::Stalled);
        assert!(
            message.ends_with("2 of 3 steps are taken here, and the next one fails: no space left")
        );
        assert_eq!(told(&Next::Rest, None), None);
    }
}
