//! Making a swarm, and what is observed of it.

use std::collections::BTreeMap;

use skep_manifest::swarm::{Availability, Role};
use skep_plan::action::{Action, LabelNode, LeaveSwarm, RemoveNode, SetAvailability, SetRole};
use skep_plan::observed::{ClusterNode, Manager, Membership, NodeState};
use skep_swarm::apply::{Applied, ApplyError, apply};
use skep_swarm::engine::EngineError;
use skep_swarm::event::{Event, events};
use skep_swarm::observe::cluster;
use skep_swarm::token::{join_tokens, rotate_join_tokens};

use crate::site::{Site, eventually};

/// Does an action twice: the second time there is nothing to do.
async fn apply_twice(site: &Site, action: &Action) {
    let writer = site.client("a");
    assert_eq!(
        apply(writer, action, None).await.expect("it is done"),
        Applied::Done
    );
    assert_eq!(
        apply(writer, action, None).await.expect("it was done"),
        Applied::AlreadyDone
    );
}

#[tokio::test]
async fn bare_engines_become_a_swarm_and_everything_is_observed() {
    let site = Site::up("bare", &["a", "b", "c"]);
    assert_eq!(
        site.client("a").version().await.unwrap(),
        "1.41".parse().unwrap()
    );
    assert_eq!(site.membership("a").await, Membership::Inactive);
    let refused = cluster(site.client("a")).await.unwrap_err();
    assert!(matches!(refused, EngineError::NotAManager), "{refused:?}");

    site.init("a").await;
    site.join("b", Role::Manager).await;
    site.join("c", Role::Worker).await;

    let told = site.cluster("b").await;
    assert_eq!(told.labels["skep.swarm"], "cube");
    for (name, role) in [
        ("a", Role::Manager),
        ("b", Role::Manager),
        ("c", Role::Worker),
    ] {
        let active = site.active(name).await;
        assert_eq!(active.role, role);
        let knows = (role == Role::Manager).then(|| told.id.clone());
        assert_eq!(active.swarm_id, knows);
        let expected = ClusterNode {
            host_name: name.to_owned(),
            role,
            availability: Availability::Active,
            labels: BTreeMap::new(),
            state: NodeState::Ready,
            manager: (role == Role::Manager).then_some(Manager {
                reachable: true,
                leader: name == "a",
            }),
            address: Some(site.host(name).address),
            tasks: 0,
        };
        eventually("all are ready", async || {
            site.cluster("b").await.nodes.get(&active.node_id) == Some(&expected)
        })
        .await;
    }
    let refused = cluster(site.client("c")).await.unwrap_err();
    assert!(matches!(refused, EngineError::NotAManager), "{refused:?}");
    let again = apply(site.client("a"), &site.init_action("a"), None).await;
    let again = again.unwrap_err();
    assert!(
        matches!(again, ApplyError::Engine(EngineError::AlreadyInSwarm)),
        "{again:?}"
    );
}

#[tokio::test]
async fn a_node_is_labelled_paused_promoted_and_leaves() {
    let site = Site::up("node", &["a", "b"]);
    site.init("a").await;
    site.join("b", Role::Worker).await;
    let (node, node_id) = ("b".parse().unwrap(), site.active("b").await.node_id);
    let of_b = async || site.cluster("a").await.nodes[&node_id].clone();

    let label = |set: &[(&str, &str)], remove: &[&str]| {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Action::LabelNode(LabelNode {
            node: Clone::clone(&node),
            node_id: node_id.clone(),
            set: set.iter().map(owned).collect(),
            remove: remove.iter().map(|name| (*name).to_owned()).collect(),
        })
    };
    apply_twice(&site, &label(&[("skep.node", "b"), ("disk", "ssd")], &[])).await;
    apply_twice(&site, &label(&[("zone", "x")], &["disk"])).await;
    let expected = [("skep.node", "b"), ("zone", "x")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(of_b().await.labels, BTreeMap::from(expected));

    for availability in [
        Availability::Drain,
        Availability::Pause,
        Availability::Active,
    ] {
        let set = SetAvailability {
            node: Clone::clone(&node),
            node_id: node_id.clone(),
            availability,
        };
        apply_twice(&site, &Action::SetAvailability(set)).await;
        assert_eq!(of_b().await.availability, availability);
    }
    for role in [Role::Manager, Role::Worker] {
        let set = SetRole {
            node: Clone::clone(&node),
            node_id: node_id.clone(),
            role,
        };
        apply_twice(&site, &Action::SetRole(set)).await;
        eventually("the engine has its role", async || {
            site.is_active("b", role).await
        })
        .await;
    }
    assert_eq!(of_b().await.labels.len(), 2);

    let leave = Action::LeaveSwarm(LeaveSwarm {
        node_id: node_id.clone(),
    });
    // An engine that answers late may have left all the same: it is told again.
    eventually("it was told to leave", async || {
        apply(site.client("b"), &leave, None).await.is_ok()
    })
    .await;
    eventually("it is out", async || {
        site.membership("b").await == Membership::Inactive
    })
    .await;
    assert_eq!(
        apply(site.client("b"), &leave, None).await.unwrap(),
        Applied::AlreadyDone
    );
    eventually("the swarm knows that it is gone", async || {
        of_b().await.state == NodeState::Down
    })
    .await;
    apply_twice(&site, &Action::RemoveNode(RemoveNode { node, node_id })).await;
    assert_eq!(site.cluster("a").await.nodes.len(), 1);
}

#[tokio::test]
async fn a_rotated_token_is_worthless() {
    let site = Site::up("token", &["a", "b"]);
    site.init("a").await;
    let old = join_tokens(site.client("a")).await.unwrap();
    rotate_join_tokens(site.client("a")).await.unwrap();
    let new = join_tokens(site.client("a")).await.unwrap();
    assert!(old.worker != new.worker && old.manager != new.manager);
    // The engine tries for ten seconds, without saying why it does not get in.
    let late = site
        .join_with("b", Role::Worker, &old.worker)
        .await
        .unwrap_err();
    assert!(
        matches!(late, ApplyError::Engine(EngineError::Late)),
        "{late:?}"
    );
    assert_eq!(site.membership("b").await, Membership::Pending);
    eventually("it is out", async || {
        site.membership("b").await == Membership::Inactive
    })
    .await;
    site.join("b", Role::Worker).await;
}

#[tokio::test]
async fn a_change_of_a_node_is_told_as_an_event() {
    let mut site = Site::up("event", &["a"]);
    site.init("a").await;
    let mut heard = events(site.client("a")).await.unwrap();
    let label = Action::LabelNode(LabelNode {
        node: "a".parse().unwrap(),
        node_id: site.active("a").await.node_id,
        set: BTreeMap::from([("zone".to_owned(), "x".to_owned())]),
        remove: Vec::new(),
    });
    apply(site.client("a"), &label, None).await.unwrap();
    assert_eq!(heard.next().await, Some(Event::Node));
    site.lab.kill("a").unwrap();
    while let Some(event) = heard.next().await {
        assert_eq!(event, Event::Node);
    }
}
