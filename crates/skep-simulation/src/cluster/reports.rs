//! What brains report is noted, and judged.

use std::rc::Rc;

use skep_vip::configuration::RouterConfiguration;
use skep_vip::message::{Reason, Report, RouterReport, State, Transition};
use skep_vrrp::time::Instant;

use super::Cluster;
use crate::group::leaving_overlap;
use crate::invariants::hand_over::HandOver;
use crate::invariants::{Violation, at_once};
use crate::node::{Agent, Router};
use crate::record::Event;

/// Whether what is owed may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owed {
    Same,
    Changed,
}

impl Cluster {
    /// Reads everything that a brain reports.
    pub(super) fn read_reports(
        &mut self,
        number: usize,
        agent: &mut Agent,
    ) -> Result<Owed, Violation> {
        let mut owed = Owed::Same;
        while let Some(report) = agent.brain.poll_report() {
            let key = match &report {
                Report::Router(report) => &report.key,
                Report::Removed(key) => key,
                // The shell says that, not the brain.
                Report::Process(_) | Report::Trial(_) => continue,
            };
            let Some(group) = self.groups.iter().position(|group| group.is_called(key)) else {
                continue;
            };
            let reported = agent.routers[group].as_ref();
            let reported = reported.map(|router| &router.configuration);
            let mut known = agent.configuration.iter().chain(reported);
            // What leaves under a former name is not what the group is on this node.
            if known.any(|known| self.groups[group].is_renamed(key, &known.key)) {
                continue;
            }
            match report {
                Report::Router(report) => {
                    let node = &self.nodes[number];
                    // What wire has not been told yet it cannot know.
                    if agent.notices.is_empty() {
                        at_once::eligible_routers_take_part(node, agent, &report, self.now)?;
                    }
                    if self.read_report(number, agent, group, *report)? == Owed::Changed {
                        owed = Owed::Changed;
                    }
                }
                Report::Removed(_) => {
                    agent.routers[group] = None;
                    owed = Owed::Changed;
                }
                Report::Process(_) | Report::Trial(_) => {}
            }
        }
        Ok(owed)
    }

    fn read_report(
        &mut self,
        number: usize,
        agent: &mut Agent,
        group: usize,
        report: RouterReport,
    ) -> Result<Owed, Violation> {
        let before = agent.routers[group].take();
        let Some(configuration) = agent.told(&report, before.as_ref()) else {
            return Ok(Owed::Same);
        };
        let known = before
            .as_ref()
            .map_or(&[][..], |router| &router.transitions);
        let news = news(known, &report.transitions);
        // Without an overlap it is another router of the same name, started in the same turn.
        let continues = news.len() < report.transitions.len();
        if let Some(before) = before.as_ref().filter(|_| !continues) {
            at_once::a_name_is_only_a_name(before, &configuration, self.now)?;
        }
        // Or it is an older one that is told to be what it was before it has left.
        let news = if continues || before.is_none() {
            news
        } else {
            since(news, self.nodes[number].time(self.now))
        };
        let was = match (known.last().filter(|_| continues), &before, news.first()) {
            (Some(last), _, _) => last.to,
            (None, Some(_), Some(first)) => first.from,
            (None, None, _) | (None, Some(_), None) => State::Fault,
        };
        at_once::states_change_as_drawn(was, news, self.now)?;
        let rank = before.as_ref().map(|router| router.effective);
        let group_of = &self.groups[group];
        let version = configuration.version;
        at_once::nobody_takes_over_early(group_of, &report, (version, rank, news), self.now)?;
        for transition in news {
            let event = Event::Became {
                node: number,
                key: report.key.clone(),
                transition: transition.clone(),
            };
            self.record.note(self.now, event);
        }
        self.note_hand_over((number, group), news, &configuration);
        let same = before.as_ref().is_some_and(|router| {
            news.is_empty()
                && router.effective == report.effective_priority
                && Rc::ptr_eq(&router.configuration, &configuration)
        });
        agent.routers[group] = Some(Router {
            configuration,
            state: report.state,
            effective: report.effective_priority,
            since: report.since,
            transitions: report.transitions,
        });
        Ok(if same { Owed::Same } else { Owed::Changed })
    }

    /// A router left because it heard its successor. What happened before that one spoke may be why.
    fn note_hand_over(
        &mut self,
        (from, group): (usize, usize),
        news: &[Transition],
        configuration: &Rc<RouterConfiguration>,
    ) {
        let last = news.last().map(|transition| &transition.reason);
        // Its interval may have changed since.
        let overlap = leaving_overlap(self.groups[group].longest);
        let mut before = overlap + self.network.latency_max();
        let leader = self.groups[group].leader;
        if leader != group {
            // Where two lead, what follows them is settled when they are.
            before += self.groups[leader].forbearance() + self.groups[group].longest;
        }
        let spoken = self
            .now
            .since_boot()
            .saturating_sub(self.drift.longest(before));
        let spoken = Instant::from_boot(spoken);
        if matches!(last, Some(Reason::HandedOver { .. })) && self.watch.is_quiet_since(spoken) {
            self.hand_overs += 1;
            self.groups[group].handed_over = Some(HandOver {
                from,
                router: Rc::clone(configuration),
            });
        }
    }
}

/// The transitions that happened now.
fn since(transitions: &[Transition], now: Instant) -> &[Transition] {
    let before = transitions.partition_point(|transition| transition.at < now);
    &transitions[before..]
}

/// The transitions that were not known. Both lists are the last ones of the same story.
fn news<'a, T: PartialEq>(known: &[T], told: &'a [T]) -> &'a [T] {
    let longest = known.len().min(told.len());
    let overlap = (0..=longest)
        .rev()
        .find(|length| known[known.len() - length..] == told[..*length]);
    &told[overlap.unwrap_or(0)..]
}
