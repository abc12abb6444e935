//! An address of a VIP group is none that an interface can have.
//!
//! ## What it does
//!
//! Looks for unspecified, loopback, multicast and broadcast addresses, and for the first and the
//! last address of the network that an IPv4 prefix spans.
//!
//! ## Why is this bad?
//!
//! The kernel refuses such an address, or takes it and no other machine ever sends to it.
//!
//! ## Example
//!
//! ```yaml
//! kind: VipGroup
//! spec:
//!   addresses: [10.0.0.0/24]
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: VipGroup
//! spec:
//!   addresses: [10.0.0.70/24]
//! ```

use std::net::{IpAddr, Ipv4Addr};

use skep_manifest::address::InterfaceAddress;
use skep_manifest::problem::Severity;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "unusable-virtual-address",
    severity: Severity::Error,
    source: include_str!("unusable_virtual_address.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for group in &manifests.groups {
        for (index, entry) in group.spec.addresses.iter().enumerate() {
            if let Some(what) = unusable(entry.address) {
                findings.push(
                    Finding::new(
                        &RULE,
                        group
                            .document
                            .span(&format!("/spec/addresses/{index}/address")),
                        format!("`{}` is {what}, which no machine can hold", entry.address),
                    )
                    .help("take an address of the segment that nobody has"),
                );
            }
        }
    }
}

fn unusable(entry: InterfaceAddress) -> Option<&'static str> {
    let address = entry.address();
    if address.is_unspecified() {
        Some("the unspecified address")
    } else if address.is_loopback() {
        Some("a loopback address")
    } else if address.is_multicast() {
        Some("a multicast address")
    } else {
        match address {
            IpAddr::V4(address) => edge(address, entry.prefix_length()),
            IpAddr::V6(_) => None,
        }
    }
}

/// RFC 3021: networks of one or two addresses have no edges.
fn edge(address: Ipv4Addr, prefix_length: u8) -> Option<&'static str> {
    if address.is_broadcast() {
        return Some("the broadcast address");
    }
    if prefix_length > 30 {
        return None;
    }
    let host_bits = u32::MAX.checked_shr(u32::from(prefix_length))?;
    match address.to_bits() & host_bits {
        0 => Some("the address of its network"),
        bits if bits == host_bits => Some("the broadcast address of its network"),
        _ => None,
    }
}
