//! Engines that freeze, end or lose their quorum.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use skep_manifest::swarm::{Availability, Role};
use skep_plan::action::{Action, SetAvailability};
use skep_plan::observed::{Active, Membership};
use skep_swarm::apply::{ApplyError, apply};
use skep_swarm::engine::{ANSWER_LIMIT, EngineError};
use skep_swarm::observe::cluster;

use crate::site::{Site, eventually};

fn signal(site: &Site, name: &str, signal: &str) {
    let process = site.host(name).engine.process().to_string();
    let sent = Command::new("kill")
        .args([signal, &process])
        .status()
        .expect("kill is there");
    assert!(sent.success());
}

#[tokio::test]
async fn a_frozen_engine_is_silent_until_it_thaws() {
    let site = Site::managers("freeze", &["a"]).await;
    let before = site.membership("a").await;
    signal(&site, "a", "-STOP");
    let asked = Instant::now();
    assert_eq!(site.membership("a").await, Membership::Silent);
    let waited = asked.elapsed();
    let late = cluster(site.client("a")).await.unwrap_err();
    signal(&site, "a", "-CONT");
    assert!(waited < ANSWER_LIMIT + Duration::from_secs(2), "{waited:?}");
    assert!(matches!(late, EngineError::Late), "{late:?}");
    assert!(late.is_retryable());
    eventually("it answers again", async || {
        site.membership("a").await == before
    })
    .await;
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_silent() {
    let mut site = Site::managers("gone", &["a"]).await;
    site.lab.kill("a").unwrap();
    assert_eq!(site.membership("a").await, Membership::Silent);
    let silent = cluster(site.client("a")).await.unwrap_err();
    assert!(matches!(silent, EngineError::Silent { .. }), "{silent:?}");
}

#[tokio::test]
async fn a_manager_alone_of_three_has_no_leader() {
    let mut site = Site::managers("quorum", &["a", "b", "c"]).await;
    let node_id = site.active("c").await.node_id;
    let drain = Action::SetAvailability(SetAvailability {
        node: "c".parse().unwrap(),
        node_id: node_id.clone(),
        availability: Availability::Drain,
    });
    site.lab.kill("a").unwrap();
    site.lab.kill("b").unwrap();
    // It takes its time to find out; until then it does not answer in time.
    let has_no_leader = async || match cluster(site.client("c")).await {
        Err(EngineError::NoLeader) => true,
        Ok(_) | Err(EngineError::Late) => false,
        Err(other) => panic!("{other:?}"),
    };
    eventually("it has no leader", has_no_leader).await;
    // It works, as a manager of a swarm that it cannot read.
    let alone = Active {
        swarm_id: None,
        advertised: Some(site.host("c").address),
        node_id,
        role: Role::Manager,
    };
    assert_eq!(site.active("c").await, alone);
    let refused = apply(site.client("c"), &drain, None).await.unwrap_err();
    assert!(
        matches!(refused, ApplyError::Engine(EngineError::NoLeader)),
        "{refused:?}"
    );
    assert!(refused.is_retryable());
}

#[tokio::test]
async fn a_locked_engine_says_so() {
    let mut site = Site::managers("locked", &["a"]).await;
    let lock = site
        .lab
        .exec("a", &["docker", "swarm", "update", "--autolock"])
        .unwrap();
    assert!(lock.status.success(), "{lock:?}");
    // The engine says that it is locked before it has encrypted what it starts with.
    let key = site.lab.node_disk("a");
    let key = key.join("data/swarm/certificates/swarm-node.key");
    eventually("its key is encrypted", async || {
        fs::read_to_string(&key).is_ok_and(|key| key.contains("ENCRYPTED"))
    })
    .await;
    site.lab.kill("a").unwrap();
    site.lab.mend("a").unwrap();
    site.lab.start_engine("a").unwrap();
    eventually("it is locked", async || {
        site.membership("a").await == Membership::Locked
    })
    .await;
    let refused = cluster(site.client("a")).await.unwrap_err();
    assert!(matches!(refused, EngineError::Locked), "{refused:?}");
}
