//! What a simulated cluster consists of.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use skep_vip::configuration::RouterConfiguration;

use crate::clock::Clock;

/// A cluster before its power is switched on.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Its nodes; elsewhere they are known by their index.
    pub nodes: Vec<NodeSetup>,
    /// Chance: latencies, expiries, and how long hand takes.
    pub seed: u64,
    /// How much of what happens is remembered.
    pub memory: Memory,
}

/// One node.
#[derive(Clone, Debug)]
pub struct NodeSetup {
    /// Its name.
    pub name: String,
    /// Its interfaces by name.
    pub interfaces: BTreeMap<String, InterfaceSetup>,
    /// The virtual routers it runs.
    pub routers: Vec<RouterConfiguration>,
    /// What its wall clock says when the simulation begins, since 1970.
    pub wall_clock: Duration,
    /// What its timers run by. The wall clock is set right again and again, this one is not.
    pub clock: Clock,
}

/// An interface of a node.
#[derive(Clone, Debug)]
pub struct InterfaceSetup {
    /// The segment it is on, counted from 0.
    pub segment: usize,
    /// The addresses it advertises from.
    pub sources: Vec<IpAddr>,
}

/// How much of what happens is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// The last things only, packets among them: what a failure needs.
    Tail,
    /// Everything but packets: what a timeline needs.
    Timeline,
}

/// How long hand takes for a change of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandPace {
    /// Up to a millisecond.
    Prompt,
    /// As measured while containers start.
    Busy,
    /// As measured while a network namespace goes.
    Stalled,
}

impl HandPace {
    /// How long one change takes at most.
    #[must_use]
    pub const fn most(self) -> Duration {
        match self {
            Self::Prompt => Duration::from_millis(1),
            Self::Busy => Duration::from_millis(312),
            Self::Stalled => Duration::from_millis(1600),
        }
    }
}
