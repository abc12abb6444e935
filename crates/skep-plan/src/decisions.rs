//! What is decided once, when a desired state is submitted, and kept with it: everything that
//! depends on what ran before.

mod identity;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::num::NonZeroU8;

use serde::{Deserialize, Serialize};
use skep_manifest::desired::{Desired, Runs, VipGroup};
use skep_manifest::name::Name;
use skep_manifest::priority::VirtualRouterId;

/// The decisions that belong to one desired state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Decisions {
    /// The ids of the groups that say `virtualRouterId: auto`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub virtual_router_ids: BTreeMap<Name, NonZeroU8>,
    /// The addresses that are held and not advertised until their groups say `advertised: true`:
    /// the external members of a running group would take its advertisements for another's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unadvertised: BTreeMap<Name, BTreeSet<IpAddr>>,
}

/// Decides about `new`, which comes after `previous` with its decisions applied. `taken` are the
/// ids that others use on the network.
///
/// # Errors
///
/// Why `new` cannot follow, a line each.
pub fn decide(
    previous: Option<&Desired>,
    new: &Desired,
    taken: &BTreeSet<NonZeroU8>,
) -> Result<Decisions, Vec<String>> {
    let (virtual_router_ids, mut errors) = identity::choose(previous, new, taken);
    let decisions = Decisions {
        virtual_router_ids,
        unadvertised: unadvertised(previous, new),
    };
    let mut decided = new.clone();
    decisions.apply(&mut decided);
    for (name, group) in &decided.vip_groups {
        let running = previous.and_then(|previous| previous.vip_groups.get(name));
        errors.extend(running.and_then(|running| refuse(name, running, group)));
    }
    if errors.is_empty() {
        Ok(decisions)
    } else {
        Err(errors)
    }
}

/// Whether a group of `new` gets an id that it did not have before: then it matters which ids
/// others use.
#[must_use]
pub fn chooses(previous: Option<&Desired>, new: &Desired) -> bool {
    identity::chooses(previous, new)
}

impl Decisions {
    /// Whether nothing was to be decided.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.virtual_router_ids.is_empty() && self.unadvertised.is_empty()
    }

    /// Fills what was decided into `desired`.
    pub fn apply(&self, desired: &mut Desired) {
        for (name, group) in &mut desired.vip_groups {
            let spec = &mut group.declared.spec;
            if let (VirtualRouterId::Auto, Some(id)) =
                (spec.virtual_router_id, self.virtual_router_ids.get(name))
            {
                spec.virtual_router_id = VirtualRouterId::Number(*id);
            }
            let Some(unadvertised) = self.unadvertised.get(name) else {
                continue;
            };
            let quiet = spec
                .addresses
                .iter_mut()
                .filter(|held| unadvertised.contains(&held.address.address()));
            for held in quiet {
                held.advertised.get_or_insert(false);
            }
        }
    }
}

/// The addresses that are new in a running group with external members, or were so before, and do
/// not say themselves whether they are advertised.
fn unadvertised(previous: Option<&Desired>, new: &Desired) -> BTreeMap<Name, BTreeSet<IpAddr>> {
    let mut unadvertised = BTreeMap::new();
    for (name, group) in &new.vip_groups {
        let running = previous.and_then(|previous| previous.vip_groups.get(name));
        let Some(running) = running.filter(|running| is_shared(running, group)) else {
            continue;
        };
        let before = &running.declared.spec.addresses;
        let is_advertised = |address: IpAddr| {
            let mut before = before.iter();
            before.any(|held| held.address.address() == address && held.is_advertised())
        };
        let undecided = group.declared.spec.addresses.iter().filter_map(|held| {
            let address = held.address.address();
            (held.advertised.is_none() && !is_advertised(address)).then_some(address)
        });
        let undecided: BTreeSet<IpAddr> = undecided.collect();
        if !undecided.is_empty() {
            unadvertised.insert(name.clone(), undecided);
        }
    }
    unadvertised
}

/// Why a running group with external members cannot become `new`: they would have to change at the
/// same moment.
fn refuse(name: &Name, running: &VipGroup, new: &VipGroup) -> Option<String> {
    if !is_shared(running, new) {
        return None;
    }
    let (old, spec) = (&running.declared.spec, &new.declared.spec);
    let changed: Vec<&str> = [
        ("version", old.version != spec.version),
        (
            "virtualRouterId",
            old.virtual_router_id != spec.virtual_router_id,
        ),
        (
            "authentication",
            running.authentication != new.authentication,
        ),
    ]
    .into_iter()
    .filter_map(|(field, differs)| differs.then_some(field))
    .collect();
    if changed.is_empty() {
        return None;
    }
    let place = &new.declared.origin;
    Some(format!(
        "{}:{}: `{name}` has external members, which skep cannot change at the same moment: {} \
         (remove the group and apply: an external member takes over; change the external members; \
         then apply the group with what is new)",
        place.file,
        place.line,
        changed.join(", ")
    ))
}

/// Whether somebody else runs members of the group, before and after.
fn is_shared(running: &VipGroup, new: &VipGroup) -> bool {
    let has_external = |group: &VipGroup| {
        let mut members = group.members.iter();
        members.any(|member| member.runs == Runs::Elsewhere)
    };
    has_external(running) && has_external(new)
}

#[cfg(test)]
mod tests;
