//! `route`: the kernel has a route in its main table.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use skep_manifest::address::Subnet;
use skep_manifest::health_check::RouteProbe;

use crate::aside::Aside;
use crate::judge::Outcome;

/// Where the kernel lists the routes of this network namespace.
const IPV4: &str = "/proc/self/net/route";
const IPV6: &str = "/proc/self/net/ipv6_route";

/// The flags of the kernel's lists: usable; a refusal; an address of this host.
const UP: u32 = 0x1;
const REJECT: u32 = 0x200;
const LOCAL: u32 = 0x8000_0000;

/// A line of the kernel's lists.
#[derive(Debug, PartialEq, Eq)]
struct Listed<'a> {
    to: IpAddr,
    prefix_length: u8,
    interface: &'a str,
    flags: u32,
}

/// Looks whether there is a route to exactly this network, through the interface where one is
/// given.
pub(crate) async fn probe(route: &RouteProbe, aside: &Aside) -> Outcome {
    let route = route.clone();
    let looked = aside.run(move || look(&route));
    looked.await.and_then(|looked| looked).into()
}

fn look(route: &RouteProbe) -> Result<(), String> {
    let (list, parse): (_, fn(&str) -> Option<Listed<'_>>) = match route.to.base() {
        IpAddr::V4(_) => (IPV4, parse_ipv4),
        IpAddr::V6(_) => (IPV6, parse_ipv6),
    };
    let interface = route.interface.as_ref().map(|name| name.as_str());
    let text = match fs::read_to_string(list) {
        // A kernel without IPv6 has no such list, and no such route.
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        read => read.map_err(|error| format!("{list} cannot be read: {error}"))?,
    };
    let mut routes = text.lines().filter_map(parse);
    if routes.any(|listed| listed.leads_to(route.to, interface)) {
        return Ok(());
    }
    let through = interface.map_or_else(String::new, |name| format!(" through {name}"));
    Err(format!("there is no route to {}{through}", route.to))
}

impl Listed<'_> {
    fn leads_to(&self, to: Subnet, interface: Option<&str>) -> bool {
        self.flags & UP != 0
            && self.flags & (REJECT | LOCAL) == 0
            && (self.to, self.prefix_length) == (to.base(), to.prefix_length())
            && interface.is_none_or(|wanted| self.interface == wanted)
    }
}

/// `eth0 00C80A0A 00000000 0001 0 0 0 00FFFFFF …`: interface, destination, gateway, flags, three
/// numbers, mask; addresses are words in the byte order of the machine.
fn parse_ipv4(line: &str) -> Option<Listed<'_>> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let address = |at: usize| {
        let word = u32::from_str_radix(fields.get(at)?, 16).ok()?;
        Some(Ipv4Addr::from(word.to_ne_bytes()))
    };
    Some(Listed {
        to: IpAddr::V4(address(1)?),
        prefix_length: u8::try_from(u32::from(address(7)?).leading_ones()).ok()?,
        interface: fields.first()?,
        flags: u32::from_str_radix(fields.get(3)?, 16).ok()?,
    })
}

/// `DESTINATION LENGTH SOURCE LENGTH HOP METRIC COUNT COUNT FLAGS INTERFACE`, all but the last in
/// hexadecimal digits.
fn parse_ipv6(line: &str) -> Option<Listed<'_>> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let to = fields.first().filter(|digits| digits.len() == 32)?;
    Some(Listed {
        to: IpAddr::V6(Ipv6Addr::from(u128::from_str_radix(to, 16).ok()?)),
        prefix_length: u8::from_str_radix(fields.get(1)?, 16).ok()?,
        flags: u32::from_str_radix(fields.get(8)?, 16).ok()?,
        interface: fields.get(9)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(text: &str) -> Subnet {
        text.parse().expect("a network")
    }

    #[test]
    fn a_route_is_found_by_its_network_and_interface() {
        let lines = [
            "eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0",
            "eth1\t000A0A0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
            "*\t00140A0A\t00000000\t0201\t0\t0\t0\t00FFFFFF\t0\t0\t0",
        ];
        // As a little-endian machine writes it.
        let routes: Vec<_> = lines.iter().filter_map(|line| parse_ipv4(line)).collect();
        assert_eq!(routes.len(), 3);
        let has = |to: &str, interface| {
            let to = subnet(to);
            routes.iter().any(|route| route.leads_to(to, interface))
        };
        if cfg!(target_endian = "little") {
            assert!(has("0.0.0.0/0", None) && has("0.0.0.0/0", Some("eth0")));
            assert!(!has("0.0.0.0/0", Some("eth1")));
            assert!(has("10.10.10.0/24", Some("eth1")));
            assert!(!has("10.10.10.0/25", None) && !has("10.10.0.0/16", None));
            assert!(!has("10.10.20.0/24", None), "it refuses");
        }
    }

    #[test]
    fn a_route_of_ipv6_is_found_and_refusals_are_none() {
        let zeros = "0".repeat(32);
        let line = |to: &str, length: &str, flags: &str, interface: &str| {
            format!(
                "{to} {length} {zeros} 00 {zeros} 00000400 00000001 00000000 {flags} {interface}"
            )
        };
        let documentation = "20010db8000000000000000000000000";
        let lines = [
            line(&zeros, "00", "00000003", "eth0"),
            line(&zeros, "00", "00200200", "lo"),
            line(documentation, "20", "00000001", "eth1"),
            line(documentation, "80", "80200001", "lo"),
        ];
        let routes: Vec<_> = lines.iter().filter_map(|line| parse_ipv6(line)).collect();
        assert_eq!(routes.len(), 4);
        let has = |to: &str, interface| {
            let to = subnet(to);
            routes.iter().any(|route| route.leads_to(to, interface))
        };
        assert!(has("::/0", Some("eth0")) && !has("::/0", Some("lo")));
        assert!(has("2001:db8::/32", Some("eth1")) && !has("2001:db8::/32", Some("eth0")));
        assert!(!has("2001:db8::/128", None), "an address of this host");
    }

    #[tokio::test]
    async fn the_lists_of_this_kernel_are_understood() {
        for (list, parse) in [
            (IPV4, parse_ipv4 as fn(&str) -> Option<Listed<'_>>),
            (IPV6, parse_ipv6),
        ] {
            let text = fs::read_to_string(list).unwrap_or_default();
            for line in text.lines().filter(|line| !line.starts_with("Iface")) {
                let listed = parse(line);
                assert!(listed.is_some(), "{line}");
            }
        }
        let nowhere = RouteProbe {
            to: subnet("203.0.113.128/25"),
            interface: None,
        };
        let outcome = probe(&nowhere, &Aside::new()).await;
        let expected = "there is no route to 203.0.113.128/25".to_owned();
        assert_eq!(outcome, Outcome::Failed(expected));
    }

    #[test]
    fn broken_lines_are_no_routes() {
        for line in [
            "",
            "eth0",
            "Iface Destination Gateway Flags RefCnt Use Metric Mask",
            "zz 00 zz",
        ] {
            assert_eq!(parse_ipv4(line), None, "{line}");
            assert_eq!(parse_ipv6(line), None, "{line}");
        }
    }
}
