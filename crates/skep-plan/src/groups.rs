//! What changes about the VIP groups between two desired states: for `skep diff`.
//!
//! No action stands behind a change: every node takes its share with [`crate::configure`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use skep_manifest::desired::{Desired, VipGroup};
use skep_manifest::name::Name;

/// A VIP group that differs between two desired states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupChange {
    /// Which one.
    pub group: Name,
    /// How.
    pub change: GroupDifference,
}

/// How a VIP group differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GroupDifference {
    /// It comes.
    Created,
    /// It goes, and its addresses with it.
    Removed,
    /// These of its fields change; values are left out, since some are secret.
    Changed(Vec<String>),
}

/// The VIP groups that differ between `old` and `new`, by name.
#[must_use]
pub fn group_changes(old: &Desired, new: &Desired) -> Vec<GroupChange> {
    let names: BTreeSet<&Name> = old.vip_groups.keys().chain(new.vip_groups.keys()).collect();
    let change = |name: &Name| match (old.vip_groups.get(name), new.vip_groups.get(name)) {
        (None, _) => Some(GroupDifference::Created),
        (Some(_), None) => Some(GroupDifference::Removed),
        (Some(old), Some(new)) => {
            let fields = changed_fields(old, new);
            (!fields.is_empty()).then_some(GroupDifference::Changed(fields))
        }
    };
    names
        .into_iter()
        .filter_map(|name| {
            Some(GroupChange {
                group: name.clone(),
                change: change(name)?,
            })
        })
        .collect()
}

fn changed_fields(old: &VipGroup, new: &VipGroup) -> Vec<String> {
    let (old, new) = (fields(old), fields(new));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differs = |name: &&&String| old.get(**name) != new.get(**name);
    names
        .iter()
        .filter(differs)
        .map(ToString::to_string)
        .collect()
}

/// The fields of a group as they were declared, those that depend on other objects as they were
/// resolved.
fn fields(group: &VipGroup) -> BTreeMap<String, Value> {
    let declared = serde_json::to_value(&group.declared.spec).unwrap_or_default();
    let declared = declared.as_object().cloned().unwrap_or_default();
    let mut fields: BTreeMap<String, Value> = declared.into_iter().collect();
    for (name, value) in [
        ("members", serde_json::to_value(&group.members)),
        (
            "authentication",
            serde_json::to_value(&group.authentication),
        ),
        ("tracking", serde_json::to_value(&group.tracking)),
    ] {
        fields.insert(name.to_owned(), value.unwrap_or_default());
    }
    fields
}

impl Display for GroupChange {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let group = &self.group;
        match &self.change {
            GroupDifference::Created => writeln!(f, "+ create vipgroup/{group}"),
            GroupDifference::Removed => writeln!(f, "- remove vipgroup/{group}"),
            GroupDifference::Changed(fields) => {
                writeln!(f, "~ change vipgroup/{group}: {}", fields.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use skep_manifest::parse::parse;
    use skep_manifest::resolve::resolve;
    use skep_manifest::set::Source;

    use super::*;

    const HEAD: &str = "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {name: NAME}\nspec: ";

    fn desired(groups: &[(&str, &str)]) -> Desired {
        let documents = groups.iter().map(|(name, spec)| {
            let head = HEAD.replace("NAME", name);
            format!("{head}{{version: 2, virtualRouterId: 51, interface: eth0, {spec}}}\n")
        });
        let source = Source {
            name: "skep.yaml".to_owned(),
            text: documents.collect::<Vec<_>>().join("---\n").into_bytes(),
        };
        let set = parse(vec![source]);
        assert!(set.problems.is_empty(), "{:?}", set.problems);
        resolve(&set).0
    }

    fn printed(old: &[(&str, &str)], new: &[(&str, &str)]) -> String {
        let changes = group_changes(&desired(old), &desired(new));
        changes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn groups_that_come_go_and_change_are_named_with_their_fields() {
        let same = "addresses: [10.0.0.70], members: [a, b]";
        let secret = "addresses: [10.0.0.71], members: [a, b], authentication: {simple: {password: {value: hidden}}}";
        let old = [("changed", same), ("gone", same), ("same", same)];
        let new = [("changed", secret), ("new", same), ("same", same)];
        assert_eq!(
            printed(&old, &new),
            "~ change vipgroup/changed: addresses, authentication\n\
             - remove vipgroup/gone\n\
             + create vipgroup/new\n"
        );
        assert_eq!(printed(&old, &old), "");
    }

    #[test]
    fn a_default_that_is_written_out_is_no_change() {
        let short = "addresses: [10.0.0.70], members: [a, b]";
        let long = "addresses: [10.0.0.70/32], members: [{node: a, priority: 200}, {node: b, priority: 190}], lease: 2s, trackInterface: true";
        assert_eq!(printed(&[("v", short)], &[("v", long)]), "");
    }
}
