//! What goes wrong, said in the log when it begins and when it is over.

use std::collections::BTreeMap;

use skep_manifest::condition::{Condition, ConditionStatus, ConditionType, Reason};

/// Everything that goes wrong at present, each with what was said of it last.
#[derive(Default)]
pub(super) struct Alarms(BTreeMap<Alarm, String>);

/// Something that goes wrong: with what, why, and whether that is certain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Alarm {
    pub(super) object: String,
    pub(super) reason: Reason,
    pub(super) is_certain: bool,
}

/// What is different from before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It began; with what is said of it.
    Begun(Alarm, String),
    /// It is over.
    Over(Alarm),
}

impl Alarm {
    /// Of `object`, if `condition` says that something goes wrong with it or may do so.
    pub(super) fn of(object: &str, condition: &Condition) -> Option<(Self, String)> {
        let is_alarm = match condition.condition_type {
            ConditionType::Degraded => condition.status != ConditionStatus::False,
            ConditionType::Stalled => condition.status == ConditionStatus::True,
            ConditionType::Ready | ConditionType::Reconciling => false,
        };
        is_alarm.then(|| {
            let alarm = Self {
                object: object.to_owned(),
                reason: condition.reason,
                is_certain: condition.status == ConditionStatus::True,
            };
            (alarm, condition.message.clone())
        })
    }
}

impl Alarms {
    /// Says what is different from the last time, when `goes_on` is what goes wrong.
    pub(super) fn follow(
        &mut self,
        goes_on: impl IntoIterator<Item = (Alarm, String)>,
    ) -> Vec<Change> {
        let goes_on: BTreeMap<Alarm, String> = goes_on.into_iter().collect();
        let mut changes = Vec::new();
        for (alarm, message) in &goes_on {
            if !self.0.contains_key(alarm) {
                log(alarm, message);
                changes.push(Change::Begun(alarm.clone(), message.clone()));
            }
        }
        for alarm in self.0.keys().filter(|alarm| !goes_on.contains_key(alarm)) {
            let Alarm { object, reason, .. } = alarm;
            tracing::info!(object, ?reason, "over");
            changes.push(Change::Over(alarm.clone()));
        }
        self.0 = goes_on;
        changes
    }
}

fn log(alarm: &Alarm, message: &str) {
    let Alarm { object, reason, .. } = alarm;
    if alarm.is_certain {
        tracing::warn!(object, ?reason, message, "degraded");
    } else {
        tracing::info!(object, ?reason, message, "perhaps degraded");
    }
}
