//! What follows a wake-up: what the brain wants is done.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use skep_vip::action::{Action, Transmission};
use skep_vip::message::State;
use skep_vrrp::identity::Family;

use super::reports::Owed;
use super::{Cluster, Due};
use crate::accord::Wire;
use crate::invariants::{Violation, at_once};
use crate::kernel::{Place, place};
use crate::node::{Agent, Beginning, Change, Datagram, Notice};
use crate::record::{Event, Gone};

impl Cluster {
    /// Wire wakes up on a node.
    pub(super) fn wake(&mut self, number: usize) -> Result<(), Violation> {
        let node = &mut self.nodes[number];
        // Whatever is said about an agent is said by its own clock.
        let (now, wall_clock) = (node.time(self.now), node.wall_clock(self.now));
        let Some(mut agent) = node.agent.take_if(|agent| !agent.frozen) else {
            return Ok(());
        };
        let woken = agent.wake(&mut node.revision, wall_clock, now);
        if let Some(refused) = woken.refused {
            self.record.note(self.now, Event::Refused(number, refused));
        }
        at_once::timers_are_in_the_future(woken.overdue, now)?;
        let had_changes = !agent.changes.is_empty();
        let states: Vec<Option<State>> = states(&agent).collect();
        let acted = self.act(number, &mut agent)?;
        let reported = self.read_reports(number, &mut agent)?;
        at_once::only_the_active_advertise(&acted.advertised, &states, &agent, now)?;
        at_once::the_active_advertise_in_time(&agent, now)?;
        let mut owed = reported;
        if agent.beginning == Beginning::Told {
            agent.beginning = Beginning::Over;
            self.drop_leftovers(number, &agent);
        }
        if acted.changes || reported == Owed::Changed {
            at_once::holdings_follow_the_routers(&agent, now)?;
            if agent.notices.is_empty() {
                at_once::changes_lead_to_what_is_held(&self.nodes[number].kernel, &agent, now)?;
            }
            owed = Owed::Changed;
        }
        self.nodes[number].agent = Some(agent);
        if !had_changes {
            self.call_hand(number);
        }
        self.end_if_stopped(number);
        if owed == Owed::Changed {
            self.review()?;
        }
        let goes_on = self.nodes[number].running();
        if goes_on.is_some_and(|agent| !agent.notices.is_empty()) {
            return self.wake(number);
        }
        Ok(())
    }

    fn act(&mut self, number: usize, agent: &mut Agent) -> Result<Acted, Violation> {
        let mut acted = Acted::default();
        // What is gone and not told yet is announced in good faith.
        let told_all = agent.notices.is_empty();
        let now = self.nodes[number].time(self.now);
        let Agent {
            brain,
            changes,
            advertised,
            ..
        } = agent;
        while let Some(action) = brain.poll_action() {
            acted.count += 1;
            at_once::actions_end(acted.count, self.now)?;
            match action {
                Action::Send(transmission) => {
                    let (id, priority) = (transmission.message[1], transmission.message[2]);
                    self.record
                        .note(self.now, Event::Sent(number, id, priority));
                    let group = self.group_of(number, &transmission);
                    acted
                        .advertised
                        .extend(group.map(|group| (group, priority)));
                    if let Some(group) = group {
                        advertised[group] = (priority != 0).then_some(now);
                    }
                    let sent = self.send(number, &transmission, group);
                    if let Some(group) = group.filter(|_| sent) {
                        self.note_sent(number, group, transmission.message);
                    }
                }
                Action::AddAddress(holding) => {
                    acted.changes = true;
                    changes.push_back(Change::Add(holding));
                }
                Action::RemoveAddress(holding) => {
                    acted.changes = true;
                    changes.push_back(Change::Remove(holding));
                }
                // The simulated kernel has no routes, and announcements never wait for it.
                Action::AddRoute(_) | Action::RemoveRoute(_) | Action::Withhold(_) => {}
                Action::Announce(announcement) => {
                    let place = (announcement.interface, announcement.address);
                    let kernel = &self.nodes[number].kernel;
                    if told_all {
                        at_once::announced_is_wanted(kernel, changes, &place, self.now)?;
                    }
                }
            }
        }
        Ok(acted)
    }

    /// The group whose advertisement this is.
    fn group_of(&self, from: usize, transmission: &Transmission<'_>) -> Option<usize> {
        let interface = self.nodes[from].interfaces.get(&transmission.interface)?;
        let wire = Wire::shown(transmission.message)?;
        let family = Family::of(transmission.source);
        let mut groups = self.groups.iter();
        groups.position(|group| group.says(interface.segment, family, wire.id))
    }

    fn note_sent(&mut self, from: usize, group: usize, message: &[u8]) {
        let Some(wire) = Wire::shown(message) else {
            return;
        };
        let latency = self.network.latency_max();
        let group = &mut self.groups[group];
        group.note_sent(from, (wire, message[2]), self.now, latency);
        // An old packet that still arrives would make the others wait again.
        if !self.watch.network_is_quiet(self.now) {
            group.released = None;
        }
    }

    /// Whether it could be sent at all.
    fn send(&mut self, from: usize, transmission: &Transmission<'_>, group: Option<usize>) -> bool {
        let interface = self.nodes[from].interfaces.get(&transmission.interface);
        let Some(interface) = interface.filter(|interface| interface.carries()) else {
            return false;
        };
        let segment = interface.segment;
        let datagram = Rc::new(Datagram {
            source: transmission.source,
            destination: transmission.destination,
            message: transmission.message.into(),
        });
        if let Some(group) = group {
            self.recording.keep(group, self.now, &datagram);
        }
        for to in (0..self.nodes.len()).filter(|to| *to != from) {
            let Some(interface) = self.nodes[to].hears(segment, datagram.destination) else {
                continue;
            };
            let path = (segment, from, to);
            let arrivals = self.network.carry(path, &mut self.random, self.now);
            for arrival in arrivals.into_iter().flatten() {
                let due = Due::Arrival {
                    node: to,
                    interface: Arc::clone(&interface),
                    datagram: Rc::clone(&datagram),
                };
                self.schedule(arrival, due);
            }
        }
        true
    }

    /// Hand makes one change, and goes on with the next.
    pub(super) fn hand_turn(&mut self, number: usize) -> Result<(), Violation> {
        let node = &mut self.nodes[number];
        let Some(change) = node
            .agent
            .as_mut()
            .and_then(|agent| agent.changes.pop_front())
        else {
            return Ok(());
        };
        let done = match change {
            Change::Add(holding) => {
                let place = place(&holding);
                if !node.kernel.has(&place) {
                    self.record
                        .note(self.now, Event::Present(number, holding.address));
                }
                node.kernel.add(&holding);
                Notice::AddressPresent(place)
            }
            Change::Remove(holding) => {
                let place = place(&holding);
                if node.kernel.remove(&place) {
                    let gone = Event::Gone(number, holding.address, Gone::Removed);
                    self.record.note(self.now, gone);
                }
                Notice::AddressAbsent(place)
            }
        };
        self.call_hand(number);
        self.tell(number, [done])?;
        self.end_if_stopped(number);
        self.review()
    }

    /// Hand removes what the data plane before this one put in place and this one does not want.
    fn drop_leftovers(&mut self, number: usize, agent: &Agent) {
        let wanted: BTreeSet<Place> = agent.brain.holdings().map(place).collect();
        let kernel = &mut self.nodes[number].kernel;
        let leftovers = kernel.places().filter(|place| !wanted.contains(*place));
        for leftover in leftovers.cloned().collect::<Vec<_>>() {
            kernel.remove(&leftover);
            let gone = Event::Gone(number, leftover.1, Gone::Removed);
            self.record.note(self.now, gone);
        }
    }

    /// Hand has something to do.
    pub(super) fn call_hand(&mut self, node: usize) {
        let agent = self.nodes[node].running();
        if agent.is_some_and(|agent| !agent.changes.is_empty()) {
            let epoch = self.nodes[node].epoch;
            let takes: Duration = self.random.up_to(self.nodes[node].pace.most());
            self.schedule(self.now + takes, Due::Hand { node, epoch });
        }
    }

    /// An agent that was told to stop ends when it runs no virtual router and holds nothing.
    fn end_if_stopped(&mut self, number: usize) {
        let done = self.nodes[number].agent.as_ref().is_some_and(|agent| {
            let idle = agent.routers.iter().all(Option::is_none) && agent.changes.is_empty();
            agent.stopping && idle
        });
        if done {
            self.lose_agent(number);
            self.record.note(self.now, Event::Stopped(number));
            self.let_expire(number);
        }
    }
}

/// What a brain did in one turn.
#[derive(Debug, Default)]
struct Acted {
    count: u32,
    /// The groups it advertised for, with the priorities.
    advertised: Vec<(usize, u8)>,
    changes: bool,
}

fn states(agent: &Agent) -> impl Iterator<Item = Option<State>> {
    let routers = agent.routers.iter();
    routers.map(|router| router.as_ref().map(|router| router.state))
}
