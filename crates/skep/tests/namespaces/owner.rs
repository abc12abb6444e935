//! A group whose address is the own one of a member.

use std::net::Ipv4Addr;

use rustix::process::Signal;

use crate::cluster::agent::signal;
use crate::cluster::wire::{adverts, last_advert, wait_for_advert, wait_for_takeover};
use crate::cluster::{measured, ms, now, wait_until};
use crate::interfaces::DOWN;
use crate::pair::{self, A, ADDRESSES, B, CLIENT, ID, LATE, assert_none_lost};

/// What the owner of an address ranks with (RFC 9568 section 5.2.4).
const OWNER: u8 = 255;

const OWNED: Ipv4Addr = ADDRESSES[0];

fn manifest() -> String {
    let ingress = pair::group("ingress", ID, OWNED, [100, 90]);
    ingress.replace("priority: 100", "owner: true")
}

#[test]
fn an_owner_is_active_at_once_and_its_address_is_never_touched() {
    let mut cluster = pair::hosts("owner");
    let own = |cluster: &crate::cluster::Cluster| {
        let addresses = cluster.addresses(A);
        let line = addresses
            .lines()
            .find(|line| line.contains("inet 10.0.0.60/"));
        line.expect("it has its address").to_owned()
    };
    let before = own(&cluster);
    let prober = cluster.probe(CLIENT, OWNED);
    let since = now();
    cluster.start(A, &manifest());
    cluster.start(B, &manifest());
    let first = wait_for_advert(&cluster.capture, ID, |advert| advert.node == A);
    assert_eq!(first.priority(), OWNER, "{first:?}");
    cluster.agent(A).wait_for_state("ingress", "Active");
    cluster.agent(B).wait_until_it_hears("ingress");
    assert_eq!(own(&cluster), before, "it has no lease");
    assert_eq!(cluster.holders(OWNED), [A]);
    measured(
        "owner: from the start to its advertisement",
        &ms(first.at - since),
    );

    // Without its agent the address is still its own.
    signal(cluster.agent(A).supervisor(), Signal::TERM);
    assert_eq!(cluster.agent(A).wait_for_exit(), 0);
    assert_eq!(own(&cluster), before);
    let since = now();
    wait_for_advert(&cluster.capture, ID, |advert| {
        advert.node == B && advert.priority() == 90
    });
    assert!(wait_until(|| cluster.holders(OWNED) == [A, B]));
    // It comes back, and who stood in for it gives way.
    cluster.start(A, &manifest());
    wait_for_advert(&cluster.capture, ID, |advert| {
        advert.node == A && advert.priority() == OWNER && advert.at > since
    });
    cluster.wait_for_holder(OWNED, A);
    assert_eq!(own(&cluster), before);
    measured("owner: start, stop, start", &assert_none_lost(prober));
}

#[test]
fn a_member_stands_in_for_a_dead_owner_until_it_is_back() {
    let mut cluster = pair::hosts("owner-dead");
    for node in [A, B] {
        cluster.start(node, &manifest());
    }
    cluster.agent(A).wait_for_state("ingress", "Active");
    cluster.agent(B).wait_until_it_hears("ingress");
    cluster.cut_power(A);
    let takeover = wait_for_takeover(&cluster.capture, ID, A, B);
    takeover.assert_took(DOWN, LATE);
    assert!(wait_until(|| cluster.answers(CLIENT, OWNED)));
    assert_eq!(cluster.holders(OWNED), [B]);

    cluster.restore_power(A);
    let since = now();
    cluster.start(A, &manifest());
    let returned = wait_for_advert(&cluster.capture, ID, |advert| {
        advert.node == A && advert.at > since
    });
    assert_eq!(returned.priority(), OWNER, "{returned:?}");
    cluster.wait_for_holder(OWNED, A);
    assert!(wait_until(|| cluster.answers(CLIENT, OWNED)));
    cluster.agent(B).wait_for_state("ingress", "Backup");
    // Somebody who stands in says so once more when it has gone.
    assert!(last_advert(&cluster.capture, ID, B).at < returned.at);
    let said = adverts(&cluster.capture, ID);
    let from_b = said.iter().filter(|advert| advert.node == B);
    assert!(
        from_b.clone().all(|advert| advert.priority() <= 90),
        "{said:?}"
    );
    measured(
        "owner: power cut, until another stands in",
        &ms(takeover.took()),
    );
}
