//! The wire thread: sockets, timers and the brain.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use skep_linux::clock;
use skep_linux::poll::{Events, Poller};
use skep_linux::scheduling::{set_real_time, touch_stack};
use skep_linux::timer::Timer;
use skep_linux::vrrp_socket::{Batch, VrrpSocket};
use skep_vip::action::{Action, Transmission};
use skep_vip::brain::Brain;
use skep_vip::interfaces::Socket;
use skep_vip::message::{Command, Lateness};
use skep_vrrp::identity::Family;
use skep_vrrp::packet::Packet;
use skep_vrrp::time::Instant;

use crate::memory::Memory;
use crate::vip::mailbox::{Inbox, Outbox, PutError};
use crate::vip::notes::{Notice, Wish};
use crate::vip::record::Record;
use crate::vip::sockets::family;

/// The thread makes a turn at least this often, so that the supervisor and hand see it alive.
const TURN: Duration = Duration::from_millis(100);

/// When hand does not keep up, what it shall do is offered again this often.
const RETRY: Duration = Duration::from_millis(1);

/// The thread says how late it was this often.
const SAY_LATENESS: Duration = Duration::from_secs(1);

/// Above every thread that has no timers to keep, below what the kernel needs itself.
const REAL_TIME_PRIORITY: u8 = 50;

type Sockets = BTreeMap<(Arc<str>, Family), VrrpSocket>;

/// Everything the wire thread owns.
pub(super) struct Wire {
    brain: Brain,
    memory: Arc<Memory>,
    record: Record,
    beginning: Beginning,
    poller: Poller,
    timer: Timer,
    inbox: Inbox<Notice>,
    outbox: Outbox<Wish>,
    /// What the outbox had no room for.
    unsent: Option<Wish>,
    sockets: Sockets,
    retired: Vec<VrrpSocket>,
    batch: Batch,
    /// When the timer is due.
    armed: Option<Duration>,
    lateness: Lateness,
    lateness_said: Duration,
    stopping: bool,
}

/// How far the thread is with what an earlier vip ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beginning {
    /// It is told.
    Told,
    /// It was told, and hand does not know yet that everything runs.
    Running,
    /// Hand knows.
    Over,
}

impl Wire {
    pub(super) fn new(
        inbox: Inbox<Notice>,
        outbox: Outbox<Wish>,
        memory: Arc<Memory>,
    ) -> anyhow::Result<Self> {
        let poller = Poller::new().context("cannot wait for several things at once")?;
        let timer = Timer::new().context("cannot make a timer")?;
        poller.add(&timer, 0).context("cannot wait for the timer")?;
        poller
            .add(&inbox, 0)
            .context("cannot wait for the mailbox")?;
        Ok(Self {
            brain: Brain::default(),
            record: Record::new(Arc::clone(&memory)),
            beginning: Beginning::Told,
            memory,
            poller,
            timer,
            inbox,
            outbox,
            unsent: None,
            sockets: BTreeMap::new(),
            retired: Vec::new(),
            batch: Batch::new(),
            armed: None,
            lateness: Lateness::default(),
            lateness_said: Duration::ZERO,
            stopping: false,
        })
    }

    /// Runs until it is told to stop and every router has left.
    ///
    /// After every wake-up, in this order: advertisements, each at the moment it arrived; then
    /// timers; then what hand says. An advertisement that waits in a socket thus wins over a timer
    /// that expired meanwhile.
    pub(super) fn run(mut self) -> anyhow::Result<()> {
        self.become_punctual();
        let mut events = Events::with_capacity(16);
        loop {
            self.memory.beat();
            // What is ready does not matter: everything is looked at, in the order above.
            let _ready = self
                .poller
                .wait(&mut events, Some(TURN))
                .context("cannot wait")?;
            self.timer.drain().context("cannot read the timer")?;
            // The moment of the turn: what is late within it, because the process slept between
            // two lines, is found out by the next one.
            let woken_at = clock::now();
            self.note_lateness();
            self.brain
                .handle_wake(clock::wall(), Instant::from_boot(clock::now()));
            self.receive();
            self.brain.handle_timeout(Instant::from_boot(woken_at));
            self.read_notices(Instant::from_boot(woken_at))?;
            let acted = self.act();
            if acted.is_continue() {
                self.memory.set_settled_at(woken_at);
            }
            let left = self.stopping && self.brain.has_left();
            if left && acted.is_continue() && self.put(Wish::Done).is_continue() {
                return Ok(());
            }
            self.arm()?;
        }
    }

    fn become_punctual(&mut self) {
        touch_stack();
        if let Err(error) = set_real_time(REAL_TIME_PRIORITY) {
            // The mailbox is empty at the start.
            let _full = self.put(Wish::Restricted(format!("{:#}", anyhow::Error::new(error))));
        }
    }

    fn note_lateness(&mut self) {
        let now = clock::now();
        if let Some(due) = self.armed.take_if(|due| *due <= now) {
            self.lateness.record(now - due);
        }
        if now.saturating_sub(self.lateness_said) >= SAY_LATENESS
            && self.unsent.is_none()
            && self.put(Wish::Lateness(self.lateness)).is_continue()
        {
            self.lateness_said = now;
        }
    }

    fn receive(&mut self) {
        let Self {
            sockets,
            batch,
            brain,
            ..
        } = self;
        for ((interface, _), socket) in sockets {
            loop {
                match socket.receive_batch(batch) {
                    Ok(0) => break,
                    Ok(_) => hear(brain, interface, batch),
                    Err(error) => {
                        tracing::debug!(%interface, %error, "cannot receive");
                        break;
                    }
                }
            }
        }
    }

    fn read_notices(&mut self, now: Instant) -> io::Result<()> {
        let Self {
            inbox,
            brain,
            sockets,
            retired,
            poller,
            stopping,
            record,
            beginning,
            ..
        } = self;
        for notice in inbox.take_all()? {
            match notice {
                // What leaves is not configured again.
                Notice::Command(_) if *stopping => {}
                Notice::Command(command) => {
                    if *beginning == Beginning::Told {
                        adopt(brain, record, &command);
                    }
                    if let Err(refused) = brain.handle_command(command, now) {
                        tracing::error!(error = %refused, "a configuration is refused");
                    }
                }
                Notice::Link(interface, link) => brain.handle_link(&interface, link, now),
                Notice::Source(interface, family, source) => {
                    brain.handle_source(&interface, family, source, now);
                }
                Notice::Opened(interface, socket) => {
                    poller.add(&socket, 0)?;
                    let family = family(&socket);
                    retired.extend(sockets.insert((Arc::clone(&interface), family), socket));
                    brain.handle_socket(&interface, family, Socket::Open, now);
                }
                Notice::Refused(interface, family, message) => {
                    retired.extend(sockets.remove(&(Arc::clone(&interface), family)));
                    let socket = Socket::Refused { message };
                    brain.handle_socket(&interface, family, socket, now);
                }
                Notice::AddressRemoved(interface, address) => {
                    brain.handle_address_removed(&interface, address);
                }
                Notice::Setting(interface, setting, refused) => {
                    brain.handle_setting(&interface, setting, refused, now);
                }
                Notice::Begin => *beginning = Beginning::Running,
                Notice::AddressPresent(interface, address) => {
                    brain.handle_address_present(&interface, address, now);
                }
                Notice::AddressAbsent(interface, address) => {
                    brain.handle_address_absent(&interface, address, now);
                }
                Notice::Stop => {
                    *stopping = true;
                    brain.handle_shutdown(now);
                }
            }
        }
        Ok(())
    }

    /// Does what the brain wants done; breaks off when hand does not keep up.
    fn act(&mut self) -> ControlFlow<()> {
        if let Some(wish) = self.unsent.take() {
            self.put(wish)?;
        }
        while let Some(action) = self.brain.poll_action() {
            let wish = match action {
                Action::Send(transmission) => {
                    if send(&self.sockets, &transmission) {
                        self.record.note_sent(&transmission, clock::now());
                    }
                    continue;
                }
                Action::AddAddress(holding) => Wish::Present(holding),
                Action::RemoveAddress(holding) => Wish::Absent(holding),
                Action::AddRoute(route) => Wish::RoutePresent(route),
                Action::RemoveRoute(route) => Wish::RouteAbsent(route),
                Action::Announce(announcement) => Wish::Announce(announcement),
                Action::Withhold(announcement) => Wish::Withhold(announcement),
            };
            self.put(wish)?;
        }
        while let Some(socket) = self.retired.pop() {
            self.put(Wish::Close(socket))?;
        }
        while let Some(report) = self.brain.poll_report() {
            self.record.note_report(&report);
            self.put(Wish::Report(Box::new(report)))?;
        }
        let now = Instant::from_boot(clock::now());
        while let Some(segment) = self.brain.poll_segment(now) {
            self.put(Wish::Segment(segment))?;
        }
        if self.beginning == Beginning::Running {
            self.beginning = Beginning::Over;
            self.put(Wish::Begun)?;
        }
        ControlFlow::Continue(())
    }

    fn put(&mut self, wish: Wish) -> ControlFlow<()> {
        match self.outbox.put(wish) {
            Ok(()) => ControlFlow::Continue(()),
            Err(PutError::Full(wish)) => {
                self.unsent = Some(wish);
                ControlFlow::Break(())
            }
            // Without hand nothing can be done or reported: only the process as a whole restarts.
            Err(PutError::Closed) => ControlFlow::Continue(()),
        }
    }

    fn arm(&mut self) -> anyhow::Result<()> {
        let due = self.brain.poll_timeout().map(Instant::since_boot);
        let retry = self.unsent.is_some().then(|| clock::now() + RETRY);
        self.armed = [due, retry].into_iter().flatten().min();
        match self.armed {
            Some(at) => self.timer.arm(at),
            None => self.timer.disarm(),
        }
        .context("cannot set the timer")
    }
}

/// Hands every packet of `batch` to the brain, each at the moment it arrived.
fn hear(brain: &mut Brain, interface: &str, batch: &Batch) {
    let read_at = clock::now();
    for received in batch.iter() {
        let packet = Packet {
            source: received.source,
            destination: received.destination,
            hop_limit: received.hop_limit,
            message: received.payload,
        };
        let at = Instant::from_boot(read_at.saturating_sub(received.age));
        brain.handle_packet(interface, &packet, at);
    }
}

/// Tells the brain who was Active until a moment ago, before it commits `command`.
fn adopt(brain: &mut Brain, record: &mut Record, command: &Command) {
    if let Command::Configure { router, .. } = command
        && let Some(advertised_at) = record.was_active(router)
    {
        brain.handle_adoption(router.key.clone(), advertised_at);
    }
}

/// Whether it was sent.
fn send(sockets: &Sockets, transmission: &Transmission<'_>) -> bool {
    let family = Family::of(transmission.source);
    let interface = Arc::clone(&transmission.interface);
    let Some(socket) = sockets.get(&(interface, family)) else {
        return false;
    };
    let (source, destination) = (transmission.source, transmission.destination);
    match socket.send(source, destination, transmission.message) {
        Ok(()) => true,
        Err(error) => {
            // The next advertisement is the retry; the link's state comes from hand.
            tracing::debug!(interface = %transmission.interface, %error, "cannot send");
            false
        }
    }
}
