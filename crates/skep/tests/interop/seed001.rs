//! Seed 001 with both kinds of members.

use crate::cluster::wire::{adverts, hex, wait_for_advert};
use crate::cluster::{documents, measured, now};
use crate::group::{Group, ID, Kind, VIP, members};

use Kind::{Keepalived, Skep};

/// Lines of the seed's `keepalived.conf`.
const SEED: &str = "  advert_int 1\n  authentication {\n    auth_type PASS\n    \
                    auth_pass passw123\n  }";

/// What is in the IPv4 packets at these priorities, as captured from keepalived.
const PAYLOADS: [(u8, &str); 5] = [
    (100, "214564010101e1b60a0000c87061737377313233"),
    (75, "21454b010101fab60a0000c87061737377313233"),
    (50, "21453201010113b70a0000c87061737377313233"),
    (0, "21450001010145b70a0000c87061737377313233"),
    // A farewell, which keepalived never says.
    (1, "21450101010144b70a0000c87061737377313233"),
];

fn manifest() -> String {
    documents("manifests/seeds/001/skep.yaml", "VipGroup")
}

#[test]
fn keepalived_between_two_skeps_keeps_order_and_times() {
    check("sks", [Skep, Keepalived, Skep]);
}

#[test]
fn skep_below_keepalived_above_keepalived_keeps_order_and_times() {
    check("ksk", [Keepalived, Skep, Keepalived]);
}

#[test]
fn two_skeps_above_keepalived_keep_order_and_times() {
    check("ssk", [Skep, Skep, Keepalived]);
}

#[test]
fn skep_above_two_keepalived_keeps_order_and_times() {
    check("skk", [Skep, Keepalived, Keepalived]);
}

/// Stops and crashes every member that holds the address, and brings each back.
fn check(test: &str, kinds: [Kind; 3]) {
    let mut group = Group::new(test, kinds, manifest(), SEED);
    group.start_all();
    let [first, second, third] = members(kinds);
    group.stop(first, second);
    group.bring_back(first, second);
    group.crash(first, second);
    group.crash(second, third);
    group.restore(second, third);
    group.restore(first, second);
    let of_all = adverts(&group.cluster.capture, ID);
    for advert in &of_all {
        let priority = advert.priority();
        let golden = PAYLOADS.iter().find(|(known, _)| *known == priority);
        let (_, golden) = golden.expect("no other priority is advertised");
        assert_eq!(hex(&advert.payload), *golden, "{advert:?}");
    }
    measured(
        &format!("{test}: payloads identical to keepalived's, byte for byte"),
        &format!("{} advertisements", of_all.len()),
    );
}

#[test]
fn without_preemption_who_returns_stays_behind_whoever_it_is() {
    for kinds in [[Skep, Keepalived, Skep], [Keepalived, Skep, Keepalived]] {
        let name = format!(
            "nopreempt-{}",
            if kinds[0] == Skep {
                "skep"
            } else {
                "keepalived"
            }
        );
        let manifest = manifest() + "  preemption: {enabled: false}\n";
        let more = SEED.to_owned() + "\n  nopreempt";
        let mut group = Group::new(&name, kinds, manifest, &more);
        group.start_all();
        let [first, second, third] = members(kinds);
        group.crash(first, second);
        let since = now();
        group.cluster.restore_power(first.name);
        group.start(first);
        // Five seconds are longer than any down interval.
        wait_for_advert(&group.cluster.capture, ID, |advert| {
            advert.node == second.name && advert.at.saturating_sub(since).as_secs() >= 5
        });
        let all = adverts(&group.cluster.capture, ID);
        let meanwhile = all.iter().filter(|advert| advert.at > since);
        assert!(
            meanwhile
                .into_iter()
                .all(|advert| advert.node == second.name)
        );
        group.assert_held_by(second);
        // Without a holder it is the best again.
        group.stop(second, first);
        measured(
            &format!("{name}: {} returned", first.name),
            "stayed Backup until its turn",
        );
        assert!(!group.cluster.holders(VIP).contains(&third.name.to_owned()));
    }
}

#[test]
fn a_second_sniffer_sees_the_same_bytes() {
    let mut group = Group::new("tcpdump", [Skep, Keepalived, Skep], manifest(), SEED);
    group.start_all();
    let seen = |group: &Group| {
        let dump = [
            "timeout", "5", "tcpdump", "-xx", "-n", "-l", "-i", "ens18", "-c", "1", "vrrp",
        ];
        let output = group
            .cluster
            .lab
            .exec("client", &dump)
            .expect("tcpdump is installed");
        packet(&String::from_utf8_lossy(&output.stdout))
    };
    let [first, second, _] = group.members;
    let of_skep = seen(&group);
    group.stop(first, second);
    let of_keepalived = seen(&group);
    for (packet, (_, golden)) in [of_skep, of_keepalived].iter().zip(PAYLOADS) {
        // After 14 bytes of Ethernet: version and length, class of service; TTL and protocol.
        assert_eq!(&packet[28..32], "45c0", "{packet}");
        assert_eq!(&packet[44..48], "ff70", "{packet}");
        assert!(packet[68..].starts_with(golden), "{packet}");
    }
}

/// The bytes of the hexadecimal lines of `tcpdump -xx`.
fn packet(dump: &str) -> String {
    let lines = dump
        .lines()
        .filter_map(|line| line.trim().strip_prefix("0x"));
    let words = lines.filter_map(|line| line.split_once(':'));
    words.map(|(_, bytes)| bytes.replace(' ', "")).collect()
}
