use super::*;

#[test]
fn an_interface_address_without_prefix_is_a_host_address() {
    let address: InterfaceAddress = "10.0.0.70".parse().unwrap();
    assert_eq!(
        (address.prefix_length(), address.to_string().as_str()),
        (32, "10.0.0.70")
    );
    let address: InterfaceAddress = "fd00::1".parse().unwrap();
    assert_eq!(address.prefix_length(), 128);
    let address: InterfaceAddress = "10.10.10.2/24".parse().unwrap();
    assert_eq!(
        (address.prefix_length(), address.to_string().as_str()),
        (24, "10.10.10.2/24")
    );
    assert_eq!(address.subnet().to_string(), "10.10.10.0/24");
}

#[test]
fn a_network_is_written_with_its_first_address() {
    assert!("10.20.3.1/24".parse::<Subnet>().is_err());
    let everything: Subnet = "0.0.0.0/0".parse().unwrap();
    assert!(everything.contains("203.0.113.9".parse().unwrap()));
    assert!(!everything.contains("::1".parse().unwrap()));
    let network: Subnet = "fd00:1::/32".parse().unwrap();
    assert!(network.contains("fd00:1:2::3".parse().unwrap()));
    assert!(!network.contains("fd00:2::3".parse().unwrap()));
}

#[test]
fn what_is_no_address_is_refused() {
    for text in [
        "10.0.0.256",
        "10.0.0.1/33",
        "10.0.0.1/",
        "10.0.0.1/+4",
        "::1/129",
        "host",
        "",
    ] {
        assert!(text.parse::<InterfaceAddress>().is_err(), "{text}");
    }
    for text in [
        "smtp.example.com",
        "smtp:0",
        "smtp:65536",
        ":25",
        "smtp:+25",
        "a b:25",
    ] {
        assert!(text.parse::<HostPort>().is_err(), "{text}");
    }
    for text in ["ftp://x", "http://", "http:///x", "http://a b", "x"] {
        assert!(text.parse::<Url>().is_err(), "{text}");
    }
    assert!("10.0.0.60:0".parse::<SocketAddress>().is_err());
}
