//! One virtual router of the node: its machine, the addresses it moves, and what is known of it.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use skep_vrrp::action;
use skep_vrrp::configuration::Configuration;
use skep_vrrp::identity::Priority;
use skep_vrrp::time::Instant;
use skep_vrrp::virtual_router::VirtualRouter;

use crate::action::Holding;
use crate::announcing::Announcing;
use crate::authenticity::Authenticity;
use crate::configuration::{Authentication, RouterConfiguration};
use crate::inputs::Inputs;
use crate::message::{Authenticated, Counters, Heard, Reason, RouterReport, State, Transition};
use crate::sensing::Sensing;

mod adoption;
mod beginning;
mod departure;
mod hearing;
mod wire_identity;

pub(crate) use beginning::Reception;
use departure::Departure;
pub(crate) use departure::Place;
pub(crate) use wire_identity::WireIdentity;

/// How many changes of state are remembered.
const TRANSITIONS_MAX: usize = 16;
/// How often what every advertisement changes (who was heard, the counters) is reported.
const REFRESH: Duration = Duration::from_secs(1);
/// A router that does not hear this one claims again and again; answering each claim with
/// announcements would flood the segment.
const ASSERTION_GAP: Duration = Duration::from_secs(1);

/// A virtual router. Its owner drains [`Self::machine`] after every change.
#[derive(Debug)]
pub(crate) struct Router {
    pub(crate) configuration: RouterConfiguration,
    pub(crate) interface: Arc<str>,
    pub(crate) machine: VirtualRouter,
    /// What it holds while it is Active.
    pub(crate) addresses: Vec<Holding>,
    pub(crate) report: ReportState,
    pub(crate) counters: Counters,
    pub(crate) authenticity: Authenticity,
    sensing: Sensing,
    source: Option<IpAddr>,
    fault: Option<Reason>,
    revision: u64,
    status: Status,
    announcing: Announcing,
    asserted_at: Option<Instant>,
    farewell_answered_at: Option<Instant>,
    departure: Departure,
    /// Until when it stays out of the election.
    out_until: Option<Instant>,
}

/// Whether a report waits to be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReportState {
    Fetched,
    Waiting,
}

/// What is told about the router, beyond its configuration.
#[derive(Debug)]
struct Status {
    reason: Reason,
    since: Instant,
    ran_before: bool,
    heard: Option<Heard>,
    transitions: VecDeque<Transition>,
    refreshed_at: Option<Instant>,
}

impl Router {
    pub(crate) fn new(
        revision: u64,
        configuration: RouterConfiguration,
        machine: Configuration,
        now: Instant,
    ) -> Self {
        let interface = Arc::from(configuration.interface.as_str());
        Self {
            addresses: holdings(&configuration, &interface),
            authenticity: Authenticity::new(&configuration.authentication),
            sensing: Sensing::new(configuration.advertisement_interval),
            configuration,
            interface,
            machine: VirtualRouter::new(machine),
            report: ReportState::Fetched,
            counters: Counters::default(),
            source: None,
            fault: None,
            revision,
            status: Status {
                reason: Reason::Started,
                since: now,
                ran_before: false,
                heard: None,
                transitions: VecDeque::with_capacity(TRANSITIONS_MAX),
                refreshed_at: None,
            },
            announcing: Announcing::default(),
            asserted_at: None,
            farewell_answered_at: None,
            departure: Departure::default(),
            out_until: None,
        }
    }

    /// Takes on the configuration of a later revision. Says whether the addresses changed.
    pub(crate) fn reconfigure(
        &mut self,
        revision: u64,
        configuration: RouterConfiguration,
        machine: Configuration,
        now: Instant,
    ) -> Addresses {
        self.revision = revision;
        self.authenticity.follow(&configuration.authentication);
        self.sensing
            .set_interval(configuration.advertisement_interval);
        self.configuration = configuration;
        self.machine.handle_configuration(machine, now);
        let addresses = holdings(&self.configuration, &self.interface);
        if addresses == self.addresses {
            return Addresses::Same;
        }
        self.addresses = addresses;
        Addresses::Changed
    }

    /// Runs with this priority, if `source` says from where, and stands aside if it says why not.
    pub(crate) fn rule(
        &mut self,
        source: Result<IpAddr, Reason>,
        priority: Priority,
        now: Instant,
    ) {
        match (source, self.machine.state()) {
            (Ok(source), action::State::Initialize) => {
                self.fault = None;
                self.source = Some(source);
                self.machine.handle_priority(priority, now);
                self.machine.handle_startup(source, now);
            }
            (Ok(source), action::State::Backup | action::State::Active) => {
                self.source = Some(source);
                self.machine.handle_source(source);
                self.rank(priority, now);
            }
            (Ok(source), action::State::Leaving) => {
                self.fault = None;
                self.source = Some(source);
                self.machine.handle_source(source);
                self.machine.handle_priority(priority, now);
                self.machine.handle_startup(source, now);
            }
            (Err(reason), action::State::Initialize) => {
                self.machine.handle_priority(priority, now);
                self.status.reason = reason.clone();
                self.fault = Some(reason);
            }
            (
                Err(reason),
                action::State::Backup | action::State::Active | action::State::Leaving,
            ) => {
                if is_silenced(&reason) {
                    self.machine.handle_fault();
                } else {
                    self.machine.handle_shutdown(now);
                }
                self.fault = Some(reason);
                self.machine.handle_priority(priority, now);
            }
        }
    }

    /// Leaves as it does already, unless the interface does not let it.
    pub(crate) fn rule_retired(&mut self, source: Result<IpAddr, Reason>) {
        match source {
            Ok(source) => self.source = Some(source),
            Err(fault) => {
                self.machine.handle_fault();
                self.fault = Some(fault);
            }
        }
    }

    /// The source of what it sends, unless it cannot send.
    pub(crate) fn sends_from(&self) -> Option<IpAddr> {
        if self.fault.as_ref().is_some_and(is_silenced) {
            return None;
        }
        self.source
    }

    /// Takes note of what its machine became.
    pub(crate) fn became(&mut self, to: action::State, reason: action::Reason, now: Instant) {
        let from = self
            .status
            .transitions
            .back()
            .map_or(State::Fault, |last| last.to);
        let to = state(to);
        let reason = self.explain(reason);
        match to {
            State::Active => self.counters.became_active += 1,
            State::Fault | State::Backup | State::Leaving => self.announcing.stop(),
        }
        self.depart(to, &reason, now);
        self.status.ran_before = true;
        // How it left is in the transitions; what keeps it out is why it is in Fault.
        self.status.reason = match (to, &self.fault) {
            (State::Fault, Some(fault)) => fault.clone(),
            (State::Fault | State::Backup | State::Active | State::Leaving, _) => reason.clone(),
        };
        self.status.since = now;
        if self.status.transitions.len() == TRANSITIONS_MAX {
            self.status.transitions.pop_front();
        }
        self.status.transitions.push_back(Transition {
            at: now,
            from,
            to,
            reason,
        });
    }

    /// Whether what was just heard is answered with announcements. A predecessor's farewell is,
    /// however recent its last claim was: only now the addresses are not there any more.
    pub(crate) fn answers_claim(&mut self, now: Instant) -> bool {
        let heard = self.status.heard.as_ref();
        let answered_at = if heard.is_some_and(|heard| heard.priority == Priority::FAREWELL) {
            &mut self.farewell_answered_at
        } else {
            &mut self.asserted_at
        };
        let recent = |at: Instant| now.saturating_duration_since(at) < ASSERTION_GAP;
        if answered_at.is_some_and(recent) {
            return false;
        }
        *answered_at = Some(now);
        true
    }

    /// A burst of announcements was sent at `now`.
    pub(crate) fn announced(&mut self, now: Instant) {
        self.announcing
            .announced(&self.configuration.announcements, now);
    }

    /// How many announcements of each address are due; they are asked for once.
    pub(crate) fn take_announcements(&mut self, now: Instant) -> u8 {
        self.announcing
            .take_due(&self.configuration.announcements, now)
    }

    /// Where its addresses are while it has them.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> {
        let addresses = self.addresses.iter();
        addresses.map(|held| (Arc::clone(&held.interface), held.address))
    }

    /// When it has something to do next.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let due = [
            self.machine.poll_timeout(),
            self.announcing.next(&self.configuration.announcements),
            self.departure.farewell_due(),
        ];
        due.into_iter().flatten().min()
    }

    /// Whether what every advertisement changes is worth a report again.
    pub(crate) fn refreshes(&mut self, now: Instant) -> bool {
        let recent = |at: Instant| now.saturating_duration_since(at) < REFRESH;
        if self.status.refreshed_at.is_some_and(recent) {
            return false;
        }
        self.status.refreshed_at = Some(now);
        true
    }

    /// Everything control wants to know.
    pub(crate) fn describe(&self, inputs: &Inputs, source: Option<IpAddr>) -> RouterReport {
        let state = state(self.machine.state());
        let holding = match state {
            State::Active | State::Leaving => self.configuration.addresses.clone(),
            State::Fault | State::Backup => Vec::new(),
        };
        RouterReport {
            key: self.configuration.key.clone(),
            revision: self.revision,
            virtual_router_id: self.configuration.virtual_router_id,
            interface: self.configuration.interface.clone(),
            source,
            state,
            reason: self.status.reason.clone(),
            since: self.status.since,
            base_priority: self.configuration.priority,
            effective_priority: self.machine.configuration().priority,
            inputs: inputs.report(&self.configuration.tracking),
            heard: self.status.heard.clone(),
            holding,
            transitions: self.status.transitions.iter().cloned().collect(),
            counters: self.counters,
            authentication: match &self.configuration.authentication {
                Authentication::None => Authenticated::None,
                Authentication::Simple(_) => Authenticated::Simple,
                Authentication::Hmac(keys) => Authenticated::Hmac(keys.mode),
            },
            keys: self.configuration.authentication.key_ids(),
            anomalies: self.sensing.report(),
        }
    }

    fn explain(&self, reason: action::Reason) -> Reason {
        match reason {
            action::Reason::Started if self.status.ran_before => Reason::Recovered,
            action::Reason::Started => Reason::Started,
            action::Reason::Owner => Reason::Owner,
            action::Reason::Silence => Reason::Silence,
            action::Reason::Released => Reason::Released,
            action::Reason::Preempted => Reason::Preempted,
            action::Reason::OutRanked { by, priority } => Reason::OutRanked { by, priority },
            action::Reason::Overslept { successor } => Reason::Overslept { successor },
            action::Reason::Adopted => Reason::Adopted,
            action::Reason::Stopped => {
                let fault = self.fault.clone();
                fault.unwrap_or_else(|| self.departure.reason())
            }
            action::Reason::SteppedDown => self.departure.reason(),
            action::Reason::HandedOver { to } => Reason::HandedOver { to },
            action::Reason::NoSuccessor => Reason::NoSuccessor,
        }
    }
}

/// Whether a router's addresses are what they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Addresses {
    Same,
    Changed,
}

const fn state(state: action::State) -> State {
    match state {
        action::State::Initialize => State::Fault,
        action::State::Backup => State::Backup,
        action::State::Active => State::Active,
        action::State::Leaving => State::Leaving,
    }
}

/// Whether a fault keeps a router from sending: all but these are about the interface.
const fn is_silenced(fault: &Reason) -> bool {
    !matches!(
        fault,
        Reason::InputFailing { .. } | Reason::SettingRefused { .. } | Reason::SyncGroup { .. }
    )
}

fn holdings(router: &RouterConfiguration, own: &Arc<str>) -> Vec<Holding> {
    let holding = |address: &crate::configuration::VirtualAddress| Holding {
        interface: address
            .interface
            .as_deref()
            .map_or_else(|| Arc::clone(own), Arc::from),
        address: address.address,
        prefix_length: address.prefix_length,
        label: address.label.as_deref().map(Arc::from),
        lease: router.lease,
    };
    router.addresses.iter().map(holding).collect()
}
