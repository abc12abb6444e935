//! The ports of an engine that is in no swarm yet, held open by its agent for a moment.
//!
//! Nothing is ever sent from here. The kernel accepts connections up to the length of its queue,
//! and keeps datagrams up to the size of its buffer; both go when this does.

use std::collections::BTreeSet;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use skep_api::preflight::Token;
use skep_manifest::name::NodeName;
use skep_plan::preflight::{Arrived, Heard, Protocol, Taken, Way};
use skep_vip::message::trial::TrialReport;
use skep_vrrp::time::Instant;

use crate::control::preflight::trial::Trial;
use crate::control::understand::with_causes;

/// How long the agent listens at most: all three rounds fit in.
const LISTEN: Duration = Duration::from_secs(15);

/// The longest datagram that can be one of a try: a token and a name.
const DATAGRAM_BYTES_MAX: usize = 512;

/// How many datagrams are looked at: a stranger that sends more makes the agent miss some, not
/// work without end.
const DATAGRAMS_MAX: usize = 10_000;

/// The ports that an agent listens on in place of its engine.
pub(in crate::control) struct Listening {
    token: Token,
    until: Instant,
    connections: Vec<TcpListener>,
    datagrams: Vec<(Way, UdpSocket)>,
    trial: Trial,
}

impl Listening {
    /// Listens on those of `ways` that nobody has; says which ones somebody has.
    pub(in crate::control) fn open(
        token: Token,
        ways: Vec<(Way, SocketAddr)>,
        trial: Trial,
        now: Instant,
    ) -> (Self, Vec<Taken>) {
        let mut listening = Self {
            token,
            until: now + LISTEN,
            connections: Vec::new(),
            datagrams: Vec::new(),
            trial,
        };
        let mut taken = Vec::new();
        for (way, address) in ways {
            if let Err(error) = listening.listen(way, address) {
                let why = with_causes(&error);
                taken.push(Taken { way, why });
            }
        }
        (listening, taken)
    }

    fn listen(&mut self, way: Way, address: SocketAddr) -> io::Result<()> {
        match way.protocol {
            Protocol::Tcp => self.connections.push(TcpListener::bind(address)?),
            Protocol::Udp => {
                let socket = UdpSocket::bind(address)?;
                socket.set_nonblocking(true)?;
                self.datagrams.push((way, socket));
            }
        }
        Ok(())
    }

    /// What the data plane tries meanwhile.
    pub(in crate::control) const fn trial(&self) -> &Trial {
        &self.trial
    }

    /// Ends, with what arrived so far from nodes that know the token, and what the data plane told
    /// in the end.
    pub(in crate::control) fn end(self, tried: Option<TrialReport>) -> Arrived {
        let heard = self.heard();
        self.trial.arrived(heard, tried)
    }

    /// Whether it is for the try that `token` marks.
    pub(in crate::control) fn is_for(&self, token: &Token) -> bool {
        self.token == *token
    }

    /// Whether it has been long enough: nobody will ask what arrived.
    pub(in crate::control) fn is_over(&self, now: Instant) -> bool {
        now >= self.until
    }

    fn heard(&self) -> Vec<Heard> {
        let arrived = self.datagrams.iter().flat_map(|(way, socket)| {
            let senders = (0..DATAGRAMS_MAX).map_while(|_| self.receive(socket));
            senders.flatten().map(|from| Heard { from, way: *way })
        });
        let arrived: BTreeSet<Heard> = arrived.collect();
        arrived.into_iter().collect()
    }

    /// The sender of the next datagram, if it is one of this try; nothing when there is none.
    fn receive(&self, socket: &UdpSocket) -> Option<Option<NodeName>> {
        let mut buffer = [0; DATAGRAM_BYTES_MAX];
        let length = socket.recv(&mut buffer).ok()?;
        let sender = self.token.sender(buffer.get(..length)?);
        Some(sender.and_then(|sender| sender.parse().ok()))
    }
}
