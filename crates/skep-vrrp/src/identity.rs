//! The small values that name and rank a virtual router.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// The identifier of a virtual router on its network segment, 1 to 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct VirtualRouterId(u8);

/// A virtual router id of zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("virtual router id is outside 1..=255: 0")]
pub struct VirtualRouterIdZero;

impl VirtualRouterId {
    /// The id `value`, unless it is zero.
    ///
    /// # Errors
    ///
    /// [`VirtualRouterIdZero`] when `value` is 0, which no virtual router may use.
    pub const fn new(value: u8) -> Result<Self, VirtualRouterIdZero> {
        if value == 0 {
            return Err(VirtualRouterIdZero);
        }
        Ok(Self(value))
    }

    /// The number as it stands in a packet.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for VirtualRouterId {
    type Error = VirtualRouterIdZero;

    fn try_from(value: u8) -> Result<Self, Self::Error> {
        Self::new(value)
    }
}

impl From<VirtualRouterId> for u8 {
    fn from(id: VirtualRouterId) -> Self {
        id.0
    }
}

impl fmt::Display for VirtualRouterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How much a router wants to be Active; the highest wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Priority(u8);

impl Priority {
    /// What the Active router advertises when it gives up: "elect another one now".
    pub const RELEASE: Self = Self(0);
    /// What a router that has left says once to its successor, which answers it as any lower claim.
    pub const FAREWELL: Self = Self(1);
    /// The priority of the router that owns the addresses (RFC 9568 §5.2.4).
    pub const OWNER: Self = Self(255);
    /// RFC 9568 §6.1: the default of a router that does not own the addresses.
    pub const DEFAULT: Self = Self(100);

    /// The priority with this number.
    #[must_use]
    pub const fn new(value: u8) -> Self {
        Self(value)
    }

    /// The number as it stands in a packet.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The protocol version a virtual router speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Version {
    /// RFC 3768: IPv4 only, whole seconds, eight bytes of authentication data.
    V2,
    /// RFC 9568: IPv4 and IPv6, centiseconds, no authentication.
    V3,
}

/// The address family of a virtual router: one instance runs per family (RFC 9568 §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl Family {
    /// The family of `address`.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }
}
