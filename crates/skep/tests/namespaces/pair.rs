//! Two members and a client, with groups whose elections take a third of a second.

use std::net::Ipv4Addr;
use std::time::Duration;

use skep_lab::prober::Prober;

use crate::cluster::Cluster;

pub(crate) const A: &str = "a";
pub(crate) const B: &str = "b";
pub(crate) const CLIENT: &str = "client";
pub(crate) const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 70);
pub(crate) const ID: u8 = 51;

/// How late anything may be.
pub(crate) const LATE: Duration = Duration::from_millis(20);

/// The priorities of the members.
pub(crate) const PRIORITIES: [u8; 2] = [100, 90];

/// The addresses of the members.
pub(crate) const ADDRESSES: [Ipv4Addr; 2] =
    [Ipv4Addr::new(10, 0, 0, 60), Ipv4Addr::new(10, 0, 0, 61)];

const HOSTS: [(&str, Ipv4Addr); 3] = [
    (A, ADDRESSES[0]),
    (B, ADDRESSES[1]),
    (CLIENT, Ipv4Addr::new(10, 0, 0, 99)),
];

/// The group `ingress`, which holds [`VIP`].
pub(crate) fn ingress() -> String {
    group("ingress", ID, VIP, PRIORITIES)
}

/// A group of `a` and `b` with these priorities; more of its `spec` can be appended.
pub(crate) fn group(name: &str, id: u8, vip: Ipv4Addr, [a, b]: [u8; 2]) -> String {
    format!(
        "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: {name}}}\nspec:\n  \
         virtualRouterId: {id}\n  interface: eth0\n  addresses: [{vip}]\n  \
         advertisementInterval: 100ms\n  \
         members:\n    - {{node: {A}, priority: {a}}}\n    - {{node: {B}, priority: {b}}}\n"
    )
}

/// The hosts, nothing running on them.
pub(crate) fn hosts(test: &str) -> Cluster {
    Cluster::up(test, "eth0", &HOSTS)
}

/// The hosts with this manifest on both members; `a` holds [`VIP`].
pub(crate) fn running(test: &str, manifest: &str) -> Cluster {
    let mut cluster = hosts(test);
    // One after the other, so that `b` never was Active.
    cluster.start(A, manifest);
    cluster.wait_for_holder(VIP, A);
    cluster.agent(A).wait_for_state("ingress", "Active");
    cluster.start(B, manifest);
    cluster.agent(B).wait_until_it_hears("ingress");
    cluster
}

/// Saves this manifest on both members.
pub(crate) fn save(cluster: &Cluster, manifest: &str) {
    for node in [A, B] {
        cluster.save(node, "skep.yaml", manifest);
    }
}

/// Asserts that every request of a thousand a second was answered.
pub(crate) fn assert_none_lost(prober: Prober) -> String {
    let report = prober.stop().expect("it probed");
    assert_eq!(report.lost(), 0, "{:?}", report.dark());
    format!("0 of {} probes lost", report.probes.len())
}
