//! All virtual routers of a node, and the addresses they move.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use skep_vrrp::action as machine;
use skep_vrrp::identity::Family;
use skep_vrrp::packet::{Advertisement, Packet};
use skep_vrrp::time::{Instant, WallClock};

use crate::acceptance::{Collected, Refused};
use crate::action::{Announcement, Holding};
use crate::bonds::{Bonds, WITH_LEADER};
use crate::configuration::RouterKey;
use crate::deadlines::Deadlines;
use crate::holdings::Holdings;
use crate::inputs::Inputs;
use crate::interfaces::{Interfaces, Link, Socket};
use crate::links::Links;
use crate::message::trial::is_trial;
use crate::message::{Command, Health};
use crate::news::News;
use crate::outbox::Outbox;
use crate::roster::Roster;
use crate::router::ReportState;
use crate::routes::Routes;
use crate::segments::Segments;

mod adoption;
mod commit;
mod leaving;
mod overhearing;
mod polling;
mod rule;
mod sending;
mod setting;

use adoption::Adoptions;
use setting::Refusals;

/// The brain: commands, advertisements, links and the time come in,
/// [`Action`](crate::action::Action)s and [`Report`](crate::message::Report)s come out.
///
/// After every wake-up: first what arrived ([`Self::handle_packet`], with the time of its
/// arrival), then [`Self::handle_timeout`], then what the kernel says about interfaces and
/// addresses; at the end [`Self::poll_action`] until there is nothing left. A router is in Fault
/// until its interface has a link and offers a source address, so the shell says what it knows of
/// an interface before it commits a configuration that uses it.
///
/// In steady state, hearing and sending advertisements allocates nothing.
#[derive(Debug, Default)]
pub struct Brain {
    routers: Roster,
    bonds: Bonds,
    interfaces: Interfaces,
    segments: Segments,
    links: Links,
    inputs: Inputs,
    collected: Collected,
    revision: u64,
    wall_clock: WallClock,
    woken_at: Instant,
    deadlines: Deadlines,
    outbox: Outbox,
    holdings: Holdings,
    routes: Routes,
    announcements: VecDeque<Announcement>,
    withheld: VecDeque<Announcement>,
    reports: VecDeque<usize>,
    removed: VecDeque<RouterKey>,
    adoptions: Adoptions,
    refusals: Refusals,
}

impl Brain {
    /// A brain without virtual routers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Does what control says.
    ///
    /// # Errors
    ///
    /// [`Refused`] when a configuration cannot run. What ran before keeps running.
    pub fn handle_command(&mut self, command: Command, now: Instant) -> Result<(), Refused> {
        match command {
            Command::Configure { revision, router } => self.collected.add(revision, *router),
            Command::Commit { revision, routers } => {
                let accepted = self.collected.complete(revision, routers)?;
                self.commit(revision, accepted, now);
                Ok(())
            }
            Command::Input { name, health } => {
                self.handle_input(&name, health, now);
                Ok(())
            }
            Command::Standby {
                key,
                priority,
                heard_at,
            } => {
                self.handle_standby(&key, priority, heard_at, now);
                Ok(())
            }
            // That control speaks is for the shell to notice; the shell keeps the reports, opens
            // the sockets and tries what shall be tried.
            Command::Listen { .. } | Command::Try(_) | Command::Heartbeat | Command::ReportAll => {
                Ok(())
            }
        }
    }

    /// A packet of protocol 112 arrived on `interface` at `now`.
    pub fn handle_packet(&mut self, interface: &str, packet: &Packet<'_>, now: Instant) {
        // Not even a proof that the interface delivers advertisements: it may have come by unicast.
        if is_trial(packet.message) {
            return;
        }
        self.note_reception(interface, now);
        let id = packet.virtual_router_id();
        let slot = id.and_then(|id| self.interfaces.route(interface, packet.family(), id));
        let Some(slot) = slot else {
            self.overhear(interface, packet, now);
            return;
        };
        let Some(router) = self.routers.get_mut(slot) else {
            return;
        };
        match router.configuration.transport.admit(packet) {
            Err(foreign) => router.refuse(packet.source, foreign, now),
            Ok(admitted) => match Advertisement::parse(&admitted) {
                Ok(heard) => self.handle_advertisement(interface, packet, &heard, now),
                Err(discard) => router.discard(packet.source, &discard, now),
            },
        }
        self.refresh(slot, now);
    }

    /// Whatever it is and whoever sent it: `interface` delivers.
    fn note_reception(&mut self, interface: &str, now: Instant) {
        match self.interfaces.note_reception(interface) {
            News::Same => {}
            News::Changed => {
                for slot in self.interfaces.routers_on(interface) {
                    if let Some(router) = self.routers.get_mut(slot) {
                        router.hear_somebody();
                    }
                    self.follow(slot, now);
                }
            }
        }
    }

    fn handle_advertisement(
        &mut self,
        interface: &str,
        packet: &Packet<'_>,
        heard: &Advertisement<'_>,
        now: Instant,
    ) {
        let slot = self
            .interfaces
            .route(interface, packet.family(), heard.virtual_router_id);
        let Some(slot) = slot else { return };
        if let Some(router) = self.routers.get_mut(slot) {
            router.machine.handle_wake(self.woken_at);
            router.hear(packet, heard, self.wall_clock.at(now), now);
        }
        if heard.priority < WITH_LEADER {
            self.catch_up(slot, now);
        }
        self.follow(slot, now);
        self.refresh(slot, now);
    }

    /// A turn begins at `now`; what it hands over may have arrived before. The wall clock, which
    /// says `since_1970`, dates what is signed and moves no timer.
    pub const fn handle_wake(&mut self, since_1970: Duration, now: Instant) {
        self.wall_clock = WallClock::read(since_1970, now);
        self.woken_at = now;
    }

    /// The link of `interface` is this.
    pub fn handle_link(&mut self, interface: &str, link: Link, now: Instant) {
        let news = self.interfaces.set_link(interface, link);
        self.links.hear(interface, link, now);
        self.rule_on(interface, news, now);
        self.turn_links(now);
    }

    /// `interface` offers this address to advertise from: its first one of that family that is no
    /// virtual address of this node.
    pub fn handle_source(
        &mut self,
        interface: &str,
        family: Family,
        source: Option<IpAddr>,
        now: Instant,
    ) {
        let news = self.interfaces.set_source(interface, family, source);
        self.rule_on(interface, news, now);
    }

    /// The socket of this family on `interface` is this.
    pub fn handle_socket(&mut self, interface: &str, family: Family, socket: Socket, now: Instant) {
        match socket {
            Socket::Open => self.segments.listen(interface, now),
            // The other family may well listen.
            Socket::Refused { .. } => {}
        }
        let news = self.interfaces.set_socket(interface, family, socket);
        self.rule_on(interface, news, now);
    }

    /// A health input is this.
    pub fn handle_input(&mut self, name: &str, health: Health, now: Instant) {
        match self.inputs.hear(name, health, now) {
            News::Same => {}
            News::Changed => {
                for slot in self.tracking(name) {
                    self.rule(slot, now);
                }
            }
        }
    }

    /// Somebody removed an address from an interface. One that is held here comes back at once.
    pub fn handle_address_removed(&mut self, interface: &str, address: IpAddr) {
        let Some(lost) = self.holdings.restore(interface, address) else {
            return;
        };
        let lost = Announcement {
            interface: Arc::clone(&lost.interface),
            address,
        };
        // Who leaves answers for the address and does not claim it any more.
        let active = self.routers.iter().map(|(_, router)| router);
        let mut active = active.filter(|router| router.machine.state() == machine::State::Active);
        let holder = active.find(|router| {
            let mut addresses = router.addresses.iter();
            addresses.any(|held| held.address == address && held.interface == lost.interface)
        });
        let count = holder.map_or(0, |router| router.configuration.announcements.count);
        self.announcements.extend((0..count).map(|_| lost.clone()));
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.turn_links(now);
        while let Some((_, slot)) = self.deadlines.first().filter(|(due, _)| *due <= now) {
            let Some(router) = self.routers.get_mut(slot) else {
                return;
            };
            router.machine.handle_timeout(now);
            let count = router.take_announcements(now);
            self.announce(slot, count);
            self.bid_farewell(slot, now);
            self.follow(slot, now);
        }
    }

    /// The configuration that runs.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The addresses that should be present on this node, as of the last [`Self::poll_action`].
    pub fn holdings(&self) -> impl Iterator<Item = &Holding> {
        self.holdings.iter()
    }

    fn rule_on(&mut self, interface: &str, news: News, now: Instant) {
        match news {
            News::Same => {}
            News::Changed => {
                for slot in self.interfaces.routers_on(interface) {
                    self.rule(slot, now);
                }
            }
        }
    }

    /// Does what a router's machine says, and notes when it wants to be called next.
    fn follow(&mut self, slot: usize, now: Instant) {
        let mut moved = false;
        while let Some(router) = self.routers.get_mut(slot)
            && let Some(action) = router.machine.poll_action()
        {
            match action {
                machine::Action::Send { priority, purpose } => {
                    self.send(slot, priority, purpose, now);
                }
                machine::Action::Became { state, reason } => {
                    router.became(state, reason, now);
                    self.holdings.unsettle();
                    match state {
                        machine::State::Leaving => self.withhold(slot),
                        machine::State::Initialize
                        | machine::State::Backup
                        | machine::State::Active => {}
                    }
                    self.await_addresses(slot, now);
                    self.report(slot);
                    moved = true;
                }
            }
        }
        self.release(slot);
        let deadline = self
            .routers
            .get(slot)
            .and_then(|router| router.poll_timeout());
        self.deadlines.set(slot, deadline);
        if moved {
            self.bring_along(slot, now);
        }
    }

    fn refresh(&mut self, slot: usize, now: Instant) {
        if self
            .routers
            .get_mut(slot)
            .is_some_and(|router| router.refreshes(now))
        {
            self.report(slot);
        }
    }

    fn report(&mut self, slot: usize) {
        if self.is_superseded(slot) {
            return;
        }
        if let Some(router) = self.routers.get_mut(slot)
            && router.report == ReportState::Fetched
        {
            router.report = ReportState::Waiting;
            self.reports.push_back(slot);
        }
    }

    fn tracking(&self, input: &str) -> Vec<usize> {
        let routers = self.routers.iter().filter(|(_, router)| {
            router
                .configuration
                .tracking
                .iter()
                .any(|tracked| tracked.name == input)
        });
        routers.map(|(slot, _)| slot).collect()
    }
}
