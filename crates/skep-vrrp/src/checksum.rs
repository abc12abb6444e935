//! The Internet checksum (RFC 1071) over a message, with or without an IPv4 pseudo-header.

use std::net::Ipv4Addr;

/// The IP protocol number of VRRP.
const PROTOCOL: u8 = 112;

/// The running one's complement sum of 16-bit words.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum(u32);

impl Sum {
    /// The sum of the pseudo-header that keepalived and FRR put before a version 3 message.
    pub(crate) fn of_pseudo_header(source: Ipv4Addr, destination: Ipv4Addr, length: u16) -> Self {
        Self::default()
            .add(&source.octets())
            .add(&destination.octets())
            .add(&[0, PROTOCOL])
            .add(&length.to_be_bytes())
    }

    /// This sum and that of `bytes`, which a zero byte completes when their number is odd. A
    /// message has at most 4 kB, far from where 32 bits overflow.
    pub(crate) fn add(self, bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<2>();
        let words: u32 = words
            .iter()
            .map(|word| u32::from(u16::from_be_bytes(*word)))
            .sum();
        let rest: u32 = rest.iter().map(|byte| u32::from(*byte) << 8).sum();
        Self(self.0 + words + rest)
    }

    /// The checksum that makes this sum right.
    pub(crate) const fn checksum(self) -> u16 {
        let folded = (self.0 & 0xffff) + (self.0 >> 16);
        let folded = (folded & 0xffff) + (folded >> 16);
        !(folded as u16)
    }

    /// Whether the bytes summed up include a right checksum.
    pub(crate) const fn is_right(self) -> bool {
        self.checksum() == 0
    }
}
