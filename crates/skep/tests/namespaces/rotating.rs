//! The cluster's key is exchanged for another one while everything goes on.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::Value;
use skep_api::call::CallError;
use skep_api::path;
use skep_api::peer::{Peer, PeerClient};
use skep_api::status::AgentStatus;
use skep_api::trust::identity::Identity;
use skep_api::trust::key::ClusterKeys;
use skep_manifest::condition::{Condition, ConditionType, Reason};

use crate::certified::block_on;
use crate::cluster::agent::{child, router, signal};
use crate::cluster::wire::adverts;
use crate::cluster::{Cluster, measured, wait_until};
use crate::clustered;
use crate::host::on;
use crate::pair::{self, A, ADDRESSES, B, CLIENT, ID, VIP, assert_none_lost};

/// A worker without a VIP, which the managers tell of each other.
const C: &str = "c";
const C_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 62);
const NODES: [&str; 3] = [A, B, C];

/// Where an advertisement of one address says which key signed it.
const KEY_ID: usize = 13;

fn manifest() -> String {
    let managers = clustered::manifest(&pair::ingress());
    let worker = format!("    - {{name: {C}, address: {C_ADDRESS}, role: worker}}\n---\n");
    managers.replacen("---\n", &worker, 1)
}

fn key(cluster: &Cluster, node: &str) -> PathBuf {
    cluster.directory(node).join("cluster.key")
}

#[test]
fn the_key_is_exchanged_without_a_lost_probe_and_waits_for_whoever_is_away() {
    let mut cluster = up();
    let old = ClusterKeys::read(&key(&cluster, A)).expect("it was made");
    let vip = child(cluster.agent(A).supervisor(), "vip");
    let prober = cluster.probe(CLIENT, VIP);

    // One of them is away: all others know the new key, and go no further.
    stop(&cluster, C);
    let (code, text) = cluster.agent(A).ask(&["keygen", "--rotate"]);
    assert_eq!(code, 0, "{text}");
    let away = "1 of 3 steps are taken here; the next one waits: the agent of c does not answer";
    wait_until_told(&cluster, &[A, B], away);
    let (code, text) = cluster.agent(B).ask(&["keygen", "--rotate"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("being exchanged already"), "{text}");

    // One that is started anew goes on where it was.
    stop(&cluster, B);
    start(&mut cluster, B);
    wait_until_told(&cluster, &[B], away);
    assert_eq!(held_by(&cluster, A), Some(2));

    start(&mut cluster, C);
    let all_have_one = wait_until(|| {
        let mut nodes = NODES.iter();
        nodes.all(|node| held_by(&cluster, node) == Some(1))
    });
    assert!(all_have_one, "they end with one key");
    for node in NODES {
        let agent = cluster.agent(node);
        agent.wait_for_status("the end of it", |status| {
            rotation(status).is_none() && clustered::hears(status, A) && clustered::hears(status, B)
        });
    }
    let new = ClusterKeys::read(&key(&cluster, A)).expect("it is whole");
    for node in NODES {
        let theirs = ClusterKeys::read(&key(&cluster, node)).expect("it is whole");
        assert_eq!(theirs, new, "{node}");
    }
    cluster.agent(B).wait_until_it_hears("ingress");
    measured(
        "a cluster's key is exchanged in three steps",
        &assert_none_lost(prober),
    );
    check_nobody_took_over(&cluster);
    assert_eq!(child(cluster.agent(A).supervisor(), "vip"), vip);
    on(&cluster, CLIENT, || {
        block_on(check_old_is_refused(&old, &new))
    });
}

/// Three agents, each with its own copy of the key; `a` holds the address, and all sign.
fn up() -> Cluster {
    let [a, b] = ADDRESSES;
    let client = Ipv4Addr::new(10, 0, 0, 99);
    let hosts = [(A, a), (B, b), (C, C_ADDRESS), (CLIENT, client)];
    let mut cluster = Cluster::up("rotate-key", "eth0", &hosts);
    clustered::make_key(&cluster);
    for node in NODES {
        fs::copy(key(&cluster, CLIENT), key(&cluster, node)).expect("there is room for files");
        start(&mut cluster, node);
    }
    clustered::apply(&cluster, &manifest());
    cluster.wait_for_holder(VIP, A);
    for node in [A, B] {
        cluster.agent(node).wait_for_status("enforce", |status| {
            router(status, "ingress").is_some_and(|router| router.authentication == "enforce")
                && NODES.iter().all(|other| clustered::hears(status, other))
        });
    }
    cluster.agent(B).wait_until_it_hears("ingress");
    cluster
}

fn start(cluster: &mut Cluster, node: &str) {
    let key = key(cluster, node);
    clustered::start_with(cluster, node, &key);
}

fn stop(cluster: &Cluster, node: &str) {
    signal(cluster.agent(node).supervisor(), Signal::TERM);
    assert_eq!(cluster.agent(node).wait_for_exit(), 0);
}

fn rotation(status: &AgentStatus) -> Option<&Condition> {
    let mut conditions = status.conditions.iter();
    conditions.find(|condition| condition.reason == Reason::KeyRotation)
}

fn wait_until_told(cluster: &Cluster, nodes: &[&str], message: &str) {
    for node in nodes {
        cluster.agent(node).wait_for_status(message, |status| {
            rotation(status).is_some_and(|condition| {
                condition.condition_type == ConditionType::Stalled
                    && condition.message.contains(message)
            })
        });
    }
}

/// How many keys the agent of `node` believes.
fn held_by(cluster: &Cluster, node: &str) -> Option<usize> {
    let text = fs::read_to_string(key(cluster, node)).ok()?;
    let keys = text.lines().filter(|line| !line.starts_with('#'));
    let is_new = text.contains("retired ") || text.contains("next ");
    is_new.then(|| keys.filter(|line| !line.starts_with("retired ")).count())
}

/// Only `a` advertised, first with the old key and then with the new one, and all of it counted.
fn check_nobody_took_over(cluster: &Cluster) {
    let said = adverts(&cluster.capture, ID);
    assert!(said.iter().all(|advert| advert.node == A), "{said:?}");
    let signed = said.iter().filter(|advert| advert.payload.len() > KEY_ID);
    let mut ids: Vec<u8> = signed.map(|advert| advert.payload[KEY_ID]).collect();
    ids.dedup();
    assert_eq!(ids.len(), 2, "one key after the other: {ids:?}");
    let backup = cluster.agent(B).wait_for_state("ingress", "Backup");
    let unproven = backup.counters.iter();
    let unproven = unproven.filter(|(name, count)| name.starts_with("unproven") && **count > 0);
    assert_eq!(unproven.count(), 0, "{:?}", backup.counters);
}

/// Whoever has the old key alone is a stranger.
async fn check_old_is_refused(old: &ClusterKeys, new: &ClusterKeys) {
    let peer = Peer {
        node: A.parse().expect("a name"),
        address: SocketAddr::from((ADDRESSES[0], path::DEFAULT_PORT)),
    };
    let node = B.parse().expect("a name");
    let ask = async |keys: &ClusterKeys| {
        let identity = Identity::issue(keys, &node).expect("it can be issued");
        let client = PeerClient::new(&identity);
        client.get::<Value>(&peer, path::REPORT).await
    };
    ask(new).await.expect("it is answered");
    let refused = ask(old).await;
    assert!(
        matches!(refused, Err(CallError::Untrusted { .. })),
        "{refused:?}"
    );
}
