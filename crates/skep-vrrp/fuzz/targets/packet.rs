//! Any bytes after an IP header: parsed without a panic, and what is understood is encoded to the
//! same bytes again.
//!
//! Input: one byte chooses the family, whether the hop limit is right and which of the two
//! checksums is repaired first (without that, hardly any input would get past it), the next four
//! are the sender, the rest is the message.
#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use libfuzzer_sys::fuzz_target;
use skep_vrrp::dialect::Dialect;
use skep_vrrp::packet::{Advertisement, HOP_LIMIT, MULTICAST_IPV4, MULTICAST_IPV6, Packet};
use skep_vrrp::trailer::keyring::Keyring;
use skep_vrrp::trailer::replay::{Freshness, Judge, Marks};
use skep_vrrp::trailer::{TRAILER_BYTES, Trailer};
use skep_vrrp::time::Instant;

const OVER_IPV6: u8 = 0x01;
const FROM_AFAR: u8 = 0x02;
const REPAIRED: u8 = 0x04;
const PSEUDO_HEADER: u8 = 0x08;

const PROTOCOL: u8 = 112;
const CHECKSUM: std::ops::Range<usize> = 6..8;

fuzz_target!(|input: &[u8]| {
    let Some(([flags, sender @ ..], message)) = input.split_first_chunk::<5>() else {
        return;
    };
    let (source, destination) = ends(flags & OVER_IPV6 != 0, *sender);
    let mut message = message.to_vec();
    if flags & REPAIRED != 0 {
        repair(&mut message, flags & PSEUDO_HEADER != 0, source, destination);
    }
    let packet = Packet {
        source,
        destination,
        hop_limit: HOP_LIMIT - u8::from(flags & FROM_AFAR != 0),
        message: &message,
    };
    let _known_before_all_else = packet.virtual_router_id();
    let Ok(advertisement) = Advertisement::parse(&packet) else {
        return;
    };
    assert_eq!(packet.hop_limit, HOP_LIMIT);
    encodes_to_itself(&packet, &advertisement);
    proves_only_what_is_signed(&packet, &advertisement);
});

fn ends(over_ipv6: bool, [a, b, c, d]: [u8; 4]) -> (IpAddr, IpAddr) {
    if over_ipv6 {
        let interface = u128::from(u32::from_be_bytes([a, b, c, d]));
        let source = Ipv6Addr::from_bits(0xfe80 << 112 | interface);
        (source.into(), MULTICAST_IPV6.into())
    } else {
        (Ipv4Addr::new(a, b, c, d).into(), MULTICAST_IPV4.into())
    }
}

/// Decode, encode: the same bytes, but for those that a receiver ignores.
fn encodes_to_itself(packet: &Packet<'_>, advertisement: &Advertisement<'_>) {
    let mut expected = packet.message[..advertisement.encoded_length()].to_vec();
    let mut encoded = vec![0xff; expected.len()];
    advertisement
        .encode(packet.source, packet.destination, &mut encoded)
        .expect("the buffer is as long as the message");
    let ignored = ignored(advertisement, &expected);
    if packet.source.is_ipv6() || ignored {
        // Another checksum follows from other bytes; over IPv6 the kernel fills it in.
        expected[CHECKSUM].fill(0);
        encoded[CHECKSUM].fill(0);
    }
    match advertisement.dialect {
        Dialect::V2 { .. } if ignored => {
            let start = expected.len() - 8;
            expected[start..].fill(0);
        }
        Dialect::V2 { .. } => {}
        Dialect::V3 { .. } => expected[4] &= 0x0f,
    }
    // Two checksums mean zero: an encoder never writes 0xffff.
    if expected[CHECKSUM] == [0xff, 0xff] {
        expected[CHECKSUM].fill(0);
    }
    assert_eq!(encoded, expected);
    let again = Packet {
        message: &encoded,
        ..*packet
    };
    if !packet.source.is_ipv6() && !ignored {
        assert_eq!(Advertisement::parse(&again), Ok(*advertisement));
    }
    let short = advertisement.encoded_length() - 1;
    let refused = advertisement.encode(packet.source, packet.destination, &mut encoded[..short]);
    assert!(refused.is_err());
}

/// Whether `message` has bits that a receiver ignores: reserved ones in version 3, the eight bytes
/// of authentication data in version 2 without authentication.
fn ignored(advertisement: &Advertisement<'_>, message: &[u8]) -> bool {
    match advertisement.dialect {
        Dialect::V2 { .. } => message[4] == 0 && message[message.len() - 8..] != [0; 8],
        Dialect::V3 { .. } => message[4] & 0xf0 != 0,
    }
}

/// A trailer parses to what encodes to it; nobody guesses a code; a real one is accepted once.
fn proves_only_what_is_signed(packet: &Packet<'_>, advertisement: &Advertisement<'_>) {
    let keyring = Keyring::new([(1, b"guess me".as_slice())], 1).expect("the key is there");
    let length = advertisement.encoded_length();
    let Ok(trailer) = Trailer::parse(packet, advertisement) else {
        return;
    };
    assert_eq!(packet.message.len(), length + TRAILER_BYTES);
    assert_eq!(trailer.to_bytes(), packet.message[length..]);
    assert!(keyring.prove(packet, advertisement, &trailer).is_err());
    let signed = keyring.sign(advertisement, packet.source, trailer.sequence);
    if let Dialect::V3 { .. } = advertisement.dialect
        && packet.message[4] & 0xf0 == 0
    {
        assert_eq!(keyring.prove(packet, advertisement, &signed), Ok(()));
    }
    let judge = Judge {
        freshness: Freshness::Order,
        window: std::time::Duration::from_secs(5),
        since_1970: std::time::Duration::ZERO,
    };
    let (mut marks, now) = (Marks::default(), Instant::default());
    marks.set(packet.source, trailer.sequence, now);
    let again = marks.check(packet.source, trailer.sequence, &judge, now);
    assert!(again.is_err());
}

/// Makes the checksum of the message right, so far as its header says how long it is.
fn repair(message: &mut [u8], pseudo_header: bool, source: IpAddr, destination: IpAddr) {
    let Some(&[first, _, _, addresses, ..]) = message.first_chunk::<8>() else {
        return;
    };
    let authentication = if first >> 4 == 2 { 8 } else { 0 };
    let length = 8 + 4 * usize::from(addresses) + authentication;
    let Some(message) = message.get_mut(..length) else {
        return;
    };
    message[CHECKSUM].fill(0);
    let mut summed = message.to_vec();
    if let (true, IpAddr::V4(source), IpAddr::V4(destination)) =
        (pseudo_header, source, destination)
    {
        summed.extend(source.octets());
        summed.extend(destination.octets());
        summed.extend([0, PROTOCOL]);
        summed.extend(u16::try_from(length).expect("at most 1036").to_be_bytes());
    }
    let words = summed.chunks_exact(2);
    let mut sum: u32 = words
        .map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let checksum = !u16::try_from(sum).expect("it was folded");
    message[CHECKSUM].copy_from_slice(&checksum.to_be_bytes());
}
