//! What must hold, checked after every step.
//!
//! `at_once` is what holds at every moment; `duty` is what is owed within a time, and how long
//! that time is.

pub(crate) mod at_once;
mod duty;
pub(crate) mod hand_over;
mod judge;

use std::collections::BTreeMap;
use std::time::Duration;

use skep_vrrp::time::Instant;

use crate::clock::Drift;
use crate::group::Group;
use crate::network::Network;
use crate::node::Node;
use crate::record::seconds;
use duty::Duty;

/// How many steps one instant may take: all timers, packets and changes of a small cluster, many
/// times over.
const STEPS_MAX: u32 = 10_000;

/// An invariant that broke.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{rule} at {}: {what}", seconds(*at))]
pub struct Violation {
    /// Which.
    pub rule: &'static str,
    /// When.
    pub at: Instant,
    /// How.
    pub what: String,
}

/// Everything there is to look at.
pub(crate) struct World<'a> {
    pub(crate) now: Instant,
    pub(crate) nodes: &'a [Node],
    pub(crate) groups: &'a [Group],
    pub(crate) network: &'a Network,
}

/// Who owes what, since when and until when.
#[derive(Debug)]
pub(crate) struct Watch {
    node_disturbed: Vec<Instant>,
    network_disturbed: Instant,
    duties: BTreeMap<Duty, Term>,
    due: Option<Instant>,
    drift: Drift,
}

/// How long something was owed, and until when it has to come.
#[derive(Clone, Copy, Debug)]
struct Term {
    since: Instant,
    until: Instant,
    /// Who holds the addresses, once that is settled.
    settled: Option<usize>,
}

impl Watch {
    pub(crate) fn new(nodes: usize, drift: Drift) -> Self {
        Self {
            drift,
            node_disturbed: vec![Instant::default(); nodes],
            network_disturbed: Instant::default(),
            duties: BTreeMap::new(),
            due: None,
        }
    }

    /// Something happens to a node; what it does to others is over at `until`.
    pub(crate) fn disturb_node(&mut self, node: usize, until: Instant) {
        self.node_disturbed[node] = self.node_disturbed[node].max(until);
    }

    /// Something happens to the network, whose effects are over at `until`.
    pub(crate) fn disturb_network(&mut self, until: Instant) {
        self.network_disturbed = self.network_disturbed.max(until);
    }

    /// Whether nothing is under way that was sent before the network changed.
    pub(crate) fn network_is_quiet(&self, now: Instant) -> bool {
        self.network_disturbed <= now
    }

    /// Whether nothing that happened since that moment has effects.
    pub(crate) fn is_quiet_since(&self, moment: Instant) -> bool {
        let mut nodes = self.node_disturbed.iter();
        self.network_disturbed < moment && nodes.all(|disturbed| *disturbed < moment)
    }

    /// When something is due next.
    pub(crate) const fn next_due(&self) -> Option<Instant> {
        self.due
    }

    /// Finds out who owes what. What was owed before is owed since then.
    pub(crate) fn review(&mut self, world: &World<'_>) -> Result<(), Violation> {
        self.judge(world)?;
        let mut duties = BTreeMap::new();
        for owed in duty::owed(world) {
            let before = self.duties.get(&owed.duty);
            let since = before.map_or(world.now, |term| term.since);
            let undisturbed = since.max(self.disturbed(&owed.duty));
            // What makes it take longer, makes all of it take longer: hand's queue, a better router.
            let until = before.map_or(Instant::default(), |term| term.until);
            let until = until.max(undisturbed + self.drift.longest(owed.within));
            let settled = before.and_then(|term| term.settled);
            let settled = settled.filter(|_| until < world.now);
            if let (Duty::Unsettled { group, class }, Some(holder)) = (owed.duty, settled) {
                judge::stays_settled(group, class, holder, world)?;
            }
            let term = Term {
                since,
                until,
                settled,
            };
            duties.insert(owed.duty, term);
        }
        self.duties = duties;
        self.due = self.earliest();
        Ok(())
    }

    /// Nothing is owed for longer than it may be.
    pub(crate) fn judge(&mut self, world: &World<'_>) -> Result<(), Violation> {
        if self.due.is_none_or(|due| world.now < due) {
            return Ok(());
        }
        for (duty, term) in &mut self.duties {
            if term.until < world.now && term.settled.is_none() {
                term.settled = judge::overdue(duty, term.since, world)?;
            }
        }
        self.due = self.earliest();
        Ok(())
    }

    fn earliest(&self) -> Option<Instant> {
        let open = self.duties.values().filter(|term| term.settled.is_none());
        open.map(|term| term.until + TICK).min()
    }

    /// Time goes on: no instant takes an endless number of steps.
    pub(crate) fn time_goes_on(&self, now: Instant, steps: u32) -> Result<(), Violation> {
        if steps < STEPS_MAX {
            return Ok(());
        }
        Err(Violation {
            rule: "time goes on",
            at: now,
            what: format!("{steps} steps at one instant"),
        })
    }

    fn disturbed(&self, duty: &Duty) -> Instant {
        let nodes = self.node_disturbed.iter().enumerate();
        let concerned = nodes.filter(|(node, _)| duty.concerns(*node));
        let node = concerned.map(|(_, at)| *at).max().unwrap_or_default();
        if duty.concerns_network() {
            node.max(self.network_disturbed)
        } else {
            node
        }
    }
}

/// What is due at a moment is late a moment later.
const TICK: Duration = Duration::from_nanos(1);
