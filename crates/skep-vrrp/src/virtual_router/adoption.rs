//! Carrying on in the place of a process that ended.

use std::net::IpAddr;

use super::VirtualRouter;
use crate::action::{Reason, State};
use crate::time::Instant;

impl VirtualRouter {
    /// Starts as Active, advertising from `source`: the process before this one was, and advertised
    /// so recently that nobody else can have taken over. Only a router that takes no part yet does.
    pub fn handle_adoption(&mut self, source: IpAddr, now: Instant) {
        if self.state() == State::Initialize {
            self.source = Some(source);
            self.become_active(Reason::Adopted, now);
        }
    }
}
