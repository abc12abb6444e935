//! The hand thread: what may have to wait for the kernel.

mod announcing;
mod granting;
mod guarding;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use skep_linux::announce::Announcer;
use skep_linux::clock;
use skep_linux::netlink::{Event as Change, Events, EventsEnded, Netlink};
use skep_linux::process::channel::{Channel, ChannelReceiveError};
use skep_linux::readiness::Readiness;
use skep_linux::scheduling::set_real_time;
use skep_vip::action::Announcement;
use skep_vip::configuration::Setting;
use skep_vip::interfaces::Link as LinkState;
use skep_vip::message::trial::{Lane, TrialReport};
use skep_vip::message::{Command, Report};
use skep_vrrp::identity::Family;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior, sleep};

use crate::link::{Link, ReceiveError};
use crate::memory::{Memory, Placed};
use crate::vip::addresses::{Addresses, Place};
use crate::vip::foreign::Foreigners;
use crate::vip::guard::Guard;
use crate::vip::interfaces::{Condition, Interfaces};
use crate::vip::keeper::Keeper;
use crate::vip::mailbox::{Inbox, Outbox, PutError};
use crate::vip::notes::{Notice, Wish};
use crate::vip::rehearsal::come_to_rest;
use crate::vip::reports::Reports;
use crate::vip::routes::Routes;
use crate::vip::silence::Control;
use crate::vip::sockets::Sockets;
use crate::vip::trials::Trials;

/// How often what failed is tried again, and what control may have missed is said again.
const AGAIN: Duration = Duration::from_millis(500);

/// How long after a configuration everything runs as it will.
const UNREST: Duration = Duration::from_secs(2);

/// How long a notice waits for room that wire makes with its next turn.
const FULL: Duration = Duration::from_millis(1);

/// Below the wire thread: what it waits for must never hold up what is sent.
const REAL_TIME_PRIORITY: u8 = 40;

/// Everything that can happen to hand.
enum Event {
    /// Control said something, or what it said is not understood.
    Commanded(Result<Command, ReceiveError>),
    /// Wire wants something.
    Wished,
    /// There is news of a trial.
    Tried(TrialReport),
    /// The kernel changed a link or an address.
    Changed(Result<Change, EventsEnded>),
    /// A lease is to be renewed, or an address shall come back.
    AddressDue,
    /// It is time to try again what failed.
    AgainDue,
    /// The process is told to stop.
    Stopped,
}

/// Everything the hand thread owns.
pub(super) struct Hand {
    memory: Arc<Memory>,
    netlink: Netlink,
    changes: Events,
    interfaces: Interfaces,
    addresses: Addresses,
    guard: Guard,
    foreigners: Foreigners,
    /// Removed addresses that wait for another one of their subnet.
    left_alone: BTreeSet<Placed>,
    /// The interfaces that routers run on, each with what wire was last told of it.
    watched: BTreeMap<Arc<str>, Condition>,
    routes: Routes,
    sockets: Sockets,
    /// What the kernel could not be made to do.
    unset: BTreeSet<(Arc<str>, Setting)>,
    announcers: BTreeMap<u32, Announcer>,
    /// Addresses that are to be announced, as often as they are here.
    announcements: Vec<Announcement>,
    /// Addresses that are to be announced when they are in place.
    unannounced: BTreeSet<Place>,
    keeper: Keeper,
    trials: Trials,
    control: Link<Report, Command>,
    /// Whether the channel to control is closed. The supervisor keeps it open while it lives.
    orphaned: bool,
    speaking: Control,
    reports: Reports,
    wire: Outbox<Notice>,
    wishes: Inbox<Wish>,
    /// What wire wished while the kernel was waited for.
    early: Vec<Wish>,
    wished: Readiness,
    again: Interval,
    /// When memory is locked, unless another configuration comes before.
    rest_at: Option<Duration>,
    terminate: Signal,
    interrupt: Signal,
}

impl Hand {
    pub(super) async fn new(
        channel: Channel,
        memory: Arc<Memory>,
        wire: Outbox<Notice>,
        wishes: Inbox<Wish>,
    ) -> anyhow::Result<Self> {
        // The changes first: what happens while everything is listed is heard of then.
        let changes = Events::open()?;
        let mut again = tokio::time::interval(AGAIN);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut hand = Self {
            netlink: Netlink::open()?,
            changes,
            interfaces: Interfaces::default(),
            addresses: Addresses::new(Arc::clone(&memory)),
            guard: Guard::default(),
            foreigners: Foreigners::default(),
            left_alone: BTreeSet::new(),
            watched: BTreeMap::new(),
            routes: Routes::default(),
            sockets: Sockets::default(),
            unset: BTreeSet::new(),
            announcers: BTreeMap::new(),
            announcements: Vec::new(),
            unannounced: BTreeSet::new(),
            keeper: Keeper::new(Arc::clone(&memory)),
            trials: Trials::new(),
            memory,
            control: Link::new(channel).context("cannot wait for control")?,
            orphaned: false,
            speaking: Control::new(clock::now()),
            reports: Reports::new(),
            wire,
            wished: Readiness::of(&wishes).context("cannot wait for the wire thread")?,
            wishes,
            early: Vec::new(),
            again,
            rest_at: Some(clock::now() + UNREST),
            terminate: signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?,
        };
        hand.become_punctual();
        hand.list_everything().await?;
        // Who was Active until a moment ago carries on: nothing is removed before wire has decided.
        for command in hand.keeper.kept() {
            hand.handle_command(command);
        }
        hand.tell(Notice::Begin);
        Ok(hand)
    }

    fn become_punctual(&mut self) {
        if let Err(error) = set_real_time(REAL_TIME_PRIORITY) {
            self.reports
                .note_restriction(format!("{:#}", anyhow::Error::new(error)));
        }
    }

    /// Runs until the process is told to stop and wire has released everything.
    pub(super) async fn run(mut self) -> anyhow::Result<()> {
        loop {
            match self.next().await {
                Event::Commanded(Ok(command)) => {
                    self.speaking.handle_spoken(clock::now());
                    self.handle_command(command);
                }
                Event::Commanded(Err(ReceiveError::Channel(ChannelReceiveError::Closed))) => {
                    tracing::error!("the supervisor is gone, the addresses are handed over");
                    self.orphaned = true;
                    self.tell(Notice::Stop);
                }
                Event::Commanded(Err(error)) => {
                    tracing::warn!(%error, "what control said is not understood");
                }
                Event::Wished => {
                    if self.grant_wishes().await? {
                        self.ensure_addresses().await?;
                        self.reports.send(&self.control);
                        return Ok(());
                    }
                }
                Event::Tried(report) => {
                    self.reports.note(Report::Trial(Box::new(report)));
                    self.reports.send(&self.control);
                }
                Event::Changed(Ok(change)) => self.handle_change(change).await?,
                Event::Changed(Err(EventsEnded)) => self.listen_again().await?,
                Event::AddressDue => self.handle_address_due().await,
                Event::AgainDue => self.try_again().await?,
                Event::Stopped => self.tell(Notice::Stop),
            }
        }
    }

    /// The next event. Every branch is cancel-safe: what a branch has not returned, it keeps.
    async fn next(&mut self) -> Event {
        let dues = [self.addresses.next_renewal(), self.guard.next()];
        let due = dues.into_iter().flatten().min();
        let address_due = async {
            match due {
                Some(at) => sleep(at.saturating_sub(clock::now())).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = self.wished.read(|| self.wishes.was_woken().then_some(())) => Event::Wished,
            change = self.changes.next() => Event::Changed(change),
            report = self.trials.next() => Event::Tried(report),
            command = self.control.receive(), if !self.orphaned => Event::Commanded(command),
            _ = self.terminate.recv() => Event::Stopped,
            _ = self.interrupt.recv() => Event::Stopped,
            () = address_due => Event::AddressDue,
            _ = self.again.tick() => Event::AgainDue,
        }
    }

    fn handle_command(&mut self, command: Command) {
        if command == Command::ReportAll {
            self.reports.say_all_again();
            self.reports.send(&self.control);
            return;
        }
        if let Command::Listen { interfaces } = command {
            self.keeper.listen(interfaces);
            self.open_sockets();
            return;
        }
        if let Command::Try(trial) = command {
            let (interfaces, keeper) = (&self.interfaces, &self.keeper);
            let place = |lane: &Lane| interfaces.place(lane, keeper.virtual_addresses());
            self.trials.follow(*trial, place);
            return;
        }
        if let Some(needs) = self.keeper.note(&command) {
            for interface in needs {
                self.watch(&interface);
            }
            self.ensure_settings();
            self.tell_conditions();
            self.rest_at = Some(clock::now() + UNREST);
        }
        self.tell(Notice::Command(command));
    }

    async fn handle_change(&mut self, change: Change) -> anyhow::Result<()> {
        match change {
            Change::LinkChanged(link) => {
                self.interfaces.add_link(link);
                self.routes.doubt();
            }
            Change::LinkRemoved(link) => {
                self.announcers.remove(&link.index);
                self.interfaces.remove_link(link.index);
            }
            Change::AddressAdded(address) => {
                self.interfaces.add_address(address);
                self.restore_left_alone();
            }
            Change::AddressRemoved(address, requester) => self.handle_removed(&address, requester),
            Change::Overrun => {
                self.list_everything().await?;
                self.restore_missing();
            }
        }
        self.tell_conditions();
        Ok(())
    }

    async fn listen_again(&mut self) -> anyhow::Result<()> {
        self.changes = Events::open()?;
        self.list_everything().await?;
        self.restore_missing();
        self.tell_conditions();
        Ok(())
    }

    async fn try_again(&mut self) -> io::Result<()> {
        self.ensure_addresses().await?;
        self.open_sockets();
        for (name, setting) in std::mem::take(&mut self.unset) {
            self.ensure_setting(&name, setting);
        }
        let now = clock::now();
        if self.rest_at.take_if(|at| *at <= now).is_some()
            && let Err(error) = come_to_rest(&self.keeper, now)
        {
            self.reports
                .note_restriction(format!("{:#}", anyhow::Error::new(error)));
        }
        self.reports.note_silence(self.speaking.silence(now));
        self.reports.note_contested(self.guard.contested(now));
        self.note_foreign(now);
        self.reports.note_looping(self.memory.looping_since());
        self.reports.note_alive(self.keeper.revision());
        self.reports.send(&self.control);
        Ok(())
    }

    async fn list_everything(&mut self) -> anyhow::Result<()> {
        let links = self.netlink.links().await?;
        let addresses = self.netlink.addresses().await?;
        self.interfaces.replace(links, addresses);
        Ok(())
    }

    fn watch(&mut self, interface: &str) {
        if !self.watched.contains_key(interface) {
            self.watched
                .insert(Arc::from(interface), Condition::MISSING);
        }
    }

    /// Tells wire what is different from what it was last told.
    fn tell_conditions(&mut self) {
        self.open_sockets();
        let names: Vec<Arc<str>> = self.watched.keys().cloned().collect();
        for name in names {
            let after = self
                .interfaces
                .condition(&name, self.keeper.virtual_addresses());
            let before = self.watched.insert(Arc::clone(&name), after.clone());
            let before = before.expect("the name is one of the watched");
            let is_new = after.index != before.index;
            if is_new {
                self.ensure_settings_of(&name);
            }
            if is_new || after.source_ipv4 != before.source_ipv4 {
                let source = after.source_ipv4.map(IpAddr::V4);
                self.tell(Notice::Source(Arc::clone(&name), Family::Ipv4, source));
            }
            if is_new || after.source_ipv6 != before.source_ipv6 {
                let source = after.source_ipv6.map(IpAddr::V6);
                self.tell(Notice::Source(Arc::clone(&name), Family::Ipv6, source));
            }
            if is_new || after.usable != before.usable {
                self.tell(Notice::Link(name, link_state(&after)));
            }
        }
    }

    fn open_sockets(&mut self) {
        let needs = self.keeper.sockets();
        for notice in self.sockets.ensure(&needs, &self.interfaces) {
            self.tell(notice);
        }
    }

    fn tell(&self, mut notice: Notice) {
        loop {
            match self.wire.put(notice) {
                Ok(()) => return,
                // Wire never waits for hand. One that stands still is ended by the supervisor.
                Err(PutError::Full(unread)) => {
                    notice = unread;
                    std::thread::sleep(FULL);
                }
                Err(PutError::Closed) => {
                    tracing::error!("the wire thread is gone");
                    return;
                }
            }
        }
    }
}

const fn link_state(condition: &Condition) -> LinkState {
    match (condition.index, condition.usable) {
        (None, _) => LinkState::Missing,
        (Some(_), false) => LinkState::Down,
        (Some(_), true) => LinkState::Up,
    }
}
