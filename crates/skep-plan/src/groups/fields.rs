//! What follows when a field of a VIP group changes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use skep_manifest::desired::{GroupMember, Runs, VipGroup};
use skep_manifest::name::NodeName;
use skep_manifest::priority::{Priority, VirtualRouterId};
use skep_manifest::vip_group::address::VirtualAddress;
use skep_manifest::vip_group::transport::Version;

use crate::effect::{Effect, Risk};
use crate::groups::{FieldChange, election, preferred};

/// Members that know different things ignore each other until all know the same.
const APART: &str = "members that do not know it yet ignore the others: two may hold the addresses \
                     until all know, usually for less than a second";

/// The fields that differ, those first that do the most.
pub(super) fn changes(old: &VipGroup, new: &VipGroup) -> Vec<FieldChange> {
    let mut changes = identity(old, new);
    changes.extend(interfaces(old, new));
    changes.extend(addresses(old, new));
    changes.extend(members(old, new));
    changes.extend(priorities(old, new));
    changes.extend(timing(old, new));
    changes.extend(others(old, new));
    changes
}

/// Whether two groups are the same virtual routers on the network, and hold the same.
pub(super) fn are_the_same_routers(old: &VipGroup, new: &VipGroup) -> bool {
    let held = |group: &VipGroup| -> BTreeSet<String> {
        let addresses = group.declared.spec.addresses.iter();
        addresses
            .map(|held| held.address.address().to_string())
            .collect()
    };
    let is_shared = shared(old, new).next().is_some();
    let is_identical = identity(old, new).is_empty() && interfaces(old, new).is_empty();
    is_shared && is_identical && held(old) == held(new)
}

fn change(field: &str, change: String, effect: Effect) -> FieldChange {
    FieldChange {
        field: field.to_owned(),
        change: Some(change),
        consequence: effect.says,
        risk: effect.risk,
    }
}

fn effect(risk: Risk, says: impl Into<String>) -> Effect {
    Effect {
        risk,
        says: says.into(),
    }
}

/// What makes it another virtual router to everybody on the network.
fn identity(old: &VipGroup, new: &VipGroup) -> Vec<FieldChange> {
    let (before, after) = (&old.declared.spec, &new.declared.spec);
    let another = || {
        let dark = election(new);
        let says = format!("all members change at once and elect anew: dark for up to {dark}");
        effect(Risk::Interruption, says)
    };
    let mut changes = Vec::new();
    if before.virtual_router_id != after.virtual_router_id {
        let sides = format!(
            "{} -> {}",
            id(before.virtual_router_id),
            id(after.virtual_router_id)
        );
        changes.push(change("virtualRouterId", sides, another()));
    }
    if before.version != after.version {
        let sides = format!(
            "{} -> {}",
            u8::from(before.version),
            u8::from(after.version)
        );
        changes.push(change("version", sides, another()));
    }
    changes
}

fn id(id: VirtualRouterId) -> String {
    match id {
        VirtualRouterId::Auto => "auto".to_owned(),
        VirtualRouterId::Number(number) => number.to_string(),
    }
}

fn interfaces(old: &VipGroup, new: &VipGroup) -> Vec<FieldChange> {
    let pairs = shared(old, new).filter(|(old, new)| old.interface != new.interface);
    let named = |member: &GroupMember| {
        member
            .interface
            .as_ref()
            .map_or_else(|| "found by subnet".to_owned(), ToString::to_string)
    };
    pairs
        .map(|(before, after)| {
            let perhaps = match (&before.interface, &after.interface) {
                (Some(_), Some(_)) => "",
                (None, _) | (_, None) => "unless that is the same one, ",
            };
            change(
                &format!("interface of {}", after.name),
                format!("{} -> {}", named(before), named(after)),
                effect(
                    Risk::Interruption,
                    format!(
                        "{perhaps}its virtual router starts anew there: if it holds the addresses, \
                         they are dark for up to {}",
                        election(new)
                    ),
                ),
            )
        })
        .collect()
}

fn addresses(old: &VipGroup, new: &VipGroup) -> Vec<FieldChange> {
    let by_address = |group: &VipGroup| -> BTreeMap<String, _> {
        let addresses = group.declared.spec.addresses.iter();
        addresses
            .map(|held| (held.address.address().to_string(), held.clone()))
            .collect()
    };
    let (before, after) = (by_address(old), by_address(new));
    let mut changes = Vec::new();
    for (address, held) in &after {
        match before.get(address) {
            None => {
                let consequence = if held.is_advertised() {
                    "the holder puts it in place at once, nothing else is touched"
                } else {
                    "held at once, not advertised until it says `advertised: true`"
                };
                let effect = effect(Risk::None, consequence);
                changes.push(change("addresses", format!("+ {address}"), effect));
            }
            Some(old) => {
                if old.is_advertised() != held.is_advertised() {
                    let now = if held.is_advertised() { "is" } else { "is not" };
                    let says = format!("it {now} advertised from here on, nothing moves");
                    let effect = effect(Risk::None, says);
                    changes.push(change("addresses", format!("~ {address}"), effect));
                }
                let place = |held: &VirtualAddress| {
                    (held.address, held.interface.clone(), held.label.clone())
                };
                if place(old) != place(held) {
                    let says = "the holder removes it and puts it in place anew";
                    let effect = effect(Risk::Interruption, says);
                    changes.push(change("addresses", format!("~ {}", held.address), effect));
                }
            }
        }
    }
    let gone = before
        .keys()
        .filter(|address| !after.contains_key(*address));
    changes.extend(gone.map(|address| {
        let says = "the holder removes it at once, the others stay";
        change(
            "addresses",
            format!("- {address}"),
            effect(Risk::Loss, says),
        )
    }));
    changes
}

fn members(old: &VipGroup, new: &VipGroup) -> Vec<FieldChange> {
    let names = |group: &VipGroup| -> Vec<NodeName> {
        group
            .members
            .iter()
            .map(|member| member.name.clone())
            .collect()
    };
    let (before, after) = (names(old), names(new));
    let come = new
        .members
        .iter()
        .filter(|member| !before.contains(&member.name))
        .map(|member| {
            let consequence = match member.runs {
                Runs::Agent => "starts as Backup",
                Runs::Elsewhere => "is run by somebody else: its advertisements are expected",
            };
            let effect = effect(Risk::None, consequence);
            change("members", format!("+ {}", member.name), effect)
        });
    let gone = before
        .iter()
        .filter(|name| !after.contains(name))
        .map(|name| {
            let says =
                "if it holds the addresses, the next member takes them: about 0 packets lost";
            let is_preferred = preferred(old).is_some_and(|member| member.name == *name);
            let risk = if is_preferred {
                Risk::Interruption
            } else {
                Risk::None
            };
            change("members", format!("- {name}"), effect(risk, says))
        });
    come.chain(gone).collect()
}

fn priorities(old: &VipGroup, new: &VipGroup) -> Vec<FieldChange> {
    let moves = consequence_of_ranking(old, new);
    let number = |priority: Option<Priority>| {
        priority.map_or_else(|| "none".to_owned(), |priority| priority.to_string())
    };
    let changed: Vec<FieldChange> = shared(old, new)
        .filter(|(old, new)| old.priority != new.priority)
        .map(|(before, after)| {
            change(
                &format!("priority of {}", after.name),
                format!("{} -> {}", number(before.priority), number(after.priority)),
                moves.clone(),
            )
        })
        .collect();
    let (first, last) = (preferred(old), preferred(new));
    if changed.is_empty() && first.map(|member| &member.name) != last.map(|member| &member.name) {
        return vec![FieldChange {
            field: "preferred member".to_owned(),
            change: None,
            consequence: moves.says,
            risk: moves.risk,
        }];
    }
    changed
}

/// What the new ranking does to who holds the addresses.
fn consequence_of_ranking(old: &VipGroup, new: &VipGroup) -> Effect {
    let (Some(before), Some(after)) = (preferred(old), preferred(new)) else {
        return effect(Risk::Loss, "nobody is there to hold the addresses");
    };
    let (before, after) = (&before.name, &after.name);
    if before == after {
        return effect(
            Risk::None,
            format!("{after} is preferred as before, nothing moves"),
        );
    }
    let addresses = match new.declared.spec.addresses.len() {
        1 => "the VIP moves",
        _ => "the VIPs move",
    };
    if new.declared.spec.preemption.enabled {
        let says =
            format!("{addresses} from {before} to {after}: about 0 packets lost, connections end");
        return effect(Risk::Interruption, says);
    }
    let says = format!(
        "{after} is preferred from here on; without preemption who holds the addresses keeps them"
    );
    effect(Risk::None, says)
}

fn timing(old: &VipGroup, new: &VipGroup) -> Vec<FieldChange> {
    let (before, after) = (&old.declared.spec, &new.declared.spec);
    let (one, other) = (before.advertisement_interval, after.advertisement_interval);
    if one == other {
        return Vec::new();
    }
    let consequence = match after.version {
        Version::V2 => effect(Risk::Interruption, APART),
        Version::V3 => {
            let says = "Backups follow what the holder advertises, nothing moves";
            effect(Risk::None, says)
        }
    };
    let sides = format!("{one} -> {other}");
    vec![change("advertisementInterval", sides, consequence)]
}

/// The fields whose values say little or too much, by name.
fn others(old: &VipGroup, new: &VipGroup) -> Vec<FieldChange> {
    const KNOWN: [&str; 9] = [
        "virtualRouterId",
        "version",
        "interface",
        "addresses",
        "members",
        "selector",
        "priorities",
        "advertisementInterval",
        "authentication",
    ];
    let mut changed: Vec<String> = differing(&old.declared.spec, &new.declared.spec)
        .into_iter()
        .filter(|field| !KNOWN.contains(&field.as_str()) && field != "tracking")
        .collect();
    if old.authentication != new.authentication {
        changed.push("authentication".to_owned());
    }
    if old.tracking != new.tracking {
        changed.push("tracking".to_owned());
    }
    changed.extend(
        shared(old, new)
            .filter(|(old, new)| (old.source, old.peer_address) != (new.source, new.peer_address))
            .map(|(_, member)| format!("address of {}", member.name)),
    );
    changed.sort();
    let consequence = |field: &str| match field {
        "authentication" | "transport" | "checksum" => (Risk::Interruption, APART),
        "tracking" => (
            Risk::None,
            "a new input counts once it is known; one that fails can move the addresses",
        ),
        "lease" => (
            Risk::None,
            "the addresses are renewed with it, nothing moves",
        ),
        "syncGroup" => (
            Risk::None,
            "the groups of the word move together from here on",
        ),
        "virtualMac" => (
            Risk::Interruption,
            "the holder puts the addresses in place anew",
        ),
        _ => (Risk::None, "takes effect without interruption"),
    };
    changed
        .into_iter()
        .map(|field| {
            let (risk, says) = consequence(&field);
            FieldChange {
                field,
                change: None,
                consequence: says.to_owned(),
                risk,
            }
        })
        .collect()
}

/// The fields of two values that differ, by name.
fn differing(old: &impl Serialize, new: &impl Serialize) -> Vec<String> {
    let (old, new) = (fields(old), fields(new));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let names = names.into_iter();
    names
        .filter(|name| old.get(*name) != new.get(*name))
        .cloned()
        .collect()
}

fn fields(value: &impl Serialize) -> BTreeMap<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields.into_iter().collect(),
        Ok(_) | Err(_) => BTreeMap::new(),
    }
}

/// The members that both have, each as it was and as it is.
fn shared<'a>(
    old: &'a VipGroup,
    new: &'a VipGroup,
) -> impl Iterator<Item = (&'a GroupMember, &'a GroupMember)> {
    old.members.iter().filter_map(|before| {
        let mut members = new.members.iter();
        let after = members.find(|after| after.name == before.name)?;
        Some((before, after))
    })
}
