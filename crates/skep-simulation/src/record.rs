//! What happened, for people who want to know why.

use std::collections::VecDeque;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use skep_vip::configuration::RouterKey;
use skep_vip::message::Transition;
use skep_vrrp::time::Instant;

use crate::happening::{Happening, NodeHappening};
use crate::setup::Memory;

/// How much a failure needs of what happened.
const EVENTS_TAIL: usize = 150;
/// How many packets it needs: some seconds of a small cluster.
const PACKETS_TAIL: usize = 80;

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub at: Instant,
    /// What.
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// Something from outside.
    Happened(Happening),
    /// A virtual router changed its state.
    Became {
        /// On this node.
        node: usize,
        /// This virtual router.
        key: RouterKey,
        /// From what to what, and why.
        transition: Transition,
    },
    /// An address is present from now on.
    Present(usize, IpAddr),
    /// An address is gone.
    Gone(usize, IpAddr, Gone),
    /// An agent that was told to stop has stopped.
    Stopped(usize),
    /// A node refused a configuration.
    Refused(usize, String),
    /// An advertisement was sent: by this node, for this virtual router id, with this priority.
    Sent(usize, u8, u8),
    /// An advertisement arrived: at this node, for this virtual router id, with this priority.
    Heard(usize, u8, u8),
}

/// Why an address is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// Its agent removed it.
    Removed,
    /// Somebody else did.
    Taken,
    /// Nobody renewed its lease.
    Expired,
    /// The power went.
    PowerCut,
}

/// The memory of a cluster.
#[derive(Debug)]
pub(crate) struct Record {
    memory: Memory,
    events: VecDeque<Entry>,
    packets: VecDeque<Entry>,
}

impl Record {
    pub(crate) const fn new(memory: Memory) -> Self {
        Self {
            memory,
            events: VecDeque::new(),
            packets: VecDeque::new(),
        }
    }

    pub(crate) fn note(&mut self, at: Instant, event: Event) {
        let is_packet = matches!(event, Event::Sent(..) | Event::Heard(..));
        let (entries, most) = match (self.memory, is_packet) {
            (Memory::Timeline, true) => return,
            (Memory::Timeline, false) => (&mut self.events, usize::MAX),
            (Memory::Tail, true) => (&mut self.packets, PACKETS_TAIL),
            (Memory::Tail, false) => (&mut self.events, EVENTS_TAIL),
        };
        if entries.len() == most {
            entries.pop_front();
        }
        entries.push_back(Entry { at, event });
    }

    /// Everything that is remembered, in the order of time.
    pub(crate) fn entries(&self) -> Vec<&Entry> {
        let mut entries: Vec<&Entry> = self.events.iter().chain(&self.packets).collect();
        entries.sort_by_key(|entry| entry.at);
        entries
    }
}

/// A moment as people read it: seconds since the start.
#[must_use]
pub fn seconds(at: Instant) -> String {
    let since: Duration = at.since_boot();
    format!("{}.{:06}", since.as_secs(), since.subsec_micros())
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>16}  ", seconds(self.at))?;
        match &self.event {
            Event::Happened(happening) => write_happening(f, happening),
            Event::Became {
                node,
                key,
                transition,
            } => write!(
                f,
                "n{node} {key} {:?} -> {:?}: {:?}",
                transition.from, transition.to, transition.reason
            ),
            Event::Present(node, address) => write!(f, "n{node} + {address}"),
            Event::Gone(node, address, why) => write!(f, "n{node} - {address} {why:?}"),
            Event::Stopped(node) => write!(f, "n{node} stopped"),
            Event::Refused(node, why) => write!(f, "n{node} refused: {why}"),
            Event::Sent(node, id, priority) => {
                write!(f, "n{node} sends id {id} priority {priority}")
            }
            Event::Heard(node, id, priority) => {
                write!(f, "n{node} hears id {id} priority {priority}")
            }
        }
    }
}

fn write_happening(f: &mut fmt::Formatter<'_>, happening: &Happening) -> fmt::Result {
    match happening {
        Happening::Path {
            segment,
            from,
            to,
            path,
        } => write!(f, "## segment {segment}: n{from} to n{to} {path:?}"),
        Happening::Node {
            node,
            what: NodeHappening::Commit(routers),
        } => {
            write!(f, "## n{node} is to run")?;
            for router in routers {
                let addresses: Vec<_> = router.addresses.iter().map(|held| held.address).collect();
                write!(
                    f,
                    " {} id {} {:?} every {:?} at {} {:?} {:?} {addresses:?}",
                    router.key,
                    router.virtual_router_id.number(),
                    router.version,
                    router.advertisement_interval,
                    router.priority,
                    router.relocation,
                    router.authentication,
                )?;
            }
            Ok(())
        }
        Happening::Node { node, what } => write!(f, "## n{node} {what:?}"),
        Happening::Replay { key, older_than } => {
            write!(f, "## {key} is said again, older than {older_than:?}")
        }
    }
}
