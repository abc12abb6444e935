//! §7.1: which advertisements count.

use std::time::Duration;

use skep_vrrp::addresses::Addresses;
use skep_vrrp::admission::Rejection;
use skep_vrrp::dialect::{Authentication, Dialect};
use skep_vrrp::identity::{Priority, Version, VirtualRouterId};
use skep_vrrp::packet::{Advertisement, Discard};
use skep_vrrp::virtual_router::VirtualRouter;

use super::{HIGHER, MESSAGE_V2, OWN, actions, active, backup, due_ms, heard, message_v3, parse};
use crate::segment::{at, configuration, version_2, version_3};

#[test]
fn rfc3768_s7_1_another_interval_is_discarded() {
    let mut router = backup(configuration(version_2(), 100));
    let twin = VirtualRouter::new(router.configuration().clone());
    let two_seconds = Duration::from_secs(2);
    let dialect = Dialect::v2(two_seconds, Authentication::None).expect("two seconds");
    let outcome = router.handle_advertisement(HIGHER, &heard(&twin, 200, dialect), at(1_000));
    assert_eq!(outcome, Err(Rejection::Interval(two_seconds)));
    assert_eq!(due_ms(&router), 3_609.375);
}

#[test]
fn rfc3768_s7_1_another_type_of_authentication_or_password_is_discarded() {
    let second = Duration::from_secs(1);
    let simple =
        |password| Dialect::v2(second, Authentication::Simple(password)).expect("one second");
    for (ours, theirs, rejection) in [
        (
            version_2(),
            simple(*b"passw123"),
            Rejection::AuthenticationType,
        ),
        (
            simple(*b"passw123"),
            version_2(),
            Rejection::AuthenticationType,
        ),
        (
            simple(*b"passw123"),
            simple(*b"passw124"),
            Rejection::Password,
        ),
    ] {
        let mut router = backup(configuration(ours, 100));
        let twin = VirtualRouter::new(router.configuration().clone());
        let outcome = router.handle_advertisement(HIGHER, &heard(&twin, 200, theirs), at(1_000));
        assert_eq!(outcome, Err(rejection));
    }
}

#[test]
fn s7_1_the_other_version_and_another_id_are_discarded() {
    let mut router = backup(configuration(version_2(), 100));
    let twin = VirtualRouter::new(router.configuration().clone());
    let outcome = router.handle_advertisement(HIGHER, &heard(&twin, 200, version_3(1000)), at(1));
    assert_eq!(outcome, Err(Rejection::Version(Version::V3)));
    let id = VirtualRouterId::new(52).expect("an id");
    let other = Advertisement {
        virtual_router_id: id,
        ..heard(&twin, 200, version_2())
    };
    let outcome = router.handle_advertisement(HIGHER, &other, at(1));
    assert_eq!(outcome, Err(Rejection::VirtualRouterId(id)));
}

#[test]
fn s7_1_an_incomplete_message_is_discarded_and_padding_is_not() {
    for message in [MESSAGE_V2.to_vec(), message_v3()] {
        parse(&message).expect("it is valid");
        for length in 0..message.len() {
            assert!(matches!(
                parse(&message[..length]),
                Err(Discard::TooShort { .. })
            ));
        }
        let mut padded = message.clone();
        padded.resize(46, 0xaa);
        assert_eq!(parse(&padded), parse(&message));
    }
}

#[test]
fn s7_1_another_list_of_addresses_is_never_a_reason_to_drop() {
    let mut router = backup(configuration(version_2(), 128));
    let twin = VirtualRouter::new(router.configuration().clone());
    for addresses in [
        [].as_slice(),
        &[[10, 0, 0, 71]],
        &[[10, 0, 0, 70], [10, 0, 0, 71]],
    ] {
        let other = Advertisement {
            addresses: Addresses::Ipv4(addresses),
            ..heard(&twin, 200, version_2())
        };
        router
            .handle_advertisement(HIGHER, &other, at(1_000))
            .expect("it counts");
        assert_eq!(router.poll_timeout(), Some(at(4_500)));
    }
}

#[test]
fn a_reflection_of_the_own_advertisement_is_not_answered() {
    let mut router = active();
    let twin = VirtualRouter::new(router.configuration().clone());
    let own = twin.advertisement(Priority::DEFAULT);
    let outcome = router.handle_advertisement(OWN, &own, at(4_000));
    assert_eq!(outcome, Err(Rejection::OwnAddress(OWN)));
    assert_eq!(actions(&mut router), []);
}
