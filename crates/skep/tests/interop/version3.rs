//! Version 3 at a tenth of a second.

use std::net::Ipv4Addr;
use std::time::Duration;

use rustix::process::Signal;

use crate::cluster::agent::signal;
use crate::cluster::checksum::{Checksum, form};
use crate::cluster::wire::{Takeover, adverts, last_advert, wait_for_advert, wait_for_takeover};
use crate::cluster::{Cluster, measured, ms, now};
use crate::group::Kind::{self, Keepalived, Skep};
use crate::keepalived::Instance;

const ID: u8 = 53;
const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 70);
const INTERVAL: Duration = Duration::from_millis(100);
const SKEP: (&str, Ipv4Addr) = ("skep", Ipv4Addr::new(10, 0, 0, 60));
const PEER: (&str, Ipv4Addr) = ("peer", Ipv4Addr::new(10, 0, 0, 61));

/// With the pseudo-header: Debian's keepalived knows no option for the other checksum.
#[test]
fn skep_and_keepalived_take_over_from_each_other_in_version_3() {
    let mut cluster = Cluster::up("version3", "eth0", &[SKEP, PEER]);
    let (skep, peer) = (SKEP.0, PEER.0);
    let keepalived = start_peer(&mut cluster);
    cluster.wait_for_holder(VIP, peer);
    cluster.start(skep, &manifest(100));
    let preempting = wait_for_advert(&cluster.capture, ID, |advert| advert.node == skep);
    cluster.wait_for_holder(VIP, skep);
    let yielded = last_advert(&cluster.capture, ID, peer);
    let late = preempting.at + Duration::from_millis(20);
    assert!(yielded.at < late, "{yielded:?}");
    assert_peace(&cluster);

    signal(cluster.agent(skep).supervisor(), Signal::TERM);
    assert_eq!(cluster.agent(skep).wait_for_exit(), 0);
    let takeover = wait_for_takeover(&cluster.capture, ID, skep, peer);
    report("stop of skep", &takeover, Keepalived, skew(90));
    cluster.wait_for_holder(VIP, peer);

    cluster.start(skep, &manifest(100));
    cluster.wait_for_holder(VIP, skep);
    cluster.cut_power(skep);
    let takeover = wait_for_takeover(&cluster.capture, ID, skep, peer);
    let down = 3 * INTERVAL + skew(90);
    report("power cut of skep", &takeover, Keepalived, down);
    cluster.wait_for_holder(VIP, peer);

    cluster.restore_power(skep);
    cluster.start(skep, &manifest(80));
    cluster.agent(skep).wait_until_it_hears("ingress");
    signal(keepalived, Signal::TERM);
    wait_for_advert(&cluster.capture, ID, |advert| {
        advert.node == peer && advert.priority() == 0
    });
    let takeover = wait_for_takeover(&cluster.capture, ID, peer, skep);
    report("stop of keepalived", &takeover, Skep, skew(80));
    cluster.wait_for_holder(VIP, skep);
}

/// Asserts that for ten intervals only skep advertises, and that nobody discarded anything.
fn assert_peace(cluster: &Cluster) {
    let (skep, since) = (SKEP.0, now());
    wait_for_advert(&cluster.capture, ID, |advert| {
        advert.at > since + 10 * INTERVAL
    });
    for advert in adverts(&cluster.capture, ID) {
        assert!(advert.node == skep || advert.at < since, "{advert:?}");
        let source = if advert.node == skep { SKEP.1 } else { PEER.1 };
        let checksum = form(&advert.payload, source);
        assert_eq!(checksum, Checksum::WithPseudoHeader, "{advert:?}");
    }
    let router = cluster.agent(skep).wait_for_state("ingress", "Active");
    let discarded = router.counters.get("discardedChecksum");
    assert_eq!(discarded, Some(&0), "{router:?}");
}

/// RFC 9568 section 6.1.
fn skew(priority: u8) -> Duration {
    INTERVAL * (256 - u32::from(priority)) / 256
}

fn report(what: &str, takeover: &Takeover, by: Kind, protocol: Duration) {
    measured(
        &format!("version 3, 100 ms: {what}"),
        &format!("{} (protocol {})", ms(takeover.took()), ms(protocol)),
    );
    takeover.assert_took_by(by, protocol);
}

fn manifest(priority: u8) -> String {
    format!(
        "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: ingress}}\nspec:\n  \
         virtualRouterId: {ID}\n  interface: eth0\n  addresses: [{VIP}]\n  \
         advertisementInterval: 100ms\n  members: [{{node: skep, priority: {priority}}}]\n"
    )
}

fn start_peer(cluster: &mut Cluster) -> u32 {
    let instance = Instance {
        interface: "eth0",
        virtual_router_id: ID,
        priority: 90,
        address: "10.0.0.70",
        more: "  version 3\n  advert_int 0.1",
    };
    instance.start(cluster, PEER.0)
}
