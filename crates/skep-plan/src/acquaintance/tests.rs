use std::fmt::Write;

use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;

use super::*;

/// `nodes` nodes, the first `managers` of them managers, and these documents.
fn desired(managers: usize, nodes: usize, documents: &str) -> Desired {
    let mut yaml =
        "apiVersion: skep/v1\nkind: Swarm\nmetadata: {name: cube}\nspec:\n  nodes:\n".to_owned();
    for index in 0..nodes {
        let role = if index < managers {
            "manager"
        } else {
            "worker"
        };
        let (high, low) = (index / 250, index % 250 + 1);
        let _infallible = writeln!(
            yaml,
            "    - {{name: n{index}, address: 10.1.{high}.{low}, role: {role}}}"
        );
    }
    yaml.push_str(documents);
    let set = parse(vec![Source {
        name: "skep.yaml".to_owned(),
        text: yaml.into_bytes(),
    }]);
    let (desired, problems) = resolve(&set);
    assert!(problems.is_empty(), "{problems:?}");
    desired
}

fn name(index: usize) -> NodeName {
    format!("n{index}").parse().unwrap()
}

/// Whom the node of this index asks.
#[track_caller]
fn check(
    desired: &Desired,
    own: usize,
    acquaintance: &[(usize, Acquaintance)],
    expected: &[usize],
) {
    let known = |of: &NodeName| {
        let mut acquaintance = acquaintance.iter();
        let found = acquaintance.find(|(index, _)| name(*index) == *of);
        found.map_or(Acquaintance::Silent, |(_, acquaintance)| *acquaintance)
    };
    let own = name(own);
    let asked = asked(desired, Some(&own), known);
    let expected: Vec<NodeName> = expected.iter().map(|index| name(*index)).collect();
    assert_eq!(asked, expected.iter().collect());
}

use Acquaintance::{Heard, Leads, Tells};

#[test]
fn a_manager_asks_everybody() {
    check(&desired(2, 4, ""), 1, &[], &[0, 2, 3]);
}

#[test]
fn a_worker_asks_two_managers_that_answer_and_workers_share_them() {
    let desired = desired(3, 6, "");
    let all = [(0, Tells), (1, Leads), (2, Tells)];
    check(&desired, 3, &all, &[0, 1]);
    check(&desired, 4, &all, &[1, 2]);
    check(&desired, 5, &all, &[0, 2]);
    check(&desired, 3, &[(1, Tells), (2, Tells), (4, Heard)], &[1, 2]);
}

#[test]
fn with_fewer_than_two_it_asks_all_managers_and_with_none_its_neighbours() {
    let desired = desired(3, 20, "");
    check(&desired, 4, &[(2, Leads)], &[0, 1, 2]);
    check(&desired, 4, &[(7, Heard)], &[0, 1, 2, 3, 5, 6, 7, 8]);
}

#[test]
fn somebody_who_tells_of_the_swarm_is_among_those_it_asks() {
    let desired = desired(5, 6, "");
    let heard = |index| (index, Heard);
    let mut all = [heard(0), heard(1), (2, Tells), (3, Leads), heard(4)];
    check(&desired, 5, &all, &[0, 1, 3]);
    all[1].1 = Tells;
    check(&desired, 5, &all, &[0, 1]);
}

#[test]
fn members_of_its_groups_are_asked_up_to_a_limit() {
    let group = "---\napiVersion: skep/v1\nkind: VipGroup\nmetadata: {name: web}\nspec: {addresses: \
                 [10.1.0.250], members: ";
    let few = format!("{group}[n4, n5, n6]}}\n");
    let managers = [(0, Heard), (1, Heard), (2, Heard)];
    check(&desired(3, 8, &few), 5, &managers, &[0, 2, 4, 6]);
    check(&desired(3, 8, &few), 7, &managers, &[1, 2]);
    let names: Vec<String> = (3..30).map(|index| name(index).to_string()).collect();
    let many = format!("{group}[{}]}}\n", names.join(", "));
    let asked = [0, 1, 4, 5, 6, 7, 8, 9, 10, 11];
    check(&desired(3, 30, &many), 3, &managers, &asked);
}

#[test]
fn all_questions_together_grow_with_the_nodes_and_not_with_their_square() {
    for (managers, nodes) in [(1, 3), (3, 6), (3, 12), (5, 100), (7, 1_000)] {
        let desired = desired(managers, nodes, "");
        let acquaintance = |_: &NodeName| Tells;
        let asks = |index| asked(&desired, Some(&name(index)), acquaintance).len();
        let workers = nodes - managers;
        let total: usize = (0..nodes).map(asks).sum();
        let relays = managers.min(RELAYS);
        assert_eq!(total, managers * (nodes - 1) + relays * workers);
    }
}
