use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;

use super::*;

const HEAD: &str = "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {name: NAME}\nspec: ";

fn desired(groups: &[(&str, &str)]) -> Desired {
    let documents = groups.iter().map(|(name, spec)| {
        let head = HEAD.replace("NAME", name);
        format!("{head}{{{spec}}}\n")
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

/// A group of version 2, with what is given instead of its fields.
fn group(fields: &[(&str, &str)]) -> String {
    let defaults = [
        ("virtualRouterId", "51"),
        ("version", "2"),
        ("interface", "eth0"),
        ("addresses", "[10.0.0.70]"),
        ("members", "[a, b]"),
    ];
    let is_given = |name: &str| fields.iter().any(|(field, _)| *field == name);
    let defaults = defaults.iter().filter(|(name, _)| !is_given(name));
    let lines: Vec<String> = defaults
        .chain(fields)
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    lines.join(", ")
}

/// What is said about one group whose fields change.
fn said(old: &[(&str, &str)], new: &[(&str, &str)]) -> String {
    printed(&[("v", &group(old))], &[("v", &group(new))])
}

#[test]
fn groups_that_come_and_go_say_what_becomes_of_their_addresses() {
    let same = group(&[]);
    let two = group(&[
        ("addresses", "[10.0.0.71, 10.0.0.72/24]"),
        ("virtualRouterId", "52"),
    ]);
    assert_eq!(
        printed(&[("gone", &same)], &[("new", &two)]),
        "- remove vipgroup/gone\n    \
         => loss: 10.0.0.70 released at once\n\
         + create vipgroup/new\n    \
         => 10.0.0.71, 10.0.0.72/24; a takes them after one election (3.2 s)\n"
    );
    assert_eq!(printed(&[("v", &same)], &[("v", &same)]), "");
}

#[test]
fn a_group_of_another_name_and_nothing_else_is_renamed() {
    let same = group(&[]);
    let other = group(&[("virtualRouterId", "52"), ("addresses", "[10.0.0.71]")]);
    assert_eq!(
        printed(
            &[("b", &other), ("old", &same)],
            &[("a", &same), ("b", &other)]
        ),
        "~ rename vipgroup/old to a\n    => it keeps its state, nothing moves\n"
    );
}

#[test]
fn a_group_that_gets_another_name_and_more_is_renamed_and_changed() {
    let renamed = "~ rename vipgroup/old to a\n    => it keeps its state, nothing moves\n";
    let same = group(&[]);
    assert_eq!(
        printed(&[("old", &same)], &[("a", &group(&[("lease", "5s")]))]),
        format!(
            "{renamed}~ change vipgroup/a\n    lease\n    \
             => the addresses are renewed with it, nothing moves\n"
        )
    );
    // To the network these are others.
    for other in [
        ("virtualRouterId", "52"),
        ("interface", "eth1"),
        ("addresses", "[10.0.0.71]"),
        ("version", "3"),
        ("members", "[c]"),
    ] {
        let printed = printed(&[("old", &same)], &[("a", &group(&[other]))]);
        assert!(printed.starts_with("+ create vipgroup/a\n"), "{printed}");
        assert!(printed.contains("- remove vipgroup/old\n"), "{printed}");
    }
}

#[test]
fn a_name_from_which_a_key_is_derived_is_more_than_a_name() {
    let signed = [("version", "3"), ("authentication", "{cluster: {}}")];
    let signed = group(&signed);
    let printed = printed(&[("old", &signed)], &[("a", &signed)]);
    let head = "~ rename vipgroup/old to a\n    => interruption: its key is derived from its name:";
    assert!(printed.starts_with(head), "{printed}");
    assert!(!printed.contains("change vipgroup"), "{printed}");
}

#[test]
fn a_default_that_is_written_out_is_no_change() {
    let long = group(&[
        ("addresses", "[{address: 10.0.0.70/32, advertised: true}]"),
        (
            "members",
            "[{node: a, priority: 200}, {node: b, priority: 190}]",
        ),
        ("lease", "2s"),
        ("trackInterface", "true"),
    ]);
    assert_eq!(printed(&[("v", &group(&[]))], &[("v", &long)]), "");
}

#[test]
fn each_change_says_what_follows_from_it() {
    let all = [
        said(&[], &[("addresses", "[10.0.0.70, 10.0.0.71]")]),
        said(&[], &[("addresses", "[10.0.0.71]")]),
        said(&[], &[("addresses", "[10.0.0.70/24]")]),
        said(
            &[],
            &[("addresses", "[{address: 10.0.0.70, advertised: false}]")],
        ),
        said(&[], &[("members", "[b, a]")]),
        said(
            &[],
            &[("members", "[b, a]"), ("preemption", "{enabled: false}")],
        ),
        said(&[], &[("members", "[a, b, c]")]),
        said(&[], &[("members", "[b]")]),
        said(
            &[(
                "members",
                "[{node: a, priority: 9}, {node: b, priority: 8}]",
            )],
            &[(
                "members",
                "[{node: a, priority: 9}, {node: b, priority: 7}]",
            )],
        ),
        said(&[], &[("virtualRouterId", "52")]),
        said(&[], &[("version", "3"), ("advertisementInterval", "100ms")]),
        said(&[], &[("interface", "eth1"), ("members", "[a]")]),
        said(&[], &[("advertisementInterval", "2s")]),
        said(
            &[("version", "3")],
            &[("version", "3"), ("advertisementInterval", "2s")],
        ),
        said(
            &[("authentication", "{simple: {password: {value: hidden1}}}")],
            &[("authentication", "{simple: {password: {value: hidden2}}}")],
        ),
        said(&[], &[("lease", "5s"), ("tracking", "[{interface: eth1}]")]),
        said(&[], &[("preemption", "{delay: 3s}")]),
    ];
    assert!(!all.concat().contains("hidden"));
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn what_is_said_survives_json() {
    let changes = group_changes(
        &desired(&[
            ("v", &group(&[])),
            ("w", &group(&[("addresses", "[10.0.0.71]")])),
        ]),
        &desired(&[("v", &group(&[("lease", "5s")]))]),
    );
    let text = serde_json::to_string(&changes).unwrap();
    assert_eq!(
        serde_json::from_str::<Vec<GroupChange>>(&text).unwrap(),
        changes
    );
}
