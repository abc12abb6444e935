//! How long an address does not answer: an echo request every millisecond, and what became of
//! each.

mod echo;
mod report;

use std::io::{self, Read as _};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{SockAddr, Socket, Type};

use crate::Lab;
use crate::namespace;
use echo::Icmp;

pub use report::{Dark, Probe, Report};

/// The time between two requests.
const INTERVAL: Duration = Duration::from_millis(1);
/// What answers later than this, or not at all, is lost.
const LOST_AFTER: Duration = Duration::from_secs(1);

/// How many probers this process started: a raw socket hears the answers to all of its host.
static STARTED: AtomicU16 = AtomicU16::new(0);

/// Requests that go on until they are stopped.
#[derive(Debug)]
pub struct Prober {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Report>>,
}

struct Requests {
    icmp: Icmp,
    socket: Socket,
    target: SockAddr,
    identifier: u16,
    started: Instant,
    started_at: Duration,
    probes: Vec<Probe>,
}

impl Prober {
    /// Asks `target` a thousand times a second, from a node of the lab.
    pub fn start(lab: &Lab, node: &str, target: impl Into<IpAddr>) -> Result<Self> {
        lab.plan().position(node)?;
        let target = target.into();
        let namespace = lab.plan().node_namespace(node);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let (ready, is_ready) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("prober".to_owned())
            .spawn(move || {
                let opened = namespace::enter(&namespace).and_then(|()| Requests::new(target));
                match opened {
                    Ok(requests) => {
                        let _ = ready.send(Ok(()));
                        requests.run(&stopped)
                    }
                    Err(error) => {
                        let _ = ready.send(Err(error));
                        Report::default()
                    }
                }
            })
            .context("cannot start a thread")?;
        is_ready
            .recv()
            .context("the prober died")?
            .context("cannot probe")?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }

    /// Stops asking, waits for the answers that are on their way, and says what became of each
    /// request.
    pub fn stop(mut self) -> Result<Report> {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().context("it is stopped once")?;
        thread.join().map_err(|_| anyhow!("the prober panicked"))
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened.
            let _ = thread.join();
        }
    }
}

impl Requests {
    fn new(target: IpAddr) -> Result<Self> {
        let icmp = match target {
            IpAddr::V4(_) => Icmp::V4,
            IpAddr::V6(_) => Icmp::V6,
        };
        let kind = Type::RAW.cloexec().nonblocking();
        let socket = Socket::new_raw(icmp.domain(), kind, Some(icmp.protocol()))
            .context("cannot open a raw socket: be root")?;
        let process = (std::process::id() & 0xFFFF) as u16;
        Ok(Self {
            icmp,
            socket,
            target: SocketAddr::new(target, 0).into(),
            identifier: process.wrapping_add(STARTED.fetch_add(1, Ordering::Relaxed)),
            started: Instant::now(),
            started_at: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
            probes: Vec::new(),
        })
    }

    fn run(mut self, stop: &AtomicBool) -> Report {
        let mut next = self.started;
        while !stop.load(Ordering::Relaxed) {
            self.ask();
            // Behind time, it asks late once and goes on from there: a burst would measure
            // something else.
            next = (next + INTERVAL).max(Instant::now());
            self.listen_until(next);
        }
        self.listen_until_answered(Instant::now() + LOST_AFTER);
        Report {
            started_at: self.started_at,
            probes: self.probes,
        }
    }

    /// A request that cannot be sent is lost like one that is not answered.
    fn ask(&mut self) {
        let sequence = (self.probes.len() & 0xFFFF) as u16;
        self.probes.push(Probe {
            sent: self.started.elapsed(),
            answered_after: None,
        });
        let request = self.icmp.request(self.identifier, sequence);
        let _ = self.socket.send_to(&request, &self.target);
    }

    fn listen_until(&mut self, deadline: Instant) {
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            if !self.wait(left) {
                return;
            }
            self.take_answers();
        }
    }

    fn listen_until_answered(&mut self, deadline: Instant) {
        while self
            .probes
            .iter()
            .any(|probe| probe.answered_after.is_none())
        {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return;
            };
            if self.wait(left) {
                self.take_answers();
            }
        }
    }

    /// Whether an answer waits within a time.
    fn wait(&self, time: Duration) -> bool {
        let socket = self.socket.as_fd();
        let timeout = Timespec::try_from(time).ok();
        poll(&mut [PollFd::new(&socket, PollFlags::IN)], timeout.as_ref())
            .is_ok_and(|ready| ready > 0)
    }

    fn take_answers(&mut self) {
        let mut packet = [0; 128];
        loop {
            match (&self.socket).read(&mut packet) {
                Ok(length) => self.note(&packet[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    fn note(&mut self, packet: &[u8]) {
        let Some(sequence) = self.icmp.read_answer(packet, self.identifier) else {
            return;
        };
        let now = self.started.elapsed();
        // Sequence numbers repeat after 65 s: the newest request with this one is meant.
        let newest = (self.probes.len().wrapping_sub(1) & 0xFFFF) as u16;
        let back = usize::from(newest.wrapping_sub(sequence));
        let index = self.probes.len().checked_sub(1 + back);
        let Some(probe) = index.and_then(|index| self.probes.get_mut(index)) else {
            return;
        };
        let after = now.saturating_sub(probe.sent);
        if after <= LOST_AFTER {
            probe.answered_after.get_or_insert(after);
        }
    }
}
