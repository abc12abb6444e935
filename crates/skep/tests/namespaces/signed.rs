//! Members that sign what they send, and one that has no key.

use std::fs;

use rustix::process::Signal;
use skep_api::status::RouterStatus;
use skep_manifest::condition::Reason;

use crate::cluster::agent::{router, signal};
use crate::cluster::wire::{adverts, wait_for_advert, wait_for_takeover};
use crate::cluster::{Cluster, measured, ms, now, wait_until};
use crate::clustered;
use crate::pair::{self, A, B, CLIENT, ID, VIP, assert_none_lost};

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

#[test]
fn a_cluster_begins_to_sign_and_then_asks_for_it_without_a_failover() {
    let manifest = clustered::manifest(&pair::ingress());
    let unsigned = manifest.clone() + "  authentication: {none: {}}\n";
    let mut cluster = pair::hosts("begin-to-sign");
    clustered::make_key(&cluster);
    for node in [A, B] {
        clustered::start(&mut cluster, node);
    }
    clustered::apply(&cluster, &unsigned);
    cluster.wait_for_holder(VIP, A);
    clustered::wait_until_they_hear(&cluster);
    cluster.agent(B).wait_until_it_hears("ingress");
    wait_for_mode(&cluster, [A, B], "none");
    let before = cluster.agent(B).wait_for_state("ingress", "Backup");
    let prober = cluster.probe(CLIENT, VIP);

    // One of them is away: the other signs, and lets who does not sign count.
    stop(&cluster, B);
    clustered::apply(&cluster, &manifest);
    wait_for_mode(&cluster, [A], "permissive");
    let since = now();
    wait_for_advert(&cluster.capture, ID, |advert| {
        advert.at > since && advert.payload.len() == SIGNED_BYTES
    });
    assert_eq!(mode(&cluster, A).as_deref(), Some("permissive"));

    // When it says that it signs as well, both ask for it.
    clustered::start(&mut cluster, B);
    wait_for_mode(&cluster, [A, B], "enforce");
    cluster.agent(B).wait_until_it_hears("ingress");
    let after = cluster.agent(B).wait_for_state("ingress", "Backup");
    let unproven = |router: &RouterStatus| -> u64 {
        let mut counters = router.counters.iter();
        counters
            .by_ref()
            .filter(|(name, _)| name.starts_with("unproven"))
            .map(|(_, count)| count)
            .sum()
    };
    assert_eq!((unproven(&before), unproven(&after)), (0, 0), "{after:?}");
    cluster.wait_for_holder(VIP, A);
    let said = adverts(&cluster.capture, ID);
    assert!(said.iter().all(|advert| advert.node == A), "{said:?}");
    measured(
        "cluster begins to sign: none, permissive, enforce",
        &assert_none_lost(prober),
    );

    // And they still hand over to each other.
    let prober = cluster.probe(CLIENT, VIP);
    stop(&cluster, A);
    cluster.wait_for_holder(VIP, B);
    clustered::start(&mut cluster, A);
    cluster.wait_for_holder(VIP, A);
    measured("signed, enforced: stop and back", &assert_none_lost(prober));
    check_another_name(&cluster, &manifest);
}

/// Under another name, from which another key is derived, the group goes on: who holds it keeps it,
/// and all ask for signatures again.
fn check_another_name(cluster: &Cluster, manifest: &str) {
    wait_for_mode(cluster, [A, B], "enforce");
    cluster.agent(A).wait_for_state("ingress", "Active");
    let prober = cluster.probe(CLIENT, VIP);
    let since = now();
    let renamed = manifest.replace("{name: ingress}", "{name: entrance}");
    let path = cluster.directory(CLIENT).join("renamed.yaml");
    fs::write(&path, renamed).expect("there is room for files");
    let path = path.display().to_string();
    let agent = cluster.agent(A);
    let (_, diff) = agent.ask(&["diff", "--prune", "-f", &path]);
    assert!(
        diff.contains("~ rename vipgroup/ingress to entrance\n") && !diff.contains("\n- "),
        "{diff}"
    );
    // It is the last one of its kind, and does not go: nothing asks for a confirmation.
    let (code, said) = agent.ask(&["apply", "--prune", "-f", &path]);
    assert_eq!(code, 0, "{said}");
    for node in [A, B] {
        let status = cluster
            .agent(node)
            .wait_for_status("enforce again", |status| {
                router(status, "entrance").is_some_and(|router| router.authentication == "enforce")
            });
        assert!(router(&status, "ingress").is_none(), "{status:?}");
    }
    cluster.agent(B).wait_for_state("entrance", "Backup");
    // It became Active before it had that name.
    let ago = now() - since;
    let after = cluster.agent(A).wait_for_state("entrance", "Active");
    assert!(u128::from(after.since_ms) >= ago.as_millis(), "{after:?}");
    let of_other = adverts(&cluster.capture, ID)
        .into_iter()
        .filter(|advert| advert.at > since && advert.node == B);
    let of_other = of_other.count();
    let report = prober.stop().expect("it probed");
    let (lost, all) = (report.lost(), report.probes.len());
    measured(
        "signed, enforced: another name",
        &format!("{lost} of {all} probes lost, {of_other} advertisements of the other member"),
    );
}

fn stop(cluster: &Cluster, node: &str) {
    signal(cluster.agent(node).supervisor(), Signal::TERM);
    assert_eq!(cluster.agent(node).wait_for_exit(), 0);
}

/// How the group is authenticated on a member.
fn mode(cluster: &Cluster, node: &str) -> Option<String> {
    let status = cluster.agent(node).status()?;
    Some(router(&status, "ingress")?.authentication.clone())
}

#[track_caller]
fn wait_for_mode<const N: usize>(cluster: &Cluster, nodes: [&str; N], wanted: &str) {
    for node in nodes {
        let there = wait_until(|| mode(cluster, node).as_deref() == Some(wanted));
        assert!(
            there,
            "{node}: {:?} instead of {wanted}",
            mode(cluster, node)
        );
    }
}
