//! Writing down what happens, and telling it.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use skep_api::event::{Event, EventKind, Events, Marks};
use skep_api::path;
use skep_manifest::name::NodeName;
use skep_plan::ownership::node_object;
use skep_vip::message::{Report, Transition};
use skep_vrrp::time::Instant;

use crate::control::alarms::{Alarm, Change};
use crate::control::cluster::{Act, Cluster, complaint};
use crate::control::now;
use crate::control::question::{Answer, Hop, answer};
use crate::control::state::Control;
use crate::control::status::{self, because, wall_milliseconds};

/// How long another agent may take to tell: it answers from memory, and the command line waits.
const TELL_LIMIT: Duration = Duration::from_secs(2);

/// Tells this life of the agent from others.
pub(super) fn life() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let ms = since.map_or(0, |since| since.as_millis());
    u64::try_from(ms).unwrap_or(u64::MAX)
}

impl Control {
    /// Tells what happened after `marks`: on this node or, asked by the command line, on all.
    pub(super) fn handle_events(&self, marks: Marks, hop: Hop, to: Answer<Events>) {
        let own = self.own_word();
        let (events, mark) = self.chronicle.after(marks.get(&own).copied(), now());
        let mut told = Events {
            events,
            marks: [(own, mark)].into(),
            silent: BTreeMap::new(),
        };
        let (Some(cluster), Hop::First) = (&self.cluster, hop) else {
            return answer(to, Ok(told));
        };
        let (client, peers) = (cluster.client().with_limit(TELL_LIMIT), cluster.agents());
        tokio::spawn(async move {
            let asked = peers.iter().map(|peer| async {
                let answer = client.post::<Events>(peer, path::PEER_EVENTS, &marks).await;
                (peer.node.to_string(), answer)
            });
            for (node, theirs) in join_all(asked).await {
                match theirs {
                    Ok(theirs) => {
                        told.events.extend(theirs.events);
                        told.marks.extend(theirs.marks);
                    }
                    Err(error) => {
                        told.silent.insert(node, complaint(&error));
                    }
                }
            }
            told.events.sort_by_key(|event| Reverse(event.age_ms));
            answer(to, Ok(told));
        });
    }

    /// Writes down the changes of state that are new in `report`.
    pub(super) fn record_transitions(&mut self, report: &Report) {
        let Report::Router(report) = report else {
            return;
        };
        let transitions: Vec<Transition> = self.observed.new_transitions(report).cloned().collect();
        for transition in transitions {
            let Transition {
                from,
                to,
                reason,
                at,
            } = transition;
            let family = status::router::family(report.key.family);
            let because = because(&reason);
            let message = format!("{family} {from:?} -> {to:?}: {because}");
            let object = format!("vipgroup/{}", report.key.group);
            self.record(EventKind::Transition, object, message, at);
        }
    }

    /// Writes down what was done, and what was not.
    pub(super) fn record_acts(&mut self, acts: Vec<Act>) {
        for act in acts {
            let own = || self.desired.node().map(node_object);
            let object = act.object.or_else(own).unwrap_or_default();
            let (kind, message) = match act.refused {
                None => (EventKind::Done, act.word.to_owned()),
                Some(why) => (EventKind::Refused, format!("{}: {why}", act.word)),
            };
            self.record(kind, object, message, now());
        }
    }

    /// Writes down which desired state counts from here on.
    pub(super) fn record_generation(&mut self) {
        let Some(accepted) = self.desired.accepted() else {
            return;
        };
        let held = self.cluster.as_ref().and_then(Cluster::held);
        let by = held.map_or_else(String::new, |held| {
            format!(" by {}", held.generation.feeder)
        });
        let message = format!("generation {}{by}", accepted.generation);
        self.record(EventKind::Generation, "desired".to_owned(), message, now());
    }

    /// Follows what goes wrong, and writes down what is different.
    pub(super) fn follow_alarms(&mut self) {
        for change in self.alarms.follow(goes_on(&self.knowledge(), now())) {
            let (kind, alarm, message) = match change {
                Change::Begun(alarm, message) => (EventKind::Raised, alarm, message),
                Change::Over(alarm) => (EventKind::Cleared, alarm, "over".to_owned()),
            };
            let message = format!("{:?}: {message}", alarm.reason);
            self.record(kind, alarm.object, message, now());
        }
    }

    fn record(&mut self, kind: EventKind, object: String, message: String, at: Instant) {
        let event = Event {
            at: wall_milliseconds(at, now()),
            age_ms: 0,
            node: self.own_word(),
            kind,
            object,
            message,
        };
        self.chronicle.record(event, at);
    }

    fn own_word(&self) -> String {
        let own = self.desired.node().map(NodeName::to_string);
        own.unwrap_or_else(|| "this host".to_owned())
    }
}

/// What goes wrong on this node, and what is in the way of the swarm where this node writes to it.
fn goes_on(known: &status::Knowledge<'_>, now: Instant) -> Vec<(Alarm, String)> {
    let groups = status::vip_groups(known, now);
    let of_groups = groups.iter().flat_map(|group| {
        let object = format!("vipgroup/{}", group.name);
        let conditions = group.conditions.iter();
        conditions.filter_map(move |condition| Alarm::of(&object, condition))
    });
    let own = known.desired.node().map(node_object).unwrap_or_default();
    let of_node = status::own_conditions(known, now);
    let of_node = of_node
        .iter()
        .filter_map(|condition| Alarm::of(&own, condition));
    of_groups
        .chain(of_node)
        .chain(blocked(known, now))
        .collect()
}

fn blocked(known: &status::Knowledge<'_>, now: Instant) -> Vec<(Alarm, String)> {
    let (Some(cluster), Some(accepted)) = (known.cluster, known.desired.accepted()) else {
        return Vec::new();
    };
    let swarm = accepted.desired.swarm.as_ref();
    let writes = swarm
        .zip(accepted.node.as_ref())
        .is_some_and(|(swarm, own)| cluster.writer(&swarm.spec, own, now) == Some(own));
    let blocked = cluster.blocked().iter().filter(|_| writes);
    blocked
        .map(|blocked| {
            let alarm = Alarm {
                object: blocked.object.clone(),
                reason: blocked.reason,
                is_certain: true,
            };
            (alarm, format!("{} ({})", blocked.message, blocked.remedy))
        })
        .collect()
}
