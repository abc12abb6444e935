//! A member whose interface fails.

use crate::cluster::wire::{last_advert, wait_for_advert, wait_for_takeover};
use crate::cluster::{Cluster, measured, ms};
use crate::pair::{self, A, B, ID, VIP};

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
