//! Addresses on another interface than the one that is advertised on.

use crate::cluster::{Cluster, wait_until};
use crate::pair::{self, A, B, VIP};

const GATEWAY: &str = "192.168.9.1";

/// Whether a host has the gateway's address, and where.
fn has_gateway(cluster: &Cluster, node: &str) -> bool {
    let shown = cluster.say(node, &["ip", "-4", "-o", "addr", "show", "inside"]);
    shown.contains(&format!("inet {GATEWAY}/24"))
}

#[test]
fn an_address_on_another_interface_moves_with_its_group() {
    let mut cluster = pair::hosts("inside");
    let wide = format!("[{VIP}, {{address: {GATEWAY}/24, interface: inside}}]");
    let manifest = pair::ingress().replace(&format!("[{VIP}]"), &wide);
    for node in [A, B] {
        cluster.say(node, &["ip", "link", "add", "inside", "type", "bridge"]);
        cluster.say(node, &["ip", "link", "set", "inside", "up"]);
        cluster.start(node, &manifest);
    }
    cluster.wait_for_holder(VIP, A);
    assert!(wait_until(|| has_gateway(&cluster, A)), "a has both");
    assert!(!has_gateway(&cluster, B), "b has none");
    let (code, text) = cluster.agent(A).ask(&["lint", &manifests(&cluster)]);
    assert_eq!(code, 0, "{text}");

    // The guard keeps it there as it does on the group's own interface.
    let prefix = format!("{GATEWAY}/24");
    cluster.say(A, &["ip", "addr", "del", &prefix, "dev", "inside"]);
    assert!(wait_until(|| has_gateway(&cluster, A)), "it comes back");

    cluster.cut_power(A);
    cluster.wait_for_holder(VIP, B);
    assert!(wait_until(|| has_gateway(&cluster, B)), "b has both");
}

fn manifests(cluster: &Cluster) -> String {
    cluster.manifests(A).to_string_lossy().into_owned()
}
