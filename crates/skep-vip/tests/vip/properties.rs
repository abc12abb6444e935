//! What holds for all sequences of events.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use skep_vip::configuration::{Effect, RouterConfiguration, TrackedInput};
use skep_vip::interfaces::Link;
use skep_vip::message::{Command, Health, State};
use skep_vrrp::identity::{Family, Priority};

use crate::segment::{INTERFACE, Segment, at, router};

const HOSTS: usize = 3;

#[derive(Clone, Debug)]
enum Operation {
    Pass(u64),
    /// Groups of one host by number, with a priority each; they share a pool of addresses.
    Commit(usize, Vec<(u8, u8)>),
    Link(usize, Link),
    Source(usize, Option<u8>),
    Input(usize, Health),
    Connect(usize, bool),
    Freeze(usize),
    Thaw(usize),
    RemoveAddress(usize),
    Shutdown(usize),
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let host = 0..HOSTS;
    let groups = vec((1..5_u8, 1..=255_u8), 0..4);
    let link = prop_oneof![Just(Link::Up), Just(Link::Down), Just(Link::Missing)];
    let health = prop_oneof![
        Just(Health::Unknown),
        Just(Health::Passing),
        Just(Health::Failing)
    ];
    let operation = prop_oneof![
        6 => (1..5_000_u64).prop_map(Operation::Pass),
        4 => (host.clone(), groups).prop_map(|(host, groups)| Operation::Commit(host, groups)),
        1 => (host.clone(), link).prop_map(|(host, link)| Operation::Link(host, link)),
        1 => (host.clone(), proptest::option::of(11..20_u8))
            .prop_map(|(host, source)| Operation::Source(host, source)),
        1 => (host.clone(), health).prop_map(|(host, health)| Operation::Input(host, health)),
        1 => (host.clone(), any::<bool>()).prop_map(|(host, on)| Operation::Connect(host, on)),
        1 => host.clone().prop_map(Operation::Freeze),
        1 => host.clone().prop_map(Operation::Thaw),
        1 => host.clone().prop_map(Operation::RemoveAddress),
        1 => host.prop_map(Operation::Shutdown),
    ];
    vec(operation, 0..40)
}

/// Group n advertises 10.0.1.n; the even ones also hold what the odd one below them leaves free.
fn group(number: u8, priority: u8, alone: bool) -> RouterConfiguration {
    let own = format!("10.0.1.{number}");
    let left = format!("10.0.1.{}", number - 1);
    let addresses: &[&str] = if alone && number.is_multiple_of(2) {
        &[&own, &left]
    } else {
        &[&own]
    };
    let mut router = router(&format!("group-{number}"), number, addresses, priority);
    router.tracking = vec![TrackedInput {
        name: "check".to_owned(),
        effect: Effect::Weight(-100),
    }];
    router
}

fn apply(segment: &mut Segment, operation: &Operation, revision: u64) {
    let now = segment.now;
    match operation.clone() {
        Operation::Pass(milliseconds) => segment.run_for(milliseconds),
        Operation::Commit(host, mut groups) => {
            groups.sort_unstable();
            groups.dedup_by_key(|(number, _)| *number);
            let numbers: BTreeSet<u8> = groups.iter().map(|(number, _)| *number).collect();
            let groups: Vec<_> = groups
                .iter()
                .map(|(number, priority)| {
                    group(*number, *priority, !numbers.contains(&(number - 1)))
                })
                .collect();
            segment.commit(host, revision, &groups);
        }
        Operation::Link(host, link) => {
            segment.act(host, |brain| brain.handle_link(INTERFACE, link, now));
        }
        Operation::Source(host, source) => {
            let source = source.map(|last| std::net::Ipv4Addr::new(10, 0, 2, last).into());
            segment.act(host, |brain| {
                brain.handle_source(INTERFACE, Family::Ipv4, source, now)
            });
        }
        Operation::Input(host, health) => segment.act(host, |brain| {
            let name = "check".to_owned();
            brain
                .handle_command(Command::Input { name, health }, now)
                .expect("no configuration");
        }),
        Operation::Connect(host, connected) => segment.hosts[host].connected = connected,
        Operation::Freeze(host) => segment.hosts[host].frozen = true,
        Operation::Thaw(host) => segment.thaw(host),
        Operation::RemoveAddress(host) => {
            let first = segment.hosts[host].present.first().cloned();
            if let Some((_, address)) = first {
                segment.remove_address(host, address);
            }
        }
        Operation::Shutdown(host) => segment.act(host, |brain| brain.handle_shutdown(now)),
    }
}

/// How long leaving takes at most: four intervals of a second, and the overlap.
const LEAVING_MAX: Duration = Duration::from_millis(4_500);

/// What the kernel has is what the brain holds is what the Active and Leaving routers report, and
/// nobody is Leaving for long.
fn check_holdings(segment: &Segment) -> Result<(), TestCaseError> {
    for host in &segment.hosts {
        let held: BTreeSet<_> = host
            .brain
            .holdings()
            .map(|held| (held.interface.to_string(), held.address))
            .collect();
        prop_assert_eq!(&host.present, &held);
        let holding = host
            .reports
            .values()
            .filter(|report| matches!(report.state, State::Active | State::Leaving));
        let reported: BTreeSet<_> = holding
            .flat_map(|report| &report.holding)
            .map(|held| (INTERFACE.to_owned(), held.address))
            .collect();
        prop_assert_eq!(&host.present, &reported);
        let idle = host
            .reports
            .values()
            .all(|report| report.state == State::Fault);
        prop_assert_eq!(host.brain.poll_timeout().is_none(), idle);
        let leaving = host
            .reports
            .values()
            .filter(|report| report.state == State::Leaving);
        for report in leaving.filter(|_| !host.frozen) {
            prop_assert!(segment.now < report.since + LEAVING_MAX, "{:?}", report);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn whatever_happened_addresses_follow_the_active_routers_and_elections_settle(
        operations in operations(),
    ) {
        let mut segment = Segment::of_hosts(HOSTS);
        for (revision, operation) in (1..).zip(&operations) {
            apply(&mut segment, operation, revision);
            check_holdings(&segment)?;
        }
        for host in 0..HOSTS {
            segment.hosts[host].connected = true;
            let source = std::net::Ipv4Addr::new(10, 0, 0, 11 + host as u8).into();
            let now = segment.now;
            segment.thaw(host);
            segment.act(host, |brain| {
                brain.handle_link(INTERFACE, Link::Up, now);
                brain.handle_source(INTERFACE, Family::Ipv4, Some(source), now);
            });
        }
        segment.run_for(20_000);
        check_holdings(&segment)?;
        for number in 1..5_u8 {
            let name = format!("group-{number}");
            let members: Vec<_> =
                segment.hosts.iter().filter_map(|host| host.reports.get(&crate::segment::key(&name))).collect();
            let active: Vec<_> =
                members.iter().filter(|report| report.state == State::Active).collect();
            prop_assert_eq!(active.len(), usize::from(!members.is_empty()), "{}", name);
            let best = members.iter().map(|report| report.effective_priority).max();
            prop_assert_eq!(active.first().map(|report| report.effective_priority), best);
            prop_assert!(best.is_none_or(|best| best > Priority::RELEASE));
        }
        prop_assert!(segment.now > at(0));
    }
}
