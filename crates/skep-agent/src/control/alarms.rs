//! What goes wrong with VIP groups, said in the log when it begins and when it is over.

use std::collections::BTreeSet;

use skep_api::status::VipGroupStatus;
use skep_manifest::condition::{Condition, ConditionStatus, ConditionType, Reason};

/// Everything that goes wrong at present: of which group, what, and whether that is certain.
#[derive(Default)]
pub(super) struct Alarms(BTreeSet<(String, Reason, bool)>);

impl Alarms {
    /// Says what is different from the last time.
    pub(super) fn follow(&mut self, groups: &[VipGroupStatus]) {
        let mut goes_on = BTreeSet::new();
        for group in groups {
            for condition in group.conditions.iter().filter(|one| is_alarm(one)) {
                let Condition {
                    reason, message, ..
                } = condition;
                let is_certain = condition.status == ConditionStatus::True;
                let alarm = (group.name.clone(), *reason, is_certain);
                if !self.0.contains(&alarm) {
                    let group = &group.name;
                    if is_certain {
                        tracing::warn!(group, ?reason, message, "degraded");
                    } else {
                        tracing::info!(group, ?reason, message, "perhaps degraded");
                    }
                }
                goes_on.insert(alarm);
            }
        }
        for (group, reason, _) in self.0.difference(&goes_on) {
            tracing::info!(group, ?reason, "over");
        }
        self.0 = goes_on;
    }
}

/// Whether something works not as it should, or may do so.
fn is_alarm(condition: &Condition) -> bool {
    condition.condition_type == ConditionType::Degraded
        && condition.status != ConditionStatus::False
}
