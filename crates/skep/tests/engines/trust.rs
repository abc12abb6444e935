//! Agents without the cluster's key: strangers, and one with a certificate.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Child;

use serde_json::json;

use crate::engine::SwarmNode;
use crate::site::{Site, Speak as _, skep};

const MANIFEST: &str = "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: trusting}
spec:
  nodes:
    - {name: first, address: 10.0.0.60, role: manager}
    - {name: second, address: 10.0.0.61, role: worker}
    - {name: stranger, address: 10.0.0.62, role: worker}
";

/// What the stranger does once it is none: a task on each node, and it is to hold the address.
const WORK: &str = "\
---
apiVersion: skep/v1
kind: Service
metadata: {name: web}
spec: {image: nginx, mode: {global: {}}}
---
apiVersion: skep/v1
kind: VipGroup
metadata: {name: ingress}
spec:
  virtualRouterId: 51
  interface: eth0
  addresses: [10.0.0.70]
  members: [{node: stranger, priority: 100}, {node: first, priority: 90}]
";

#[test]
fn an_agent_with_another_key_or_none_stays_outside_and_a_worker_with_a_certificate_does_its_work() {
    let site = Site::up_with("trust", MANIFEST);
    site.stop_agent("stranger");
    check_another_key(&site);
    check_no_key(&site);
    check_certificate(&site);
}

fn check_another_key(site: &Site) {
    let key = site.directory().join("another.key");
    skep(&["keygen", "--out", &key.display().to_string()])
        .said()
        .check_success();
    let mut stranger = Stranger::start(site, &key);
    let path = site.write(MANIFEST).display().to_string();
    site.skep("first", &["apply", "-f", &path]).check_success();
    site.wait_until("the nodes with the key are in", || {
        let nodes = site.engine("first").ask("/nodes");
        nodes.as_array().is_some_and(|nodes| nodes.len() == 2)
    });
    site.wait_until("the manager says whom it does not trust", || {
        site.skep("first", &["status"]).output.contains(
            "no trusted connection to stranger (10.0.0.62:7380): \
             the two agents do not hold the same cluster key",
        )
    });
    let log = fs::read_to_string(&stranger.log).expect("it is there");
    assert!(log.contains("do not hold the same cluster key"), "{log}");
    assert_eq!(site.engine("stranger").membership(), "inactive");
    assert_eq!(site.generation("stranger"), None);
    stranger.stop(site);
}

fn check_no_key(site: &Site) {
    let manifests = site.disk("stranger").join("manifests");
    fs::write(manifests.join("skep.yaml"), MANIFEST).expect("there is room");
    let mut stranger = Stranger::start(site, &site.directory().join("no.key"));
    site.wait_until("it refuses the Swarm", || {
        let said = site.skep("stranger", &["status", "-o", "json"]).output;
        said.contains("\"mode\": \"standalone\"") && said.contains("\"rejected\": {")
    });
    let status = site.json("stranger", &["status"]);
    let errors = status["desired"]["rejected"]["errors"].to_string();
    let expected = "skep.yaml:1: this agent has no cluster.key, so it is standalone";
    assert!(errors.contains(expected), "{errors}");
    assert_eq!(site.engine("stranger").membership(), "inactive");
    stranger.stop(site);
}

/// A worker that never has the key joins by way of the manager's agent and works like any other,
/// until its certificate ends; another one is taken up where it lies.
fn check_certificate(site: &Site) {
    let manifests = site.disk("stranger").join("manifests/skep.yaml");
    fs::remove_file(manifests).expect("it was fed");
    // Until it is used, what certificates tell time by, a second, has passed thrice: in an election.
    let ended = make_certificate(site, "ended.key", "1ms");
    let own = make_certificate(site, "stranger.key", "24h");
    let mut stranger = Stranger::start(site, &own);
    let manifest = site.write(&format!("{MANIFEST}{WORK}"));
    site.apply("first", &manifest);
    let ready = [
        ("first", "manager"),
        ("second", "worker"),
        ("stranger", "worker"),
    ];
    let ready = ready.map(|(name, role)| SwarmNode::ready(name, role));
    assert_eq!(site.engine("first").nodes(), ready);
    let tasks = || site.engine("stranger").containers().len();
    assert_eq!((site.generation("stranger"), tasks()), (Some(2), 1));
    check_holds(site);
    stranger.stop(site);

    fs::rename(&ended, &own).expect("it was written");
    let mut stranger = Stranger::start(site, &own);
    let told = |node: &str, words: &str| {
        site.wait_until(words, || {
            site.skep(node, &["status"]).output.contains(words)
        });
    };
    told(
        "first",
        "no trusted connection to stranger (10.0.0.62:7380): a node's certificate has ended, or a \
         clock is wrong: make another with `skep keygen --node`",
    );
    told("stranger", "its certificate ended at ");
    // It does what it was told before all the same.
    check_holds_address(site);
    assert_eq!((site.generation("stranger"), tasks()), (Some(2), 1));

    let renewed = make_certificate(site, "renewed.key", "24h");
    fs::rename(&renewed, &own).expect("it was written");
    site.wait_until("the new one is taken up, and all is well", || {
        site.skep("first", &["status"]).code == Some(0)
    });
    check_holds(site);
    assert_eq!(tasks(), 1);
    stranger.stop(site);
}

/// A certificate of the stranger, as somebody with the key of the lab makes it.
fn make_certificate(site: &Site, name: &str, period: &str) -> PathBuf {
    let out = site.directory().join(name);
    let key = site.lab().cluster_key().display().to_string();
    skep(&["keygen", "--node", "stranger", "--for", period])
        .args(["--cluster-key", &key, "--out"])
        .arg(&out)
        .said()
        .check_success();
    out
}

fn check_holds_address(site: &Site) {
    site.wait_until("the stranger has the address", || {
        site.has_address("stranger", "eth0", "10.0.0.70/32")
    });
}

/// Checks that the stranger holds the address, and that everybody sees it.
fn check_holds(site: &Site) {
    check_holds_address(site);
    for node in ["first", "second", "stranger"] {
        site.wait_until(&format!("{node} sees it"), || {
            let status = site.json(node, &["status"]);
            let nodes = status["cluster"]["nodes"].as_array().into_iter().flatten();
            let mut nodes = nodes.filter(|it| it["name"] == "stranger");
            nodes.any(|it| it["holds"] == json!(["ingress"]) && it["engine"] == "up")
        });
    }
}

/// An agent that was started by hand, without the lab's key.
struct Stranger {
    nsenter: Child,
    log: PathBuf,
}

impl Stranger {
    fn start(site: &Site, key: &Path) -> Self {
        let node = "stranger";
        let log = site.disk(node).join("agent.log");
        let file = File::create(&log).expect("there is room");
        let shown = |path: &Path| path.display().to_string();
        let program = [
            env!("CARGO_BIN_EXE_skep"),
            "agent",
            "--node",
            node,
            "--docker-host=unix:///run/docker.sock",
            "--cluster-key",
            &shown(key),
            "--socket",
            &shown(&site.socket(node)),
            "--manifests",
            &shown(&site.disk(node).join("manifests")),
            "--state-dir",
            &shown(&site.disk(node).join("state")),
        ];
        let nsenter = site
            .exec_command(node, &program)
            .stderr(file)
            .spawn()
            .expect("it is installed");
        let stranger = Self { nsenter, log };
        site.wait_until("the stranger answers", || {
            site.skep(node, &["status"]).code != Some(2)
        });
        stranger
    }

    fn stop(&mut self, site: &Site) {
        site.stop_agent("stranger");
        let ended = self.nsenter.wait().expect("it was started here");
        let log = fs::read_to_string(&self.log).expect("it is there");
        assert!(ended.success(), "{log}");
    }
}
