use std::collections::BTreeMap;

use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;

use super::*;
use crate::observed::Active;

/// Three managers and a worker.
fn swarm() -> Declared<SwarmSpec> {
    let node = |name: &str, last: u8, role: &str| {
        format!("    - {{name: {name}, address: 10.0.0.{last}, role: {role}}}\n")
    };
    let text = format!(
        "apiVersion: skep/v1\nkind: Swarm\nmetadata: {{name: cube}}\nspec:\n  nodes:\n{}{}{}{}",
        node("a", 1, "manager"),
        node("b", 2, "manager"),
        node("c", 3, "manager"),
        node("d", 4, "worker"),
    );
    let source = Source {
        name: "skep.yaml".to_owned(),
        text: text.into_bytes(),
    };
    let (desired, problems) = resolve(&parse(vec![source]));
    assert!(problems.is_empty(), "{problems:?}");
    desired.swarm.expect("it is declared")
}

fn works(node_id: &str, role: Role) -> Engine {
    Engine {
        membership: Membership::Active(Active {
            swarm_id: None,
            node_id: node_id.to_owned(),
            advertised: None,
            role,
        }),
        remembers: Some("the-swarm".to_owned()),
        refused: None,
        is_stuck: false,
        keeps_unlock_key: false,
        is_certified: false,
    }
}

fn is(membership: Membership) -> Engine {
    Engine {
        membership,
        ..works("", Role::Manager)
    }
}

fn observed(engines: &[(&str, Engine)]) -> Observed {
    let engines = engines.iter().cloned();
    Observed {
        engines: engines
            .map(|(name, engine)| (name.parse().expect("a name"), engine))
            .collect(),
        ..Observed::default()
    }
}

/// What going on with `on` comes to: the address it advertises, or why not.
fn check(engines: &[(&str, Engine)], on: &str, expected: &str) {
    let left_behind = BTreeSet::from(["left-behind".to_owned()]);
    let on = on.parse().expect("a name");
    let said = match recovery(&swarm(), &observed(engines), &left_behind, &on) {
        Ok(init) => init.advertise_address.to_string(),
        Err(blocked) => blocked.message,
    };
    assert_eq!(said, expected);
}

#[test]
fn a_swarm_goes_on_with_the_manager_that_is_left_under_its_own_address() {
    let a = || ("a", works("1", Role::Manager));
    let d = ("d", works("4", Role::Worker));
    check(&[a()], "a", "10.0.0.1");
    check(
        &[a(), d.clone(), ("b", is(Membership::Inactive))],
        "a",
        "10.0.0.1",
    );
    check(&[("c", is(Membership::Pending))], "c", "10.0.0.3");
    check(
        &[a(), d],
        "d",
        "the manifest does not declare it as a manager",
    );
}

#[test]
fn nothing_is_recovered_while_a_majority_may_be_there() {
    let a = ("a", works("1", Role::Manager));
    let majority = "2 of 3 managers answer, a majority: they choose a leader themselves";
    check(
        &[a.clone(), ("b", works("2", Role::Manager))],
        "a",
        majority,
    );
    check(&[a.clone(), ("b", is(Membership::Pending))], "a", majority);
    check(&[a.clone(), ("b", is(Membership::Locked))], "a", majority);

    let mut world = observed(&[a]);
    world.cluster = Some(Cluster::default());
    let refused = majority_is_lost(&swarm(), &world).expect_err("somebody tells of the swarm");
    assert_eq!(
        refused.message,
        "it has a majority of its managers, and a leader"
    );
}

#[test]
fn a_manager_that_cannot_be_gone_on_with_says_why() {
    check(&[], "a", "its agent does not answer");
    check(
        &[("a", is(Membership::Locked))],
        "a",
        "its engine is locked",
    );
    check(
        &[("a", is(Membership::Silent))],
        "a",
        "its engine does not answer",
    );
    check(
        &[("a", is(Membership::Inactive))],
        "a",
        "its engine is in no swarm, there is nothing to go on with",
    );
    check(
        &[("a", works("1", Role::Worker))],
        "a",
        "its engine is a worker, it does not have what the managers know",
    );
    check(
        &[("a", works("left-behind", Role::Manager))],
        "a",
        "the swarm was recovered without it, and what it has is older",
    );
    let mut unknown = works("1", Role::Manager);
    unknown.remembers = None;
    check(
        &[("a", unknown)],
        "a",
        "its agent does not know whether this is the swarm of the manifest",
    );
}

#[test]
fn who_is_to_be_a_manager_and_has_no_part_was_left_behind() {
    let node = |role, manager| crate::observed::ClusterNode {
        host_name: String::new(),
        role,
        availability: skep_manifest::swarm::Availability::Active,
        labels: BTreeMap::new(),
        state: crate::observed::NodeState::Unknown,
        manager,
        address: None,
        tasks: 0,
    };
    let leads = crate::observed::Manager {
        leader: true,
        reachable: true,
    };
    let nodes = [
        ("1", node(Role::Manager, Some(leads))),
        ("2", node(Role::Manager, None)),
        ("3", node(Role::Worker, None)),
    ];
    let cluster = Cluster {
        nodes: nodes.map(|(id, node)| (id.to_owned(), node)).into(),
        ..Cluster::default()
    };
    assert_eq!(left_behind(&cluster), BTreeSet::from(["2".to_owned()]));
}
