//! What is on the wire, as a test asks for it.

use std::fmt;
use std::time::Duration;

use skep_lab::capture::{Capture, Frame, Sighting};

use super::PATIENCE;

/// An advertisement that a host sent.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Advert {
    pub(crate) at: Duration,
    pub(crate) node: String,
    pub(crate) payload: Vec<u8>,
}

impl Advert {
    fn of(sighting: &Sighting) -> Option<Self> {
        match &sighting.frame {
            Frame::Advertisement { payload, .. } => Some(Self {
                at: sighting.at,
                node: sighting.node.clone(),
                payload: payload.clone(),
            }),
            Frame::Announcement { .. } => None,
        }
    }

    pub(crate) fn virtual_router_id(&self) -> u8 {
        self.payload[1]
    }

    pub(crate) fn priority(&self) -> u8 {
        self.payload[2]
    }
}

impl fmt::Debug for Advert {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.at.as_secs_f64();
        write!(
            formatter,
            "{} {seconds:.4} {}",
            self.node,
            hex(&self.payload)
        )
    }
}

/// From one router's last advertisement to another's first.
#[derive(Clone, Debug)]
pub(crate) struct Takeover {
    pub(crate) last: Advert,
    pub(crate) first: Advert,
}

impl Takeover {
    pub(crate) fn took(&self) -> Duration {
        self.first.at.saturating_sub(self.last.at)
    }

    /// Asserts that it took what the protocol says: never less, and at most `late` more.
    pub(crate) fn assert_took(&self, protocol: Duration, late: Duration) {
        let took = self.took();
        // Kernel time stamps and timers may differ by less than a millisecond.
        let early = protocol.saturating_sub(Duration::from_millis(1));
        let late = protocol + late;
        assert!(
            (early..=late).contains(&took),
            "took {took:?} instead of {protocol:?}: {self:?}"
        );
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every advertisement of this virtual router so far, in order.
pub(crate) fn adverts(capture: &Capture, id: u8) -> Vec<Advert> {
    let sightings = capture.sightings();
    let all = sightings.iter().filter_map(Advert::of);
    all.filter(|advert| advert.virtual_router_id() == id)
        .collect()
}

/// What a router that has left says once to its successor.
const FAREWELL: u8 = 1;

/// The last advertisement of this virtual router from a host, before its farewell.
pub(crate) fn last_advert(capture: &Capture, id: u8, node: &str) -> Advert {
    let last = adverts(capture, id)
        .into_iter()
        .rfind(|advert| advert.node == node && advert.priority() != FAREWELL);
    last.expect("it advertised")
}

/// What was on the wire in the second before and after, a line each: why a request was lost.
pub(crate) fn story(capture: &Capture, at: Duration) -> String {
    let sightings = capture.sightings();
    let near = sightings
        .iter()
        .filter(|it| it.at.abs_diff(at) < Duration::from_secs(1));
    let line = |it: &Sighting| {
        let after = it.at.as_secs_f64() - at.as_secs_f64();
        let what = match &it.frame {
            Frame::Advertisement { payload, .. } => hex(payload),
            Frame::Announcement { address, .. } => format!("announces {address}"),
        };
        format!("{after:+.4} {} {what}\n", it.node)
    };
    near.map(line).collect()
}

/// As many as tell what happened before a test gave up.
const RECENT: usize = 60;

/// The latest advertisements of this virtual router, for whoever reads of a failure.
pub(crate) fn recent(capture: &Capture, id: u8) -> Vec<Advert> {
    let mut all = adverts(capture, id);
    all.split_off(all.len().saturating_sub(RECENT))
}

/// Waits for an advertisement of this virtual router. What is `wanted` cannot ask the capture.
#[track_caller]
pub(crate) fn wait_for_advert(
    capture: &Capture,
    id: u8,
    wanted: impl Fn(&Advert) -> bool,
) -> Advert {
    let is_it = |advert: &Advert| advert.virtual_router_id() == id && wanted(advert);
    let seen = capture.wait_for(PATIENCE, |sighting| {
        Advert::of(sighting).is_some_and(|advert| is_it(&advert))
    });
    let advert = seen.as_ref().and_then(Advert::of);
    let Some(advert) = advert else {
        panic!("no such advertisement: {:#?}", recent(capture, id));
    };
    advert
}

/// Waits until `to` takes the virtual router over from `from`, which advertises no more.
pub(crate) fn wait_for_takeover(capture: &Capture, id: u8, from: &str, to: &str) -> Takeover {
    let last = last_advert(capture, id, from);
    let first = wait_for_advert(capture, id, |advert| {
        advert.node == to && advert.at > last.at
    });
    Takeover { last, first }
}

/// The down interval of version 2 at advertisements of a second (RFC 3768 section 6.1).
pub(crate) fn down_interval(priority: u8) -> Duration {
    Duration::from_secs(3) + skew(priority)
}

/// The skew time of version 2.
pub(crate) fn skew(priority: u8) -> Duration {
    Duration::from_secs(256 - u64::from(priority)) / 256
}
