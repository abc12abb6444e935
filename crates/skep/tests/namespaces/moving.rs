//! Moving a group by hand between the agents of a cluster that has no engine.

use std::time::Duration;

use rustix::process::Signal;

use crate::cluster::agent::signal;
use crate::cluster::wire::{adverts, wait_for_advert};
use crate::cluster::{Cluster, measured, ms, now, wait_until};
use crate::clustered::{self, hears};
use crate::pair::{self, A, B, CLIENT, ID, PRIORITIES, VIP, assert_none_lost, ingress};

/// How long a move lasts that has an end.
const FOR: Duration = Duration::from_secs(3);

/// Where the agent of `node` says that the group is moved.
fn moved_to(cluster: &Cluster, node: &str) -> Option<String> {
    let status = cluster.agent(node).status()?;
    let group = status.vip_groups.into_iter().next()?;
    Some(group.moved?.to?.to_string())
}

#[test]
fn a_group_is_moved_there_and_back_and_no_probe_is_lost() {
    let cluster = clustered::up("moving");
    let prober = cluster.probe(CLIENT, VIP);
    // Asked of the one that holds it, and of the one that gets it.
    let (code, said) = cluster.agent(A).ask(&["move", "ingress", "--to", B]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("ingress is moved to b by"), "{said}");
    assert!(said.contains("b holds ingress after"), "{said}");
    cluster.wait_for_holder(VIP, B);
    assert_eq!(moved_to(&cluster, A).as_deref(), Some(B));
    assert_eq!(moved_to(&cluster, B).as_deref(), Some(B));
    let (_, shown) = cluster.agent(A).ask(&["status"]);
    assert!(
        shown.contains("`skep move ingress --back` ends it"),
        "{shown}"
    );

    let (code, said) = cluster.agent(B).ask(&["move", "ingress", "--back"]);
    assert_eq!(code, 0, "{said}");
    cluster.wait_for_holder(VIP, A);
    assert!(wait_until(|| moved_to(&cluster, A).is_none()));
    measured("move there and back", &assert_none_lost(prober));
}

#[test]
fn a_move_for_a_time_ends_by_itself() {
    let cluster = clustered::up("moving-for");
    let prober = cluster.probe(CLIENT, VIP);
    let since = now();
    let (code, said) = cluster
        .agent(A)
        .ask(&["move", "ingress", "--to", B, "--for", "3s"]);
    assert_eq!(code, 0, "{said}");
    cluster.wait_for_holder(VIP, B);
    // Nobody says anything any more, and priorities decide again on both.
    let returned = wait_for_advert(&cluster.capture, ID, |advert| {
        advert.node == A && advert.priority() == PRIORITIES[0] && advert.at > since + FOR
    });
    cluster.wait_for_holder(VIP, A);
    for node in [A, B] {
        assert!(wait_until(|| moved_to(&cluster, node).is_none()), "{node}");
    }
    measured(
        "move for 3 s: back after",
        &format!("{}, {}", ms(returned.at - since), assert_none_lost(prober)),
    );
}

#[test]
fn a_member_that_was_away_when_the_group_was_moved_follows_when_it_is_back() {
    let mut cluster = clustered::up("moving-late");
    let prober = cluster.probe(CLIENT, VIP);
    signal(cluster.agent(A).supervisor(), Signal::TERM);
    assert_eq!(cluster.agent(A).wait_for_exit(), 0);
    cluster.wait_for_holder(VIP, B);
    let (code, said) = cluster.agent(B).ask(&["move", "ingress", "--to", B]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("not told: a ("), "{said}");
    assert!(said.contains("it is told when it answers"), "{said}");

    let back = now();
    clustered::start(&mut cluster, A);
    assert!(wait_until(|| moved_to(&cluster, A).as_deref() == Some(B)));
    cluster.agent(A).wait_for_state("ingress", "Backup");
    cluster.wait_for_holder(VIP, B);
    // It is the better one, and would have taken over long ago.
    let since = now();
    wait_for_advert(&cluster.capture, ID, |advert| {
        advert.node == B && advert.at > since + Duration::from_secs(1)
    });
    let said = adverts(&cluster.capture, ID);
    let from_a = said
        .iter()
        .filter(|advert| advert.node == A && advert.at > back);
    let from_a: Vec<u8> = from_a.map(|advert| advert.priority()).collect();
    measured("late joiner: what it advertised", &format!("{from_a:?}"));

    let (code, said) = cluster.agent(B).ask(&["move", "ingress", "--back"]);
    assert_eq!(code, 0, "{said}");
    cluster.wait_for_holder(VIP, A);
    measured(
        "move while the better member is away",
        &assert_none_lost(prober),
    );
}

#[test]
fn an_agent_without_a_cluster_moves_a_group_away_and_takes_it_back() {
    let cluster = pair::running("moving-alone", &ingress());
    let prober = cluster.probe(CLIENT, VIP);
    let (code, said) = cluster.agent(A).ask(&["move", "ingress", "--to", B]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("only on this node"), "{said}");
    assert!(said.contains("this node follows after"), "{said}");
    cluster.wait_for_holder(VIP, B);
    assert_eq!(moved_to(&cluster, A).as_deref(), Some(B));
    assert_eq!(moved_to(&cluster, B), None);
    let (code, said) = cluster.agent(A).ask(&["move", "ingress", "--back"]);
    assert_eq!(code, 0, "{said}");
    cluster.wait_for_holder(VIP, A);

    // The other way round it takes over whoever is Active.
    cluster.agent(B).wait_for_state("ingress", "Backup");
    let (code, said) = cluster.agent(B).ask(&["move", "ingress", "--to", B]);
    assert_eq!(code, 0, "{said}");
    cluster.wait_for_holder(VIP, B);
    let (code, said) = cluster.agent(B).ask(&["move", "ingress", "--back"]);
    assert_eq!(code, 0, "{said}");
    cluster.wait_for_holder(VIP, A);
    measured(
        "standalone move there and back, on both",
        &assert_none_lost(prober),
    );
}

#[test]
fn a_move_that_cannot_be_is_refused_with_the_reason_and_changes_nothing() {
    let mut cluster = clustered::up("moveno");
    for (arguments, reason) in [
        (
            vec!["move", "ingress", "--to", "c"],
            "c is no member of `ingress`: one of a, b",
        ),
        (
            vec!["move", "egress", "--to", B],
            "there is no VIP group `egress`",
        ),
        (vec!["move", "ingress", "--back"], "`ingress` is not moved"),
    ] {
        let (code, said) = cluster.agent(A).ask(&arguments);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains(reason), "{said}");
    }
    cluster.cut_power(B);
    cluster
        .agent(A)
        .wait_for_status("the silence of b", |status| !hears(status, B));
    let mut said = (0, String::new());
    let refused = wait_until(|| {
        said = cluster.agent(A).ask(&["move", "ingress", "--to", B]);
        said.0 == 1
    });
    assert!(
        refused && said.1.contains("the agent of b does not answer"),
        "{said:?}"
    );
    assert_eq!(cluster.holders(VIP), [A]);
    assert_eq!(moved_to(&cluster, A), None);
}
