//! Members that send different checksums in version 3.

use crate::cluster::checksum::{Checksum, form};
use crate::cluster::wire::{adverts, wait_for_takeover};
use crate::cluster::{measured, wait_until};
use crate::pair::{self, A, ADDRESSES, B, ID, VIP};

#[test]
fn a_member_accepts_both_checksums_and_follows_its_peer() {
    let mut cluster = pair::hosts("checksums");
    let never = pair::ingress() + "  checksum: {pseudoHeader: never}\n";
    cluster.start(A, &never);
    cluster.wait_for_holder(VIP, A);
    // Only then, so that `b` never advertised before it heard `a`.
    cluster.start(B, &pair::ingress());
    let heard = wait_until(|| {
        let router = cluster.agent(B).wait_for_state("ingress", "Backup");
        assert_eq!(
            router.counters.get("discardedChecksum"),
            Some(&0),
            "{router:?}"
        );
        router.counters.get("received") > Some(&2)
    });
    assert!(heard, "b accepts what a sends");
    cluster.cut_power(A);
    let takeover = wait_for_takeover(&cluster.capture, ID, A, B);
    for advert in adverts(&cluster.capture, ID) {
        let source = ADDRESSES[usize::from(advert.node == B)];
        assert_eq!(
            form(&advert.payload, source),
            Checksum::WithoutPseudoHeader,
            "{advert:?}"
        );
    }

    // Alone from the start it sends with the pseudo-header; who sends without accepts that.
    let with = pair::ingress().replace("priority: 90", "priority: 110");
    cluster.restore_power(A);
    cluster.cut_power(B);
    cluster.restore_power(B);
    cluster.start(B, &with);
    cluster.wait_for_holder(VIP, B);
    cluster.start(A, &never);
    cluster.agent(A).wait_for_state("ingress", "Backup");
    let all = adverts(&cluster.capture, ID);
    let last = all
        .iter()
        .rfind(|advert| advert.at > takeover.first.at)
        .expect("b advertises");
    assert_eq!((last.node.as_str(), last.priority()), (B, 110));
    assert_eq!(
        form(&last.payload, ADDRESSES[1]),
        Checksum::WithPseudoHeader,
        "{last:?}"
    );
    cluster.wait_for_holder(VIP, B);
    measured(
        "version 3: checksum without pseudo-header",
        "accepted and followed",
    );
}
