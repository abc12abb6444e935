//! The health inputs of the node's virtual routers, and what they do to a priority.

use std::collections::{BTreeMap, BTreeSet};

use skep_vrrp::identity::Priority;
use skep_vrrp::time::Instant;

use crate::configuration::{Effect, TrackedInput};
use crate::message::{Health, InputReport, Reason};
use crate::news::News;

/// What is known of every input.
#[derive(Debug, Default)]
pub(crate) struct Inputs(BTreeMap<String, Input>);

#[derive(Clone, Copy, Debug)]
struct Input {
    health: Health,
    heard_at: Instant,
}

impl Inputs {
    /// Takes note of an input. Unknown is what is said before anything is known, so it does not
    /// replace what was: a control process that restarts takes nobody out of the election.
    pub(crate) fn hear(&mut self, name: &str, health: Health, now: Instant) -> News {
        let before = self.health(name);
        match health {
            Health::Unknown => return News::Same,
            Health::Passing | Health::Failing => {}
        }
        let heard = Input {
            health,
            heard_at: now,
        };
        match self.0.get_mut(name) {
            Some(input) => *input = heard,
            None => {
                self.0.insert(name.to_owned(), heard);
            }
        }
        News::between(&before, &health)
    }

    /// Forgets the inputs that nobody tracks.
    pub(crate) fn retain(&mut self, tracked: &BTreeSet<&str>) {
        self.0.retain(|name, _| tracked.contains(name.as_str()));
    }

    /// The first of these inputs that fails and whose failure is a fault.
    pub(crate) fn fault(&self, tracking: &[TrackedInput]) -> Option<Reason> {
        let mut tracking = tracking.iter();
        let failing = tracking.find(|tracked| {
            tracked.effect == Effect::Fault && self.health(&tracked.name) == Health::Failing
        });
        failing.map(|tracked| Reason::InputFailing {
            name: tracked.name.clone(),
        })
    }

    /// The priority `base` becomes under these inputs. The owner's never changes: RFC 9568 §5.2.4
    /// ties it to owning the addresses.
    pub(crate) fn effective_priority(&self, base: Priority, tracking: &[TrackedInput]) -> Priority {
        if base == Priority::OWNER {
            return base;
        }
        let mut sum = i32::from(base.number());
        let mut demoted: Option<Priority> = None;
        for tracked in tracking {
            match (tracked.effect, self.health(&tracked.name)) {
                (Effect::Demote(to), Health::Failing) => {
                    demoted = Some(demoted.map_or(to, |lower| lower.min(to)));
                }
                (Effect::Weight(weight), Health::Failing) => sum += i32::from(weight).min(0),
                (Effect::Weight(weight), Health::Passing) => sum += i32::from(weight).max(0),
                (Effect::Fault, Health::Unknown | Health::Passing | Health::Failing)
                | (Effect::Demote(_), Health::Unknown | Health::Passing)
                | (Effect::Weight(_), Health::Unknown) => {}
            }
        }
        let weighed = u8::try_from(sum.clamp(1, 254)).expect("it was clamped to 1..=254");
        demoted.unwrap_or(Priority::new(weighed))
    }

    /// What is reported of these inputs.
    pub(crate) fn report(&self, tracking: &[TrackedInput]) -> Vec<InputReport> {
        let report = |tracked: &TrackedInput| InputReport {
            name: tracked.name.clone(),
            health: self.health(&tracked.name),
            heard_at: self.0.get(&tracked.name).map(|input| input.heard_at),
        };
        tracking.iter().map(report).collect()
    }

    fn health(&self, name: &str) -> Health {
        self.0
            .get(name)
            .map_or(Health::Unknown, |input| input.health)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracked(name: &str, effect: Effect) -> TrackedInput {
        TrackedInput {
            name: name.to_owned(),
            effect,
        }
    }

    fn check(base: u8, tracking: &[(Effect, Health)], expected: u8) {
        let mut inputs = Inputs::default();
        let mut tracked_inputs = Vec::new();
        for (number, (effect, health)) in tracking.iter().enumerate() {
            let name = number.to_string();
            inputs.hear(&name, *health, Instant::default());
            tracked_inputs.push(tracked(&name, *effect));
        }
        let effective = inputs.effective_priority(Priority::new(base), &tracked_inputs);
        assert_eq!(effective, Priority::new(expected), "{base} {tracking:?}");
    }

    #[test]
    fn inputs_change_the_priority_within_1_and_254() {
        check(100, &[], 100);
        check(100, &[(Effect::Weight(-30), Health::Failing)], 70);
        check(100, &[(Effect::Weight(-30), Health::Passing)], 100);
        check(100, &[(Effect::Weight(20), Health::Passing)], 120);
        check(100, &[(Effect::Weight(20), Health::Failing)], 100);
        check(
            100,
            &[
                (Effect::Weight(20), Health::Passing),
                (Effect::Weight(-5), Health::Failing),
            ],
            115,
        );
        check(100, &[(Effect::Weight(-253), Health::Failing)], 1);
        check(100, &[(Effect::Weight(253), Health::Passing)], 254);
        check(100, &[(Effect::Weight(i16::MIN), Health::Failing); 3], 1);
        check(
            100,
            &[
                (Effect::Demote(Priority::new(3)), Health::Failing),
                (Effect::Demote(Priority::new(2)), Health::Failing),
                (Effect::Weight(50), Health::Passing),
            ],
            2,
        );
        check(100, &[(Effect::Fault, Health::Failing)], 100);
    }

    #[test]
    fn an_unknown_input_changes_nothing() {
        for effect in [
            Effect::Fault,
            Effect::Demote(Priority::new(1)),
            Effect::Weight(-50),
            Effect::Weight(50),
        ] {
            check(100, &[(effect, Health::Unknown)], 100);
        }
    }

    #[test]
    fn the_owners_priority_never_changes() {
        check(255, &[(Effect::Weight(-30), Health::Failing)], 255);
        check(
            255,
            &[(Effect::Demote(Priority::new(1)), Health::Failing)],
            255,
        );
    }

    #[test]
    fn unknown_does_not_replace_what_was_known() {
        let mut inputs = Inputs::default();
        let tracking = [tracked("check", Effect::Fault)];
        assert_eq!(
            inputs.hear("check", Health::Failing, Instant::default()),
            News::Changed
        );
        assert_eq!(
            inputs.hear("check", Health::Unknown, Instant::default()),
            News::Same
        );
        let failing = Reason::InputFailing {
            name: "check".to_owned(),
        };
        assert_eq!(inputs.fault(&tracking), Some(failing));
        assert_eq!(
            inputs.hear("check", Health::Passing, Instant::default()),
            News::Changed
        );
        assert_eq!(inputs.fault(&tracking), None);
    }
}
