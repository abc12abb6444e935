//! What the nodes put on the wire: VRRP advertisements and ARP announcements, each with the time
//! the kernel saw it.
//!
//! Every frame is taken where it enters the bridge, once, so it is known which node sent it and a
//! frame of a node without a cable is not seen.

mod frame;
mod tap;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};

use crate::Lab;
use tap::Tap;

/// A frame that a node sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// When the kernel saw it, since the Unix epoch.
    pub at: Duration,
    /// The node that sent it.
    pub node: String,
    /// What it was.
    pub frame: Frame,
}

/// The present moment on the clock of sightings.
#[must_use]
pub fn now() -> Duration {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default()
}

/// What a frame was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A packet of protocol 112.
    Advertisement {
        /// Its source address.
        source: IpAddr,
        /// Its destination address.
        destination: IpAddr,
        /// Its TTL or hop limit.
        ttl: u8,
        /// What follows the IP header.
        payload: Vec<u8>,
    },
    /// An ARP message whose sender and target are one address.
    Announcement {
        /// The address.
        address: Ipv4Addr,
        /// Where it is said to be.
        hardware_address: [u8; 6],
    },
}

/// A recording that goes on until it is dropped.
#[derive(Debug)]
pub struct Capture {
    seen: Arc<Seen>,
    stop: Arc<rustix::fd::OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Seen {
    sightings: Mutex<Vec<Sighting>>,
    changed: Condvar,
}

impl Capture {
    /// Records what the nodes of this lab send from here on.
    pub fn start(lab: &Lab) -> Result<Self> {
        let tap = Tap::open(lab.plan())?;
        let stop = Arc::new(tap::stop_flag()?);
        let seen = Arc::new(Seen::default());
        let (their_seen, their_stop) = (Arc::clone(&seen), Arc::clone(&stop));
        let thread = std::thread::Builder::new()
            .name("capture".to_owned())
            .spawn(move || tap.run(&their_stop, |sighting| their_seen.push(sighting)))
            .context("cannot start a thread")?;
        Ok(Self {
            seen,
            stop,
            thread: Some(thread),
        })
    }

    /// Everything seen so far, in order.
    #[must_use]
    pub fn sightings(&self) -> Vec<Sighting> {
        self.seen.lock().clone()
    }

    /// The first sighting that is wanted, seen already or within `patience`.
    #[must_use]
    pub fn wait_for(
        &self,
        patience: Duration,
        wanted: impl Fn(&Sighting) -> bool,
    ) -> Option<Sighting> {
        let deadline = Instant::now() + patience;
        let mut sightings = self.seen.lock();
        loop {
            if let Some(sighting) = sightings.iter().find(|sighting| wanted(sighting)) {
                return Some(sighting.clone());
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            let waited = self.seen.changed.wait_timeout(sightings, left);
            sightings = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The last advertisement from this source address.
    #[must_use]
    pub fn last_advertisement(&self, source: impl Into<IpAddr>) -> Option<Sighting> {
        let source = source.into();
        self.seen
            .lock()
            .iter()
            .rev()
            .find(|sighting| sighting.is_from(source))
            .cloned()
    }

    /// The first advertisement from this source address after a moment.
    #[must_use]
    pub fn first_advertisement_after(
        &self,
        source: impl Into<IpAddr>,
        at: Duration,
    ) -> Option<Sighting> {
        let source = source.into();
        let sightings = self.seen.lock();
        sightings
            .iter()
            .find(|seen| seen.is_from(source) && seen.at > at)
            .cloned()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        tap::raise(&self.stop);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened.
            let _ = thread.join();
        }
    }
}

impl Seen {
    fn lock(&self) -> MutexGuard<'_, Vec<Sighting>> {
        self.sightings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, sighting: Sighting) {
        self.lock().push(sighting);
        self.changed.notify_all();
    }
}

impl Sighting {
    /// Whether it is an advertisement from this source address.
    #[must_use]
    pub fn is_from(&self, address: impl Into<IpAddr>) -> bool {
        match &self.frame {
            Frame::Advertisement { source, .. } => *source == address.into(),
            Frame::Announcement { .. } => false,
        }
    }
}
