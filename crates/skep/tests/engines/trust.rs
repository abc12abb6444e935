//! Agents without the cluster's key.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Child;

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

#[test]
fn an_agent_with_another_key_stays_outside_and_one_without_a_key_refuses_the_swarm() {
    let site = Site::up_with("trust", MANIFEST);
    site.stop_agent("stranger");
    check_another_key(&site);
    check_no_key(&site);
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
