//! The pair as one cluster that has no engine.

use std::fs;
use std::path::Path;
use std::process::Command;

use skep_api::status::AgentStatus;

use crate::cluster::agent::skep;
use crate::cluster::{Cluster, wait_until};
use crate::pair::{A, ADDRESSES, B, CLIENT, VIP, hosts, ingress};

/// Where the agents serve metrics.
pub(crate) const METRICS_PORT: u16 = 9464;

/// Both hosts as a swarm whose engines are silent, with these groups.
pub(crate) fn manifest(groups: &str) -> String {
    let [a, b] = ADDRESSES;
    format!(
        "apiVersion: skep/v1\nkind: Swarm\nmetadata: {{name: cube}}\nspec:\n  nodes:\n    \
         - {{name: {A}, address: {a}, role: manager}}\n    \
         - {{name: {B}, address: {b}, role: manager}}\n---\n{groups}"
    )
}

/// The agents of one cluster, told what to run; `a` holds [`VIP`].
pub(crate) fn up(test: &str) -> Cluster {
    let mut cluster = hosts(test);
    make_key(&cluster);
    for node in [A, B] {
        start(&mut cluster, node);
    }
    let group = ingress() + "  authentication: {none: {}}\n";
    apply(&cluster, &manifest(&group));
    cluster.wait_for_holder(VIP, A);
    wait_until_they_hear(&cluster);
    cluster.agent(B).wait_until_it_hears("ingress");
    cluster
}

/// Makes the key that both agents share.
pub(crate) fn make_key(cluster: &Cluster) {
    let key = cluster.directory(CLIENT).join("cluster.key");
    let made = Command::new(skep())
        .args(["keygen", "--out"])
        .arg(&key)
        .output()
        .expect("it is built");
    assert!(made.status.success(), "{made:?}");
}

/// Starts the agent of `node`, which remembers what it was told when it ran before.
pub(crate) fn start(cluster: &mut Cluster, node: &str) {
    let key = cluster.directory(CLIENT).join("cluster.key");
    start_with(cluster, node, &key);
}

/// The same with what is in the file `key`.
pub(crate) fn start_with(cluster: &mut Cluster, node: &str, key: &Path) {
    let state = cluster.directory(node).join("state");
    let environment = [
        "env".to_owned(),
        format!("SKEP_CLUSTER_KEY={}", key.display()),
        format!("SKEP_STATE_DIR={}", state.display()),
        format!(
            "SKEP_DOCKER_HOST=unix://{}",
            state.join("none.sock").display()
        ),
        format!("SKEP_METRICS=0.0.0.0:{METRICS_PORT}"),
    ];
    let environment: Vec<&str> = environment.iter().map(String::as_str).collect();
    cluster.start_under(node, "", &environment);
}

/// Lets the agents run what this says.
pub(crate) fn apply(cluster: &Cluster, manifest: &str) {
    let path = cluster.directory(CLIENT).join("skep.yaml");
    fs::write(&path, manifest).expect("there is room for files");
    let path = path.display().to_string();
    let mut said = (2, String::new());
    let applied = wait_until(|| {
        said = cluster.agent(A).ask(&["apply", "-f", &path]);
        said.0 == 0
    });
    assert!(applied, "{said:?}");
}

/// Waits until both agents know what both are.
pub(crate) fn wait_until_they_hear(cluster: &Cluster) {
    for node in [A, B] {
        let agent = cluster.agent(node);
        agent.wait_for_status("what the other is", |status| {
            hears(status, A) && hears(status, B)
        });
    }
}

/// Whether the agent heard that of `node` within a second or two.
pub(crate) fn hears(status: &AgentStatus, node: &str) -> bool {
    let nodes = status.cluster.iter().flat_map(|cluster| &cluster.nodes);
    let mut nodes = nodes.into_iter().filter(|known| known.name == node);
    nodes.any(|known| known.heard_ms.is_some_and(|ms| ms < 2_000))
}
