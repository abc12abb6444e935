//! Carrying on in the place of a process that ended.

use std::net::IpAddr;

use skep_vrrp::identity::Priority;
use skep_vrrp::time::Instant;

use super::Router;

impl Router {
    /// Starts as Active with this priority, advertising from `source`.
    pub(crate) fn adopt(&mut self, source: IpAddr, priority: Priority, now: Instant) {
        self.fault = None;
        self.source = Some(source);
        self.machine.handle_priority(priority, now);
        self.machine.handle_adoption(source, now);
    }
}
