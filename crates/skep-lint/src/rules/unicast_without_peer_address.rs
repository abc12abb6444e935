//! A member of a unicast group has no address that the others could send to.
//!
//! ## What it does
//!
//! Looks at the groups with `transport: {unicast: ..}`. Each of their members needs an address of
//! every family in which the group advertises: the `address` of the member, else that of its node
//! in the `Swarm`. A group with a single member has nobody to send to.
//!
//! ## Why is this bad?
//!
//! The Active router sends its advertisements to the addresses it knows. A member without one
//! hears nothing, takes over, and two nodes hold the addresses.
//!
//! ## Example
//!
//! ```yaml
//! kind: VipGroup
//! metadata: {name: web}
//! spec:
//!   virtualRouterId: 51
//!   addresses: [10.0.0.70]
//!   transport: {unicast: {}}
//!   members: [{node: lb1, address: 10.0.0.60}, {node: lb2}]
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: VipGroup
//! metadata: {name: web}
//! spec:
//!   virtualRouterId: 51
//!   addresses: [10.0.0.70]
//!   transport: {unicast: {}}
//!   members: [{node: lb1, address: 10.0.0.60}, {node: lb2, address: 10.0.0.61}]
//! ```

use std::collections::BTreeSet;

use skep_manifest::desired::GroupMember;
use skep_manifest::problem::Severity;
use skep_manifest::span::Span;
use skep_manifest::vip_group::VipGroupSpec;
use skep_manifest::vip_group::transport::Transport;

use crate::family::Family;
use crate::finding::Finding;
use crate::manifests::{Declaration, Manifests};
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "unicast-without-peer-address",
    severity: Severity::Error,
    source: include_str!("unicast_without_peer_address.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for group in &manifests.groups {
        match group.spec.transport {
            Transport::Unicast(_) => inspect_group(manifests, group, findings),
            Transport::Multicast(_) => {}
        }
    }
}

fn inspect_group(
    manifests: &Manifests<'_>,
    group: &Declaration<'_, VipGroupSpec>,
    findings: &mut Vec<Finding>,
) {
    let Some(resolved) = manifests.desired.vip_groups.get(group.name) else {
        return;
    };
    if resolved.members.len() < 2 {
        let message = format!("group `{}` has no other member to send to", group.name);
        let span = group.document.key_span("/spec/transport");
        findings
            .push(Finding::new(&RULE, span, message).help("remove `transport`, or add a member"));
        return;
    }
    let families = advertised(group.spec);
    for member in &resolved.members {
        let known = member.peer_address.map(|address| Family::of(address.0));
        let missing = families.iter().find(|family| known != Some(**family));
        if let Some(family) = missing {
            findings.push(report(group, member, *family, families.len() > 1));
        }
    }
}

/// The families that have a virtual router: that of the first address, and each that is advertised.
fn advertised(spec: &VipGroupSpec) -> BTreeSet<Family> {
    let first = spec.addresses.first().into_iter();
    let others = spec.addresses.iter().filter(|held| held.is_advertised());
    first
        .chain(others)
        .map(|held| Family::of(held.address.address()))
        .collect()
}

fn report(
    group: &Declaration<'_, VipGroupSpec>,
    member: &GroupMember,
    family: Family,
    both: bool,
) -> Finding {
    let name = &member.name;
    let message = format!(
        "`{name}` has no {family} address that the other members of `{}` could send to: it would \
         hear nobody and take over",
        group.name
    );
    let help = if both {
        "a member has one address: make a group of each family, with the same `syncGroup`, or use \
         multicast"
            .to_owned()
    } else {
        format!("give `{name}` an `address`, or use multicast")
    };
    Finding::new(&RULE, place(group, member), message).help(help)
}

/// Where the member is listed; with a selector, where unicast is asked for.
fn place(group: &Declaration<'_, VipGroupSpec>, member: &GroupMember) -> Span {
    let mut members = group.spec.members.iter();
    match members.position(|listed| *listed.name() == member.name) {
        Some(index) => group.document.span(&format!("/spec/members/{index}")),
        None => group.document.key_span("/spec/transport"),
    }
}
