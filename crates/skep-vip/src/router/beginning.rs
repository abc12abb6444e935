//! What a router does before it first takes part.

use skep_vrrp::action;
use skep_vrrp::time::Instant;

use super::Router;

/// Whether an interface is known to deliver what others send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reception {
    /// Somebody was heard since the link is up.
    Proven,
    /// Nobody was: there may be nobody, or a switch port that is not open yet.
    Unknown,
}

/// For how many down intervals a router listens at most.
const LISTENING: u32 = 2;

impl Router {
    /// Holds back as it is configured, if it is about to start.
    pub(crate) fn begin(&mut self, reception: Reception, now: Instant) {
        if self.machine.state() != action::State::Initialize {
            return;
        }
        let start = self.configuration.start;
        let first = !self.status.ran_before && !start.delay.is_zero();
        self.out_until = first.then(|| now + start.delay);
        let listening = match reception {
            Reception::Unknown if start.listen_first => {
                Some(now + self.machine.down_interval() * LISTENING)
            }
            Reception::Unknown | Reception::Proven => None,
        };
        self.machine.handle_restraint(self.out_until.max(listening));
    }

    /// Its interface delivers: it need not listen any longer.
    pub(crate) const fn hear_somebody(&mut self) {
        self.machine.handle_restraint(self.out_until);
    }
}
