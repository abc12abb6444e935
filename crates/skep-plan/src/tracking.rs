//! What a node's engine, its part in the swarm and its tasks say about who shall hold VIP groups.
//!
//! Every fact comes with the moment it was seen, and what is too old is unknown: that changes
//! nothing. A failure that demotes begins to count only while another member does better, so what
//! happens to all at once moves nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use skep_manifest::desired::{GroupMember, Runs, VipGroup};
use skep_manifest::duration::Interval;
use skep_manifest::name::{Name, NodeName};
use skep_manifest::swarm::Availability;
use skep_manifest::vip_group::tracking::{
    Effect, ExternalInput, Influence, SwarmInput, TrackedSwarm, Tracking, WhenStale,
};
use skep_vip::message::Health;
use skep_vrrp::time::Instant;

use crate::nodes::availability_word;

/// An engine that is restarted is silent for 10 to 20 s; one that is silent for longer is down. The
/// same goes for managers that choose a new leader.
const DOWN_AFTER: Duration = Duration::from_secs(30);
/// What came back counts after this long: an engine or a task that comes and goes moves nothing
/// back and forth.
const SETTLED_AFTER: Duration = Duration::from_secs(5);
/// How long an engine that answers again has to start the tasks it had.
const RESUMED_AFTER: Duration = Duration::from_secs(10);

/// What an agent knows of its node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Since when it knows anything: what it never heard has been silent since then.
    pub known_since: Instant,
    /// When the engine last answered.
    pub answered_at: Option<Instant>,
    /// Since when it answers without a gap.
    pub answering_since: Option<Instant>,
    /// The services of which a healthy task runs here, each since when.
    pub running: &'a BTreeMap<String, Instant>,
    /// The services of which one ran when the engine fell silent, and none has since.
    pub ran_before: &'a BTreeSet<String>,
    /// Whether the node shall get tasks.
    pub declared: Availability,
    /// Whether it gets tasks, as a manager said, and when.
    pub availability: Option<(Availability, Instant)>,
    /// When a manager of which this node knows could last tell of the swarm.
    pub quorum_at: Option<Instant>,
    /// Whether this node's own engine would be able to tell of the swarm, if it had a quorum.
    pub is_manager: bool,
}

/// An input that the engine or the swarm answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Its name in the data plane, the same on every node.
    pub name: String,
    /// What its failure does.
    pub influence: Influence,
    /// What the facts say.
    pub health: Health,
    /// Whether it is about tasks of an engine that never answered since the agent began.
    pub is_unseen: bool,
    /// Why it fails, or what it waits for.
    pub complaint: Option<String>,
}

/// The inputs of `group`, which is called `name`, that the engine or the swarm answers.
#[must_use]
pub fn judge(name: &Name, group: &VipGroup, facts: &Facts<'_>, now: Instant) -> Vec<Judged> {
    let judged = |tracking: &Tracking| {
        let (health, complaint) = match tracking {
            Tracking::Swarm(tracked) => facts.swarm(tracked, now),
            Tracking::Service(tracked) => {
                let stale = (tracked.stale_after, tracked.when_stale);
                facts.service(tracked.service.as_str(), stale, now)
            }
            Tracking::External(tracked) => {
                let ExternalInput::Service(service) = &tracked.external;
                let stale = (tracked.stale_after, tracked.when_stale);
                facts.service(service.as_str(), stale, now)
            }
            Tracking::Check(_) | Tracking::Interface(_) => return None,
        };
        let is_unseen = match tracking {
            Tracking::Service(_) | Tracking::External(_) => facts.answered_at.is_none(),
            Tracking::Check(_) | Tracking::Interface(_) | Tracking::Swarm(_) => false,
        };
        Some(Judged {
            name: input(name, tracking)?,
            influence: tracking.influence(),
            health,
            is_unseen,
            complaint,
        })
    };
    group.tracking.iter().filter_map(judged).collect()
}

/// The name under which the data plane knows an input that the engine or the swarm answers. The
/// same of two groups may count differently, so it names the group as well.
#[must_use]
pub fn input(group: &Name, tracking: &Tracking) -> Option<String> {
    let what = match tracking {
        Tracking::Swarm(tracked) if tracked.swarm.is_empty() => return None,
        Tracking::Swarm(tracked) => {
            let parts: Vec<&str> = tracked.swarm.iter().map(|part| word(*part)).collect();
            format!("swarm/{}", parts.join("+"))
        }
        Tracking::Service(tracked) => format!("service/{}", tracked.service),
        Tracking::External(tracked) => {
            let ExternalInput::Service(service) = &tracked.external;
            format!("service/{service}")
        }
        Tracking::Check(_) | Tracking::Interface(_) => return None,
    };
    Some(format!("{what}@{group}"))
}

/// What the data plane is told of an input of which it knows `known`: nothing where that stays.
/// `others_pass` says that another member that could hold the group was just heard to pass it.
#[must_use]
pub fn counts(judged: &Judged, known: Health, others_pass: bool) -> Option<Health> {
    let stands_alone = match judged.influence {
        Influence::Effect(Effect::Fault) => true,
        Influence::Effect(Effect::Demote) | Influence::Weight(_) => false,
    };
    match (judged.health, known) {
        // A node that starts anew has no task until its engine says so: it takes nothing away from
        // a member that has one.
        (Health::Unknown, Health::Unknown) if judged.is_unseen && !stands_alone => {
            others_pass.then_some(Health::Failing)
        }
        (Health::Unknown, _) => None,
        (Health::Passing, _) => Some(Health::Passing),
        // Once it counts it does so until it passes: the other member may be the next to fail.
        (Health::Failing, Health::Failing) => Some(Health::Failing),
        (Health::Failing, Health::Unknown | Health::Passing) => {
            (stands_alone || others_pass).then_some(Health::Failing)
        }
    }
}

/// Whether `group` leaves a node that gets no tasks for another one.
#[must_use]
pub fn leaves_drained(group: &VipGroup) -> bool {
    group.tracking.iter().any(|tracking| match tracking {
        Tracking::Swarm(tracked) => {
            let counts = match tracking.influence() {
                Influence::Effect(_) => true,
                Influence::Weight(_) => false,
            };
            counts && tracked.swarm.contains(&SwarmInput::Availability)
        }
        Tracking::Check(_)
        | Tracking::Interface(_)
        | Tracking::Service(_)
        | Tracking::External(_) => false,
    })
}

/// How `member` ranks among the demoted members of `group`, counted from below.
#[must_use]
pub(crate) fn rank_from_below(group: &VipGroup, member: &NodeName) -> u8 {
    let is_ours = |other: &&GroupMember| other.runs == Runs::Agent;
    let mut from_below = group.members.iter().rev().filter(is_ours);
    let below = from_below.position(|other| other.name == *member);
    u8::try_from(below.unwrap_or(0) + 1).unwrap_or(u8::MAX - 1)
}

impl Facts<'_> {
    /// The parts of an entry together: all must pass, and any may fail.
    fn swarm(&self, tracked: &TrackedSwarm, now: Instant) -> (Health, Option<String>) {
        let stale_after = tracked.stale_after;
        let parts = tracked.swarm.iter().map(|part| match part {
            SwarmInput::Engine => self.engine(stale_after, now),
            SwarmInput::Availability => self.availability(stale_after, now),
            SwarmInput::Quorum => self.quorum(stale_after, now),
        });
        let worst = |(health, _): &(Health, Option<String>)| match health {
            Health::Failing => 0,
            Health::Unknown => 1,
            Health::Passing => 2,
        };
        parts.min_by_key(worst).unwrap_or((Health::Unknown, None))
    }

    fn engine(&self, stale_after: Interval, now: Instant) -> (Health, Option<String>) {
        let silent = silence(self.answered_at.unwrap_or(self.known_since), now);
        let is_settled = self
            .answering_since
            .is_some_and(|since| silence(since, now) >= SETTLED_AFTER);
        if self.answered_at.is_some() && silent <= stale_after.time() {
            return if is_settled {
                (Health::Passing, None)
            } else {
                (Health::Unknown, Some("its engine just answered".to_owned()))
            };
        }
        let complaint = Some(format!("its engine is silent for {} s", silent.as_secs()));
        if silent >= DOWN_AFTER.max(stale_after.time()) {
            (Health::Failing, complaint)
        } else {
            (Health::Unknown, complaint)
        }
    }

    fn availability(&self, stale_after: Interval, now: Instant) -> (Health, Option<String>) {
        let complaint = |availability, verb| {
            let word = availability_word(availability);
            (Health::Failing, Some(format!("it {verb} {word}")))
        };
        match (self.declared, self.availability) {
            (declared @ (Availability::Pause | Availability::Drain), _) => {
                complaint(declared, "shall be")
            }
            (Availability::Active, Some((seen, at))) if silence(at, now) <= stale_after.time() => {
                match seen {
                    Availability::Active => (Health::Passing, None),
                    Availability::Pause | Availability::Drain => complaint(seen, "is"),
                }
            }
            (Availability::Active, Some(_) | None) => (
                Health::Unknown,
                Some("no manager says whether it gets tasks".to_owned()),
            ),
        }
    }

    fn quorum(&self, stale_after: Interval, now: Instant) -> (Health, Option<String>) {
        let answers = self
            .answered_at
            .is_some_and(|at| silence(at, now) <= stale_after.time());
        let lost = self.quorum_at.map(|at| silence(at, now));
        match lost {
            Some(lost) if lost <= stale_after.time() => (Health::Passing, None),
            Some(lost) if self.is_manager && answers && lost >= DOWN_AFTER => {
                let complaint = format!("its engine has no quorum for {} s", lost.as_secs());
                (Health::Failing, Some(complaint))
            }
            Some(_) | None => (
                Health::Unknown,
                Some("no manager tells of the swarm".to_owned()),
            ),
        }
    }

    fn service(
        &self,
        service: &str,
        (stale_after, when_stale): (Interval, WhenStale),
        now: Instant,
    ) -> (Health, Option<String>) {
        let silent = silence(self.answered_at.unwrap_or(self.known_since), now);
        if self.answered_at.is_none() || silent > stale_after.time() {
            let complaint = Some(format!("its engine is silent for {} s", silent.as_secs()));
            return match when_stale {
                WhenStale::Unhealthy if silent > stale_after.time() => (Health::Failing, complaint),
                WhenStale::Healthy | WhenStale::Unhealthy => (Health::Unknown, complaint),
            };
        }
        let answering = self
            .answering_since
            .map_or(Duration::ZERO, |since| silence(since, now));
        match self.running.get(service) {
            Some(since) if silence(*since, now) >= SETTLED_AFTER => (Health::Passing, None),
            Some(_) => (Health::Unknown, Some("its task just started".to_owned())),
            None if answering < RESUMED_AFTER && self.ran_before.contains(service) => (
                Health::Unknown,
                Some("its engine may still be starting its task again".to_owned()),
            ),
            None => (
                Health::Failing,
                Some("no healthy task of it runs on this node".to_owned()),
            ),
        }
    }
}

fn silence(since: Instant, now: Instant) -> Duration {
    now.saturating_duration_since(since)
}

const fn word(part: SwarmInput) -> &'static str {
    match part {
        SwarmInput::Engine => "engine",
        SwarmInput::Availability => "availability",
        SwarmInput::Quorum => "quorum",
    }
}

#[cfg(test)]
mod tests;
