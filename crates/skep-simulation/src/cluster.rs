//! The cluster on its virtual clock.

mod drain;
mod happen;
mod reports;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::sync::Arc;

use skep_vip::configuration::RouterKey;
use skep_vip::message::State;
use skep_vrrp::time::Instant;

use crate::clock::Drift;
use crate::group::Group;
use crate::happening::Happening;
use crate::invariants::{Violation, Watch, World};
use crate::kernel::Place;
use crate::network::Network;
use crate::node::{Arrived, Datagram, Node};
use crate::random::Random;
use crate::record::{Entry, Event, Record};
use crate::recording::Recording;
use crate::setup::Setup;

/// Nodes with one brain each, the network between them, and one clock.
///
/// Nothing moves but by [`Self::run_until`] and [`Self::happen`]. Both check every invariant after
/// every step.
#[derive(Debug)]
pub struct Cluster {
    now: Instant,
    random: Random,
    nodes: Vec<Node>,
    groups: Vec<Group>,
    drift: Drift,
    network: Network,
    queue: BinaryHeap<Reverse<Scheduled>>,
    scheduled: u64,
    record: Record,
    recording: Recording,
    watch: Watch,
    hand_overs: u64,
    steps: Steps,
}

/// How often something happened at one instant.
#[derive(Debug, Default)]
struct Steps {
    at: Instant,
    count: u32,
}

/// Something that will happen.
#[derive(Debug)]
struct Scheduled {
    at: Instant,
    number: u64,
    what: Due,
}

#[derive(Debug)]
enum Due {
    Arrival {
        node: usize,
        interface: Arc<str>,
        datagram: Rc<Datagram>,
    },
    Hand {
        node: usize,
        epoch: u64,
    },
    Expiry {
        node: usize,
        renewals: u64,
        place: Place,
    },
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl Eq for Scheduled {}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

impl Cluster {
    /// The cluster, all its nodes switched off.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let interfaces = setup.nodes.iter().flat_map(|node| node.interfaces.values());
        let segments = interfaces.map(|interface| interface.segment + 1).max();
        let groups = Group::of(&setup.nodes);
        let drift = Drift::of(setup.nodes.iter().map(|node| node.clock));
        Self {
            now: Instant::default(),
            random: Random::new(setup.seed),
            network: Network::new(segments.unwrap_or(0), setup.nodes.len()),
            watch: Watch::new(setup.nodes.len(), drift),
            drift,
            nodes: setup.nodes.into_iter().map(Node::new).collect(),
            recording: Recording::new(groups.len()),
            groups,
            queue: BinaryHeap::new(),
            scheduled: 0,
            record: Record::new(setup.memory),
            hand_overs: 0,
            steps: Steps::default(),
        }
    }

    /// The time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// How many hand-overs were watched: nothing else happened meanwhile.
    #[must_use]
    pub const fn hand_overs(&self) -> u64 {
        self.hand_overs
    }

    /// Lets time pass until `end`.
    ///
    /// # Errors
    ///
    /// [`Violation`] when an invariant broke.
    pub fn run_until(&mut self, end: Instant) -> Result<(), Violation> {
        loop {
            let queued = self.queue.peek().map(|Reverse(next)| next.at);
            let timer = self.next_timer();
            let duty = self.watch.next_due();
            let timer_at = timer.map(|(at, _)| at);
            let next = [queued, timer_at, duty].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.now = self.now.max(end);
                return Ok(());
            };
            self.now = self.now.max(next);
            self.count_step()?;
            if queued == Some(next) {
                if let Some(Reverse(scheduled)) = self.queue.pop() {
                    self.fire(scheduled.what)?;
                }
            } else if let Some((_, node)) = timer.filter(|(at, _)| *at == next) {
                self.wake(node)?;
            } else {
                self.judge()?;
            }
        }
    }

    /// Something happens, at once.
    ///
    /// # Errors
    ///
    /// [`Violation`] when an invariant broke.
    pub fn happen(&mut self, happening: Happening) -> Result<(), Violation> {
        if self.is_so(&happening) {
            return Ok(());
        }
        let event = Event::Happened(happening.clone());
        self.record.note(self.now, event);
        if let Happening::Replay { key, older_than } = &happening {
            self.replay(key, *older_than);
            return Ok(());
        }
        for group in &mut self.groups {
            group.released = None;
            group.handed_over = None;
        }
        match happening {
            Happening::Replay { .. } => {}
            Happening::Node { node, what } => {
                let tail = self.nodes[node].pace.most();
                self.watch.disturb_node(node, self.now + tail);
                self.happen_to(node, what)?;
            }
            Happening::Path {
                segment,
                from,
                to,
                path,
            } => {
                // What is under way arrives later than what is sent from now on.
                let tail = self.network.latency_max();
                self.watch.disturb_network(self.now + tail);
                self.network.set(segment, from, to, path);
            }
        }
        self.review()
    }

    /// What is remembered of what happened, oldest first.
    #[must_use]
    pub fn entries(&self) -> Vec<&Entry> {
        self.record.entries()
    }

    /// The state of a virtual router, as far as an agent runs it.
    #[must_use]
    pub fn state(&self, node: usize, key: &RouterKey) -> Option<State> {
        let group = self.groups.iter().position(|group| group.is_called(key))?;
        Some(self.nodes[node].router(group)?.state)
    }

    /// The nodes that have an address.
    #[must_use]
    pub fn holders(&self, address: std::net::IpAddr) -> Vec<usize> {
        let has = |node: &Node| node.kernel.places().any(|(_, held)| *held == address);
        let nodes = self.nodes.iter().enumerate();
        nodes
            .filter(|(_, node)| has(node))
            .map(|(at, _)| at)
            .collect()
    }

    /// What is owed may have changed.
    fn review(&mut self) -> Result<(), Violation> {
        let (watch, world) = self.watched();
        watch.review(&world)
    }

    /// Something that was owed may be overdue.
    fn judge(&mut self) -> Result<(), Violation> {
        let (watch, world) = self.watched();
        watch.judge(&world)
    }

    fn watched(&mut self) -> (&mut Watch, World<'_>) {
        let world = World {
            now: self.now,
            nodes: &self.nodes,
            groups: &self.groups,
            network: &self.network,
        };
        (&mut self.watch, world)
    }

    fn next_timer(&self) -> Option<(Instant, usize)> {
        let mut first = None;
        for (number, node) in self.nodes.iter().enumerate() {
            let Some(due) = node.next_timer() else {
                continue;
            };
            if first.is_none_or(|(at, _)| due < at) {
                first = Some((due, number));
            }
        }
        first
    }

    /// A cluster that never gets past an instant is no cluster.
    fn count_step(&mut self) -> Result<(), Violation> {
        if self.steps.at != self.now {
            self.steps = Steps {
                at: self.now,
                count: 0,
            };
        }
        self.steps.count += 1;
        self.watch.time_goes_on(self.now, self.steps.count)
    }

    fn schedule(&mut self, at: Instant, what: Due) {
        self.scheduled += 1;
        self.queue.push(Reverse(Scheduled {
            at,
            number: self.scheduled,
            what,
        }));
    }

    fn fire(&mut self, due: Due) -> Result<(), Violation> {
        match due {
            Due::Arrival {
                node,
                interface,
                datagram,
            } => self.arrive(node, interface, datagram),
            Due::Hand { node, epoch } if self.nodes[node].epoch == epoch => self.hand_turn(node),
            Due::Expiry {
                node,
                renewals,
                place,
            } if self.nodes[node].renewals == renewals => self.expire(node, place),
            Due::Hand { .. } | Due::Expiry { .. } => Ok(()),
        }
    }

    fn arrive(
        &mut self,
        number: usize,
        interface: Arc<str>,
        datagram: Rc<Datagram>,
    ) -> Result<(), Violation> {
        let node = &mut self.nodes[number];
        let at = node.time(self.now);
        let up = node
            .interfaces
            .get(&interface)
            .is_some_and(crate::node::Interface::carries);
        let Some(agent) = node.agent.as_mut().filter(|_| up) else {
            return Ok(());
        };
        let (id, priority) = (datagram.message[1], datagram.message[2]);
        agent.arrive(Arrived {
            at,
            interface,
            datagram,
        });
        let frozen = agent.frozen;
        self.record
            .note(self.now, Event::Heard(number, id, priority));
        if frozen {
            return Ok(());
        }
        self.wake(number)
    }
}
