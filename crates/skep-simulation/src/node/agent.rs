//! The agent of a node: its brain, and what its other threads tell it.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use skep_vip::action::Holding;
use skep_vip::brain::Brain;
use skep_vip::configuration::RouterConfiguration;
use skep_vip::interfaces::Link;
use skep_vip::message::{Command, Health, RouterReport, State, Transition};
use skep_vrrp::identity::{Family, Priority};
use skep_vrrp::packet::{HOP_LIMIT, Packet};
use skep_vrrp::time::Instant;

use super::places;
use crate::accord::Wire;
use crate::group::leaving_max;
use crate::kernel::Place;

/// How many packets wait at most while the agent stands still; the kernel keeps the oldest.
const WAITING_MAX: usize = 20_000;

/// The agent: its brain, and what waits for its threads.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) brain: Brain,
    pub(crate) frozen: bool,
    pub(crate) stopping: bool,
    pub(super) waiting: Vec<Arrived>,
    pub(crate) notices: VecDeque<Notice>,
    pub(crate) changes: VecDeque<Change>,
    /// What it was told to run.
    pub(crate) configuration: Vec<Rc<RouterConfiguration>>,
    /// What it reported, by group.
    pub(crate) routers: Vec<Option<Router>>,
    /// When it advertised last, by group; none after it gave the addresses up.
    pub(crate) advertised: Vec<Option<Instant>>,
    /// Whether its hand has still to drop what the data plane before it left behind.
    pub(crate) beginning: Beginning,
    /// What the routers were told that became others to the other nodes, and until when they may
    /// leave under the name of their successor on this node.
    pub(super) shadows: Vec<(Rc<RouterConfiguration>, Instant)>,
}

/// How far an agent has come with its first configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// It has none yet.
    Untold,
    /// It has it, and its hand not yet.
    Told,
    /// That is long ago.
    Over,
}

/// A virtual router as it was reported last.
#[derive(Debug)]
pub(crate) struct Router {
    pub(crate) configuration: Rc<RouterConfiguration>,
    pub(crate) state: State,
    pub(crate) effective: Priority,
    pub(crate) since: Instant,
    pub(crate) transitions: Vec<Transition>,
}

/// A packet on its way, the same for all who hear it.
#[derive(Debug)]
pub(crate) struct Datagram {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) message: Box<[u8]>,
}

/// A packet in a socket.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) at: Instant,
    pub(crate) interface: Arc<str>,
    pub(crate) datagram: Rc<Datagram>,
}

/// What hand or control tells wire.
#[derive(Clone, Debug)]
pub(crate) enum Notice {
    Link(Arc<str>, Link),
    Source(Arc<str>, Family, Option<IpAddr>),
    Input(String, Health),
    Commit(Vec<RouterConfiguration>),
    AddressRemoved(Place),
    AddressPresent(Place),
    AddressAbsent(Place),
    Stop,
}

/// What wire wants of hand.
#[derive(Debug)]
pub(crate) enum Change {
    Add(Holding),
    Remove(Holding),
}

impl Agent {
    /// A packet arrived in its socket.
    pub(crate) fn arrive(&mut self, arrived: Arrived) {
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push(arrived);
        }
    }

    /// What wire does after a wake-up, in its order: packets, each at the moment of its arrival;
    /// timers; what hand and control say.
    pub(crate) fn wake(&mut self, revision: &mut u64, wall_clock: Duration, now: Instant) -> Woken {
        self.brain.handle_wake(wall_clock, now);
        for arrived in self.waiting.drain(..) {
            let packet = Packet {
                source: arrived.datagram.source,
                destination: arrived.datagram.destination,
                hop_limit: HOP_LIMIT,
                message: &arrived.datagram.message,
            };
            let brain = &mut self.brain;
            brain.handle_packet(&arrived.interface, &packet, arrived.at);
        }
        if self.brain.poll_timeout().is_some_and(|due| due <= now) {
            self.brain.handle_timeout(now);
        }
        let overdue = self.brain.poll_timeout().filter(|due| *due <= now);
        let mut refused = None;
        while let Some(notice) = self.notices.pop_front() {
            let is_commit = matches!(notice, Notice::Commit(_));
            refused = self.tell(notice, revision, now).or(refused);
            // One configuration per turn: what came of it is looked at before the next.
            if is_commit {
                break;
            }
        }
        Woken { overdue, refused }
    }

    fn tell(&mut self, notice: Notice, revision: &mut u64, now: Instant) -> Option<String> {
        let brain = &mut self.brain;
        match notice {
            Notice::Link(interface, link) => brain.handle_link(&interface, link, now),
            Notice::Source(interface, family, source) => {
                brain.handle_source(&interface, family, source, now);
            }
            Notice::Input(name, health) => {
                let told = brain.handle_command(Command::Input { name, health }, now);
                return told.err().map(|refused| refused.to_string());
            }
            // Control is stopped first: a configuration that follows a stop is none.
            Notice::Commit(_) if self.stopping => {}
            Notice::Commit(routers) => {
                *revision += 1;
                let committed = commit(brain, *revision, &routers, now);
                match committed {
                    Ok(()) => {
                        self.cast_shadows(&routers, now);
                        if self.beginning == Beginning::Untold {
                            self.beginning = Beginning::Told;
                        }
                        self.configuration = routers.into_iter().map(Rc::new).collect();
                    }
                    Err(refused) => return Some(refused),
                }
            }
            Notice::AddressRemoved((interface, address)) => {
                brain.handle_address_removed(&interface, address);
            }
            Notice::AddressPresent((interface, address)) => {
                brain.handle_address_present(&interface, address, now);
            }
            Notice::AddressAbsent((interface, address)) => {
                brain.handle_address_absent(&interface, address, now);
            }
            Notice::Stop => {
                self.stopping = true;
                brain.handle_shutdown(now);
                self.cast_shadows(&[], now);
            }
        }
        None
    }

    /// Whether a router that became another one to the others may still hold this address.
    pub(crate) fn is_shadowed(&self, place: &Place, now: Instant) -> bool {
        let shadows = self.shadows.iter().filter(|(_, until)| now <= *until);
        let mut held = shadows.flat_map(|(router, _)| places(router));
        held.any(|held| held == *place)
    }

    /// What a reported router is told: it is configured, was, or became another one.
    pub(crate) fn told(
        &self,
        report: &RouterReport,
        former: Option<&Router>,
    ) -> Option<Rc<RouterConfiguration>> {
        let former = former.map(|router| &router.configuration);
        let shadows = self.shadows.iter().map(|(router, _)| router);
        let mut known = self.configuration.iter().chain(former).chain(shadows);
        let is_it = |router: &&Rc<RouterConfiguration>| {
            router.key == report.key && router.virtual_router_id == report.virtual_router_id
        };
        known.find(is_it).map(Rc::clone)
    }

    fn cast_shadows(&mut self, routers: &[RouterConfiguration], now: Instant) {
        self.shadows.retain(|(_, until)| now <= *until);
        for before in self.routers.iter().flatten() {
            let before = &before.configuration;
            let mut routers = routers.iter();
            let becomes = routers.find(|router| router.key == before.key);
            // Of two that leave under one name only one is reported.
            let mut shadows = self.shadows.iter();
            let is_second = shadows.any(|(shadow, _)| shadow.key == before.key);
            if becomes.map_or(is_second, |router| Wire::of(router) != Wire::of(before)) {
                let until = now + leaving_max(before.advertisement_interval);
                self.shadows.push((Rc::clone(before), until));
            }
        }
    }
}

/// What is remarkable about a wake-up.
pub(crate) struct Woken {
    /// A timer that is still due after the timers were handled.
    pub(crate) overdue: Option<Instant>,
    /// Why a configuration was refused.
    pub(crate) refused: Option<String>,
}

fn commit(
    brain: &mut Brain,
    revision: u64,
    routers: &[RouterConfiguration],
    now: Instant,
) -> Result<(), String> {
    let mut tell = |command| {
        let told = brain.handle_command(command, now);
        told.map_err(|refused| refused.to_string())
    };
    for router in routers {
        let router = Box::new(router.clone());
        tell(Command::Configure { revision, router })?;
    }
    let routers = u32::try_from(routers.len()).unwrap_or(u32::MAX);
    tell(Command::Commit { revision, routers })
}
