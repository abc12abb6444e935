//! What changes about the VIP groups between two desired states, and what follows from it: for
//! `skep diff`.
//!
//! No action stands behind a change: every node takes its share with [`crate::configure`], and the
//! data plane keeps the state of every virtual router that is the same on the wire.

mod fields;

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skep_manifest::desired::{Desired, GroupMember, VipGroup};
use skep_manifest::name::Name;
use skep_manifest::vip_group::authentication::Authentication;
use skep_manifest::vip_group::transport::Version;

use crate::effect::{Effect, Risk};

/// A VIP group that differs between two desired states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupChange {
    /// Which one.
    pub group: Name,
    /// How.
    pub change: GroupDifference,
}

/// How a VIP group differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum GroupDifference {
    /// It comes, and what follows.
    Created(String),
    /// It goes, and what follows.
    Removed(String),
    /// It is the group that had another name, and what follows. What else changes about it is a
    /// change of its own.
    Renamed(Name, String),
    /// These of its fields change.
    Changed(Vec<FieldChange>),
}

/// A field of a VIP group that changes. Secrets are never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// Which: `addresses`, `priority of cube02`.
    pub field: String,
    /// How: `51 -> 52`; nothing where that would say too much or too little.
    pub change: Option<String>,
    /// What follows from it.
    pub consequence: String,
    /// How bad that is.
    #[serde(default)]
    pub risk: Risk,
}

/// What follows from a name that is nothing but a name.
const UNMOVED: &str = "it keeps its state, nothing moves";

/// What follows where the key is derived from the name: who knows the new one does not ask for
/// signatures before all others sign with its key, who does not know it yet goes on asking.
const OTHER_KEY: &str = "its key is derived from its name: members that do not know the new one yet \
                         ignore the others, which count what is not signed: two may hold the \
                         addresses until all know, usually for less than a second";

/// The VIP groups that differ between `old` and `new`, by name.
#[must_use]
pub fn group_changes(old: &Desired, new: &Desired) -> Vec<GroupChange> {
    let names: BTreeSet<&Name> = old.vip_groups.keys().chain(new.vip_groups.keys()).collect();
    let mut changes = Vec::new();
    for name in names {
        let differences = match (old.vip_groups.get(name), new.vip_groups.get(name)) {
            (None, Some(group)) => match former(old, new, group) {
                Some(former) => [Some(renamed(former, group)), changed(former, group)],
                None => [Some(GroupDifference::Created(created(group))), None],
            },
            (Some(group), None) if goes_on(old, new, group) => [None, None],
            (Some(group), None) => [Some(GroupDifference::Removed(removed(group))), None],
            (None, None) => [None, None],
            (Some(old), Some(new)) => [changed(old, new), None],
        };
        let differences = differences.into_iter().flatten();
        changes.extend(differences.map(|change| GroupChange {
            group: name.clone(),
            change,
        }));
    }
    changes
}

/// The groups of `old` that go on in `new` under another name.
pub(crate) fn renamed_groups<'a>(old: &'a Desired, new: &Desired) -> BTreeSet<&'a Name> {
    let gone = old
        .vip_groups
        .iter()
        .filter(|(name, _)| !new.vip_groups.contains_key(*name));
    gone.filter(|(_, group)| goes_on(old, new, group))
        .map(|(name, _)| name)
        .collect()
}

/// The group that `group` of `new` was under another name: the data plane carries it over.
fn former<'a>(old: &'a Desired, new: &Desired, group: &VipGroup) -> Option<&'a VipGroup> {
    let gone = old
        .vip_groups
        .iter()
        .filter(|(name, _)| !new.vip_groups.contains_key(*name));
    let mut same = gone.filter(|(_, before)| fields::are_the_same_routers(before, group));
    same.next().map(|(_, before)| before)
}

/// Whether a group of `old` has another name in `new`.
fn goes_on(old: &Desired, new: &Desired, group: &VipGroup) -> bool {
    let mut come = new
        .vip_groups
        .iter()
        .filter(|(name, _)| !old.vip_groups.contains_key(*name));
    let name = &group.declared.metadata.name;
    come.any(|(_, after)| {
        former(old, new, after).is_some_and(|before| before.declared.metadata.name == *name)
    })
}

fn changed(old: &VipGroup, new: &VipGroup) -> Option<GroupDifference> {
    let fields = fields::changes(old, new);
    (!fields.is_empty()).then_some(GroupDifference::Changed(fields))
}

fn created(group: &VipGroup) -> String {
    let preferred = group.members.first().map_or_else(
        || "nobody is a member yet".to_owned(),
        |first| format!("{} takes them after {}", first.name, election(group)),
    );
    format!("{}; {preferred}", addresses(group))
}

fn removed(group: &VipGroup) -> String {
    format!("{} released at once", addresses(group))
}

fn renamed(former: &VipGroup, group: &VipGroup) -> GroupDifference {
    let consequence = match &group.authentication {
        Authentication::Cluster(_) => OTHER_KEY,
        Authentication::None(_) | Authentication::Simple(_) | Authentication::Hmac(_) => UNMOVED,
    };
    GroupDifference::Renamed(
        former.declared.metadata.name.clone(),
        consequence.to_owned(),
    )
}

fn addresses(group: &VipGroup) -> String {
    let addresses = group.declared.spec.addresses.iter();
    let addresses: Vec<String> = addresses.map(|held| held.address.to_string()).collect();
    addresses.join(", ")
}

/// `one election (3.2 s)`: how long the preferred member waits before it takes over.
fn election(group: &VipGroup) -> String {
    let preferred = group.members.iter().find_map(|member| member.priority);
    let priority = preferred.map_or(1, |priority| priority.number());
    let interval = group.declared.spec.advertisement_interval.time();
    let skew_of = match group.declared.spec.version {
        Version::V2 => Duration::from_secs(1),
        Version::V3 => interval,
    };
    let skew = skew_of * (256 - u32::from(priority)) / 256;
    format!("one election ({})", seconds(interval * 3 + skew))
}

fn seconds(time: Duration) -> String {
    match time.as_millis() {
        ms @ 0..1000 => format!("{ms} ms"),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// The member that holds the addresses when nothing is wrong.
fn preferred(group: &VipGroup) -> Option<&GroupMember> {
    group.members.iter().max_by_key(|member| member.priority)
}

impl GroupChange {
    /// What follows from it, in the order in which it is told.
    #[must_use]
    pub fn effects(&self) -> Vec<Effect> {
        let effect = |risk, says: &str| Effect {
            risk,
            says: says.to_owned(),
        };
        match &self.change {
            GroupDifference::Created(says) => vec![effect(Risk::None, says)],
            GroupDifference::Removed(says) => vec![effect(Risk::Loss, says)],
            GroupDifference::Renamed(_, says) => {
                let risk = match says.as_str() {
                    UNMOVED => Risk::None,
                    _ => Risk::Interruption,
                };
                vec![effect(risk, says)]
            }
            GroupDifference::Changed(fields) => fields.iter().map(FieldChange::effect).collect(),
        }
    }
}

impl Display for GroupChange {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let group = &self.group;
        match &self.change {
            GroupDifference::Created(_) => writeln!(f, "+ create vipgroup/{group}")?,
            GroupDifference::Removed(_) => writeln!(f, "- remove vipgroup/{group}")?,
            GroupDifference::Renamed(from, _) => {
                writeln!(f, "~ rename vipgroup/{from} to {group}")?;
            }
            GroupDifference::Changed(fields) => {
                writeln!(f, "~ change vipgroup/{group}")?;
                return write_fields(f, fields);
            }
        }
        self.effects()
            .iter()
            .try_for_each(|effect| write!(f, "    {effect}"))
    }
}

/// Each field, and behind those that have one consequence in common that consequence.
fn write_fields(f: &mut Formatter<'_>, fields: &[FieldChange]) -> fmt::Result {
    for (index, told) in fields.iter().enumerate() {
        match &told.change {
            Some(change) => writeln!(f, "    {}: {change}", told.field)?,
            None => writeln!(f, "    {}", told.field)?,
        }
        let next = fields.get(index + 1);
        if next.is_none_or(|next| next.effect() != told.effect()) {
            write!(f, "    {}", told.effect())?;
        }
    }
    Ok(())
}

impl FieldChange {
    fn effect(&self) -> Effect {
        Effect {
            risk: self.risk,
            says: self.consequence.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
