//! What is heard that is for no router of this node.

use skep_vrrp::packet::{Advertisement, Packet};
use skep_vrrp::time::Instant;

use super::Brain;
use crate::message::SegmentReport;

impl Brain {
    /// What control should know of a segment: at most one report about each, the newest.
    pub fn poll_segment(&mut self, now: Instant) -> Option<SegmentReport> {
        self.segments.poll(now)
    }

    /// A packet arrived for an id that no router uses there.
    pub(super) fn overhear(&mut self, interface: &str, packet: &Packet<'_>, now: Instant) {
        if let Ok(heard) = Advertisement::parse(packet) {
            self.segments
                .overhear(interface, heard.virtual_router_id, now);
        }
    }
}
