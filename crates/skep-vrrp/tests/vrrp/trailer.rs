//! The authenticated trailer as keepalived puts it on the wire, and what it keeps out.

use std::net::IpAddr;
use std::time::Duration;

use skep_vrrp::addresses::AddressList;
use skep_vrrp::dialect::{Checksum, Dialect};
use skep_vrrp::identity::{Family, Priority, VirtualRouterId};
use skep_vrrp::packet::{Advertisement, HOP_LIMIT, Packet};
use skep_vrrp::trailer::keyring::{Keyring, SigningKeyMissing};
use skep_vrrp::trailer::replay::{Freshness, Judge, Marks};
use skep_vrrp::trailer::sequence::Sequence;
use skep_vrrp::trailer::{TRAILER_BYTES, Trailer, Unproven};

use crate::golden::bytes;
use crate::segment::at;

/// What one sender signs, with the key 00, 01, … 1f.
struct Vector {
    source: &'static str,
    destination: &'static str,
    address: &'static str,
    checksum: Checksum,
    message: &'static str,
    trailer: &'static str,
}

const OVER_IPV4: Vector = Vector {
    source: "198.51.100.10",
    destination: "224.0.0.18",
    address: "192.0.2.100",
    checksum: Checksum::Message,
    message: "3133c801 00644402 c0000264",
    trailer: "01010000 68000000 80000000 1b84bc4e8e43892dc6d98448f8ee2265",
};

const OVER_IPV6: Vector = Vector {
    source: "fe80::10",
    destination: "fe80::20",
    address: "fe80::100",
    checksum: Checksum::PseudoHeader,
    message: "3133c801 0064a2e9 fe800000000000000000000000000100",
    trailer: "01010000 68000000 80000000 c8c56146ebfd66ee10ec4d8186461b78",
};

const VECTORS: [Vector; 2] = [OVER_IPV4, OVER_IPV6];
const WINDOW: Duration = Duration::from_secs(5);
/// The sequence of the vectors: half a second after that second.
const SIGNED_AT: Duration = Duration::new(0x6800_0000, 500_000_000);

impl Vector {
    fn whole(&self) -> Vec<u8> {
        [bytes(self.message), bytes(self.trailer)].concat()
    }

    fn packet<'a>(&self, message: &'a [u8]) -> Packet<'a> {
        Packet {
            source: address(self.source),
            destination: address(self.destination),
            hop_limit: HOP_LIMIT,
            message,
        }
    }

    fn addresses(&self) -> AddressList {
        let address = address(self.address);
        let family = if address.is_ipv4() {
            Family::Ipv4
        } else {
            Family::Ipv6
        };
        AddressList::new(family, &[address]).expect("one address fits")
    }
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn key() -> Vec<u8> {
    (0..32).collect()
}

fn keyring(id: u8) -> Keyring {
    Keyring::new([(id, key().as_slice())], id).expect("the key is there")
}

/// What becomes of `message` as it arrives: `None` when it is no advertisement at all.
fn prove(vector: &Vector, message: &[u8], keyring: &Keyring) -> Option<Result<(), Unproven>> {
    let packet = vector.packet(message);
    let advertisement = Advertisement::parse(&packet).ok()?;
    let trailer = Trailer::parse(&packet, &advertisement);
    Some(trailer.and_then(|trailer| keyring.prove(&packet, &advertisement, &trailer)))
}

fn judge(freshness: Freshness, since_1970: Duration) -> Judge {
    Judge {
        freshness,
        window: WINDOW,
        since_1970,
    }
}

#[test]
fn what_is_signed_is_byte_for_byte_keepalived() {
    for vector in &VECTORS {
        let addresses = vector.addresses();
        let interval = Duration::from_secs(1);
        let dialect = Dialect::v3(interval, vector.checksum).expect("one second");
        let advertisement = Advertisement {
            virtual_router_id: VirtualRouterId::new(51).expect("an id"),
            priority: Priority::new(200),
            dialect,
            addresses: addresses.as_addresses(),
        };
        let source = address(vector.source);
        let trailer = keyring(1).sign(&advertisement, source, Sequence::at(SIGNED_AT));
        assert_eq!(trailer.to_bytes().as_slice(), bytes(vector.trailer));

        let mut buffer = [0; 64];
        let length = advertisement
            .encode(source, address(vector.destination), &mut buffer)
            .expect("64 bytes suffice");
        let mut expected = bytes(vector.message);
        if source.is_ipv6() {
            // The kernel fills it in.
            expected[6..8].fill(0);
        }
        assert_eq!(buffer[..length], expected);
        assert_eq!(prove(vector, &vector.whole(), &keyring(1)), Some(Ok(())));
    }
}

#[test]
fn the_checksum_ends_before_the_trailer_over_ipv4_and_covers_it_over_ipv6() {
    let octets = |text| match address(text) {
        IpAddr::V4(ipv4) => ipv4.octets().to_vec(),
        IpAddr::V6(ipv6) => ipv6.octets().to_vec(),
    };
    let over_ipv6 = OVER_IPV6.whole();
    let length = u16::try_from(over_ipv6.len()).expect("it is short");
    let pseudo_header = [
        octets(OVER_IPV6.source),
        octets(OVER_IPV6.destination),
        vec![0, 112],
        length.to_be_bytes().to_vec(),
    ];
    for summed in [
        bytes(OVER_IPV4.message),
        [pseudo_header.concat(), over_ipv6].concat(),
    ] {
        let words = summed.chunks(2);
        let sum: u64 = words
            .map(|word| u64::from(word[0]) << 8 | u64::from(word[1]))
            .sum();
        assert_eq!(sum % 0xffff, 0);
    }
}

#[test]
fn one_changed_bit_anywhere_is_noticed() {
    let keyring = keyring(1);
    for vector in &VECTORS {
        let right = vector.whole();
        for bit in 0..right.len() * 8 {
            let mut changed = right.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let proven = prove(vector, &changed, &keyring);
            // The kernel checks the checksum over IPv6, and the code reads it as zero.
            let is_checksum = (48..64).contains(&bit) && address(vector.source).is_ipv6();
            assert_eq!(proven == Some(Ok(())), is_checksum, "bit {bit}: {proven:?}");
        }
        for length in 0..right.len() {
            assert_ne!(prove(vector, &right[..length], &keyring), Some(Ok(())));
        }
        let longer = [right, vec![0]].concat();
        assert_eq!(
            prove(vector, &longer, &keyring),
            Some(Err(Unproven::NoTrailer))
        );
    }
}

#[test]
fn another_source_is_noticed_although_no_byte_of_the_message_says_it() {
    for (vector, other) in [(OVER_IPV4, "198.51.100.11"), (OVER_IPV6, "fe80::11")] {
        let whole = vector.whole();
        let packet = vector.packet(&whole);
        let advertisement = Advertisement::parse(&packet).expect("it is valid");
        let trailer = Trailer::parse(&packet, &advertisement).expect("it has one");
        let source = address(other);
        let forged = Packet { source, ..packet };
        assert_eq!(
            keyring(1).prove(&forged, &advertisement, &trailer),
            Err(Unproven::WrongCode)
        );
    }
}

#[test]
fn another_key_and_another_id_are_told_apart() {
    let whole = OVER_IPV4.whole();
    let other = Keyring::new([(1, b"other".as_slice())], 1).expect("the key is there");
    assert_eq!(
        prove(&OVER_IPV4, &whole, &other),
        Some(Err(Unproven::WrongCode))
    );
    assert_eq!(
        prove(&OVER_IPV4, &whole, &keyring(2)),
        Some(Err(Unproven::UnknownKey(1)))
    );
    let both = [(1, key()), (2, b"next".to_vec())];
    let both = both.iter().map(|(id, key)| (*id, key.as_slice()));
    let both = Keyring::new(both, 2).expect("the key is there");
    assert_eq!(prove(&OVER_IPV4, &whole, &both), Some(Ok(())));
    let missing = Keyring::new([(1, b"one".as_slice())], 2);
    assert_eq!(missing.err(), Some(SigningKeyMissing(2)));
}

#[test]
fn a_trailer_of_another_kind_is_none() {
    let kinds = [(0, 2), (2, 1), (3, 1)];
    for (position, value) in kinds {
        let mut whole = OVER_IPV4.whole();
        let start = whole.len() - TRAILER_BYTES;
        whole[start + position] = value;
        assert_eq!(
            prove(&OVER_IPV4, &whole, &keyring(1)),
            Some(Err(Unproven::NoTrailer))
        );
    }
}

#[test]
fn a_sender_must_go_on_from_what_it_said_last() {
    let (sender, now) = (address("10.0.0.1"), at(1_000));
    let judge = judge(Freshness::Time, SIGNED_AT);
    let mut marks = Marks::default();
    let first = Sequence::at(SIGNED_AT);
    marks
        .check(sender, first, &judge, now)
        .expect("it is fresh and new");
    // Nothing is marked before the code is proven.
    marks
        .check(sender, first, &judge, now)
        .expect("it was not marked");
    marks.set(sender, first, now);
    let earlier = Sequence::at(SIGNED_AT - Duration::from_millis(1));
    for again in [first, earlier] {
        assert_eq!(
            marks.check(sender, again, &judge, now),
            Err(Unproven::Replayed)
        );
    }
    let later = Sequence::at(SIGNED_AT + Duration::from_millis(1));
    assert_eq!(marks.check(sender, later, &judge, now), Ok(()));
    assert_eq!(marks.check(address("10.0.0.2"), first, &judge, now), Ok(()));
}

#[test]
fn what_is_older_than_the_window_is_stale_unless_only_the_order_counts() {
    let sender = address("10.0.0.1");
    let marks = Marks::default();
    let sequence = Sequence::at(SIGNED_AT);
    let late = SIGNED_AT + WINDOW + Duration::from_millis(1);
    assert_eq!(
        marks.check(sender, sequence, &judge(Freshness::Time, late), at(0)),
        Err(Unproven::Stale)
    );
    assert_eq!(
        marks.check(sender, sequence, &judge(Freshness::Order, late), at(0)),
        Ok(())
    );
}

#[test]
fn no_step_of_a_clock_silences_a_sender_that_runs() {
    let sender = address("10.0.0.1");
    let hour = Duration::from_secs(3_600);
    for clock in [SIGNED_AT + hour, SIGNED_AT - hour] {
        let mut marks = Marks::default();
        marks.set(sender, Sequence::at(SIGNED_AT), at(0));
        let next = Sequence::at(SIGNED_AT + Duration::from_secs(1));
        assert_eq!(
            marks.check(sender, next, &judge(Freshness::Time, clock), at(1_000)),
            Ok(()),
            "{clock:?}"
        );
    }
}

#[test]
fn a_mark_is_forgotten_when_nothing_it_stands_for_can_be_fresh() {
    let sender = address("10.0.0.1");
    let hour = Duration::from_secs(3_600);
    let mut marks = Marks::default();
    marks.set(sender, Sequence::at(SIGNED_AT + hour), at(0));
    let judge = judge(Freshness::Time, SIGNED_AT + 2 * WINDOW);
    // The sender restarted with its clock put right.
    let right = Sequence::at(SIGNED_AT + 2 * WINDOW);
    assert_eq!(
        marks.check(sender, right, &judge, at(9_999)),
        Err(Unproven::Replayed)
    );
    assert_eq!(marks.check(sender, right, &judge, at(10_000)), Ok(()));
    // What was recorded when the mark was set is too old by then.
    let recorded = Sequence::at(SIGNED_AT);
    assert_eq!(
        marks.check(sender, recorded, &judge, at(10_000)),
        Err(Unproven::Stale)
    );
}

#[test]
fn the_sender_that_was_silent_for_the_longest_time_is_forgotten_first() {
    let sender = |last| IpAddr::from([10, 0, 0, last]);
    let judge = judge(Freshness::Order, SIGNED_AT);
    let mut marks = Marks::default();
    let sequence = Sequence::at(SIGNED_AT);
    for (last, milliseconds) in [(1, 0), (2, 10), (3, 20), (4, 30), (1, 40), (5, 50)] {
        marks.set(sender(last), sequence, at(milliseconds));
    }
    let known = |last| marks.check(sender(last), sequence, &judge, at(60)).is_err();
    assert_eq!([1, 2, 3, 4, 5].map(known), [true, false, true, true, true]);
}
