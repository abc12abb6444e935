//! A member whose interface fails.

use std::net::Ipv4Addr;
use std::time::Duration;

use skep_manifest::condition::{ConditionStatus, ConditionType, Reason};

use crate::cluster::wire::{last_advert, wait_for_advert, wait_for_takeover};
use crate::cluster::{Cluster, PATIENCE, measured, ms};
use crate::pair::{self, A, B, ID, LATE, VIP};

/// How long `b` waits when `a` is silent (RFC 9568 section 6.1).
pub(crate) const DOWN: Duration =
    Duration::from_nanos(300_000_000 + 100_000_000 * (256 - 90) / 256);

#[test]
fn an_active_node_whose_interface_is_down_releases_and_returns() {
    let down = |cluster: &mut Cluster| drop(cluster.say(A, &["ip", "link", "set", "eth0", "down"]));
    let up = |cluster: &mut Cluster| drop(cluster.say(A, &["ip", "link", "set", "eth0", "up"]));
    check("interface down", down, up);
}

#[test]
fn an_active_node_without_a_carrier_releases_and_returns() {
    let pull = |cluster: &mut Cluster| cluster.lab.cut(A).expect("the host lives");
    let plug = |cluster: &mut Cluster| cluster.lab.mend(A).expect("the host lives");
    check("carrier loss", pull, plug);
}

#[test]
fn an_active_node_whose_own_address_is_gone_says_so_releases_and_returns() {
    let cluster = pair::running("sourceless", &pair::ingress());
    cluster.say(A, &["ip", "addr", "del", "10.0.0.60/24", "dev", "eth0"]);
    // It has nothing to say goodbye from.
    let takeover = wait_for_takeover(&cluster.capture, ID, A, B);
    takeover.assert_took(DOWN, LATE);
    let router = cluster.agent(A).wait_for_state("ingress", "Fault");
    let why = "interface eth0 has no address to advertise from";
    assert_eq!(router.because, why);
    assert!(router.holding.is_empty(), "{router:?}");
    cluster.wait_for_holder(VIP, B);
    let (code, text) = cluster.agent(A).ask(&["describe", "vip", "ingress"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(why), "{text}");
    let status = cluster.agent(A).status().expect("it answers");
    let group = status.vip_groups.first().expect("it has a group");
    let ready = group.conditions.first().expect("it has a condition");
    assert_eq!(
        (ready.condition_type, ready.status, ready.reason),
        (
            ConditionType::Ready,
            ConditionStatus::False,
            Reason::InterfaceDown
        )
    );

    // Another address than before: it advertises from what it has.
    cluster.say(A, &["ip", "addr", "add", "10.0.0.66/24", "dev", "eth0"]);
    let returned = cluster.capture.wait_for(PATIENCE, |sighting| {
        sighting.is_from(Ipv4Addr::new(10, 0, 0, 66))
    });
    assert!(returned.is_some());
    cluster.wait_for_holder(VIP, A);
    cluster.agent(A).wait_for_state("ingress", "Active");
    measured(
        "own address gone: from the last advertisement to the successor's",
        &format!("{} (100 ms advertisements)", ms(takeover.took())),
    );
}

fn check(what: &str, fail: impl Fn(&mut Cluster), recover: impl Fn(&mut Cluster)) {
    let mut cluster = pair::running(&what.replace(' ', "-"), &pair::ingress());
    fail(&mut cluster);
    let takeover = wait_for_takeover(&cluster.capture, ID, A, B);
    let router = cluster.agent(A).wait_for_state("ingress", "Fault");
    assert_eq!(router.because, "interface eth0 is down");
    assert!(router.holding.is_empty(), "{router:?}");
    cluster.wait_for_holder(VIP, B);
    let (code, text) = cluster.agent(A).ask(&["status"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("interface eth0 is down"), "{text}");
    assert!(
        text.contains("unknown"),
        "who does not hear says so: {text}"
    );

    recover(&mut cluster);
    let returned = wait_for_advert(&cluster.capture, ID, |advert| {
        advert.node == A && advert.at > takeover.first.at
    });
    cluster.wait_for_holder(VIP, A);
    cluster.agent(B).wait_for_state("ingress", "Backup");
    assert!(last_advert(&cluster.capture, ID, B).at < returned.at);
    measured(
        &format!("{what}: from the last advertisement to the successor's"),
        &format!("{} (100 ms advertisements)", ms(takeover.took())),
    );
}
