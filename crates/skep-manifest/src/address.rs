//! Addresses, networks and what is reached at them.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::{InvalidText, checked_text, text_value};

/// An IP address, such as `10.0.0.60` or `fd00::60`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$"))]
pub struct Address(pub IpAddr);

impl FromStr for Address {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| {
            InvalidText::new(
                text,
                "an IP address",
                "an IPv4 or IPv6 address without prefix length, such as `10.0.0.60` or `fd00::60`",
            )
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_value!(Address);

/// An IP address of an interface: alone (`10.0.0.70`, a host address) or with the length of its
/// prefix (`10.10.10.2/24`).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)(/[0-9]{1,3})?$"))]
pub struct InterfaceAddress {
    address: IpAddr,
    prefix_length: u8,
}

impl InterfaceAddress {
    /// The address.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        self.address
    }

    /// The length of the prefix: 32 or 128 for a host address.
    #[must_use]
    pub const fn prefix_length(self) -> u8 {
        self.prefix_length
    }

    /// The network that the prefix spans.
    #[must_use]
    pub fn subnet(self) -> Subnet {
        Subnet {
            base: masked(self.address, self.prefix_length),
            prefix_length: self.prefix_length,
        }
    }
}

impl FromStr for InterfaceAddress {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = match text.split_once('/') {
            Some(_) => parse_prefixed(text),
            None => text
                .parse()
                .ok()
                .map(|address: IpAddr| (address, prefix_length_max(address))),
        };
        let (address, prefix_length) = parsed.ok_or_else(|| {
            InvalidText::new(
                text,
                "an interface address",
                "an IP address, alone or with the length of its prefix, such as `10.0.0.70` or `10.10.10.2/24`",
            )
        })?;
        Ok(Self {
            address,
            prefix_length,
        })
    }
}

impl fmt::Display for InterfaceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.prefix_length == prefix_length_max(self.address) {
            self.address.fmt(f)
        } else {
            write!(f, "{}/{}", self.address, self.prefix_length)
        }
    }
}

text_value!(InterfaceAddress);

/// A network: its first address and the length of its prefix, such as `192.0.2.0/24`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)/[0-9]{1,3}$"))]
pub struct Subnet {
    base: IpAddr,
    prefix_length: u8,
}

impl Subnet {
    /// Its first address.
    #[must_use]
    pub const fn base(self) -> IpAddr {
        self.base
    }

    /// The length of its prefix.
    #[must_use]
    pub const fn prefix_length(self) -> u8 {
        self.prefix_length
    }

    /// Whether `address` lies in it.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.base.is_ipv4() && masked(address, self.prefix_length) == self.base
    }
}

impl FromStr for Subnet {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_prefixed(text)
            .filter(|(base, prefix_length)| masked(*base, *prefix_length) == *base)
            .map(|(base, prefix_length)| Self {
                base,
                prefix_length,
            })
            .ok_or_else(|| {
                InvalidText::new(
                    text,
                    "a network",
                    "its first address and the length of its prefix, such as `192.0.2.0/24`",
                )
            })
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix_length)
    }
}

text_value!(Subnet);

/// An IP address and a port, such as `10.0.0.60:7380` or `[fd00::60]:7380`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^([0-9]{1,3}(\\.[0-9]{1,3}){3}|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$"))]
pub struct SocketAddress(pub SocketAddr);

impl FromStr for SocketAddress {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse()
            .ok()
            .filter(|address: &SocketAddr| address.port() != 0)
            .map(Self)
            .ok_or_else(|| {
                InvalidText::new(
                    text,
                    "an IP address with a port",
                    "such as `10.0.0.60:7380` or `[fd00::60]:7380`",
                )
            })
    }
}

impl fmt::Display for SocketAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_value!(SocketAddress);

/// A host, by name or address, and a port: `smtp.example.com:25`.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$"))]
pub struct HostPort(String);

checked_text!(
    HostPort,
    is_host_port,
    "a host and a port",
    "such as `smtp.example.com:25`"
);

/// The URL of a web server: `http://` or `https://`, a host, and what follows.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^https?://[^\\s/]+(/\\S*)?$"))]
pub struct Url(String);

checked_text!(
    Url,
    is_url,
    "a URL",
    "`http://` or `https://` and a host, such as `http://10.0.0.60/health`"
);

fn is_host_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let named = |host: &str| {
        !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let numbered = |host: &str| {
        let inner = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok())
    };
    (named(host) || numbered(host)) && is_port(port)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse::<u16>().is_ok_and(|port| port != 0)
}

fn is_url(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty() && !rest.starts_with('/') && !rest.contains(char::is_whitespace)
    })
}

fn parse_prefixed(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    if !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let length = length
        .parse()
        .ok()
        .filter(|length| *length <= prefix_length_max(address))?;
    Some((address, length))
}

const fn prefix_length_max(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn masked(address: IpAddr, prefix_length: u8) -> IpAddr {
    let length = u32::from(prefix_length);
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - length.min(32)).unwrap_or(0);
            IpAddr::V4((address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - length.min(128)).unwrap_or(0);
            IpAddr::V6((address.to_bits() & mask).into())
        }
    }
}

#[cfg(test)]
mod tests;
