//! A virtual router of this node in the words of the API.

use std::collections::BTreeMap;

use skep_api::status::{HeardStatus, InputStatus, RouterStatus, TransitionStatus};
use skep_vip::configuration::HmacMode;
use skep_vip::message::{
    Authenticated, Counters, Health, Heard, InputReport, Reason, RouterReport, State, Transition,
};
use skep_vrrp::identity::{Family, Priority};
use skep_vrrp::time::Instant;

use crate::control::status::{Knowledge, age_ms, anomaly};

pub(super) fn status(report: &RouterReport, known: &Knowledge<'_>, now: Instant) -> RouterStatus {
    RouterStatus {
        family: family(report.key.family).to_owned(),
        virtual_router_id: report.virtual_router_id.number(),
        interface: report.interface.clone(),
        state: word(report.state).to_owned(),
        because: because(&report.reason),
        since_ms: age_ms(report.since, now),
        base_priority: report.base_priority.number(),
        effective_priority: report.effective_priority.number(),
        inputs: report
            .inputs
            .iter()
            .map(|input| input_status(input, known, now))
            .collect(),
        heard: report.heard.as_ref().map(|heard| heard_status(heard, now)),
        holding: report
            .holding
            .iter()
            .map(|held| held.address.to_string())
            .collect(),
        transitions: report
            .transitions
            .iter()
            .rev()
            .map(|one| transition(one, now))
            .collect(),
        counters: counters(&report.counters),
        authentication: authentication(report.authentication).to_owned(),
        anomalies: anomaly::status(report, now),
    }
}

/// A family in the word of the API.
pub(in crate::control) const fn family(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "ipv4",
        Family::Ipv6 => "ipv6",
    }
}

/// The priority of a router that stands by.
pub(in crate::control) fn backup_priority(router: &RouterStatus) -> Option<Priority> {
    (router.state == word(State::Backup)).then(|| Priority::new(router.effective_priority))
}

/// Whether a router takes no part.
pub(in crate::control) fn is_fault(router: &RouterStatus) -> bool {
    router.state == word(State::Fault)
}

/// A state as a person reads it.
#[must_use]
pub const fn word(state: State) -> &'static str {
    match state {
        State::Fault => "Fault",
        State::Backup => "Backup",
        State::Active => "Active",
        State::Leaving => "Leaving",
    }
}

/// `reason` as a person reads it.
#[must_use]
pub fn because(reason: &Reason) -> String {
    match reason {
        Reason::Started => "it was started".to_owned(),
        Reason::Owner => "it owns the addresses".to_owned(),
        Reason::Silence => "nobody advertised".to_owned(),
        Reason::Released => "the Active router left".to_owned(),
        Reason::Preempted => "the Active router has a lower priority".to_owned(),
        Reason::OutRanked { by, priority } => format!("{by} advertises priority {priority}"),
        Reason::Overslept { successor } => {
            format!("this node did not run for a while and {successor} took over")
        }
        Reason::InputFailing { name } => format!("{name} fails"),
        Reason::SyncGroup { router } => format!("{router}, which moves with it, is in Fault"),
        Reason::InterfaceDown { interface } => format!("interface {interface} is down"),
        Reason::InterfaceMissing { interface } => format!("there is no interface {interface}"),
        Reason::NoSourceAddress { interface } => {
            format!("interface {interface} has no address to advertise from")
        }
        Reason::SocketRefused { message } | Reason::SettingRefused { message } => message.clone(),
        Reason::Adopted => "the process before this one held the addresses".to_owned(),
        Reason::Recovered => "what kept it in Fault is over".to_owned(),
        Reason::Stopped => "it was stopped".to_owned(),
        Reason::Removed => "it is not configured any more".to_owned(),
        Reason::Moved => "the group was moved to another node".to_owned(),
        Reason::Lowered { priority, better } => {
            format!("its priority is {priority} and a member of {better} stands by")
        }
        Reason::HandedOver { to } => format!("{to} took over from it"),
        Reason::NoSuccessor => "it left and nobody took over".to_owned(),
    }
}

/// Whether a router signs what it sends.
pub(in crate::control) fn signs(router: &RouterStatus) -> bool {
    [HmacMode::Enforce, HmacMode::Permissive]
        .map(|mode| authentication(Authenticated::Hmac(mode)))
        .contains(&router.authentication.as_str())
}

/// What authenticates the advertisements, in the word of the manifest.
const fn authentication(running: Authenticated) -> &'static str {
    match running {
        Authenticated::None => "none",
        Authenticated::Simple => "simple",
        Authenticated::Hmac(HmacMode::Enforce) => "enforce",
        Authenticated::Hmac(HmacMode::Permissive) => "permissive",
        Authenticated::Hmac(HmacMode::ReceiveOnly) => "receiveOnly",
    }
}

fn input_status(input: &InputReport, known: &Knowledge<'_>, now: Instant) -> InputStatus {
    let health = match input.health {
        Health::Unknown => "unknown",
        Health::Passing => "passing",
        Health::Failing => "failing",
    };
    InputStatus {
        name: input.name.clone(),
        health: health.to_owned(),
        complaint: known.complaint(&input.name, now),
        heard_ms: input.heard_at.map(|at| age_ms(at, now)),
    }
}

fn heard_status(heard: &Heard, now: Instant) -> HeardStatus {
    HeardStatus {
        from: heard.from,
        priority: heard.priority.number(),
        age_ms: age_ms(heard.at, now),
        interval_ms: u64::try_from(heard.interval.as_millis()).unwrap_or(u64::MAX),
    }
}

fn transition(transition: &Transition, now: Instant) -> TransitionStatus {
    TransitionStatus {
        age_ms: age_ms(transition.at, now),
        from: word(transition.from).to_owned(),
        to: word(transition.to).to_owned(),
        because: because(&transition.reason),
    }
}

/// The counters by the names that metrics use.
fn counters(counters: &Counters) -> BTreeMap<String, u64> {
    let value = serde_json::to_value(counters).unwrap_or_default();
    serde_json::from_value(value).unwrap_or_default()
}
