//! IPv6 and unicast beside keepalived: one holder at every time, in both directions.

use std::net::{Ipv4Addr, Ipv6Addr};

use rustix::process::Signal;

use crate::cluster::agent::signal;
use crate::cluster::{Cluster, wait_until};
use crate::keepalived::Instance;

const ID: u8 = 53;
const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 70);
const VIP_IPV6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0x70);
const SKEP: (&str, Ipv4Addr) = ("skep", Ipv4Addr::new(10, 0, 0, 60));
const PEER: (&str, Ipv4Addr) = ("peer", Ipv4Addr::new(10, 0, 0, 61));

const UNICAST: &str = "  transport: {unicast: {}}\n  authentication: {none: {}}\n  members:\n    \
     - {node: skep, priority: 100, address: 10.0.0.60}\n    \
     - {node: peer, priority: 90, address: 10.0.0.61}\n";
const UNICAST_PEER: &str = "  unicast_src_ip 10.0.0.61\n  unicast_peer {\n    10.0.0.60\n  }";

struct Case {
    test: &'static str,
    /// The version, the addresses and how they travel, in skep's words.
    manifest: String,
    /// The addresses in keepalived's words.
    address: &'static str,
    /// More lines of keepalived's instance.
    more: String,
}

fn holders(cluster: &Cluster) -> Vec<String> {
    let mut holders = cluster.holders(VIP);
    holders.extend(cluster.holders_ipv6(VIP_IPV6));
    holders
}

#[track_caller]
fn wait_for(cluster: &Cluster, node: &str) {
    let mut seen = Vec::new();
    let held = wait_until(|| {
        seen = holders(cluster);
        seen == [node]
    });
    assert!(held, "{node} shall hold it alone, it is on {seen:?}");
}

/// keepalived holds, skep preempts it, stops, comes back and dies; then keepalived holds for good.
fn check(case: &Case) {
    let mut cluster = Cluster::up(case.test, "eth0", &[SKEP, PEER]);
    let (skep, peer) = (SKEP.0, PEER.0);
    let manifest = format!(
        "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: ingress}}\nspec:\n  \
         virtualRouterId: {ID}\n  interface: eth0\n{}",
        case.manifest
    );
    let instance = Instance {
        interface: "eth0",
        virtual_router_id: ID,
        priority: 90,
        address: case.address,
        more: &case.more,
    };
    instance.start(&mut cluster, peer);
    wait_for(&cluster, peer);
    cluster.start(skep, &manifest);
    wait_for(&cluster, skep);
    let router = cluster.agent(skep).wait_for_state("ingress", "Active");
    for counter in ["discardedTransport", "discardedChecksum", "discardedTtl"] {
        assert_eq!(router.counters.get(counter), Some(&0), "{router:?}");
    }
    assert_eq!(
        router.counters.get("addressListMismatches"),
        Some(&0),
        "{router:?}"
    );
    signal(cluster.agent(skep).supervisor(), Signal::TERM);
    assert_eq!(cluster.agent(skep).wait_for_exit(), 0);
    wait_for(&cluster, peer);
    cluster.start(skep, &manifest);
    wait_for(&cluster, skep);
    cluster.cut_power(skep);
    wait_for(&cluster, peer);
}

#[test]
fn skep_and_keepalived_take_over_from_each_other_over_ipv6() {
    check(&Case {
        test: "interop-ipv6",
        manifest: "  addresses: [\"fd00::70\"]\n  advertisementInterval: 100ms\n  \
             members: [{node: skep, priority: 100}]\n"
            .to_owned(),
        address: "fe80::200:5eff:fe00:235\n    fd00::70",
        more: "  version 3\n  advert_int 0.1".to_owned(),
    });
}

#[test]
fn skep_and_keepalived_take_over_from_each_other_by_unicast_in_version_2() {
    check(&Case {
        test: "interop-unicast-v2",
        manifest: format!("  version: 2\n  addresses: [{VIP}]\n{UNICAST}"),
        address: "10.0.0.70",
        more: format!("  version 2\n{UNICAST_PEER}"),
    });
}

#[test]
fn skep_and_keepalived_take_over_from_each_other_by_unicast_in_version_3() {
    check(&Case {
        test: "interop-unicast-v3",
        manifest: format!("  addresses: [{VIP}]\n  advertisementInterval: 100ms\n{UNICAST}"),
        address: "10.0.0.70",
        more: format!("  version 3\n  advert_int 0.1\n{UNICAST_PEER}"),
    });
}
