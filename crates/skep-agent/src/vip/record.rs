//! What the wire thread writes down for hand and for the next vip: what each router is, and when
//! it advertised.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use skep_vip::action::Transmission;
use skep_vip::configuration::{RouterConfiguration, RouterKey};
use skep_vip::message::{Report, State};
use skep_vrrp::identity::Family;
use skep_vrrp::time::Instant;

use crate::memory::{Identity, Memory, StandingState};

/// A router as its packets show it.
type OnWire = (Arc<str>, Family, u8);

/// The entries of this process's routers.
pub(super) struct Record {
    memory: Arc<Memory>,
    entries: BTreeMap<OnWire, usize>,
    named: BTreeMap<RouterKey, usize>,
}

impl Record {
    pub(super) const fn new(memory: Arc<Memory>) -> Self {
        Self {
            memory,
            entries: BTreeMap::new(),
            named: BTreeMap::new(),
        }
    }

    /// When the router that is configured like this advertised last, if the process before this
    /// one left it Active.
    pub(super) fn was_active(&mut self, router: &RouterConfiguration) -> Option<Instant> {
        let family = router.key.family;
        let identity = Identity::new(&router.interface, family, router.virtual_router_id);
        let standing = self.memory.standings().find(identity)?;
        match standing.state {
            StandingState::Active => {
                // Its first advertisement is sent before it is reported.
                let index = self.memory.standings().enter(identity)?;
                let interface = Arc::from(router.interface.as_str());
                let id = router.virtual_router_id.number();
                self.entries.insert((interface, family, id), index);
                Some(Instant::from_boot(standing.advertised_at))
            }
            StandingState::Without | StandingState::Leaving => None,
        }
    }

    /// Takes note of what `report` says about the state of a router.
    pub(super) fn note_report(&mut self, report: &Report) {
        match report {
            Report::Router(router) => {
                let state = match router.state {
                    State::Active => StandingState::Active,
                    State::Leaving => StandingState::Leaving,
                    State::Fault | State::Backup => StandingState::Without,
                };
                let interface = router.interface.as_str();
                let (family, id) = (router.key.family, router.virtual_router_id);
                let standings = self.memory.standings();
                if let Some(index) = standings.enter(Identity::new(interface, family, id)) {
                    standings.set_state(index, state);
                    let on_wire = (Arc::from(interface), family, id.number());
                    self.entries.insert(on_wire, index);
                    self.named.insert(router.key.clone(), index);
                }
            }
            // One that lives on under another name is reported right after this.
            Report::Removed(key) => {
                if let Some(index) = self.named.remove(key) {
                    let standings = self.memory.standings();
                    standings.set_state(index, StandingState::Without);
                }
            }
            Report::Process(_) | Report::Trial(_) => {}
        }
    }

    /// Takes note of an advertisement that was sent at `now`.
    pub(super) fn note_sent(&self, transmission: &Transmission<'_>, now: Duration) {
        let family = Family::of(transmission.source);
        // RFC 9568 §5.1, RFC 3768 §5.1: the id is the second byte, the priority the third.
        let [_, id, priority, ..] = transmission.message else {
            return;
        };
        let on_wire = (Arc::clone(&transmission.interface), family, *id);
        if let Some(index) = self.entries.get(&on_wire) {
            let at = if *priority == 0 { Duration::ZERO } else { now };
            self.memory.standings().set_advertised_at(*index, at);
        }
    }
}
