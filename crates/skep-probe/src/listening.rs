//! `listening`: a socket of this network namespace listens. Nothing is connected, so nobody's log
//! fills and no backlog is used up.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::aside::Aside;
use crate::judge::Outcome;

/// Where the kernel lists the TCP sockets of this network namespace.
const TABLES: [&str; 2] = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];

/// The state of a listening socket in the kernel's tables.
const LISTEN: &str = "0A";

/// Looks whether somebody listens on `port`, on `address` where one is given.
pub(crate) async fn probe(port: u16, address: Option<IpAddr>, aside: &Aside) -> Outcome {
    // A busy host has tables of many megabytes.
    let looked = aside.run(move || look(port, address)).await;
    looked.unwrap_or_else(Outcome::Failed)
}

fn look(port: u16, address: Option<IpAddr>) -> Outcome {
    let mut unreadable = None;
    for table in TABLES {
        match fs::read_to_string(table) {
            Ok(text) if text.lines().any(|line| serves(line, port, address)) => {
                return Outcome::Passed;
            }
            Ok(_) => {}
            // A kernel without IPv6 has no second table.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => unreadable = Some(format!("{table} cannot be read: {error}")),
        }
    }
    let place = address.map_or_else(String::new, |address| format!(" of {address}"));
    Outcome::Failed(unreadable.unwrap_or_else(|| format!("nobody listens on port {port}{place}")))
}

/// Whether a line of the kernel's table is a socket that accepts connections to `address` (any,
/// when none is given) and `port`.
fn serves(line: &str, port: u16, address: Option<IpAddr>) -> bool {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let (Some(local), Some(_remote), Some(LISTEN)) = (fields.next(), fields.next(), fields.next())
    else {
        return false;
    };
    let Some((host, listening)) = parse_endpoint(local) else {
        return false;
    };
    listening == port && address.is_none_or(|wanted| host == wanted || accepts_any(host, wanted))
}

/// Whether a socket bound to `host` accepts what is sent to `wanted`: one for every address of
/// IPv6 takes IPv4 too.
const fn accepts_any(host: IpAddr, wanted: IpAddr) -> bool {
    match host {
        IpAddr::V4(host) => host.is_unspecified() && wanted.is_ipv4(),
        IpAddr::V6(host) => host.is_unspecified(),
    }
}

/// `0100007F:0050`: the address as words in the byte order of the machine, the port in hex.
fn parse_endpoint(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| {
        let digits = address.get(at * 8..at * 8 + 8)?;
        u32::from_str_radix(digits, 16).ok().map(u32::to_ne_bytes)
    };
    let host = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut octets = [0; 16];
            for (at, four) in octets.chunks_exact_mut(4).enumerate() {
                four.copy_from_slice(&word(at)?);
            }
            IpAddr::V6(Ipv6Addr::from(octets)).to_canonical()
        }
        _ => return None,
    };
    Some((host, port))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    /// Far above what a child needs to begin.
    const CLOSED_AFTER_MAX: Duration = Duration::from_secs(20);

    #[test]
    fn a_listener_is_found_until_it_closes_and_only_at_its_address() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let port = listener.local_addr().expect("it is bound").port();
        let loopback = Some(IpAddr::from([127, 0, 0, 1]));
        assert_eq!(look(port, None), Outcome::Passed);
        assert_eq!(look(port, loopback), Outcome::Passed);
        let elsewhere = Some(IpAddr::from([10, 0, 0, 60]));
        assert!(matches!(look(port, elsewhere), Outcome::Failed(_)));
        drop(listener);
        // A child that another test is about to start has the listener too, until it is what it
        // shall be.
        let started = Instant::now();
        while !matches!(look(port, None), Outcome::Failed(_)) {
            assert!(started.elapsed() < CLOSED_AFTER_MAX, "it is still found");
            thread::yield_now();
        }
    }

    #[test]
    fn a_socket_for_every_address_serves_each_of_them() {
        let listener = TcpListener::bind("0.0.0.0:0").expect("a listener");
        let port = listener.local_addr().expect("it is bound").port();
        assert_eq!(
            look(port, Some(IpAddr::from([10, 0, 0, 60]))),
            Outcome::Passed
        );
    }

    #[test]
    fn lines_that_are_no_sockets_serve_nothing() {
        for line in [
            "",
            "  sl  local_address rem_address   st",
            "0: 0100007F 00000000:0000 0A",
        ] {
            assert!(!serves(line, 80, None), "{line}");
        }
        assert!(
            !serves("0: 0100007F:0050 0100007F:1234 01 rest", 80, None),
            "established"
        );
    }
}
