//! Advertisements as other implementations put them on the wire, byte for byte.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use skep_vrrp::addresses::AddressList;
use skep_vrrp::dialect::{Authentication, Checksum, Dialect};
use skep_vrrp::identity::{Family, Priority, VirtualRouterId};
use skep_vrrp::packet::{Advertisement, HOP_LIMIT, MULTICAST_IPV4, MULTICAST_IPV6, Packet};

const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("a hexadecimal digit") as u8;
    digits
        .chunks(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

/// `hex` is what the described advertisement encodes to, and parses back to it.
fn check(source: &str, destination: IpAddr, described: (u8, u8, Dialect, &str), hex: &str) {
    let (id, priority, dialect, address) = described;
    let address: IpAddr = address.parse().expect("an address");
    let source: IpAddr = source.parse().expect("an address");
    let family = if address.is_ipv4() {
        Family::Ipv4
    } else {
        Family::Ipv6
    };
    let addresses = AddressList::new(family, &[address]).expect("one address fits");
    let advertisement = Advertisement {
        virtual_router_id: VirtualRouterId::new(id).expect("an id"),
        priority: Priority::new(priority),
        dialect,
        addresses: addresses.as_addresses(),
    };
    let expected = bytes(hex);
    let mut buffer = [0xff; 64];
    let length = advertisement
        .encode(source, destination, &mut buffer)
        .expect("64 bytes suffice");
    assert_eq!(buffer[..length], expected);
    // The rest of the buffer plays the padding of a short Ethernet frame.
    let packet = Packet {
        source,
        destination,
        hop_limit: HOP_LIMIT,
        message: &buffer,
    };
    assert_eq!(Advertisement::parse(&packet), Ok(advertisement));
}

/// Id, priority, address, password, payload.
const KEEPALIVED: &str = "
    51 255 10.99.0.50 12345    2133ff0101013ace0a6300323132333435000000
    69 100 10.0.0.200 passw123 214564010101e1b60a0000c87061737377313233
    69  75 10.0.0.200 passw123 21454b010101fab60a0000c87061737377313233
    69  50 10.0.0.200 passw123 21453201010113b70a0000c87061737377313233
    69   0 10.0.0.200 passw123 21450001010145b70a0000c87061737377313233
     1 100 10.10.10.2 incommsy 210164010101b82b0a0a0a02696e636f6d6d7379
    51 100 10.0.0.70  mypasswo 213364010101a6c60a0000466d7970617373776f
    51  90 10.0.0.70  mypasswo 21335a010101b0c60a0000466d7970617373776f
    51  80 10.0.0.70  mypasswo 213350010101bac60a0000466d7970617373776f
    51  70 10.0.0.70  mypasswo 213346010101c4c60a0000466d7970617373776f
";

#[test]
fn version_2_with_a_simple_password_is_byte_for_byte_keepalived() {
    let lines: Vec<&str> = KEEPALIVED.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 10);
    for line in lines {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [id, priority, address, password, payload] = fields[..] else {
            panic!("five fields: {line}");
        };
        let mut padded = [0; 8];
        padded[..password.len()].copy_from_slice(password.as_bytes());
        let dialect = Dialect::v2(SECOND, Authentication::Simple(padded)).expect("one second");
        let (id, priority) = (
            id.parse().expect("an id"),
            priority.parse().expect("a priority"),
        );
        check(
            "10.0.0.60",
            MULTICAST_IPV4.into(),
            (id, priority, dialect, address),
            payload,
        );
    }
}

#[test]
fn version_3_sums_a_pseudo_header_as_keepalived_or_none_as_the_rfc() {
    for (checksum, hex) in [
        (Checksum::PseudoHeader, "3133640100647556 0a000046"),
        (Checksum::Message, "3133640100646021 0a000046"),
    ] {
        let dialect = Dialect::v3(SECOND, checksum).expect("one second");
        check(
            "10.0.0.60",
            MULTICAST_IPV4.into(),
            (51, 100, dialect, "10.0.0.70"),
            hex,
        );
    }
}

#[test]
fn the_pseudo_header_holds_the_real_destination() {
    let dialect = Dialect::v3(SECOND, Checksum::PseudoHeader).expect("one second");
    let peer = Ipv4Addr::new(10, 0, 0, 61).into();
    check(
        "10.0.0.60",
        peer,
        (51, 100, dialect, "10.0.0.70"),
        "313364010064 4b2c 0a000046",
    );
}

#[test]
fn version_3_over_ipv6_leaves_the_checksum_to_the_kernel() {
    let dialect = Dialect::v3(SECOND, Checksum::PseudoHeader).expect("one second");
    let hex = "3133640100640000 fe800000000000000000000000000100";
    check(
        "fe80::10",
        MULTICAST_IPV6.into(),
        (51, 100, dialect, "fe80::100"),
        hex,
    );
}
