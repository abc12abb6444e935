//! ICMP echo messages.

use socket2::{Domain, Protocol};

/// What the two families call the same messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Icmp {
    V4,
    V6,
}

impl Icmp {
    pub(super) const fn domain(self) -> Domain {
        match self {
            Self::V4 => Domain::IPV4,
            Self::V6 => Domain::IPV6,
        }
    }

    pub(super) const fn protocol(self) -> Protocol {
        match self {
            Self::V4 => Protocol::ICMPV4,
            Self::V6 => Protocol::ICMPV6,
        }
    }

    const fn request_type(self) -> u8 {
        match self {
            Self::V4 => 8,
            Self::V6 => 128,
        }
    }

    const fn answer_type(self) -> u8 {
        match self {
            Self::V4 => 0,
            Self::V6 => 129,
        }
    }

    /// An echo request without data.
    pub(super) fn request(self, identifier: u16, sequence: u16) -> [u8; 8] {
        let ([i0, i1], [s0, s1]) = (identifier.to_be_bytes(), sequence.to_be_bytes());
        let kind = self.request_type();
        let [c0, c1] = match self {
            Self::V4 => checksum(&[kind, 0, 0, 0, i0, i1, s0, s1]).to_be_bytes(),
            // It covers addresses that only the kernel knows, which fills it in.
            Self::V6 => [0, 0],
        };
        [kind, 0, c0, c1, i0, i1, s0, s1]
    }

    /// The sequence number of the echo answer in what a raw socket reads, if it is one to
    /// `identifier`.
    pub(super) fn read_answer(self, packet: &[u8], identifier: u16) -> Option<u16> {
        let header_length = match self {
            Self::V4 => usize::from(packet.first()? & 0x0F) * 4,
            // RFC 3542 §3: the header of IPv6 is not read.
            Self::V6 => 0,
        };
        let message: &[u8; 8] = packet.get(header_length..)?.first_chunk()?;
        let ours = message[0] == self.answer_type() && message[4..6] == identifier.to_be_bytes();
        ours.then_some(u16::from_be_bytes([message[6], message[7]]))
    }
}

/// The complement of the ones' complement sum (RFC 1071).
fn checksum(message: &[u8; 8]) -> u16 {
    let words = message
        .chunks_exact(2)
        .map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])));
    let sum: u32 = words.sum();
    !((sum & 0xFFFF) + (sum >> 16)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_sums_to_zero() {
        assert_eq!(checksum(&Icmp::V4.request(0xFFFE, 0xFFFF)), 0);
        assert_eq!(Icmp::V4.request(1, 2), [8, 0, 0xF7, 0xFC, 0, 1, 0, 2]);
    }

    #[test]
    fn the_checksum_of_ipv6_is_left_to_the_kernel() {
        assert_eq!(Icmp::V6.request(1, 2), [128, 0, 0, 0, 0, 1, 0, 2]);
    }

    #[test]
    fn only_an_answer_to_the_own_identifier_counts() {
        for (icmp, header, answer) in [(Icmp::V4, vec![0x45; 20], 0), (Icmp::V6, vec![], 129)] {
            let length = header.len();
            let mut packet = [header, vec![answer, 0, 0, 0, 0, 1, 0, 2]].concat();
            assert_eq!(icmp.read_answer(&packet, 1), Some(2));
            assert_eq!(icmp.read_answer(&packet, 2), None);
            assert_eq!(icmp.read_answer(&packet[..length + 7], 1), None);
            assert_eq!(icmp.read_answer(&[], 1), None);
            packet[length] = icmp.request_type();
            assert_eq!(icmp.read_answer(&packet, 1), None);
        }
    }
}
