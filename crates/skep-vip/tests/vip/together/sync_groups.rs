//! Groups of a sync group: they are where the first of them is.

use std::collections::BTreeSet;

use skep_vip::configuration::{Effect, TrackedInput};
use skep_vip::interfaces::Link;
use skep_vip::message::Health;

use super::*;

/// Two groups with opposite priorities, each with a check of its own.
fn synced(host: usize) -> Vec<RouterConfiguration> {
    let priority =
        |preferred: usize| 100 - 10 * u8::try_from(host.abs_diff(preferred)).unwrap_or(0);
    let mut groups = vec![
        router("inside", 51, &["10.0.0.70"], priority(0)),
        router("outside", 52, &["10.0.0.80"], priority(2)),
    ];
    for group in &mut groups {
        group.sync_group = Some("edge".to_owned());
        group.tracking = vec![TrackedInput {
            name: group.key.group.clone(),
            effect: Effect::Fault,
        }];
    }
    groups
}

const SYNCED: [&str; 2] = ["10.0.0.70", "10.0.0.80"];

#[test]
fn groups_of_a_sync_group_are_where_the_first_by_name_is() {
    let mut segment = segment_of(synced);
    segment.run_for(10_000);
    check_holder(&segment, SYNCED, 0);
}

#[test]
fn a_fault_of_any_group_moves_all_of_them() {
    for group in ["inside", "outside"] {
        let mut segment = segment_of(synced);
        segment.run_for(10_000);
        let now = segment.now;
        segment.act(0, |brain| brain.handle_input(group, Health::Failing, now));
        let apart = longest_apart(&mut segment, SYNCED, 10_000);
        assert!(apart <= 50, "{apart} ms");
        check_holder(&segment, SYNCED, 1);
    }
}

#[test]
fn the_inputs_of_all_groups_weigh_on_the_one_that_leads() {
    let mut segment = segment_of(|host| {
        let mut groups = synced(host);
        groups[1].tracking[0].effect = Effect::Weight(-50);
        groups
    });
    segment.run_for(10_000);
    let now = segment.now;
    segment.act(0, |brain| {
        brain.handle_input("outside", Health::Failing, now)
    });
    assert_eq!(
        report(&segment, 0, "inside", Family::Ipv4).2,
        Priority::new(50)
    );
    segment.run_for(5_000);
    check_holder(&segment, SYNCED, 1);
}

#[test]
fn a_sync_group_that_ends_lets_each_group_go_its_way() {
    let mut segment = segment_of(synced);
    segment.run_for(10_000);
    for host in 0..HOSTS {
        let mut groups = synced(host);
        groups.iter_mut().for_each(|group| group.sync_group = None);
        segment.commit(host, 2, &groups);
    }
    segment.run_for(10_000);
    assert_eq!(segment.holders("10.0.0.70"), [0]);
    assert_eq!(segment.holders("10.0.0.80"), [2]);
}

#[derive(Clone, Debug)]
enum Operation {
    Pass(u64),
    Input(usize, &'static str, Health),
    Link(usize, Link),
    Connect(usize, bool),
    Freeze(usize),
    Thaw(usize),
    Restart(usize),
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let host = 0..HOSTS;
    let group = prop_oneof![Just("inside"), Just("outside")];
    let health = prop_oneof![Just(Health::Passing), Just(Health::Failing)];
    let link = prop_oneof![Just(Link::Up), Just(Link::Down)];
    let operation = prop_oneof![
        6 => (1..5_000_u64).prop_map(Operation::Pass),
        3 => (host.clone(), group, health)
            .prop_map(|(host, group, health)| Operation::Input(host, group, health)),
        1 => (host.clone(), link).prop_map(|(host, link)| Operation::Link(host, link)),
        1 => (host.clone(), any::<bool>()).prop_map(|(host, on)| Operation::Connect(host, on)),
        1 => host.clone().prop_map(Operation::Freeze),
        1 => host.clone().prop_map(Operation::Thaw),
        1 => host.prop_map(Operation::Restart),
    ];
    vec(operation, 0..30)
}

fn apply(segment: &mut Segment, revision: u64, operation: &Operation) {
    let now = segment.now;
    match *operation {
        Operation::Pass(milliseconds) => segment.run_for(milliseconds),
        Operation::Input(host, group, health) => {
            segment.act(host, |brain| brain.handle_input(group, health, now));
        }
        Operation::Link(host, link) => {
            segment.act(host, |brain| brain.handle_link(INTERFACE, link, now));
        }
        Operation::Connect(host, connected) => segment.hosts[host].connected = connected,
        Operation::Freeze(host) => segment.hosts[host].frozen = true,
        Operation::Thaw(host) => segment.thaw(host),
        Operation::Restart(host) => {
            segment.commit(host, revision, &[]);
            segment.commit(host, revision, &synced(host));
        }
    }
}

/// The hosts that could hold the groups now.
fn eligible(segment: &Segment) -> BTreeSet<usize> {
    let fit = |host: &usize| {
        let mut states = segment.hosts[*host].reports.values();
        states.all(|report| report.state != State::Fault)
    };
    (0..HOSTS).filter(fit).collect()
}

proptest! {
    #[test]
    fn whatever_happened_a_sync_group_ends_on_one_node(operations in operations()) {
        let mut segment = segment_of(synced);
        for (revision, operation) in (2..).zip(&operations) {
            apply(&mut segment, revision, operation);
        }
        for host in 0..HOSTS {
            segment.hosts[host].connected = true;
            segment.thaw(host);
            let now = segment.now;
            segment.act(host, |brain| brain.handle_link(INTERFACE, Link::Up, now));
        }
        segment.run_for(3 * ELECTION_MS);
        let settled = segment.now;
        let eligible = eligible(&segment);
        let holders = segment.holders(SYNCED[0]);
        prop_assert_eq!(&holders, &segment.holders(SYNCED[1]));
        prop_assert_eq!(holders.len(), usize::from(!eligible.is_empty()));
        prop_assert!(holders.iter().all(|host| eligible.contains(host)));
        let apart = longest_apart(&mut segment, SYNCED, 2 * ELECTION_MS);
        prop_assert_eq!(apart, 0);
        for (when, _, event) in &segment.log {
            let flaps = matches!(event, Event::Added(_)) && *when > settled;
            prop_assert!(!flaps, "it goes on moving");
        }
    }
}
