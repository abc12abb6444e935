//! ICMP echo messages.

const REQUEST: u8 = 8;
const ANSWER: u8 = 0;

/// An echo request without data.
pub(super) fn request(identifier: u16, sequence: u16) -> [u8; 8] {
    let ([i0, i1], [s0, s1]) = (identifier.to_be_bytes(), sequence.to_be_bytes());
    let [c0, c1] = checksum(&[REQUEST, 0, 0, 0, i0, i1, s0, s1]).to_be_bytes();
    [REQUEST, 0, c0, c1, i0, i1, s0, s1]
}

/// The sequence number of the echo answer in this IPv4 packet, if it is one to `identifier`.
pub(super) fn read_answer(packet: &[u8], identifier: u16) -> Option<u16> {
    let header_length = usize::from(packet.first()? & 0x0F) * 4;
    let message: &[u8; 8] = packet.get(header_length..)?.first_chunk()?;
    let ours = message[0] == ANSWER && message[4..6] == identifier.to_be_bytes();
    ours.then_some(u16::from_be_bytes([message[6], message[7]]))
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
        assert_eq!(checksum(&request(0xFFFE, 0xFFFF)), 0);
        assert_eq!(request(1, 2), [8, 0, 0xF7, 0xFC, 0, 1, 0, 2]);
    }

    #[test]
    fn only_an_answer_to_the_own_identifier_counts() {
        let mut packet = vec![0x45; 20];
        packet.extend([0, 0, 0, 0, 0, 1, 0, 2]);
        assert_eq!(read_answer(&packet, 1), Some(2));
        assert_eq!(read_answer(&packet, 2), None);
        assert_eq!(read_answer(&packet[..27], 1), None);
        assert_eq!(read_answer(&[], 1), None);
        packet[20] = REQUEST;
        assert_eq!(read_answer(&packet, 1), None);
    }
}
