//! Addresses that somebody else removes.

use std::time::Duration;

use skep_api::status::AgentStatus;
use skep_manifest::condition::Reason;

use crate::cluster::wire::{adverts, wait_for_advert};
use crate::cluster::{Cluster, measured, ms, wait_until};
use crate::monitor::Monitor;
use crate::pair::{self, A, B, CLIENT, ID, VIP};

const TIMES: usize = 10;

#[test]
fn an_address_removed_by_hand_is_back_at_once_and_nobody_takes_over() {
    let mut cluster = pair::running("guard", &pair::ingress());
    let monitor = Monitor::start(&mut cluster, A, "10.0.0.70/32");
    let prober = cluster.probe(CLIENT, VIP);
    let mut times = Vec::new();
    for round in 1..=TIMES {
        cluster.say(A, &["ip", "addr", "del", "10.0.0.70/32", "dev", "eth0"]);
        let back = wait_until(|| {
            times = monitor.absences();
            times.len() == round
        });
        assert!(back, "it is not back: {times:?}");
    }
    cluster.wait_for_holder(VIP, A);
    times.sort();
    let report = prober.stop().expect("it probed");
    measured(
        "address removed by hand: until it is back",
        &format!(
            "median {}, longest {} of {TIMES} (budget 5 ms), {} of {} probes lost",
            ms(times[TIMES / 2]),
            ms(times[TIMES - 1]),
            report.lost(),
            report.probes.len()
        ),
    );
    assert!(times[TIMES / 2] <= Duration::from_millis(5), "{times:?}");
    assert!(
        adverts(&cluster.capture, ID)
            .iter()
            .all(|advert| advert.node == A)
    );
    cluster.agent(B).wait_for_state("ingress", "Backup");
    let status = cluster
        .agent(A)
        .wait_for_status("who removes it", |status| {
            let mut conditions = status.vip_groups[0].conditions.iter();
            conditions.any(|condition| condition.reason == Reason::AddressRemoved)
        });
    let conditions = &status.vip_groups[0].conditions;
    let text = format!("{conditions:?}");
    assert!(
        text.contains("10.0.0.70 was removed from eth0 10 times"),
        "{text}"
    );
    let (code, text) = cluster.agent(A).ask(&["status"]);
    assert_eq!(code, 0, "the group is Ready: {text}");
    assert!(text.contains("AddressRemoved"), "{text}");
    check_foreign(&cluster);
}

/// `a` holds the address, and somebody puts it on `b`.
fn check_foreign(cluster: &Cluster) {
    const PREFIX: &str = "10.0.0.70/24";
    let is_told = |status: &AgentStatus| {
        let mut conditions = status.vip_groups[0].conditions.iter();
        conditions.any(|condition| condition.reason == Reason::ForeignAddress)
    };
    let agent = cluster.agent(B);
    let wait_for_event = |kind: &str| {
        let happened = wait_until(|| {
            let (_, events) = agent.ask(&["events"]);
            let mut lines = events.lines();
            lines.any(|line| line.contains(kind) && line.contains("ForeignAddress"))
        });
        assert!(happened, "{kind}: {:?}", agent.ask(&["events"]));
    };
    assert_eq!(agent.ask(&["status"]).0, 0);
    cluster.say(B, &["ip", "addr", "add", PREFIX, "dev", "eth0"]);
    let status = agent.wait_for_status("whose address is here", is_told);
    assert_eq!(status.vip_groups[0].routers[0].state, "Backup");
    let (code, text) = agent.ask(&["status"]);
    assert_eq!(code, 1, "two hosts answer: {text}");
    for words in [
        "STALLED ForeignAddress: 10.0.0.70/24 is on eth0",
        "`ip addr del 10.0.0.70/24 dev eth0`",
    ] {
        assert!(text.contains(words), "{text}");
    }
    wait_for_event("raised");
    assert_eq!(cluster.holders(VIP), [A, B], "it is not skep's to remove");
    assert!(!is_told(&cluster.agent(A).status().expect("it answers")));

    cluster.say(B, &["ip", "addr", "del", PREFIX, "dev", "eth0"]);
    agent.wait_for_status("that it is gone", |status| !is_told(status));
    assert_eq!(agent.ask(&["status"]).0, 0);
    wait_for_event("cleared");
    let (_, events) = cluster.agent(A).ask(&["events"]);
    assert!(!events.contains("ForeignAddress"), "{events}");
}

#[test]
fn an_address_comes_back_behind_the_node_s_own_of_its_subnet_and_never_before_it() {
    let manifest = pair::ingress().replace("[10.0.0.70]", "[10.0.0.70/24]");
    let mut cluster = pair::hosts("behind");
    // What `a` advertises from when its first address is gone.
    cluster.say(A, &["ip", "addr", "add", "10.1.0.60/24", "dev", "eth0"]);
    cluster.start(A, &manifest);
    cluster.agent(A).wait_for_state("ingress", "Active");
    cluster.wait_for_holder(VIP, A);
    let monitor = Monitor::start(&mut cluster, A, "10.0.0.70/24");
    for address in ["10.0.0.60/24", "10.0.0.70/24"] {
        cluster.say(A, &["ip", "addr", "del", address, "dev", "eth0"]);
    }
    let removed = monitor.wait_for(|change| !change.present);
    wait_for_advert(&cluster.capture, ID, |advert| {
        advert.at > removed.at + Duration::from_secs(1)
    });
    assert!(cluster.holders(VIP).is_empty(), "{}", cluster.addresses(A));
    cluster.say(A, &["ip", "addr", "add", "10.0.0.60/24", "dev", "eth0"]);
    cluster.wait_for_holder(VIP, A);
    let addresses = cluster.addresses(A);
    let secondary = |address: &str| {
        let mut lines = addresses.lines();
        lines.any(|line| line.contains(address) && line.contains(" secondary "))
    };
    assert!(secondary("10.0.0.70/24"), "{addresses}");
    assert!(!secondary("10.0.0.60/24"), "{addresses}");
}
