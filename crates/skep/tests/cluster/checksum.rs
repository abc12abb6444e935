//! Which of the two checksums of version 3 an advertisement carries.

use std::net::Ipv4Addr;

/// What the checksum of a version 3 advertisement covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checksum {
    /// The message and a pseudo-header, as keepalived does it.
    WithPseudoHeader,
    /// The message alone, as RFC 9568 section 5.2.8 has it for IPv4.
    WithoutPseudoHeader,
}

/// Which checksum a multicast payload from this source has.
pub(crate) fn form(payload: &[u8], source: Ipv4Addr) -> Checksum {
    let length = u8::try_from(payload.len()).expect("it is short");
    let mut pseudo_header = source.octets().to_vec();
    pseudo_header.extend([224, 0, 0, 18, 0, 112, 0, length]);
    let with = [&pseudo_header[..], payload].concat();
    match (is_correct(&with), is_correct(payload)) {
        (true, false) => Checksum::WithPseudoHeader,
        (false, true) => Checksum::WithoutPseudoHeader,
        both => panic!("neither or both checksums are right: {both:?} {payload:?}"),
    }
}

/// RFC 1071: the sum of everything, the checksum included, is all ones.
fn is_correct(bytes: &[u8]) -> bool {
    let words = bytes.chunks(2).map(|pair| {
        let low = pair.get(1).copied().unwrap_or(0);
        u32::from(u16::from_be_bytes([pair[0], low]))
    });
    let mut sum: u32 = words.sum();
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    sum == 0xFFFF
}
