//! IPv6, both families, unicast, and what moves beside the addresses.

use std::net::Ipv6Addr;

use rustix::process::Signal;

use crate::cluster::agent::{router, signal};
use crate::cluster::lossless::REPETITIONS;
use crate::cluster::{Cluster, measured, wait_until};
use crate::pair::{A, ADDRESSES, B, CLIENT, VIP, assert_none_lost, group, hosts, ingress, running};

const VIP_IPV6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0x70);
/// What virtual router 51 has when the manifest gives it no link-local address.
const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0x0200, 0x5eff, 0xfe00, 0x0233);

/// The group of the pair with these addresses and more of its `spec`.
fn with(addresses: &str, more: &str) -> String {
    ingress().replace(
        "addresses: [10.0.0.70]",
        &format!("addresses: [{addresses}]"),
    ) + more
}

#[track_caller]
fn wait_for_holder(cluster: &Cluster, address: Ipv6Addr, node: &str) {
    let mut seen = Vec::new();
    let held = wait_until(|| {
        seen = cluster.holders_ipv6(address);
        seen == [node]
    });
    assert!(held, "{address} shall be on {node}, it is on {seen:?}");
}

/// Gives every host a way to talk to the virtual address.
fn hosts_with_ipv6(test: &str) -> Cluster {
    let cluster = hosts(test);
    for (node, address) in [
        (A, "fd00::60/64"),
        (B, "fd00::61/64"),
        (CLIENT, "fd00::99/64"),
    ] {
        give_address(&cluster, node, address);
    }
    cluster
}

fn give_address(cluster: &Cluster, node: &str, address: &str) {
    let add = ["ip", "address", "add", address, "dev", "eth0", "nodad"];
    cluster.say(node, &add);
}

fn start_both(cluster: &mut Cluster, manifest: &str) {
    cluster.start(A, manifest);
    cluster.agent(A).wait_for_state("ingress", "Active");
    cluster.start(B, manifest);
    cluster.agent(B).wait_until_it_hears("ingress");
}

/// Where the client believes the address to be.
fn neighbour(cluster: &Cluster, address: Ipv6Addr) -> String {
    let show = [
        "ip",
        "-6",
        "neighbour",
        "show",
        &address.to_string(),
        "dev",
        "eth0",
    ];
    let shown = cluster.say(CLIENT, &show);
    let mut words = shown
        .split_whitespace()
        .skip_while(|word| *word != "lladdr");
    words.nth(1).unwrap_or_default().to_owned()
}

fn hardware_address(cluster: &Cluster, node: &str) -> String {
    let shown = cluster.say(node, &["ip", "-o", "link", "show", "eth0"]);
    let mut words = shown
        .split_whitespace()
        .skip_while(|word| *word != "link/ether");
    words.nth(1).unwrap_or("nowhere").to_owned()
}

fn answers(cluster: &Cluster, address: Ipv6Addr) -> bool {
    let address = address.to_string();
    let ping = ["ping", "-6", "-c", "1", "-W", "1", &address];
    let output = cluster.lab.exec(CLIENT, &ping).expect("the host lives");
    output.status.success()
}

#[test]
fn an_ipv6_address_moves_by_version_3_and_the_client_follows() {
    let mut cluster = hosts_with_ipv6("families-ipv6");
    let manifest = with("\"fd00::70\"", "");
    start_both(&mut cluster, &manifest);
    wait_for_holder(&cluster, VIP_IPV6, A);
    wait_for_holder(&cluster, LINK_LOCAL, A);
    assert!(answers(&cluster, VIP_IPV6));
    let shown = cluster.say(A, &["ip", "-6", "addr", "show", "dev", "eth0"]);
    let line = shown.lines().find(|line| line.contains("fd00::70/128"));
    let line = line.expect("it is there");
    assert!(
        line.contains("deprecated") && line.contains("nodad"),
        "{line}"
    );

    // The client asks once and then believes what it is told.
    assert_eq!(neighbour(&cluster, VIP_IPV6), hardware_address(&cluster, A));
    cluster.cut_power(A);
    wait_for_holder(&cluster, VIP_IPV6, B);
    wait_for_holder(&cluster, LINK_LOCAL, B);
    let hardware = hardware_address(&cluster, B);
    assert!(wait_until(|| neighbour(&cluster, VIP_IPV6) == hardware));
    assert!(answers(&cluster, VIP_IPV6));

    cluster.restore_power(A);
    give_address(&cluster, A, "fd00::60/64");
    cluster.start(A, &manifest);
    wait_for_holder(&cluster, VIP_IPV6, A);
    assert!(wait_until(|| answers(&cluster, VIP_IPV6)));
}

#[test]
fn an_agent_that_stops_and_comes_back_loses_no_request_over_ipv6() {
    let manifest = with("\"fd00::70\"", "").replace("priority: 100", "priority: 254");
    let manifest = manifest.replace("priority: 90", "priority: 253");
    let mut cluster = hosts_with_ipv6("families-handover");
    start_both(&mut cluster, &manifest);
    wait_for_holder(&cluster, VIP_IPV6, A);
    let prober = cluster.probe(CLIENT, VIP_IPV6);
    for _ in 0..REPETITIONS {
        signal(cluster.agent(A).supervisor(), Signal::TERM);
        assert_eq!(cluster.agent(A).wait_for_exit(), 0);
        wait_for_holder(&cluster, VIP_IPV6, B);
        cluster.start(A, &manifest);
        wait_for_holder(&cluster, VIP_IPV6, A);
    }
    measured(
        &format!("stop and back over IPv6, 100 ms, {REPETITIONS} times"),
        &assert_none_lost(prober),
    );
}

#[test]
fn both_families_of_a_group_move_together() {
    let mut cluster = hosts_with_ipv6("families-dual");
    let manifest = with("10.0.0.70, \"fd00::70\"", "");
    start_both(&mut cluster, &manifest);
    cluster.wait_for_holder(VIP, A);
    wait_for_holder(&cluster, VIP_IPV6, A);
    // Without IPv6 a node is no place for the group.
    let disabled = "net.ipv6.conf.eth0.disable_ipv6=1";
    cluster.say(A, &["sysctl", "-q", "-w", disabled]);
    cluster.wait_for_holder(VIP, B);
    wait_for_holder(&cluster, VIP_IPV6, B);
    let status = cluster.agent(A).wait_for_state("ingress", "Fault");
    assert!(
        status.because.contains("ingress/ipv6"),
        "{}",
        status.because
    );
}

#[test]
fn unicast_members_hear_each_other_and_no_stranger() {
    let transport = format!(
        "  transport: {{unicast: {{}}}}\n  authentication: {{none: {{}}}}\n  members:\n    \
         - {{node: {A}, priority: 100, address: {}}}\n    \
         - {{node: {B}, priority: 90, address: {}}}\n",
        ADDRESSES[0], ADDRESSES[1]
    );
    let ingress = ingress();
    let (head, _members) = ingress.split_once("  members:").expect("it has members");
    let manifest = head.to_owned() + &transport;
    let mut cluster = hosts("families-unicast");
    start_both(&mut cluster, &manifest);
    cluster.wait_for_holder(VIP, A);

    // The same group with one more member, which these two do not know.
    let stranger = manifest.replace(
        &format!("{{node: {B}, priority: 90, address: {}}}", ADDRESSES[1]),
        &format!("{{node: {CLIENT}, priority: 200, address: 10.0.0.99}}"),
    );
    cluster.start(CLIENT, &stranger);
    let refused = |status: &skep_api::status::AgentStatus| {
        let known = router(status, "ingress");
        known.is_some_and(|router| router.counters.get("discardedTransport") > Some(&3))
    };
    cluster
        .agent(A)
        .wait_for_status("a stranger is refused", refused);
    let router = cluster.agent(A).wait_for_state("ingress", "Active");
    assert_eq!(router.state, "Active");
    measured(
        "unicast: advertisements of a stranger refused",
        &format!("{:?}", router.counters.get("discardedTransport")),
    );
}

#[test]
fn groups_of_a_sync_group_move_together() {
    let sync = "  syncGroup: edge\n  tracking: [{interface: edge0}]\n";
    let other = "10.0.0.80".parse().expect("an address");
    let manifest = format!(
        "{}  syncGroup: edge\n---\n{}{}",
        group("inside", 51, VIP, [100, 90]),
        group("outside", 52, other, [90, 100]),
        sync,
    );
    let mut cluster = hosts("families-sync");
    for node in [A, B] {
        let add = [
            "ip", "link", "add", "edge0", "type", "veth", "peer", "name", "edge1",
        ];
        cluster.say(node, &add);
        for end in ["edge0", "edge1"] {
            cluster.say(node, &["ip", "link", "set", end, "up"]);
        }
        cluster.start(node, &manifest);
    }
    cluster.wait_for_holder(VIP, A);
    cluster.wait_for_holder(other, A);
    cluster.say(A, &["ip", "link", "set", "edge0", "down"]);
    cluster.wait_for_holder(VIP, B);
    cluster.wait_for_holder(other, B);
    cluster.say(A, &["ip", "link", "set", "edge0", "up"]);
    cluster.wait_for_holder(VIP, A);
    cluster.wait_for_holder(other, A);
}

#[test]
fn routes_come_and_go_with_the_addresses() {
    let routes =
        "  routes: [{to: 192.0.2.0/24, via: 10.0.0.1, table: 100}, {to: 198.51.100.0/24}]\n";
    let cluster = running("families-routes", &(ingress() + routes));
    let shown = |node: &str| cluster.say(node, &["ip", "route", "show", "table", "all"]);
    let both =
        |text: &str| text.contains("192.0.2.0/24 via 10.0.0.1") && text.contains("198.51.100.0/24");
    assert!(wait_until(|| both(&shown(A))), "{}", shown(A));
    assert!(!both(&shown(B)));
    cluster.save(A, "skep.yaml", &ingress());
    assert!(wait_until(|| !shown(A).contains("192.0.2.0/24")));
    assert!(!shown(A).contains("198.51.100.0/24"));
}
