//! Power cuts: seed 003 from its manifest.

use std::net::Ipv4Addr;

use crate::cluster::wire::{down_interval, last_advert, wait_for_advert, wait_for_takeover};
use crate::cluster::{self, Cluster, documents, measured, ms, wait_until};
use crate::pair::LATE;

const CUBES: [(&str, Ipv4Addr, u8); 4] = [
    ("cube01", Ipv4Addr::new(10, 0, 0, 60), 100),
    ("cube02", Ipv4Addr::new(10, 0, 0, 61), 90),
    ("cube03", Ipv4Addr::new(10, 0, 0, 62), 80),
    ("cube04", Ipv4Addr::new(10, 0, 0, 63), 70),
];
const CLIENT: (&str, Ipv4Addr) = ("client", Ipv4Addr::new(10, 0, 0, 99));
const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 70);
const ID: u8 = 51;

#[test]
fn power_cuts_move_the_address_of_seed_003_from_member_to_member_and_their_return_brings_it_back() {
    let mut hosts: Vec<_> = CUBES.map(|(name, address, _)| (name, address)).into();
    hosts.push(CLIENT);
    let mut cluster = Cluster::up("seed003", "eth0", &hosts);
    let manifest = documents("manifests/seeds/003/skep.yaml", "VipGroup");
    for (cube, ..) in CUBES {
        cluster.start(cube, &manifest);
    }
    cluster.wait_for_holder(VIP, "cube01");
    let shown = cluster.addresses("cube01");
    assert!(shown.contains("inet 10.0.0.70/32 scope global"), "{shown}");
    let pinged = cluster.say("cube04", &["ping", "-c", "3", "-i", "0.2", "10.0.0.70"]);
    assert!(pinged.contains("3 received, 0% packet loss"), "{pinged}");

    for pair in CUBES.windows(2) {
        let [(from, ..), (to, _, priority)] = pair else {
            unreachable!("it is a pair");
        };
        let prober = cluster.probe(CLIENT.0, VIP);
        cluster.cut_power(from);
        let takeover = wait_for_takeover(&cluster.capture, ID, from, to);
        cluster.wait_for_holder(VIP, to);
        assert!(wait_until(|| cluster.answers(CLIENT.0, VIP)));
        let report = prober.stop().expect("it probed");
        let dark = report.longest_dark().expect("a power cut is seen").length();
        let protocol = down_interval(*priority);
        measured(
            &format!("seed 003: power cut of {from}, {to} takes over"),
            &format!(
                "{} after the last advertisement (protocol {}), dark {}",
                ms(takeover.took()),
                ms(protocol),
                ms(dark)
            ),
        );
        takeover.assert_took(protocol, LATE);
        assert!(
            dark <= protocol + LATE,
            "it answers when it advertises: {dark:?}"
        );
    }

    for pair in CUBES.windows(2).rev() {
        let [(to, _, priority), (from, ..)] = pair else {
            unreachable!("it is a pair");
        };
        let prober = cluster.probe(CLIENT.0, VIP);
        let since = cluster::now();
        cluster.restore_power(to);
        assert!(
            !cluster.addresses(to).contains("10.0.0.70"),
            "a power cut makes forget"
        );
        cluster.start(to, &manifest);
        let preempting = wait_for_advert(&cluster.capture, ID, |advert| {
            advert.node == *to && advert.at > since
        });
        assert_eq!(preempting.priority(), *priority);
        cluster.wait_for_holder(VIP, to);
        assert!(wait_until(|| cluster.answers(CLIENT.0, VIP)));
        let gone = last_advert(&cluster.capture, ID, from);
        assert!(gone.at < preempting.at, "{from} yields at once: {gone:?}");
        let report = prober.stop().expect("it probed");
        measured(
            &format!("seed 003: return of {to}, {from} yields"),
            &format!("{} of {} probes lost", report.lost(), report.probes.len()),
        );
    }
}
