//! One holder after every step, in every way to speak, beside each peer.

mod dialect;
mod mismatch;
mod pair;
mod walk;

use std::time::Duration;

use dialect::{ADDRESS, ADDRESSES_OF_IPV6, DERIVED, Dialect, Peer, Transport};
use walk::walk;

const fn dialect(name: &'static str, peer: Peer, version: u8, interval_ms: u64) -> Dialect {
    Dialect {
        name,
        peer,
        version,
        interval: Duration::from_millis(interval_ms),
        transport: Transport::Multicast,
        addresses: &[ADDRESS],
        skep: &[],
        other: &[],
    }
}

#[test]
fn one_holds_it_in_version_2_beside_keepalived() {
    walk(dialect("v2-keepalived", Peer::Keepalived, 2, 1000));
}

#[test]
fn one_holds_it_in_version_2_beside_frr() {
    walk(dialect("v2-frr", Peer::Frr, 2, 1000));
}

#[test]
fn one_holds_it_in_version_2_with_a_password_beside_keepalived() {
    walk(Dialect {
        skep: &["authentication: {simple: {password: {value: mypasswo}}}"],
        other: &["authentication {\n auth_type PASS\n auth_pass mypasswo\n }"],
        ..dialect("v2-password", Peer::Keepalived, 2, 1000)
    });
}

#[test]
fn one_holds_it_in_version_3_at_a_second_beside_keepalived() {
    walk(dialect("v3-1s-keepalived", Peer::Keepalived, 3, 1000));
}

#[test]
fn one_holds_it_in_version_3_at_100_ms_beside_keepalived() {
    walk(dialect("v3-100ms-keepalived", Peer::Keepalived, 3, 100));
}

#[test]
fn one_holds_it_in_version_3_at_100_ms_beside_frr() {
    walk(dialect("v3-100ms-frr", Peer::Frr, 3, 100));
}

#[test]
fn one_holds_it_in_version_3_at_10_ms_beside_keepalived() {
    walk(dialect("v3-10ms-keepalived", Peer::Keepalived, 3, 10));
}

#[test]
fn one_holds_it_in_version_3_at_10_ms_beside_frr() {
    walk(dialect("v3-10ms-frr", Peer::Frr, 3, 10));
}

/// FRR 8.4 and Debian's keepalived know no other checksum.
#[test]
fn one_holds_it_always_with_pseudo_header_beside_frr() {
    walk(Dialect {
        skep: &["checksum: {pseudoHeader: always}"],
        ..dialect("v3-always-frr", Peer::Frr, 3, 100)
    });
}

#[test]
fn one_holds_it_over_ipv6_beside_keepalived() {
    walk(Dialect {
        addresses: &[DERIVED, "fd00::70"],
        ..dialect("ipv6-keepalived", Peer::Keepalived, 3, 100)
    });
}

#[test]
fn one_holds_it_over_ipv6_beside_frr() {
    walk(Dialect {
        addresses: ADDRESSES_OF_IPV6,
        ..dialect("ipv6-frr", Peer::Frr, 3, 100)
    });
}

#[test]
fn one_holds_it_by_unicast_in_version_2_beside_keepalived() {
    walk(Dialect {
        transport: Transport::Unicast,
        ..dialect("unicast-v2", Peer::Keepalived, 2, 1000)
    });
}

#[test]
fn one_holds_it_by_unicast_in_version_3_beside_keepalived() {
    walk(Dialect {
        transport: Transport::Unicast,
        ..dialect("unicast-v3", Peer::Keepalived, 3, 100)
    });
}
