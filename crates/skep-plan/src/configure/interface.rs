//! The interface a group advertises on when the manifest names none: the one in whose network its
//! first address lies.

use std::net::IpAddr;

use skep_manifest::desired::GroupMember;
use skep_manifest::name::Name;

use crate::configure::Missing;
use crate::site::{LocalInterface, Site};

/// The interface of `site` for the group `name` with these addresses, where it was found before
/// when its network is not to be seen at present.
pub(crate) fn find(
    name: &Name,
    addresses: &[IpAddr],
    member: &GroupMember,
    site: &Site,
) -> Result<String, Missing> {
    let first = *addresses.first().ok_or(Missing::Addresses)?;
    // A virtual address that somebody else put on an interface says nothing about its network,
    // except the owner's, whose own address it is.
    let is_virtual = |address: IpAddr| !member.owner && addresses.contains(&address);
    let leads_there = |interface: &&LocalInterface| {
        let mut networks = interface.addresses.iter();
        networks.any(|own| !is_virtual(own.address()) && own.subnet().contains(first))
    };
    let found: Vec<&str> = site
        .interfaces
        .iter()
        .filter(leads_there)
        .map(|interface| interface.name.as_str())
        .collect();
    match (found.as_slice(), site.found.get(name)) {
        ([one], _) => Ok((*one).to_owned()),
        ([], Some(before)) => Ok(before.clone()),
        ([], None) => Err(Missing::NoInterface {
            address: first,
            seen: summary(&site.interfaces),
        }),
        (several, _) => Err(Missing::SeveralInterfaces {
            address: first,
            found: several.join(", "),
        }),
    }
}

/// What was looked at: `there is eth0 with 10.0.0.60/24, wlan0 with 10.1.0.60/24`.
fn summary(interfaces: &[LocalInterface]) -> String {
    /// More than these tell a person nothing: container hosts have hundreds.
    const SHOWN_MAX: usize = 8;
    let with_addresses = interfaces
        .iter()
        .filter(|interface| !interface.addresses.is_empty());
    let mut shown: Vec<String> = with_addresses.map(described).collect();
    if shown.is_empty() {
        return "none has an address".to_owned();
    }
    let hidden = shown.len().saturating_sub(SHOWN_MAX);
    shown.truncate(SHOWN_MAX);
    if hidden > 0 {
        shown.push(format!("{hidden} more"));
    }
    format!("there is {}", shown.join(", "))
}

fn described(interface: &LocalInterface) -> String {
    let addresses = interface.addresses.iter();
    let addresses: Vec<String> = addresses.map(ToString::to_string).collect();
    format!("{} with {}", interface.name, addresses.join(" and "))
}
