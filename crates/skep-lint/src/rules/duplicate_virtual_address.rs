//! An address is declared twice among the VIP groups.
//!
//! ## What it does
//!
//! Looks for addresses that stand twice in a group, or in two groups. Groups that share no node
//! may be on segments that do not see each other: for these it is a warning.
//!
//! ## Why is this bad?
//!
//! Each group elects its own holder: two nodes answer for one address, and clients reach now the
//! one and now the other.
//!
//! ## Example
//!
//! ```yaml
//! kind: VipGroup
//! metadata: {name: web}
//! spec: {virtualRouterId: 51, addresses: [10.0.0.70], members: [cube01, cube02]}
//! ---
//! kind: VipGroup
//! metadata: {name: database}
//! spec: {virtualRouterId: 52, addresses: [10.0.0.70], members: [cube01, cube02]}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: VipGroup
//! metadata: {name: database}
//! spec: {virtualRouterId: 52, addresses: [10.0.0.71], members: [cube01, cube02]}
//! ```

use std::collections::BTreeMap;
use std::net::IpAddr;

use skep_manifest::problem::Severity;
use skep_manifest::span::Span;
use skep_manifest::vip_group::VipGroupSpec;

use crate::finding::Finding;
use crate::fix::removal;
use crate::manifests::{Declaration, Manifests};
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "duplicate-virtual-address",
    severity: Severity::Error,
    source: include_str!("duplicate_virtual_address.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    let mut first: BTreeMap<IpAddr, (&Declaration<'_, VipGroupSpec>, Span)> = BTreeMap::new();
    for group in &manifests.groups {
        for (index, entry) in group.spec.addresses.iter().enumerate() {
            let address = entry.address.address();
            let pointer = format!("/spec/addresses/{index}/address");
            let span = group.document.span(&pointer);
            let Some((other, place)) = first.get(&address) else {
                first.insert(address, (group, span));
                continue;
            };
            // Two groups of one name are reported as that.
            let is_other = !std::ptr::eq(other.spec, group.spec);
            if span == *place
                || (is_other
                    && other.name == group.name
                    && other.spec.addresses != group.spec.addresses)
            {
                continue;
            }
            let finding = report(manifests, (other, *place), (group, span), address);
            let is_same = group.name == other.name
                && (group.spec.addresses[..index].iter()).any(|other| other == entry);
            let removal =
                is_same.then(|| removal(manifests.set, group.document, "/spec/addresses", index));
            findings.push(finding.fix(removal.flatten()));
        }
    }
}

fn report<'a>(
    manifests: &Manifests<'a>,
    (first, place): (&Declaration<'a, VipGroupSpec>, Span),
    (second, span): (&Declaration<'a, VipGroupSpec>, Span),
    address: IpAddr,
) -> Finding {
    if first.name == second.name {
        return Finding::new(&RULE, span, format!("`{address}` is listed twice"))
            .related(place, "first listed here")
            .help("remove one of them");
    }
    let nodes = manifests.seats(first);
    let others = manifests.seats(second);
    let shares = others
        .iter()
        .any(|seat| nodes.iter().any(|other| other.node == seat.node));
    let (severity, condition) = if shares {
        (Severity::Error, "")
    } else {
        (Severity::Warning, "if their segments are connected, ")
    };
    let message = format!(
        "`{address}` belongs to `{}` as well: {condition}two nodes answer for it at a time",
        first.name
    );
    Finding::new(&RULE, span, message)
        .severity(severity)
        .related(place, format!("the address of `{}`", first.name))
        .help(format!(
            "give `{}` an address of its own, or make one group of both",
            second.name
        ))
}
