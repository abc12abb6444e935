//! Members that sign what they send, and one that has no key.

use skep_manifest::condition::Reason;

use crate::cluster::wire::{adverts, wait_for_takeover};
use crate::cluster::{measured, ms, wait_until};
use crate::pair::{self, A, B, ID, VIP};

const KEYS: &str = "  authentication: {hmac: {keys: [{id: 7, key: {value: \"hex:000102030405060708090a0b0c0d0e0f\"}}], activeKey: 7}}\n";
/// One address, and the trailer.
const SIGNED_BYTES: usize = 12 + 28;

#[test]
fn signed_members_take_over_from_each_other_and_nobody_without_the_key_takes_from_them() {
    let signed = pair::ingress() + KEYS;
    let mut cluster = pair::running("signed", &signed);
    cluster.cut_power(A);
    let takeover = wait_for_takeover(&cluster.capture, ID, A, B);
    for advert in adverts(&cluster.capture, ID) {
        assert_eq!(advert.payload.len(), SIGNED_BYTES, "{advert:?}");
        assert_eq!(advert.payload[12..16], [1, 7, 0, 0], "{advert:?}");
    }
    let router = cluster.agent(B).wait_for_state("ingress", "Active");
    assert_eq!(router.authentication, "enforce");
    let received = router.counters["received"];

    // It ranks higher, and nothing it says counts.
    let intruder = pair::ingress().replace("priority: 100", "priority: 200");
    cluster.restore_power(A);
    cluster.start(A, &intruder);
    let noticed = wait_until(|| {
        let router = cluster.agent(B).wait_for_state("ingress", "Active");
        let mut anomalies = router.anomalies.iter();
        anomalies
            .any(|anomaly| anomaly.reason == Reason::AuthenticationMismatch && anomaly.count >= 10)
    });
    assert!(noticed, "b says who does not sign");
    let router = cluster.agent(B).wait_for_state("ingress", "Active");
    assert!(router.counters["unprovenNoTrailer"] >= 10, "{router:?}");
    assert_eq!(router.counters["received"], received, "{router:?}");

    // With the key it is a member again, and takes over.
    cluster.save(A, "skep.yaml", &(intruder + KEYS));
    cluster.agent(B).wait_for_state("ingress", "Backup");
    cluster.wait_for_holder(VIP, A);
    measured(
        "version 3, 100 ms, signed: takeover after a power cut",
        &ms(takeover.took()),
    );
}
