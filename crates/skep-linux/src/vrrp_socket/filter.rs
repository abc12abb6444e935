//! What the kernel drops before anybody is woken, as a program of classic BPF.

use socket2::SockFilter;

use super::Family;

/// `BPF_LDX | BPF_B | BPF_MSH`: the length of the IPv4 header.
const LOAD_HEADER_LENGTH: u16 = 0xb1;
/// `BPF_LD | BPF_H | BPF_IND`: two bytes after the header.
const LOAD_AFTER_HEADER: u16 = 0x48;
/// `BPF_LD | BPF_H | BPF_ABS`: two bytes.
const LOAD: u16 = 0x28;
/// `BPF_JMP | BPF_JEQ | BPF_K`.
const SKIP_UNLESS_EQUAL: u16 = 0x15;
/// `BPF_RET | BPF_K`: as many bytes are received.
const RECEIVE: u16 = 0x06;

/// Receives what begins with these bytes after the IP header, which is in sight over IPv4 only.
pub(super) fn beginning_with(family: Family, beginning: [u8; 2]) -> Vec<SockFilter> {
    let mut program = match family {
        Family::Ipv4 => vec![
            SockFilter::new(LOAD_HEADER_LENGTH, 0, 0, 0),
            SockFilter::new(LOAD_AFTER_HEADER, 0, 0, 0),
        ],
        Family::Ipv6 => vec![SockFilter::new(LOAD, 0, 0, 0)],
    };
    let expected = u16::from_be_bytes(beginning).into();
    program.extend([
        SockFilter::new(SKIP_UNLESS_EQUAL, 0, 1, expected),
        SockFilter::new(RECEIVE, 0, 0, u32::MAX),
        SockFilter::new(RECEIVE, 0, 0, 0),
    ]);
    program
}
