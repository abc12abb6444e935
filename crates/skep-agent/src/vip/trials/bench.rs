//! What the thread of a trial does: it listens on every lane and sends when it is told to.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use skep_linux::clock;
use skep_linux::poll::{Events, Poller};
use skep_linux::scheduling::set_ordinary;
use skep_linux::vrrp_socket::{self, Batch, SendError, VrrpSocket};
use skep_vip::message::trial::{
    ARRIVALS_BYTES_MAX, Arrival, BEGINNING, Lane, LaneReport, Stage, Trial, TrialReport,
};
use skep_vrrp::identity::Family;
use tokio::sync::watch;

use crate::vip::mailbox::Inbox;
use crate::vip::trials::Place;

/// How long a trial takes at most, whatever control says or does not say.
const TRIAL: Duration = Duration::from_secs(15);

/// How often each lane sends, and how far apart: losing one datagram means nothing.
const DATAGRAMS: u32 = 3;
const APART: Duration = Duration::from_millis(50);

/// How many datagrams are looked at: a stranger that sends more makes the trial miss some, not
/// work without end.
const DATAGRAMS_MAX: usize = 10_000;

/// A trial as its thread has it.
pub(super) struct Bench<'a> {
    trial: &'a Trial,
    stage: Stage,
    until: Duration,
    lanes: Vec<Attached<'a>>,
    orders: Inbox<Stage>,
    poller: Poller,
    batch: Batch,
    /// How many datagrams were looked at.
    read: usize,
    /// How much more of what arrives can be told.
    room: usize,
    /// How often each lane is still to send, and when next.
    sends: Option<(u32, Duration)>,
}

/// A lane and its socket.
struct Attached<'a> {
    lane: &'a Lane,
    open: Option<(VrrpSocket, IpAddr)>,
    report: LaneReport,
}

impl<'a> Bench<'a> {
    /// Listens. It must be called by the thread that runs it.
    pub(super) fn new(
        trial: &'a Trial,
        places: Vec<Result<Place, String>>,
        orders: Inbox<Stage>,
    ) -> io::Result<Self> {
        set_ordinary()?;
        let poller = Poller::new()?;
        poller.add(&orders, 0)?;
        let lanes = trial.lanes.iter().zip(places);
        let lanes: Vec<Attached<'_>> = lanes
            .map(|(lane, place)| Attached::new(lane, place))
            .collect();
        for socket in lanes.iter().filter_map(Attached::socket) {
            poller.add(socket, 0)?;
        }
        Ok(Self {
            trial,
            stage: Stage::Listening,
            until: clock::now() + TRIAL,
            lanes,
            orders,
            poller,
            batch: Batch::new(),
            read: 0,
            room: ARRIVALS_BYTES_MAX,
            sends: None,
        })
    }

    /// Runs until it is told to end, at most for the time of a trial.
    pub(super) fn run(mut self, said: &watch::Sender<Option<TrialReport>>) -> io::Result<()> {
        let mut events = Events::with_capacity(16);
        loop {
            let now = clock::now();
            if now >= self.until {
                self.stage = Stage::Ended;
            }
            self.send_what_is_due(now);
            let report = self.report();
            said.send_if_modified(|last| {
                let is_news = last.as_ref() != Some(&report);
                *last = Some(report);
                is_news
            });
            if self.stage == Stage::Ended {
                return Ok(());
            }
            let dues = [Some(self.until), self.sends.map(|(_, at)| at)];
            let due = dues.into_iter().flatten().min();
            let wait = due.map(|at| at.saturating_sub(clock::now()));
            let _ready = self.poller.wait(&mut events, wait)?;
            let orders: Vec<Stage> = self.orders.take_all()?.collect();
            // After the orders: what arrived before it was told to end counts.
            self.receive()?;
            for order in orders {
                self.obey(order);
            }
        }
    }

    fn obey(&mut self, order: Stage) {
        match (order, self.stage) {
            (Stage::Sent, Stage::Listening) if self.sends.is_none() => {
                self.sends = Some((DATAGRAMS, clock::now()));
            }
            (Stage::Ended, _) => self.stage = Stage::Ended,
            (Stage::Listening | Stage::Sent, _) => {}
        }
    }

    fn send_what_is_due(&mut self, now: Duration) {
        let Some((left, _)) = self.sends.take_if(|(_, at)| *at <= now) else {
            return;
        };
        let message = self.trial.message();
        for lane in &mut self.lanes {
            lane.send(&message);
        }
        match left.saturating_sub(1) {
            0 => self.stage = self.stage.max(Stage::Sent),
            left => self.sends = Some((left, now + APART)),
        }
    }

    fn receive(&mut self) -> io::Result<()> {
        if self.is_deaf() {
            return Ok(());
        }
        for lane in &mut self.lanes {
            self.read += lane.receive(self.trial, &mut self.batch, &mut self.room);
        }
        if self.is_deaf() {
            // What is not read any more shall not wake it either.
            for socket in self.lanes.iter().filter_map(Attached::socket) {
                self.poller.remove(socket)?;
            }
        }
        Ok(())
    }

    const fn is_deaf(&self) -> bool {
        self.read >= DATAGRAMS_MAX
    }

    fn report(&self) -> TrialReport {
        TrialReport {
            token: self.trial.token.clone(),
            stage: self.stage,
            lanes: self.lanes.iter().map(|lane| lane.report.clone()).collect(),
        }
    }
}

impl<'a> Attached<'a> {
    fn new(lane: &'a Lane, place: Result<Place, String>) -> Self {
        let opened = place.and_then(|place| Ok((open(lane, place.index)?, place.source)));
        let (open, refused) = match opened {
            Ok(open) => (Some(open), None),
            Err(why) => (None, Some(why)),
        };
        let report = LaneReport {
            refused,
            source: open.as_ref().map(|(_, source)| *source),
            ..LaneReport::default()
        };
        Self { lane, open, report }
    }

    fn socket(&self) -> Option<&VrrpSocket> {
        self.open.as_ref().map(|(socket, _)| socket)
    }

    fn send(&mut self, message: &[u8]) {
        let Some((socket, source)) = &self.open else {
            return;
        };
        for destination in &self.lane.destinations {
            match socket.send(*source, *destination, message) {
                Ok(()) => self.report.kept.remove(destination),
                Err(error) => self.report.kept.insert(*destination, words(&error)),
            };
        }
    }

    /// Takes note of what arrived for `trial`, as far as there is `room` to tell it; how many
    /// datagrams it looked at.
    fn receive(&mut self, trial: &Trial, batch: &mut Batch, room: &mut usize) -> usize {
        let Some((socket, _)) = &self.open else {
            return 0;
        };
        let mut read = 0;
        while read < DATAGRAMS_MAX
            && let Ok(count @ 1..) = socket.receive_batch(batch)
        {
            read += count;
            for received in batch.iter() {
                // Over IPv4 a socket that joined a group receives what is sent to the node, too.
                let is_here = match self.lane.group {
                    Some(group) => received.destination == group,
                    None => !received.destination.is_multicast(),
                };
                let sender = trial.sender(received.payload).filter(|_| is_here);
                let Some(sender) = sender.filter(|sender| *sender != trial.sender) else {
                    continue;
                };
                let arrival = Arrival {
                    sender: sender.to_owned(),
                    source: received.source,
                    hop_limit: received.hop_limit,
                };
                if let Some(left) = room.checked_sub(arrival.bytes())
                    && self.report.arrivals.insert(arrival)
                {
                    *room = left;
                }
            }
        }
        read
    }
}

fn open(lane: &Lane, index: u32) -> Result<VrrpSocket, String> {
    let family = match lane.family {
        Family::Ipv4 => vrrp_socket::Family::Ipv4,
        Family::Ipv6 => vrrp_socket::Family::Ipv6,
    };
    let opened = VrrpSocket::open(index, family, lane.group);
    let socket = opened.map_err(|error| format!("{:#}", anyhow::Error::new(error)))?;
    let filtered = socket.receive_only(BEGINNING);
    filtered.map_err(|error| format!("cannot choose what is received: {error}"))?;
    Ok(socket)
}

/// Why nothing was sent, without what the reader knows.
fn words(error: &SendError) -> String {
    match error {
        SendError::Refused { source, .. } => source.to_string(),
        SendError::WouldBlock { .. } | SendError::Unavailable { .. } => error.to_string(),
    }
}
