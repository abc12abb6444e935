//! The members of a group: in order of preference, with the addresses they are reached at.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use skep_manifest::address::Address;
use skep_manifest::priority::Priority;
use skep_manifest::problem::Severity;
use skep_manifest::span::Span;
use skep_manifest::vip_group::MEMBERS_MAX;
use skep_manifest::vip_group::member::{ExternalMember, Member, NodeMember};

use super::group::Part;
use super::model::{At, Instance};
use super::names::label;
use crate::language::Texts;

/// The priority of an instance that says none.
const DEFAULT: u8 = 100;
const OWNER: u8 = 255;

/// The priority that keepalived gives `instance`.
fn priority(instance: &Instance) -> u8 {
    let is_master = instance.is_master.as_ref().is_some_and(|one| one.value);
    match &instance.priority {
        Some(priority) => priority.value,
        None if is_master => OWNER,
        None => DEFAULT,
    }
}

fn place(instance: &Instance) -> Span {
    instance
        .priority
        .as_ref()
        .map_or(instance.name.span, |one| one.span)
}

/// Sorts the preferred one first.
pub(super) fn sort(parts: &mut [Part<'_>]) {
    parts.sort_by_key(|part| {
        let is_master = part
            .instance
            .is_master
            .as_ref()
            .is_some_and(|one| one.value);
        (Reverse(priority(part.instance)), Reverse(is_master))
    });
}

/// The members, and where each of them was said to be one.
pub(super) fn members(parts: &[Part<'_>], texts: &mut Texts) -> (Vec<Member>, Vec<Span>) {
    let priorities: Vec<u8> = parts.iter().map(|part| priority(part.instance)).collect();
    let owners = priorities
        .iter()
        .filter(|priority| **priority == OWNER)
        .count();
    report(parts, &priorities, texts);
    let known = addresses(parts);
    let mut members = Vec::new();
    let mut spans = Vec::new();
    for ((part, priority), address) in parts.iter().zip(&priorities).zip(&known) {
        let interface = part.instance.interface.as_ref().map(|one| &one.value);
        let usual = parts[0].instance.interface.as_ref().map(|one| &one.value);
        members.push(Member::Node(NodeMember {
            node: part.node.name.clone(),
            priority: Priority::new(*priority)
                .ok()
                .filter(|_| owners < 2 && *priority < OWNER),
            owner: owners == 1 && *priority == OWNER,
            interface: interface.filter(|one| Some(*one) != usual).cloned(),
            address: address.map(Address),
        }));
        spans.push(place(part.instance));
    }
    let mut presumed = priorities.iter().min().copied().unwrap_or(DEFAULT);
    for peer in strangers(parts, &known) {
        let text = peer.value.to_string();
        let Ok(external) = format!("peer-{}", label(&text)).parse() else {
            continue;
        };
        texts
            .report(Severity::Warning, "file-of-peer-missing", peer.span)
            .says(format!(
                "no file sends from {text}: its priority is not known"
            ))
            .help("import its file too, or correct the `priority` of this external member");
        presumed = presumed.saturating_sub(1).max(1);
        members.push(Member::External(ExternalMember {
            external,
            address: Address(peer.value),
            priority: Priority::new(presumed).ok().filter(|_| owners < 2),
        }));
        spans.push(peer.span);
    }
    if let Some(span) = spans.get(MEMBERS_MAX) {
        texts
            .report(Severity::Error, "not-expressible", *span)
            .says(format!(
                "a group has at most {MEMBERS_MAX} members: {}",
                members.len()
            ))
            .help("this one and those behind it are left out");
    }
    members.truncate(MEMBERS_MAX);
    spans.truncate(MEMBERS_MAX);
    (members, spans)
}

fn report(parts: &[Part<'_>], priorities: &[u8], texts: &mut Texts) {
    let owners: Vec<&Part<'_>> = parts
        .iter()
        .zip(priorities)
        .filter(|(_, priority)| **priority == OWNER)
        .map(|(part, _)| part)
        .collect();
    match owners.as_slice() {
        [] => {}
        [owner] => texts
            .report(Severity::Warning, "priority-255", place(owner.instance))
            .says("priority 255 says that the address is this node's own")
            .help(
                "keepalived then ignores weights and `nopreempt`; if the address moves, write \
                 `priority: 254` for `owner: true`",
            )
            .done(),
        [owner, other, ..] => texts
            .report(Severity::Error, "priority-255-twice", place(other.instance))
            .says("more than one node has priority 255: each says that the address is its own")
            .help("no priorities are taken over: the members stand in the order of their files")
            .beside(place(owner.instance), "here too")
            .done(),
    }
    for (at, part) in parts.iter().enumerate().skip(1) {
        if priorities[at] == priorities[at - 1] && priorities[at] < OWNER {
            texts
                .report(Severity::Warning, "equal-priorities", place(part.instance))
                .says(format!(
                    "priority {} twice: the higher address wins",
                    priorities[at]
                ))
                .help("give every node its own")
                .beside(place(parts[at - 1].instance), "here too");
        }
        let base = &parts[0].instance.version;
        if part.instance.version.as_ref().map(|one| one.value) != base.as_ref().map(|one| one.value)
        {
            texts
                .report(
                    Severity::Warning,
                    "differs-between-nodes",
                    part.instance.name.span,
                )
                .says("`version` differs between the nodes")
                .help("give them all the same");
        }
    }
}

/// The source address of each: the one its file says, or the one peer that only the others list.
fn addresses(parts: &[Part<'_>]) -> Vec<Option<IpAddr>> {
    let said: Vec<Option<IpAddr>> = parts
        .iter()
        .map(|part| part.instance.source.as_ref().map(|one| one.value.0))
        .collect();
    let taken: BTreeSet<IpAddr> = said.iter().flatten().copied().collect();
    let found = |at: usize| {
        let own = peers(&parts[at]);
        if own.is_empty() || parts.len() < 2 {
            return None;
        }
        let others = parts.iter().enumerate().filter(|(other, _)| *other != at);
        let lists: Vec<BTreeSet<IpAddr>> = others.map(|(_, part)| peers(part)).collect();
        let mut candidates = lists[0].iter().filter(|peer| {
            lists.iter().all(|list| list.contains(peer))
                && !own.contains(peer)
                && !taken.contains(peer)
        });
        match (candidates.next(), candidates.next()) {
            (Some(only), None) => Some(*only),
            _ => None,
        }
    };
    (0..parts.len())
        .map(|at| said[at].or_else(|| found(at)))
        .collect()
}

fn peers(part: &Part<'_>) -> BTreeSet<IpAddr> {
    let peers = part.instance.peers.iter().flat_map(|peers| &peers.value);
    peers.map(|peer| peer.value).collect()
}

/// The peers that are none of the nodes, each once.
fn strangers(parts: &[Part<'_>], known: &[Option<IpAddr>]) -> Vec<At<IpAddr>> {
    let mut strangers: BTreeMap<IpAddr, At<IpAddr>> = BTreeMap::new();
    let lists = parts.iter().filter_map(|part| part.instance.peers.as_ref());
    for peer in lists.flat_map(|peers| &peers.value) {
        if !known.contains(&Some(peer.value)) {
            strangers.entry(peer.value).or_insert_with(|| peer.clone());
        }
    }
    strangers.into_values().collect()
}
