//! `virtualRouterId: auto` beside others that use the network.

use std::net::IpAddr;

use skep_api::status::AgentStatus;

use crate::cluster::Cluster;
use crate::cluster::agent::router;
use crate::cluster::wire::wait_for_advert;
use crate::clustered;
use crate::pair::{self, A, B, CLIENT, VIP};

const B_TOO: &str = "    - {node: b, priority: 90}\n";

/// The group of `a` alone, which wants an id, with more of its `spec`.
fn group(more: &str) -> String {
    pair::ingress()
        .replace("virtualRouterId: 51", "virtualRouterId: auto")
        .replace(B_TOO, "")
        + more
}

/// A group of its own on another host, which belongs to no cluster.
fn start_stranger(cluster: &mut Cluster, node: &str, id: u8) {
    let stranger = pair::group("stranger", id, [10, 0, 0, 200 + id].into(), [200, 90])
        .replace("node: a", &format!("node: {node}"))
        .replace(B_TOO, "");
    cluster.start(node, &stranger);
    wait_for_advert(&cluster.capture, id, |advert| advert.node == node);
}

fn id(status: &AgentStatus) -> Option<u8> {
    Some(router(status, "ingress")?.virtual_router_id)
}

#[test]
fn an_id_that_a_stranger_uses_is_not_chosen_and_one_that_was_chosen_stays() {
    let mut cluster = pair::hosts("choosing");
    start_stranger(&mut cluster, CLIENT, 1);
    clustered::make_key(&cluster);
    clustered::start(&mut cluster, A);
    clustered::apply(&cluster, &clustered::manifest(&group("")));
    let chosen = cluster
        .agent(A)
        .wait_for_status("an id", |status| id(status).is_some());
    assert_eq!(id(&chosen), Some(2), "1 is the stranger's");
    cluster.wait_for_holder(VIP, A);

    // Somebody takes it afterwards: that is said, and moves nothing.
    start_stranger(&mut cluster, B, 2);
    let stranger = IpAddr::V4(pair::ADDRESSES[1]);
    cluster
        .agent(A)
        .wait_for_status("a word of the stranger", |status| {
            let router = router(status, "ingress").expect("it stays configured");
            router.anomalies.iter().any(|one| one.from == stranger)
        });
    clustered::apply(&cluster, &clustered::manifest(&group("  lease: 3s\n")));
    let status = cluster.agent(A).wait_for_status("the second", |status| {
        let accepted = status.desired.accepted.as_ref();
        accepted.is_some_and(|accepted| accepted.generation == 2)
    });
    assert_eq!(id(&status), Some(2), "it does not move by itself");
}
