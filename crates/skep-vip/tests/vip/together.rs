//! Routers that move together: the two families of a group, and the groups of a sync group.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use skep_vip::configuration::{Relocation, RouterConfiguration, RouterKey, Transport};
use skep_vip::interfaces::Socket;
use skep_vip::message::{Reason, State};
use skep_vrrp::identity::{Family, Priority, Version};
use skep_vrrp::packet::MULTICAST_IPV6;

use crate::segment::{Event, INTERFACE, Segment, at, ip, router};

mod sync_groups;

const HOSTS: usize = 3;
/// Three seconds and a skew time.
const ELECTION_MS: u64 = 4_000;

/// Version 3 with one address of each family; the first one's router decides.
fn dual(priority: u8) -> Vec<RouterConfiguration> {
    let mut first = router("ingress", 51, &["10.0.0.70"], priority);
    first.version = Version::V3;
    let mut second = router("ingress", 51, &["fe80::70"], priority);
    second.version = Version::V3;
    second.key.family = Family::Ipv6;
    second.follows = Some(Family::Ipv4);
    second.transport = Transport::Multicast(MULTICAST_IPV6.into());
    second.addresses[0].prefix_length = 128;
    vec![first, second]
}

fn segment_of(routers: impl Fn(usize) -> Vec<RouterConfiguration>) -> Segment {
    let mut segment = Segment::of_hosts(HOSTS);
    for host in 0..HOSTS {
        segment.commit(host, 1, &routers(host));
    }
    segment
}

fn dual_segment() -> Segment {
    segment_of(|host| dual([100, 90, 80][host]))
}

const DUAL: [&str; 2] = ["10.0.0.70", "fe80::70"];

#[track_caller]
fn check_holder(segment: &Segment, addresses: [&str; 2], holder: usize) {
    for address in addresses {
        assert_eq!(segment.holders(address), [holder], "{address}");
    }
}

/// Lets time pass in short steps; the longest time in which the addresses were not together.
fn longest_apart(segment: &mut Segment, addresses: [&str; 2], milliseconds: u64) -> u64 {
    const STEP_MS: u64 = 5;
    let (mut longest, mut apart) = (0, 0);
    for _ in 0..milliseconds / STEP_MS {
        segment.run_for(STEP_MS);
        let [one, other] = addresses.map(|address| living(segment, address));
        apart = if one == other { 0 } else { apart + STEP_MS };
        longest = longest.max(apart);
    }
    longest
}

fn living(segment: &Segment, address: &str) -> Vec<usize> {
    let mut holders = segment.holders(address);
    holders.retain(|host| !segment.hosts[*host].frozen);
    holders
}

fn report(
    segment: &Segment,
    host: usize,
    group: &str,
    family: Family,
) -> (State, Reason, Priority) {
    let key = RouterKey {
        group: group.to_owned(),
        family,
    };
    let report = &segment.hosts[host].reports[&key];
    (
        report.state,
        report.reason.clone(),
        report.effective_priority,
    )
}

#[test]
fn both_families_start_on_one_node_together() {
    let mut segment = dual_segment();
    let apart = longest_apart(&mut segment, DUAL, 10_000);
    assert!(apart <= 5, "{apart} ms");
    check_holder(&segment, DUAL, 0);
    let priorities: Vec<u8> = (0..HOSTS)
        .map(|host| report(&segment, host, "ingress", Family::Ipv6).2.number())
        .collect();
    assert_eq!(priorities, [254, 2, 2]);
}

#[test]
fn both_families_move_together_when_their_node_dies_and_when_it_comes_back() {
    let mut segment = dual_segment();
    segment.run_for(10_000);
    segment.hosts[0].frozen = true;
    let apart = longest_apart(&mut segment, DUAL, 10_000);
    assert!(apart <= 5, "{apart} ms");
    assert_eq!(living(&segment, "10.0.0.70"), [1]);
    assert_eq!(living(&segment, "fe80::70"), [1]);
    segment.thaw(0);
    let apart = longest_apart(&mut segment, DUAL, 10_000);
    assert!(apart <= 50, "{apart} ms");
    check_holder(&segment, DUAL, 0);
}

/// The better node has the lower address, and with both families Active on two nodes all followers
/// rank alike.
#[test]
fn a_healed_partition_takes_neither_family_away() {
    let mut segment = dual_segment();
    segment.run_for(10_000);
    segment.hosts[0].connected = false;
    segment.run_for(10_000);
    for address in DUAL {
        assert_eq!(segment.holders(address), [0, 1]);
    }
    let healed = segment.now;
    segment.hosts[0].connected = true;
    segment.run_for(10_000);
    check_holder(&segment, DUAL, 0);
    for address in DUAL {
        let gone = segment.last(0, |event| event == Event::Removed(ip(address)));
        assert!(gone.is_none_or(|at| at < healed), "{address}: {gone:?}");
    }
}

/// The second family leaves as soon as the first one does. A word before its farewell would be a
/// claim for whoever leaves just then.
#[test]
fn who_slept_while_others_took_over_claims_neither_family() {
    let mut segment = dual_segment();
    segment.run_for(10_000);
    segment.hosts[0].frozen = true;
    segment.run_for(10_000);
    let thawed = segment.now;
    segment.thaw(0);
    segment.run_for(1_000);
    let mut said = segment.events_since(0, thawed);
    said.retain(|event| matches!(event, Event::Sent(..)));
    assert_eq!(said, [Event::Sent(51, 1); 2], "one farewell of each");
}

#[test]
fn both_families_move_together_when_one_of_them_has_a_fault() {
    let refused = || Socket::Refused {
        message: "no".to_owned(),
    };
    for faulty in [Family::Ipv4, Family::Ipv6] {
        let mut segment = dual_segment();
        segment.run_for(10_000);
        let now = segment.now;
        segment.act(0, |brain| {
            brain.handle_socket(INTERFACE, faulty, refused(), now);
        });
        longest_apart(&mut segment, DUAL, 10_000);
        let (state, reason, _) = report(&segment, 0, "ingress", other(faulty));
        let shared = RouterKey {
            group: "ingress".to_owned(),
            family: faulty,
        };
        assert_eq!(state, State::Fault);
        assert_eq!(reason, Reason::SyncGroup { router: shared });
        check_holder(&segment, DUAL, 1);
        let now = segment.now;
        segment.act(0, |brain| {
            brain.handle_socket(INTERFACE, faulty, Socket::Open, now);
        });
        let apart = longest_apart(&mut segment, DUAL, 10_000);
        assert!(apart <= 50, "{apart} ms");
        check_holder(&segment, DUAL, 0);
    }
}

const fn other(family: Family) -> Family {
    match family {
        Family::Ipv4 => Family::Ipv6,
        Family::Ipv6 => Family::Ipv4,
    }
}

#[test]
fn both_families_stay_together_without_preemption() {
    let mut segment = segment_of(|host| {
        let mut routers = dual([100, 90, 80][host]);
        for router in &mut routers {
            router.preemption.enabled = false;
        }
        routers
    });
    segment.run_for(10_000);
    segment.hosts[0].frozen = true;
    segment.run_for(10_000);
    segment.thaw(0);
    longest_apart(&mut segment, DUAL, 10_000);
    check_holder(&segment, DUAL, 1);
}

#[test]
fn a_node_that_stops_hands_both_families_over() {
    let mut segment = dual_segment();
    segment.run_for(10_000);
    segment.commit(0, 2, &[]);
    let apart = longest_apart(&mut segment, DUAL, 5_000);
    assert!(apart <= 50, "{apart} ms");
    check_holder(&segment, DUAL, 1);
}

#[test]
fn both_families_leave_their_owner_when_they_are_moved() {
    let mut segment = segment_of(|host| dual([255, 90, 80][host]));
    segment.run_for(ELECTION_MS);
    check_holder(&segment, DUAL, 0);
    for host in [1, 0, 2] {
        let mut routers = dual([255, 90, 80][host]);
        routers[0].relocation = if host == 1 {
            Relocation::Here
        } else {
            Relocation::Away
        };
        segment.commit(host, 2, &routers);
    }
    segment.run_for(2 * ELECTION_MS);
    check_holder(&segment, DUAL, 1);
}

#[test]
fn a_group_that_gains_a_family_keeps_its_place() {
    let mut segment = segment_of(|host| dual([100, 90, 80][host])[..1].to_vec());
    segment.run_for(10_000);
    for host in 0..HOSTS {
        segment.commit(host, 2, &dual([100, 90, 80][host]));
    }
    segment.run_for(5_000);
    check_holder(&segment, DUAL, 0);
}

proptest! {
    #[test]
    fn families_are_never_apart_for_longer_than_an_election(
        moments in vec((1..8_000_u64, 0..HOSTS), 1..6),
    ) {
        let mut segment = dual_segment();
        segment.run_for(10_000);
        for (milliseconds, host) in moments {
            let dead = segment.hosts[host].frozen;
            if dead {
                segment.thaw(host);
            } else if segment.hosts.iter().filter(|host| !host.frozen).count() > 1 {
                segment.hosts[host].frozen = true;
            }
            let apart = longest_apart(&mut segment, DUAL, milliseconds);
            prop_assert!(apart <= ELECTION_MS, "{apart} ms");
        }
        segment.run_for(2 * ELECTION_MS);
        let (one, other) = (living(&segment, DUAL[0]), living(&segment, DUAL[1]));
        prop_assert_eq!(one.len(), 1);
        prop_assert_eq!(one, other);
    }
}

#[test]
fn the_intervals_of_followers_do_not_matter() {
    let mut segment = segment_of(|host| {
        let mut routers = dual([100, 90, 80][host]);
        routers[1].advertisement_interval = Duration::from_millis(100);
        routers
    });
    segment.run_for(10_000);
    check_holder(&segment, DUAL, 0);
    assert!(segment.now > at(0));
    assert_eq!(segment.hosts[0].address, ip("10.0.0.11"));
}

/// Why lint warns of groups that give up on a lost member before the one that leads them.
#[test]
fn only_a_follower_faster_than_its_leader_moves_before_it() {
    let apart = |follower: Duration| {
        let mut segment = segment_of(|host| {
            let mut routers = dual([100, 90, 80][host]);
            routers[1].advertisement_interval = follower;
            routers
        });
        segment.run_for(10_000);
        segment.hosts[0].frozen = true;
        longest_apart(&mut segment, DUAL, 2 * ELECTION_MS)
    };
    assert!(apart(Duration::from_millis(100)) > 2_000);
    assert!(apart(Duration::from_secs(1)) <= 10);
    assert!(apart(Duration::from_secs(2)) <= 10);
}
