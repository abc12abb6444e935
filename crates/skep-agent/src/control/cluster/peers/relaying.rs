//! Telling others what this agent was told, and believing those that do.
//!
//! An agent relays only what it was told by the nodes themselves. What it relays is told in the
//! order in which it changed, so an asker that says how far it is gets only what it lacks.

use std::sync::Arc;
use std::time::Duration;

use skep_api::cluster::{Entrusted, PeerReport};
use skep_api::told::{Relayed, RelayedNode};
use skep_manifest::name::NodeName;
use skep_vrrp::time::Instant;

use crate::control::cluster::peers::{Other, Peers, older};
use crate::control::now;

/// An agent that was not heard for this long is silent.
const SILENT: Duration = Duration::from_secs(2);

/// How far an agent is in what it relays.
pub(super) struct Place {
    /// Tells one life of the agent from the next.
    life: u128,
    count: u64,
}

/// What another agent told of a third one.
pub(super) struct Relay {
    report: Arc<PeerReport>,
    /// When it said that, or went on being so.
    at: Instant,
    is_silent: bool,
}

impl Place {
    pub(super) fn new() -> Self {
        Self {
            life: now().since_boot().as_nanos(),
            count: 0,
        }
    }

    /// The number of what changed just now.
    pub(super) const fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    fn position(&self) -> String {
        format!("{:x}.{}", self.life, self.count)
    }

    /// The count of a position in this life.
    fn count_of(&self, position: &str) -> Option<u64> {
        let (life, count) = position.split_once('.')?;
        let is_this = u128::from_str_radix(life, 16) == Ok(self.life);
        count.parse().ok().filter(|_| is_this)
    }
}

impl Peers {
    /// What changed since `position` of what this agent was told by others, for the agent `asker`
    /// if that is known.
    pub(in crate::control::cluster) fn relayed(&self, position: &str, now: Instant) -> Relayed {
        let since = self.place.count_of(position);
        let told = self.others.iter().filter_map(|(name, other)| {
            let (report, at) = other.latest.as_ref().filter(|_| other.is_asked())?;
            Some((name, other, report, now.saturating_duration_since(*at)))
        });
        let mut relayed = Relayed {
            position: self.place.position(),
            is_whole: since.is_none(),
            ..Relayed::default()
        };
        for (name, other, report, age) in told {
            let age_ms = milliseconds(age);
            if !other.is_silent {
                relayed.age_ms = relayed.age_ms.max(age_ms);
            }
            if since.is_none_or(|since| since < other.changed) {
                // What it entrusted to this agent is for nobody else.
                let report = PeerReport {
                    entrusted: Entrusted::default(),
                    ..PeerReport::clone(report)
                };
                let node = RelayedNode {
                    report: Box::new(report),
                    silent_ms: other.is_silent.then_some(age_ms),
                };
                relayed.nodes.insert(name.clone(), node);
            }
        }
        relayed
    }

    /// Takes note of who fell silent, or is heard again: that is worth telling.
    pub(super) fn note_silence(&mut self, now: Instant) {
        for other in self.others.values_mut() {
            let Some((_, at)) = &other.latest else {
                continue;
            };
            let is_silent = now.saturating_duration_since(*at) >= SILENT;
            if is_silent != other.is_silent {
                other.is_silent = is_silent;
                other.changed = self.place.next();
            }
        }
    }

    /// Takes note of what the agent of `by` was told by others.
    pub(super) fn take_relayed(&mut self, by: &NodeName, relayed: Relayed, now: Instant) {
        let Some(relay) = self.others.get_mut(by) else {
            return;
        };
        let mut relays = std::mem::take(&mut relay.relays);
        if relayed.is_whole {
            relays.clear();
        }
        let heard_at = |age_ms| before(now, Duration::from_millis(age_ms));
        for (name, node) in relayed.nodes {
            let relay = Relay {
                report: Arc::from(node.report),
                at: heard_at(node.silent_ms.unwrap_or(relayed.age_ms)),
                is_silent: node.silent_ms.is_some(),
            };
            relays.insert(name, relay);
        }
        for (name, relay) in &mut relays {
            if !relay.is_silent {
                relay.go_on(heard_at(relayed.age_ms));
            }
            // Whom this agent asks itself it believes nobody else about.
            let other = self.others.get_mut(name);
            if let Some(other) = other.filter(|other| !other.is_asked()) {
                other.take_relay(relay);
            }
        }
        if let Some(relay) = self.others.get_mut(by) {
            relay.relays = relays;
        }
    }
}

impl Relay {
    /// What it said.
    pub(super) fn report(&self) -> &PeerReport {
        &self.report
    }

    /// It was so at `at` as well.
    fn go_on(&mut self, at: Instant) {
        if at > self.at {
            self.report = older((Arc::clone(&self.report), self.at), at);
            self.at = at;
        }
    }
}

impl Other {
    fn take_relay(&mut self, relay: &Relay) {
        let known = self.latest.as_ref().map(|(_, at)| *at);
        if known.is_none_or(|known| known < relay.at) {
            self.latest = Some((Arc::clone(&relay.report), relay.at));
        }
    }
}

fn before(now: Instant, age: Duration) -> Instant {
    Instant::from_boot(now.since_boot().saturating_sub(age))
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
