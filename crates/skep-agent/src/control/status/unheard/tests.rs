use serde_json::{Value, json};
use skep_vip::configuration::RouterKey;
use skep_vip::message::{Authenticated, Transition};
use skep_vrrp::identity::{Family, Priority, VirtualRouterId};

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

fn at(seconds: u64) -> Instant {
    Instant::from_boot(Duration::from_secs(seconds))
}

/// A router that became Backup at second 100 and Active at second 104.
fn report() -> RouterReport {
    let transition = |seconds, from, to| Transition {
        at: at(seconds),
        from,
        to,
        reason: skep_vip::message::Reason::Started,
    };
    RouterReport {
        key: RouterKey {
            group: "ingress".to_owned(),
            family: Family::Ipv4,
        },
        revision: 1,
        virtual_router_id: VirtualRouterId::new(51).expect("an id"),
        interface: "eth0".to_owned(),
        source: Some([10, 0, 0, 60].into()),
        state: State::Active,
        reason: skep_vip::message::Reason::Silence,
        since: at(104),
        base_priority: Priority::DEFAULT,
        effective_priority: Priority::DEFAULT,
        inputs: Vec::new(),
        heard: None,
        holding: Vec::new(),
        transitions: vec![
            transition(100, State::Fault, State::Backup),
            transition(104, State::Backup, State::Active),
        ],
        counters: Counters::default(),
        authentication: Authenticated::None,
        keys: Vec::new(),
        anomalies: Vec::new(),
    }
}

fn other(state: &str, since_ms: u64, heard: &Value) -> RouterStatus {
    let router = json!({
        "family": "ipv4", "virtualRouterId": 51, "interface": "eth0", "state": state,
        "because": "", "sinceMs": since_ms, "basePriority": 90, "effectivePriority": 90,
        "inputs": [], "heard": heard, "holding": [], "transitions": [], "counters": {},
    });
    serde_json::from_value(router).expect("a router")
}

fn heard(from: &str, age_ms: u64) -> Value {
    json!({"from": from, "priority": 100, "ageMs": age_ms, "intervalMs": 1000})
}

#[test]
fn a_router_is_unheard_since_it_takes_part_again() {
    assert_eq!(unheard_since(&report()), Some(at(100)));
    let mut faulty = report();
    faulty.transitions.push(Transition {
        at: at(110),
        from: State::Active,
        to: State::Fault,
        reason: skep_vip::message::Reason::Started,
    });
    faulty.state = State::Fault;
    assert_eq!(unheard_since(&faulty), None);
    faulty.transitions.push(Transition {
        at: at(120),
        from: State::Fault,
        to: State::Backup,
        reason: skep_vip::message::Reason::Recovered,
    });
    faulty.state = State::Backup;
    assert_eq!(unheard_since(&faulty), Some(at(120)));
}

#[test]
fn whatever_arrives_proves_that_packets_pass() {
    for count in [
        |counters: &mut Counters| counters.received = 1,
        |counters: &mut Counters| counters.discarded_authentication = 1,
        |counters: &mut Counters| counters.unproven_no_trailer = 1,
    ] {
        let mut hears = report();
        count(&mut hears.counters);
        assert_eq!(unheard_since(&hears), None);
    }
}

#[test]
fn what_the_others_hear_tells_silence_from_deafness() {
    let check = |others: &[RouterStatus], expected: Echo| {
        let others: Vec<&RouterStatus> = others.iter().collect();
        assert_eq!(echo(&report(), &others, PATIENCE), expected, "{others:?}");
    };
    let deaf = other("Active", 60_000, &Value::Null);
    check(&[], Echo::Unknown);
    check(std::slice::from_ref(&deaf), Echo::Unheard);
    check(&[other("Active", 9_000, &Value::Null)], Echo::Unknown);
    check(&[other("Fault", 60_000, &Value::Null)], Echo::Unknown);
    let listener = other("Backup", 60_000, &heard("10.0.0.60", 800));
    check(&[deaf, listener], Echo::Heard);
    check(
        &[other("Backup", 60_000, &heard("10.0.0.60", 60_000))],
        Echo::Unheard,
    );
    check(
        &[other("Backup", 60_000, &heard("10.0.0.62", 800))],
        Echo::Unheard,
    );
}

#[test]
fn only_an_active_router_may_hear_nobody() {
    let status = |state, echo| verdict(state, echo).map(|(status, _)| status);
    assert_eq!(status(State::Active, Echo::Heard), None);
    assert_eq!(
        status(State::Active, Echo::Unknown),
        Some(ConditionStatus::Unknown)
    );
    assert_eq!(
        status(State::Active, Echo::Unheard),
        Some(ConditionStatus::True)
    );
    for echo in [Echo::Heard, Echo::Unheard, Echo::Unknown] {
        assert_eq!(status(State::Backup, echo), Some(ConditionStatus::True));
        assert_eq!(status(State::Fault, echo), None);
    }
}
