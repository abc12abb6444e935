//! What agents ask each other: as much as there are nodes, not as their square.

use std::net::Ipv4Addr;

use skep_api::status::AgentStatus;

use crate::cluster::{Cluster, wait_until};
use crate::clustered::{self, hears};
use crate::pair::{A, CLIENT};

/// The nodes of the largest cluster; the first two are managers.
const NODES: [&str; 7] = [A, "b", "c", "d", "e", "f", "g"];
const MANAGERS: usize = 2;

/// How many questions each manager puts to each node while it is counted.
const ROUNDS: u64 = 3;

/// A question and its answer when nothing changed, as the kernel counts both with their headers and
/// acknowledgements: measured 460. A new connection is 4 000.
const EXCHANGE_BYTES_MAX: u64 = 1_000;

/// Where `/proc/net/dev` has the bytes that were sent.
const SENT_COLUMN: usize = 9;

#[test]
fn questions_and_bytes_grow_with_the_nodes_and_not_with_their_square() {
    let address = |index: usize| Ipv4Addr::new(10, 0, 0, 60 + u8::try_from(index).expect("few"));
    let hosts: Vec<(&str, Ipv4Addr)> = NODES
        .iter()
        .chain([&CLIENT])
        .enumerate()
        .map(|(index, &name)| (name, address(index)))
        .collect();
    let mut cluster = Cluster::up("traffic", "eth0", &hosts);
    clustered::make_key(&cluster);
    for node in NODES {
        clustered::start(&mut cluster, node);
    }
    for nodes in [4, NODES.len()] {
        let nodes = &hosts[..nodes];
        clustered::apply(&cluster, &manifest(nodes));
        count(&cluster, nodes);
    }
}

/// So many nodes as a swarm whose engines are silent.
fn manifest(nodes: &[(&str, Ipv4Addr)]) -> String {
    let node = |(index, (name, address)): (usize, &(&str, Ipv4Addr))| {
        let role = if index < MANAGERS {
            "manager"
        } else {
            "worker"
        };
        format!("    - {{name: {name}, address: {address}, role: {role}}}\n")
    };
    let nodes: String = nodes.iter().enumerate().map(node).collect();
    format!("apiVersion: skep/v1\nkind: Swarm\nmetadata: {{name: cube}}\nspec:\n  nodes:\n{nodes}")
}

/// Counts what `nodes` ask each other once they know each other.
fn count(cluster: &Cluster, nodes: &[(&str, Ipv4Addr)]) {
    for (node, _) in nodes {
        let knows = |status: &AgentStatus| nodes.iter().all(|(name, _)| hears(status, name));
        cluster
            .agent(node)
            .wait_for_status("what all the others are", knows);
    }
    let (managers, workers) = (MANAGERS as u64, (nodes.len() - MANAGERS) as u64);
    let others = managers + workers - 1;
    // Until those that were asked while nobody was heard are not asked any more.
    let settled = wait_until(|| {
        let (before, after) = (asked(cluster, nodes), asked_after(cluster, nodes, others));
        let of_workers = |counts: &[u64]| counts[MANAGERS..].iter().sum::<u64>();
        of_workers(&after) - of_workers(&before) <= 2 * workers * managers
    });
    assert!(settled, "workers ask two managers each");

    let (bytes, before) = (sent(cluster, nodes), asked(cluster, nodes));
    let after = asked_after(cluster, nodes, ROUNDS * others);
    let bytes = sent(cluster, nodes) - bytes;
    let questions: Vec<u64> = before.iter().zip(&after).map(|(a, b)| b - a).collect();
    let all: u64 = questions.iter().sum();
    let by_first = questions[0].div_ceil(others);
    let each_round = managers * others + managers * workers;
    // Every agent asks at a pace of its own.
    assert!(all <= (by_first + 2) * each_round * 3 / 2, "{questions:?}");
    assert!(
        bytes <= all * EXCHANGE_BYTES_MAX,
        "{bytes} for {questions:?}"
    );
}

/// How many questions each of `nodes` asked so far.
fn asked(cluster: &Cluster, nodes: &[(&str, Ipv4Addr)]) -> Vec<u64> {
    let asked = |(node, _): &(&str, Ipv4Addr)| {
        let status = cluster.agent(node).status().expect("it answers");
        status.cluster.expect("it belongs to a cluster").questions
    };
    nodes.iter().map(asked).collect()
}

/// The same once the first of them asked `more`.
fn asked_after(cluster: &Cluster, nodes: &[(&str, Ipv4Addr)], more: u64) -> Vec<u64> {
    let first = asked(cluster, &nodes[..1])[0];
    assert!(wait_until(|| asked(cluster, &nodes[..1])[0] >= first + more));
    asked(cluster, nodes)
}

/// How many bytes `nodes` sent so far.
fn sent(cluster: &Cluster, nodes: &[(&str, Ipv4Addr)]) -> u64 {
    let sent = |(node, _): &(&str, Ipv4Addr)| {
        let said = cluster.say(node, &["cat", "/proc/net/dev"]);
        let line = said.lines().find(|line| line.trim().starts_with("eth0:"));
        let count = line.and_then(|line| line.split_whitespace().nth(SENT_COLUMN));
        let count = count.expect("a table of the kernel's");
        count.parse::<u64>().expect("a number")
    };
    nodes.iter().map(sent).sum()
}
