//! The address changes hosts and nobody notices: a thousand requests a second, none lost.

use std::net::Ipv4Addr;

use rustix::process::Signal;

use crate::cluster::agent::signal;
use crate::cluster::wire::{adverts, wait_for_advert};
use crate::cluster::{Cluster, measured, now, wait_until};
use crate::pair::{self, A, B, CLIENT, ID, VIP, assert_none_lost};

/// An address that comes and goes.
const SECOND: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 71);

/// How fast a group is, and how often it hands over within the time a test may take.
#[derive(Clone, Copy, Debug)]
struct Pace {
    name: &'static str,
    lines: &'static str,
    rounds: usize,
}

/// Version 3 at a tenth of a second.
const FAST: Pace = Pace {
    name: "100 ms",
    lines: "advertisementInterval: 100ms",
    rounds: 8,
};

/// Version 2 at a second.
const SLOW: Pace = Pace {
    name: "version 2, 1 s",
    lines: "version: 2\n  advertisementInterval: 1s",
    rounds: 2,
};

impl Pace {
    fn group(self, priorities: [u8; 2]) -> String {
        let group = pair::group("ingress", ID, VIP, priorities);
        group.replace("advertisementInterval: 100ms", self.lines)
    }

    /// Does this again and again while the client asks, and says what became of its requests.
    fn check(self, what: &str, lab: &str, round: impl Fn(&mut Cluster, Self)) {
        let mut cluster = pair::running(lab, &self.group(pair::PRIORITIES));
        let prober = cluster.probe(CLIENT, VIP);
        for _ in 0..self.rounds {
            round(&mut cluster, self);
        }
        let lost = assert_none_lost(prober);
        let what = format!("{what} and back, {}, {} times", self.name, self.rounds);
        measured(&what, &lost);
    }
}

/// Stops the agent that holds the address and starts it again: it comes back and preempts.
fn restart(cluster: &mut Cluster, pace: Pace) {
    let since = now();
    signal(cluster.agent(A).supervisor(), Signal::TERM);
    assert_eq!(cluster.agent(A).wait_for_exit(), 0);
    cluster.wait_for_holder(VIP, B);
    let said = adverts(&cluster.capture, ID);
    let said = said
        .iter()
        .filter(|advert| advert.node == A && advert.at > since);
    let said: Vec<u8> = said.map(|advert| advert.priority()).collect();
    assert!(said.ends_with(&[0, 0, 1]), "{said:?}");
    cluster.start(A, &pace.group(pair::PRIORITIES));
    cluster.wait_for_holder(VIP, A);
}

/// Edits the manifest so that the other member is the better one, and back.
fn edit(cluster: &mut Cluster, pace: Pace) {
    pair::save(cluster, &pace.group([80, 90]));
    cluster.wait_for_holder(VIP, B);
    pair::save(cluster, &pace.group(pair::PRIORITIES));
    cluster.wait_for_holder(VIP, A);
}

/// Takes the member that holds the address out of the group, and in again.
fn remove(cluster: &mut Cluster, pace: Pace) {
    let group = pace.group(pair::PRIORITIES);
    let without = group.replace("    - {node: a, priority: 100}\n", "");
    assert_ne!(group, without);
    let since = now();
    cluster.save(A, "skep.yaml", &without);
    wait_for_advert(&cluster.capture, ID, |advert| {
        advert.node == A && advert.at > since && advert.priority() == 0
    });
    cluster.wait_for_holder(VIP, B);
    cluster.save(A, "skep.yaml", &group);
    cluster.wait_for_holder(VIP, A);
}

/// Adds an address to the group on all members, and takes it away again.
fn extend(cluster: &mut Cluster, pace: Pace) {
    let group = pace.group(pair::PRIORITIES);
    pair::save(
        cluster,
        &group.replace("10.0.0.70]", "10.0.0.70, 10.0.0.71]"),
    );
    cluster.wait_for_holder(SECOND, A);
    pair::save(cluster, &group);
    let gone = wait_until(|| cluster.holders(SECOND).is_empty());
    assert!(gone, "{SECOND} stays");
    assert_eq!(cluster.holders(VIP), [A]);
}

#[test]
fn an_agent_that_stops_and_comes_back_loses_no_request() {
    FAST.check("stop", "stop", restart);
}

#[test]
fn an_agent_that_stops_and_comes_back_at_one_second_loses_no_request() {
    SLOW.check("stop", "slow-stop", restart);
}

#[test]
fn an_edited_priority_loses_no_request() {
    FAST.check("priority edited", "priority", edit);
}

#[test]
fn an_edited_priority_at_one_second_loses_no_request() {
    SLOW.check("priority edited", "slow-priority", edit);
}

#[test]
fn a_member_that_is_removed_loses_no_request() {
    FAST.check("member removed", "member", remove);
}

#[test]
fn a_member_that_is_removed_at_one_second_loses_no_request() {
    SLOW.check("member removed", "slow-member", remove);
}

#[test]
fn an_address_more_or_less_loses_no_request() {
    FAST.check("address added", "address", extend);
}

#[test]
fn an_address_more_or_less_at_one_second_loses_no_request() {
    SLOW.check("address added", "slow-address", extend);
}

#[test]
fn an_agent_without_successor_says_so_and_ends_in_bounded_time() {
    let mut cluster = pair::hosts("alone");
    cluster.start(A, &pair::ingress());
    cluster.wait_for_holder(VIP, A);
    cluster.agent(A).wait_for_state("ingress", "Active");
    let prober = cluster.probe(CLIENT, VIP);
    let since = now();
    signal(cluster.agent(A).supervisor(), Signal::TERM);
    assert_eq!(cluster.agent(A).wait_for_exit(), 0);
    let took = now() - since;
    assert!(!cluster.addresses(A).contains("10.0.0.70"));
    let report = prober.stop().expect("it probed");
    let dark = report.longest_dark().expect("nobody is left");
    let held = (report.started_at + dark.from).saturating_sub(since);
    measured(
        "stop without a successor, 100 ms",
        &format!("held for {held:?}, ended after {took:?}"),
    );
    // Four intervals, and what a process takes to end. The last probe is up to a few milliseconds
    // older than the removal.
    let patience = std::time::Duration::from_millis(400);
    let probed = std::time::Duration::from_millis(10);
    assert!(held + probed >= patience, "{held:?}");
    assert!(
        took < patience + std::time::Duration::from_secs(3),
        "{took:?}"
    );
}
