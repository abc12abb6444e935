//! As many groups as one segment can have.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::cluster::wire::wait_for_advert;
use crate::cluster::{Cluster, measured, ms, now, wait_until};
use crate::pair::{self, A, B, CLIENT, PRIORITIES, assert_none_lost};

/// How long it takes at most until nobody else is expected: two down intervals of version 3 at
/// advertisements of a second (7.2 s), the second one because nobody was heard in the first, and
/// what two agents take to read 254 groups beside the other tests.
const PROTOCOL: Duration = Duration::from_secs(11);

/// The groups of these numbers, which are their virtual router ids, too.
fn groups(numbers: impl Iterator<Item = u8>) -> String {
    let group = |number: u8| {
        // The hosts have addresses of their own in the same subnet.
        let vip = Ipv4Addr::new(10, 0, 1, number);
        let group = pair::group(&format!("group{number}"), number, vip, PRIORITIES);
        group.replace("100ms", "1s")
    };
    numbers.map(group).collect::<Vec<_>>().join("---\n")
}

/// How many addresses of the groups a host has.
fn held(cluster: &Cluster, node: &str) -> usize {
    let addresses = cluster.addresses(node);
    addresses.matches("inet 10.0.1.").count()
}

#[test]
fn all_255_groups_of_a_segment_come_up_together_and_one_more_disturbs_none() {
    let mut cluster = pair::hosts("many");
    let started = now();
    for node in [A, B] {
        cluster.start(node, &groups(1..=254));
    }
    assert!(
        wait_until(|| held(&cluster, A) == 254),
        "{} of 254",
        held(&cluster, A)
    );
    let took = now() - started;
    measured("254 groups from the start of the agents", &ms(took));
    // Whoever started first may have claimed first, and keeps the addresses for a moment.
    assert!(wait_until(|| held(&cluster, B) == 0));
    let first = wait_for_advert(&cluster.capture, 1, |advert| advert.node == A);
    let last = (1..=254)
        .map(|id| wait_for_advert(&cluster.capture, id, |advert| advert.node == A).at)
        .max()
        .expect("there are groups");
    measured(
        "254 groups: from the first claim to the last",
        &ms(last - first.at),
    );
    assert!(took < PROTOCOL, "{took:?}");

    cluster.say(
        CLIENT,
        &["ip", "route", "add", "10.0.1.0/24", "dev", "eth0"],
    );
    let probers = [7, 200].map(|number| cluster.probe(CLIENT, Ipv4Addr::new(10, 0, 1, number)));
    for node in [A, B] {
        cluster.save(node, "skep.yaml", &groups(1..=255));
    }
    // Whoever reads its manifest first may be the first to claim.
    assert!(wait_until(
        || held(&cluster, A) == 255 && held(&cluster, B) == 0
    ));
    for prober in probers {
        measured(
            "the 255th group is added: another group",
            &assert_none_lost(prober),
        );
    }
}
