use super::resolve;
use crate::desired::{Desired, VipGroup};
use crate::parse::parse;
use crate::set::Source;
use crate::vip_group::authentication::Authentication;
use crate::vip_group::tracking::{Effect, Influence, Tracking};

const SWARM: &str = "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: cube}
spec:
  nodes:
    - {name: a, address: 10.0.0.1, role: manager, labels: {lb: front}}
    - {name: b, address: 10.0.0.2, role: worker, labels: {lb: front}}
    - {name: c, address: 10.0.0.3, role: worker}
---
";

#[test]
fn members_without_priorities_get_them_in_their_order() {
    assert_eq!(priorities("members: [b, a, c]"), "b 200, a 190, c 180");
    let spread = "members: [a, b, c], priorities: {spread: {rank: 4}}";
    assert_eq!(priorities(spread), "b 200, c 190, a 180");
}

#[test]
fn given_priorities_are_kept_and_the_preferred_member_stands_first() {
    let members = "members: [{node: a, priority: 50}, {node: b, priority: 150}]";
    assert_eq!(priorities(members), "b 150, a 50");
    let owner = "members: [a, {node: b, owner: true}, c]";
    assert_eq!(priorities(owner), "b 255, a 200, c 190");
}

#[test]
fn the_longest_content_is_one_byte_below_500_kib() {
    let problems = |length: usize| {
        let content = "x".repeat(length);
        let secret = "apiVersion: skep/v1\nkind: Secret\nmetadata: {name: key}\n";
        let text = format!("{SWARM}{secret}spec: {{data: {{value: {content}}}}}\n");
        let source = Source {
            name: "skep.yaml".to_owned(),
            text: text.into_bytes(),
        };
        let (_, problems) = resolve(&parse(vec![source]));
        let messages = problems.into_iter().map(|problem| problem.message);
        messages.collect::<Vec<_>>()
    };
    assert_eq!(problems(511_999), Vec::<String>::new());
    let message = "a `Secret` has at most 511999 bytes, this one has 512000";
    assert_eq!(problems(512_000), [message]);
}

#[test]
fn a_selector_is_expanded_in_the_order_of_the_nodes() {
    let selector = "selector: {nodeLabels: {lb: front}}";
    assert_eq!(priorities(selector), "a 200, b 190");
    assert_eq!(
        priorities("selector: {role: worker, nodeLabels: {lb: front}}"),
        "b 200"
    );
    assert!(priorities("selector: {nodeLabels: {lb: back}}").is_empty());
}

#[test]
fn many_members_get_different_priorities() {
    let names: Vec<String> = (0..150).map(|number| format!("n{number}")).collect();
    let group = group(
        "",
        &format!("members: [{}], virtualRouterId: 1", names.join(", ")),
    );
    let mut numbers: Vec<u8> = group
        .members
        .iter()
        .map(|member| member.priority.unwrap().number())
        .collect();
    assert!(numbers.is_sorted_by(|a, b| a > b), "{numbers:?}");
    numbers.dedup();
    assert_eq!(numbers.len(), 150);
}

#[test]
fn a_member_knows_its_interface_and_where_others_reach_it() {
    let spec = "interface: eth0, members: [a, {node: b, interface: eth1, address: 10.9.9.2}]";
    let group = group(SWARM, spec);
    let seen: Vec<_> = group
        .members
        .iter()
        .map(|member| {
            let text = |address: Option<crate::address::Address>| {
                address.map(|address| address.to_string())
            };
            let interface = member.interface.as_ref().unwrap().to_string();
            (interface, text(member.source), text(member.peer_address))
        })
        .collect();
    let address = |text: &str| Some(text.to_owned());
    assert_eq!(
        seen,
        [
            ("eth0".to_owned(), None, address("10.0.0.1")),
            ("eth1".to_owned(), address("10.9.9.2"), address("10.9.9.2")),
        ]
    );
}

#[test]
fn authentication_is_the_clusters_only_where_everybody_has_its_key() {
    let applies = |swarm: &str, spec: &str| group(swarm, spec).authentication;
    let cluster = |found: Authentication| matches!(found, Authentication::Cluster(_));
    assert!(cluster(applies(SWARM, "members: [a]")));
    assert!(!cluster(applies(SWARM, "members: [a], version: 2")));
    assert!(!cluster(applies(
        SWARM,
        "members: [a, {external: r, address: 10.0.0.9}]"
    )));
    assert!(!cluster(applies("", "members: [a], virtualRouterId: 1")));
    assert!(!cluster(applies(
        SWARM,
        "members: [a], authentication: {none: {}}"
    )));
}

#[test]
fn a_swarm_is_tracked_unless_the_group_says_otherwise() {
    let tracked = |swarm: &str, spec: &str| group(swarm, spec).tracking;
    let implied = tracked(SWARM, "members: [a]");
    assert!(matches!(implied.as_slice(), [Tracking::Swarm(_)]));
    assert_eq!(implied[0].influence(), Influence::Effect(Effect::Demote));
    let off = tracked(SWARM, "members: [a], tracking: [{swarm: []}]");
    assert!(matches!(off.as_slice(), [Tracking::Swarm(swarm)] if swarm.swarm.is_empty()));
    assert!(tracked("", "members: [a], virtualRouterId: 1").is_empty());
}

#[test]
fn an_object_knows_where_it_was_declared() {
    let origin = group(SWARM, "members: [a]").declared.origin;
    assert_eq!((origin.file.as_str(), origin.line), ("test.yaml", 10));
}

#[test]
fn a_broken_document_is_no_missing_one() {
    let text = format!(
        "{SWARM}{}---\napiVersion: skep/v1\nkind: HealthCheck\nmetadata: {{name: web}}\nspec: {{tpc: {{port: 80}}}}\n",
        vip_group("members: [a], tracking: [{check: web}]")
    );
    let set = parse(vec![Source {
        name: "test.yaml".to_owned(),
        text: text.into(),
    }]);
    assert_eq!(set.problems.len(), 1);
    assert_eq!(resolve(&set).1, []);
}

fn vip_group(spec: &str) -> String {
    format!(
        "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: g}}\nspec: {{addresses: [10.0.0.70], {spec}}}\n"
    )
}

fn desired(swarm: &str, spec: &str) -> Desired {
    let text = format!("{swarm}{}", vip_group(spec));
    let set = parse(vec![Source {
        name: "test.yaml".to_owned(),
        text: text.into(),
    }]);
    assert_eq!(set.problems, []);
    let (desired, problems) = resolve(&set);
    assert_eq!(problems, []);
    desired
}

fn group(swarm: &str, spec: &str) -> VipGroup {
    desired(swarm, spec)
        .vip_groups
        .into_values()
        .next()
        .unwrap()
}

fn priorities(spec: &str) -> String {
    let members = group(SWARM, spec).members;
    let each = members
        .iter()
        .map(|member| format!("{} {}", member.name, member.priority.unwrap()));
    each.collect::<Vec<_>>().join(", ")
}
