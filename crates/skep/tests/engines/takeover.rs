//! Power cuts, measured on the wire.

use std::net::Ipv4Addr;
use std::time::Duration;

use skep_lab::capture::Capture;

use crate::site::{PATIENCE, Site, tell};

/// What the machine may add to the protocol's time.
const LATE: Duration = Duration::from_millis(20);
/// Kernel time stamps and timers may differ by less.
const EARLY: Duration = Duration::from_millis(1);

/// A member of a VIP group.
#[derive(Clone, Copy)]
pub(crate) struct Member {
    pub(crate) node: &'static str,
    pub(crate) address: Ipv4Addr,
    pub(crate) priority: u8,
}

/// Cuts the power of `from` and checks that `to` advertises when the protocol says, counted from
/// the last advertisement on the wire.
pub(crate) fn cut_power(site: &Site, from: Member, to: Member) {
    let capture = Capture::start(&site.lab()).expect("root may capture");
    let before = capture.wait_for(PATIENCE, |sighting| sighting.is_from(from.address));
    assert!(before.is_some(), "{} advertises", from.node);
    site.run(&["kill", from.node]);
    let first = capture
        .wait_for(PATIENCE, |sighting| sighting.is_from(to.address))
        .expect("the next member advertises");
    let last = capture
        .last_advertisement(from.address)
        .expect("it advertised before");
    let took = first.at.saturating_sub(last.at);
    let protocol = down_interval(to.priority);
    tell(
        "measured",
        &format!(
            "power cut of {}: {} takes over {:.1} ms after the last advertisement (protocol {:.1} ms)",
            from.node,
            to.node,
            took.as_secs_f64() * 1e3,
            protocol.as_secs_f64() * 1e3
        ),
    );
    assert!(
        (protocol - EARLY..=protocol + LATE).contains(&took),
        "it took {took:?} instead of {protocol:?}"
    );
}

/// RFC 3768 section 6.1 at advertisements every second.
fn down_interval(priority: u8) -> Duration {
    Duration::from_secs(3) + Duration::from_secs(256 - u64::from(priority)) / 256
}
