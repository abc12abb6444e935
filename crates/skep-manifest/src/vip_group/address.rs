//! The addresses of a group, and the routes and rules that follow them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::{Address, InterfaceAddress, Subnet};
use crate::name::{AddressLabel, InterfaceName};
use crate::shorthand::Shorthand;

/// One address of the group, with what is special about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VirtualAddress {
    /// The address; without a prefix length it is a host address (/32, /128).
    pub address: InterfaceAddress,
    /// The interface it is put on, by default the group's.
    pub interface: Option<InterfaceName>,
    /// Its label, IPv4 only.
    pub label: Option<AddressLabel>,
    /// Whether it stands in the advertisements, `true` by default. `false` holds it without saying
    /// so, as keepalived does with `virtual_ipaddress_excluded`. An address that comes to a running
    /// group with external members stands there once this says `true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advertised: Option<bool>,
}

impl VirtualAddress {
    /// Whether it stands in the advertisements.
    #[must_use]
    pub fn is_advertised(&self) -> bool {
        self.advertised.unwrap_or(true)
    }
}

impl Shorthand for VirtualAddress {
    type Bare = InterfaceAddress;

    fn from_bare(address: InterfaceAddress) -> Self {
        Self {
            address,
            interface: None,
            label: None,
            advertised: None,
        }
    }

    fn to_bare(&self) -> Option<InterfaceAddress> {
        (*self == Self::from_bare(self.address)).then_some(self.address)
    }
}

/// A route that exists only on the node that holds the addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Route {
    /// The network it leads to.
    pub to: Subnet,
    /// The gateway.
    pub via: Option<Address>,
    /// The interface it leaves through.
    pub interface: Option<InterfaceName>,
    /// The routing table, by default the main one.
    #[schemars(range(min = 1, max = 4_294_967_295_u64))]
    pub table: Option<u32>,
}

/// A routing rule that exists only on the node that holds the addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyRule {
    /// The sources whose packets it concerns.
    pub from: InterfaceAddress,
    /// The routing table they use.
    #[schemars(range(min = 1, max = 4_294_967_295_u64))]
    pub table: u32,
    /// Its place among the rules: the lowest number is asked first.
    #[schemars(range(min = 0, max = 32767))]
    pub priority: Option<u32>,
}
