//! What a peer discards although it is right: then two hold the address until the manifest is
//! corrected. skep discards none of it, so one holds it while skep is the lower one.

use super::dialect::{ADDRESS, Dialect, Peer, Preemption::On};
use super::pair::Side;
use super::{dialect, pair::Pair};

const ABOVE: u8 = 100;
const BELOW: u8 = 80;
const PEER: u8 = 90;

/// What the peer makes of it.
#[derive(Clone, Copy)]
enum Fate {
    Accepted,
    Discarded,
}

fn check(dialect: Dialect, what: &str, fate: Fate, change: impl Fn(&str) -> String) {
    let usual = |priority| dialect.manifest(priority, On);
    let mut pair = Pair::new(dialect);
    pair.start_peer(PEER, On);
    pair.settle("peer alone", Side::Peer);
    pair.start_skep(&change(&usual(BELOW)));
    pair.cluster.agent("skep").wait_until_it_hears("matrix");
    pair.assert_stays(&format!("skep below with {what}"), Side::Peer);
    pair.edit_skep(&change(&usual(ABOVE)));
    let above = format!("skep above with {what}");
    match fate {
        Fate::Accepted => pair.settle(&above, Side::Skep),
        Fate::Discarded => pair.settle_apart(&above),
    }
    pair.edit_skep(&usual(ABOVE));
    pair.settle(&format!("skep above without {what}"), Side::Skep);
}

fn another_address(manifest: &str) -> String {
    let one = format!("[{ADDRESS}]");
    manifest.replace(&one, &format!("[{ADDRESS}, 10.0.0.71]"))
}

fn without_pseudo_header(manifest: &str) -> String {
    manifest.to_owned() + "  checksum: {pseudoHeader: never}\n"
}

/// It falls silent and keeps the address.
#[test]
fn keepalived_discards_another_list_of_addresses_and_skep_does_not() {
    let dialect = dialect("list-keepalived", Peer::Keepalived, 3, 100);
    check(dialect, "another list", Fate::Discarded, another_address);
}

#[test]
fn frr_and_skep_accept_another_list_of_addresses() {
    let dialect = dialect("list-frr", Peer::Frr, 3, 100);
    check(dialect, "another list", Fate::Accepted, another_address);
}

#[test]
fn keepalived_discards_the_checksum_of_the_rfc_and_skep_accepts_both() {
    let dialect = dialect("checksum-keepalived", Peer::Keepalived, 3, 100);
    let what = "the RFC's checksum";
    check(dialect, what, Fate::Discarded, without_pseudo_header);
}

#[test]
fn frr_discards_the_checksum_of_the_rfc_and_skep_accepts_both() {
    let dialect = dialect("checksum-frr", Peer::Frr, 3, 100);
    let what = "the RFC's checksum";
    check(dialect, what, Fate::Discarded, without_pseudo_header);
}
