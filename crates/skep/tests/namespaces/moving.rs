//! Moving a group by hand between the agents of a cluster that has no engine.

use crate::cluster::{Cluster, measured, wait_until};
use crate::clustered::{clustered, hears};
use crate::pair::{A, B, CLIENT, VIP, assert_none_lost};

/// Where the agent of `node` says that the group is moved.
fn moved_to(cluster: &Cluster, node: &str) -> Option<String> {
    let status = cluster.agent(node).status()?;
    let group = status.vip_groups.into_iter().next()?;
    Some(group.moved?.to?.to_string())
}

#[test]
fn a_group_is_moved_there_and_back_and_no_probe_is_lost() {
    let cluster = clustered("moving");
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
fn a_move_that_cannot_be_is_refused_with_the_reason_and_changes_nothing() {
    let mut cluster = clustered("moveno");
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
