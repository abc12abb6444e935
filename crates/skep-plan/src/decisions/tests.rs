use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;

use super::*;

const SWARM: &str = "apiVersion: skep/v1
kind: Swarm
metadata: {name: cube}
spec: {nodes: [{name: a, address: 10.0.0.1, role: manager}, {name: b, address: 10.0.0.2, role: worker}]}
";

fn desired(groups: &[(&str, &str)]) -> Desired {
    let mut text = SWARM.to_owned();
    for (name, spec) in groups {
        text.push_str(&format!(
            "---\napiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"
        ));
    }
    let set = parse(vec![Source {
        name: "skep.yaml".to_owned(),
        text: text.into_bytes(),
    }]);
    assert!(set.problems.is_empty(), "{:?}", set.problems);
    let (desired, problems) = resolve(&set);
    assert!(problems.is_empty(), "{problems:?}");
    desired
}

/// What is decided about `new` after `old`, applied.
fn follow(old: Option<&Desired>, new: &[(&str, &str)]) -> Result<Desired, Vec<String>> {
    let mut new = desired(new);
    decide(old, &new, &BTreeSet::new())?.apply(&mut new);
    Ok(new)
}

fn ids(desired: &Desired) -> Vec<(&str, u8)> {
    let groups = desired.vip_groups.iter();
    groups
        .map(
            |(name, group)| match group.declared.spec.virtual_router_id {
                VirtualRouterId::Auto => panic!("{name} has no id"),
                VirtualRouterId::Number(id) => (name.as_str(), id.get()),
            },
        )
        .collect()
}

fn group(last: u8) -> String {
    format!("addresses: [10.0.0.{last}], members: [a, b]")
}

#[test]
fn a_group_gets_the_lowest_id_that_nobody_uses() {
    let groups = [
        (
            "fixed",
            "virtualRouterId: 1, addresses: [10.0.0.70], members: [a, b]",
        ),
        ("one", &group(71)),
        ("two", &group(72)),
    ];
    let new = desired(&groups);
    let taken = BTreeSet::from([NonZeroU8::new(2).unwrap()]);
    let decisions = decide(None, &new, &taken).unwrap();
    let chosen: Vec<(&str, u8)> = decisions
        .virtual_router_ids
        .iter()
        .map(|(name, id)| (name.as_str(), id.get()))
        .collect();
    assert_eq!(chosen, [("one", 3), ("two", 4)]);
}

#[test]
fn a_group_keeps_its_id_whatever_comes_beside_it_and_however_it_is_called() {
    let first = follow(None, &[("m", &group(71)), ("n", &group(72))]).unwrap();
    assert_eq!(ids(&first), [("m", 1), ("n", 2)]);
    let second = follow(
        Some(&first),
        &[("a", &group(73)), ("n", &group(72)), ("z", &group(71))],
    )
    .unwrap();
    assert_eq!(ids(&second), [("a", 3), ("n", 2), ("z", 1)]);
    let same = follow(
        Some(&second),
        &[("a", &group(73)), ("n", &group(72)), ("z", &group(71))],
    );
    assert_eq!(same.as_ref(), Ok(&second), "applying again changes nothing");
    let claimed = "virtualRouterId: 2, addresses: [10.0.0.74], members: [a, b]";
    let third = follow(Some(&second), &[("n", &group(72)), ("other", claimed)]).unwrap();
    assert_eq!(ids(&third), [("n", 1), ("other", 2)]);
}

#[test]
fn what_others_use_matters_only_while_an_id_is_to_be_chosen() {
    let new = desired(&[("m", &group(71))]);
    assert!(chooses(None, &new));
    let running = follow(None, &[("m", &group(71))]).unwrap();
    assert!(!chooses(Some(&running), &new));
    assert!(!chooses(
        Some(&running),
        &desired(&[("renamed", &group(71))])
    ));
    let more = desired(&[("m", &group(71)), ("n", &group(72))]);
    assert!(chooses(Some(&running), &more));
    // The stranger came later.
    let taken = BTreeSet::from([NonZeroU8::new(1).unwrap()]);
    let mut kept = new;
    let decisions = decide(Some(&running), &kept, &taken).unwrap();
    decisions.apply(&mut kept);
    assert_eq!(ids(&kept), [("m", 1)]);
}

#[test]
fn only_groups_that_cannot_meet_share_an_id_and_only_when_none_is_left() {
    let on = |interface: &str, last: usize| {
        format!(
            "interface: {interface}, addresses: [10.0.{}.{}], members: [a, b]",
            last / 250,
            last % 250
        )
    };
    let mut groups: Vec<(String, String)> = (0..255)
        .map(|number| (format!("g{number:03}"), on("eth0", number)))
        .collect();
    groups.push(("h".to_owned(), on("eth1", 300)));
    let view = |groups: &[(String, String)]| -> Vec<(String, String)> { groups.to_vec() };
    let all = view(&groups);
    let all: Vec<(&str, &str)> = all.iter().map(|(name, spec)| (&**name, &**spec)).collect();
    let full = follow(None, &all).unwrap();
    assert_eq!(ids(&full).last(), Some(&("h", 1)));
    let one_more = on("eth0", 301);
    let mut too_many = all.clone();
    too_many.push(("i", &one_more));
    let errors = follow(None, &too_many).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert!(
        errors[0].contains("no virtual router id is left for `i`"),
        "{errors:?}"
    );
}

const SHARED: &str = "virtualRouterId: 51, version: 2, members: [{node: a, priority: 9}, {external: old, address: 10.0.0.9, priority: 8}]";

/// A group with an external member and these fields.
fn shared(fields: &str) -> String {
    format!("{SHARED}, {fields}")
}

fn advertised(desired: &Desired) -> Vec<String> {
    let addresses = &desired.vip_groups["v"].declared.spec.addresses;
    let advertised = addresses.iter().filter(|held| held.is_advertised());
    advertised.map(|held| held.address.to_string()).collect()
}

#[test]
fn an_address_added_beside_external_members_is_held_quietly_until_it_says_so() {
    let one = follow(None, &[("v", &shared("addresses: [10.0.0.70]"))]).unwrap();
    assert_eq!(advertised(&one), ["10.0.0.70"]);
    let two = shared("addresses: [10.0.0.70, 10.0.0.71]");
    let two = follow(Some(&one), &[("v", &two)]).unwrap();
    assert_eq!(advertised(&two), ["10.0.0.70"]);
    let three = shared("addresses: [10.0.0.70, 10.0.0.71], preemption: {enabled: false}");
    let three = follow(Some(&two), &[("v", &three)]).unwrap();
    assert_eq!(advertised(&three), ["10.0.0.70"], "it stays so");
    let said = shared("addresses: [10.0.0.70, {address: 10.0.0.71, advertised: true}]");
    let said = follow(Some(&three), &[("v", &said)]).unwrap();
    assert_eq!(advertised(&said), ["10.0.0.70", "10.0.0.71"]);
    let short = shared("addresses: [10.0.0.70, 10.0.0.71]");
    let short = follow(Some(&said), &[("v", &short)]).unwrap();
    assert_eq!(advertised(&short), ["10.0.0.70", "10.0.0.71"]);
    let own = "virtualRouterId: 51, members: [a, b], addresses: [10.0.0.70]";
    let own = follow(None, &[("v", own)]).unwrap();
    let more = "virtualRouterId: 51, members: [a, b], addresses: [10.0.0.70, 10.0.0.71]";
    assert_eq!(
        advertised(&follow(Some(&own), &[("v", more)]).unwrap()).len(),
        2
    );
}

#[test]
fn what_all_members_must_change_at_once_is_refused_beside_external_ones() {
    let running = follow(None, &[("v", &shared("addresses: [10.0.0.70]"))]).unwrap();
    let changed =
        shared("addresses: [10.0.0.70], authentication: {simple: {password: {value: a}}}")
            .replace("51", "52");
    let errors = follow(Some(&running), &[("v", &changed)]).unwrap_err();
    assert_eq!(
        errors,
        [
            "skep.yaml:6: `v` has external members, which skep cannot change at the same moment: virtualRouterId, authentication (remove the group and apply: an external member takes over; change the external members; then apply the group with what is new)"
        ]
    );
    let alone = changed.replace(", {external: old, address: 10.0.0.9, priority: 8}", "");
    assert!(follow(Some(&running), &[("v", &alone)]).is_ok());
    assert!(follow(Some(&running), &[("w", &changed)]).is_ok());
}
