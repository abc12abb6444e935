//! §5 of the RFC: what a packet must be to be read.

use std::time::Duration;

use skep_vrrp::addresses::{AddressList, AddressListUnfit};
use skep_vrrp::dialect::{Checksum, Dialect};
use skep_vrrp::identity::{Family, Priority};
use skep_vrrp::packet::{
    Advertisement, Discard, HOP_LIMIT, MULTICAST_IPV4, MULTICAST_IPV6, Packet,
};
use skep_vrrp::virtual_router::VirtualRouter;

use super::{HIGHER, MESSAGE_V2, OWN, backup, changed, heard, message_v3, parse};
use crate::segment::{at, configuration, version_3};

#[test]
fn s5_1_1_3_a_ttl_other_than_255_is_discarded() {
    for hop_limit in [0, 1, 64, 254] {
        let destination = MULTICAST_IPV4.into();
        let packet = Packet {
            source: OWN,
            destination,
            hop_limit,
            message: &MESSAGE_V2,
        };
        assert_eq!(
            Advertisement::parse(&packet),
            Err(Discard::HopLimit(hop_limit))
        );
    }
}

#[test]
fn s5_2_1_an_unknown_version_is_discarded() {
    for version in (0..16).filter(|version| ![2, 3].contains(version)) {
        let message = changed(&MESSAGE_V2, 0, version << 4 | 1);
        assert_eq!(parse(&message), Err(Discard::Version(version)));
    }
}

#[test]
fn s5_2_2_an_unknown_type_is_discarded() {
    for kind in (0..16).filter(|kind| *kind != 1) {
        assert_eq!(
            parse(&changed(&MESSAGE_V2, 0, 0x20 | kind)),
            Err(Discard::Type(kind))
        );
    }
}

#[test]
fn s5_2_3_virtual_router_id_0_is_discarded() {
    assert_eq!(
        parse(&changed(&MESSAGE_V2, 1, 0)),
        Err(Discard::VirtualRouterIdZero)
    );
}

#[test]
fn s5_2_5_a_version_3_advertisement_without_addresses_is_ignored() {
    assert_eq!(
        parse(&changed(&message_v3()[..8], 3, 0)),
        Err(Discard::NoAddresses)
    );
}

#[test]
fn rfc3768_a_version_2_advertisement_may_carry_no_addresses() {
    let message = changed(
        &[0x21, 51, 100, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        0,
        0x21,
    );
    assert!(parse(&message).expect("it is valid").addresses.is_empty());
}

#[test]
fn s5_2_6_reserved_bits_are_ignored_on_reception_and_zero_when_sent() {
    let message = changed(&message_v3(), 4, 0xf0);
    let advertisement = parse(&message).expect("it is valid");
    assert_eq!(advertisement.dialect.interval(), Duration::from_secs(1));
    let mut buffer = [0xff; 12];
    advertisement
        .encode(OWN, MULTICAST_IPV4.into(), &mut buffer)
        .expect("12 bytes suffice");
    assert_eq!(buffer[4] & 0xf0, 0);
}

#[test]
fn s5_2_7_an_interval_of_0_is_discarded() {
    assert_eq!(
        parse(&changed(&MESSAGE_V2, 5, 0)),
        Err(Discard::IntervalZero)
    );
    assert_eq!(
        parse(&changed(&message_v3(), 5, 0)),
        Err(Discard::IntervalZero)
    );
}

#[test]
fn s5_2_8_a_wrong_checksum_is_discarded() {
    for message in [MESSAGE_V2.to_vec(), message_v3()] {
        parse(&message).expect("it is valid");
        for position in 0..message.len() {
            let mut damaged = message.clone();
            damaged[position] ^= 0x10;
            assert!(parse(&damaged).is_err(), "byte {position}");
        }
        let mut damaged = message;
        damaged[7] ^= 1;
        assert_eq!(parse(&damaged), Err(Discard::Checksum));
    }
}

#[test]
fn s5_2_8_both_checksums_of_version_3_are_accepted_and_told_apart() {
    let router = backup(configuration(version_3(1000), 100));
    for checksum in [Checksum::Message, Checksum::PseudoHeader] {
        let dialect = Dialect::v3(Duration::from_secs(1), checksum).expect("one second");
        let mut buffer = [0; 12];
        heard(&router, 100, dialect)
            .encode(OWN, MULTICAST_IPV4.into(), &mut buffer)
            .expect("12 bytes suffice");
        assert_eq!(parse(&buffer).expect("it is valid").dialect, dialect);
    }
}

#[test]
fn s5_2_8_a_peer_without_pseudo_header_is_followed() {
    let mut router = backup(configuration(version_3(1000), 100));
    let plain = Dialect::v3(Duration::from_secs(1), Checksum::Message).expect("one second");
    let twin = VirtualRouter::new(router.configuration().clone());
    assert_ne!(router.advertisement(Priority::DEFAULT).dialect, plain);
    router
        .handle_advertisement(HIGHER, &heard(&twin, 200, plain), at(10))
        .expect("it is valid");
    assert_eq!(router.advertisement(Priority::DEFAULT).dialect, plain);
}

#[test]
fn s5_2_9_addresses_are_of_the_family_of_the_packet() {
    let ipv6 = "fe80::100".parse().expect("an address");
    for (family, stranger) in [(Family::Ipv4, ipv6), (Family::Ipv6, OWN)] {
        assert_eq!(
            AddressList::new(family, &[stranger]),
            Err(AddressListUnfit::Family(stranger))
        );
    }
    // What arrives over one family is read as addresses of it: 16 bytes are four or one.
    let mut message = changed(&message_v3(), 3, 4);
    message.extend([10, 0, 0, 71, 10, 0, 0, 72, 10, 0, 0, 73]);
    let message = changed(&message, 3, 4);
    let heard = parse(&message).expect("it is valid");
    assert!(heard.addresses.iter().all(|address| address.is_ipv4()));
    assert_eq!(heard.addresses.len(), 4);
    let over_ipv6 = Packet {
        source: "fe80::10".parse().expect("an address"),
        destination: MULTICAST_IPV6.into(),
        hop_limit: HOP_LIMIT,
        message: &changed(&message, 3, 1),
    };
    let heard = Advertisement::parse(&over_ipv6).expect("it is valid");
    assert!(heard.addresses.iter().all(|address| address.is_ipv6()));
    assert_eq!(heard.addresses.len(), 1);
}

#[test]
fn rfc3768_an_unknown_type_of_authentication_is_discarded() {
    for kind in 2..=255 {
        let message = changed(&MESSAGE_V2, 4, kind);
        assert_eq!(parse(&message), Err(Discard::AuthenticationType(kind)));
    }
}
