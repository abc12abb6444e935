//! Which id a group gets that says `virtualRouterId: auto`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::num::NonZeroU8;

use skep_manifest::desired::{Desired, GroupMember, Runs, VipGroup};
use skep_manifest::name::Name;
use skep_manifest::priority::VirtualRouterId;

/// The ids of those groups of `new` that want one chosen, and why some get none.
///
/// A group keeps the id it has, also under another name; a new one gets the lowest that nobody
/// uses: neither another group of the manifest nor, on the network, anybody else (`taken`). When
/// all are used somewhere, groups that cannot meet share one.
pub(super) fn choose(
    previous: Option<&Desired>,
    new: &Desired,
    taken: &BTreeSet<NonZeroU8>,
) -> (BTreeMap<Name, NonZeroU8>, Vec<String>) {
    let wanting = new
        .vip_groups
        .iter()
        .filter(|(_, group)| number(group).is_none());
    let (mut chosen, mut errors) = (BTreeMap::new(), Vec::new());
    let mut users: Vec<(NonZeroU8, &VipGroup)> = new
        .vip_groups
        .values()
        .filter_map(|group| Some((number(group)?, group)))
        .collect();
    let mut open = Vec::new();
    // Those that have an id come first, so that nobody new takes it from them.
    for (name, group) in wanting {
        let kept = previous
            .and_then(|previous| before(previous, new, name, group))
            .filter(|id| !is_used(*id, group, &users));
        match kept {
            Some(id) => {
                users.push((id, group));
                chosen.insert(name.clone(), id);
            }
            None => open.push((name, group)),
        }
    }
    for (name, group) in open {
        let used: BTreeSet<NonZeroU8> = users.iter().map(|(id, _)| *id).collect();
        let mut ids = (1..=u8::MAX).filter_map(NonZeroU8::new);
        let mut again = ids.clone();
        let free = ids
            .find(|id| !used.contains(id) && !taken.contains(id))
            .or_else(|| again.find(|id| !taken.contains(id) && !is_used(*id, group, &users)));
        match free {
            Some(id) => {
                users.push((id, group));
                chosen.insert(name.clone(), id);
            }
            None => errors.push(format!(
                "{}:{}: no virtual router id is left for `{name}`: 255 are in use on its network \
                 (give it another `interface`, or put addresses of several groups into one)",
                group.declared.origin.file, group.declared.origin.line
            )),
        }
    }
    (chosen, errors)
}

/// Whether one of the groups that want an id had none before.
pub(super) fn chooses(previous: Option<&Desired>, new: &Desired) -> bool {
    let mut groups = new.vip_groups.iter();
    groups.any(|(name, group)| {
        let kept = previous.and_then(|previous| before(previous, new, name, group));
        number(group).is_none() && kept.is_none()
    })
}

/// The id that the group had before: under its name, or under one that is gone.
fn before(previous: &Desired, new: &Desired, name: &Name, group: &VipGroup) -> Option<NonZeroU8> {
    if let Some(before) = previous.vip_groups.get(name) {
        return number(before);
    }
    let addresses = addresses(group);
    let renamed = previous.vip_groups.iter().find(|(name, before)| {
        !new.vip_groups.contains_key(*name) && self::addresses(before) == addresses
    });
    renamed.and_then(|(_, before)| number(before))
}

fn addresses(group: &VipGroup) -> BTreeSet<IpAddr> {
    let addresses = group.declared.spec.addresses.iter();
    addresses.map(|held| held.address.address()).collect()
}

const fn number(group: &VipGroup) -> Option<NonZeroU8> {
    match group.declared.spec.virtual_router_id {
        VirtualRouterId::Auto => None,
        VirtualRouterId::Number(number) => Some(number),
    }
}

/// Whether a group that `group` may meet on a network uses `id`.
fn is_used(id: NonZeroU8, group: &VipGroup, users: &[(NonZeroU8, &VipGroup)]) -> bool {
    let mut users = users.iter();
    users.any(|(used, other)| *used == id && may_meet(group, other))
}

/// Whether two groups may be on one network: unless every node that both have as a member uses
/// different interfaces for them. Where they share none, nothing is known.
fn may_meet(one: &VipGroup, other: &VipGroup) -> bool {
    let by_agents = |group: &VipGroup| -> Vec<GroupMember> {
        let members = group.members.iter();
        members
            .filter(|member| member.runs == Runs::Agent)
            .cloned()
            .collect()
    };
    let (one, other) = (by_agents(one), by_agents(other));
    let shared: Vec<(&GroupMember, &GroupMember)> = one
        .iter()
        .filter_map(|member| {
            Some((
                member,
                other.iter().find(|other| other.name == member.name)?,
            ))
        })
        .collect();
    shared.is_empty()
        || shared.iter().any(|(one, other)| {
            one.interface.is_none() || other.interface.is_none() || one.interface == other.interface
        })
}
