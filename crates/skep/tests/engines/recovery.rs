//! A majority of the managers is lost, and the swarm goes on with one; a manager's disk is lost, and
//! comes back from a backup.

use std::fs;

use serde_json::Value;

use crate::engine::SwarmNode;
use crate::site::{Said, Site, tell};

const MANAGERS: [&str; 3] = ["first", "second", "third"];

/// `first` holds the address as long as it lives.
const MANIFEST: &str = "apiVersion: skep/v1
kind: Swarm
metadata: {name: cube}
spec:
  nodes:
    - {name: first, address: 10.0.0.60, role: manager}
    - {name: second, address: 10.0.0.61, role: manager}
    - {name: third, address: 10.0.0.62, role: manager}
---
apiVersion: skep/v1
kind: VipGroup
metadata: {name: ingress}
spec:
  virtualRouterId: 51
  interface: eth0
  addresses: [10.0.0.70]
  members:
    - {node: first, priority: 100}
    - {node: second, priority: 90}
    - {node: third, priority: 80}
---
apiVersion: skep/v1
kind: Service
metadata: {name: web}
spec: {image: nginx, mode: {global: {}}, ports: [{published: 80, target: 80, mode: host}]}
";

#[test]
fn two_of_three_managers_lost_and_the_swarm_goes_on_with_one_and_then_with_three() {
    let site = Site::up_with("recover", MANIFEST);
    site.apply("first", &site.write(MANIFEST));
    let swarm = site.engine("third").swarm_id();
    let service = site.engine("third").service("web").expect("it runs")["ID"].clone();
    let containers = site.engine("third").containers();
    assert_eq!(containers.len(), 1);

    // While a majority is there, nothing is recovered.
    let said = site.skep("third", &["recover", "--on", "third", "--confirm", "cube"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.complaint.contains("it has a majority"), "{said:?}");

    site.run(&["kill", "first"]);
    site.run(&["kill", "second"]);
    check_what_is_left(&site, &containers);
    check_refusals(&site);
    let said = site
        .skep("third", &["recover", "--on", "third", "--confirm", "cube"])
        .check_success();
    assert!(
        said.contains("goes on with third as its only manager"),
        "{said}"
    );
    check_backup(&site, &said);
    let engine = site.engine("third");
    assert_eq!(engine.swarm_id(), swarm);
    assert_eq!(engine.service("web").expect("it is kept")["ID"], service);
    assert_eq!(managers(&engine.ask("/nodes")), ["third"]);
    assert_eq!(
        engine.node("third")["ManagerStatus"]["Addr"],
        "10.0.0.62:2377"
    );

    // Both come back at once: they were a majority of the swarm as it was.
    site.run(&["heal", "first", "second"]);
    let all = MANAGERS.map(|name| SwarmNode::ready(name, "manager"));
    let took = site.wait_until("all three are its managers", || {
        engine.nodes() == all && managers(&engine.ask("/nodes")) == MANAGERS
    });
    tell(
        "measured",
        &format!("recovered: three managers {took:.1?} after the others came back"),
    );
    site.wait_until("all is as declared", || {
        MANAGERS.iter().all(|node| {
            site.skep(node, &["status"]).code == Some(0)
                && site.engine(node).swarm_id() == swarm
                && site.generation(node) == Some(1)
        })
    });
    site.wait_until("first has the address again", || {
        site.has_address("first", "eth0", "10.0.0.70/32")
    });
    let path = site.write(MANIFEST).display().to_string();
    let said = site.skep("second", &["diff", "-f", &path]);
    assert_eq!((said.code, said.output.as_str()), (Some(0), ""), "{said:?}");
    // And it takes changes again, wherever they are submitted.
    site.apply(
        "first",
        &site.write(&MANIFEST.replace("nginx,", "nginx, environment: {A: b},")),
    );
    assert_eq!(engine.environment("web"), ["A=b"]);
}

/// Without a majority the address and the tasks carry on, and everybody says what is wrong.
fn check_what_is_left(site: &Site, containers: &[String]) {
    site.wait_until("third has the address", || {
        site.has_address("third", "eth0", "10.0.0.70/32")
    });
    site.wait_until("status says that the quorum is lost", || {
        let said = site.skep("third", &["status"]);
        said.output.contains("quorum LOST") && said.output.contains(": 1 of 3 managers.")
    });
    site.check_web("third", "10.0.0.70", "third");
    assert_eq!(site.engine("third").containers(), containers);

    site.wait_until("recover says how far the log of third goes", || {
        let said = site.skep("third", &["recover"]);
        let possible = said.output.contains("skep recover --on third");
        said.code == Some(1) && possible && said.output.contains(" entry ")
    });
    let known = site.json("third", &["recover"]);
    let third = &known["managers"][2];
    assert_eq!(third["generation"], 1);
    assert_eq!(third["services"], 1);
    assert!(third["log"]["index"].as_u64() > Some(20), "{third}");
    let first = &known["managers"][0]["refused"]["message"];
    assert_eq!(first, "node/first: its agent does not answer");
}

fn check_refusals(site: &Site) {
    let refused = |words: &[&str], code: i32, why: &str| {
        let said = site.skep("third", &[&["recover"], words].concat());
        assert_eq!(said.code, Some(code), "{said:?}");
        assert!(said.complaint.contains(why), "{said:?}");
    };
    let name = "the swarm is called `cube`, and `web` was confirmed";
    refused(&["--on", "third", "--confirm", "web"], 1, name);
    let silent = "node/first: its agent does not answer";
    refused(&["--on", "first", "--confirm", "cube"], 1, silent);
    let nobody = "nobody is there to confirm it: say --confirm cube";
    refused(&["--on", "third"], 2, nobody);
}

/// What the engine had is in a file that only root reads.
fn check_backup(site: &Site, said: &str) {
    let path = said
        .trim()
        .rsplit_once("backup on third: ")
        .expect("it is said")
        .1;
    let length = fs::metadata(path).expect("it is there").len();
    assert!(length > 1_000, "{length} bytes");
    assert!(path.starts_with(site.disk("third").to_str().expect("a path")));
}

/// Who has a part in what the managers agree on.
fn managers(nodes: &Value) -> Vec<String> {
    let nodes = nodes.as_array().into_iter().flatten();
    let with_part = nodes.filter(|node| node["ManagerStatus"]["Reachability"] == "reachable");
    let name = |node: &Value| node["Description"]["Hostname"].as_str().map(str::to_owned);
    let mut names: Vec<String> = with_part.filter_map(name).collect();
    names.sort();
    names
}

const LONE: &str = "apiVersion: skep/v1
kind: Swarm
metadata: {name: lone}
spec:
  nodes: [{name: first, address: 10.0.0.60, role: manager}]
---
apiVersion: skep/v1
kind: Service
metadata: {name: web}
spec: {image: nginx}
";

#[test]
fn a_manager_that_lost_its_disk_comes_back_from_a_backup_with_its_swarm_and_desired_state() {
    let site = Site::up_with("restore", LONE);
    site.apply("first", &site.write(LONE));
    let swarm = site.engine("first").swarm_id();
    let service = site.engine("first").service("web").expect("it runs")["ID"].clone();
    let file = site
        .directory()
        .join("lone.skep-backup")
        .display()
        .to_string();
    let said = site.keep(&["backup", "--out", &file]).check_success();
    assert!(
        said.contains("what first has of lone, generation 1"),
        "{said}"
    );
    let again = site.keep(&["backup", "--out", &file]);
    assert_eq!(again.code, Some(2), "{again:?}");

    let running = site.keep(&["restore", &file]);
    assert_eq!(running.code, Some(1), "{running:?}");
    assert!(running.complaint.contains("the engine runs"), "{running:?}");
    site.run(&["kill", "first"]);
    let taken = site.keep(&["restore", &file, "--confirm", "other"]);
    assert_eq!(taken.code, Some(1), "{taken:?}");
    assert!(
        taken.complaint.contains("has a part in a swarm already"),
        "{taken:?}"
    );

    // What the engine and the agent knew is gone.
    for lost in ["data/swarm", "state"] {
        fs::remove_dir_all(site.disk("first").join(lost)).expect("it was there");
    }
    site.keep(&["restore", &file]).check_success();
    site.run(&["heal", "first"]);
    site.wait_until("all is as declared", || {
        site.skep("first", &["status"]).code == Some(0) && site.generation("first") == Some(1)
    });
    let engine = site.engine("first");
    assert_eq!(engine.swarm_id(), swarm);
    assert_eq!(engine.service("web").expect("it is there")["ID"], service);
}

impl Site {
    /// What `skep` says to somebody on `first` who keeps or puts back what its engine has.
    fn keep(&self, words: &[&str]) -> Said {
        let disk = self.disk("first");
        let place = |name: &str| disk.join(name).display().to_string();
        let engine = format!("unix://{}", place("docker.sock"));
        let (root, state) = (place("data"), place("state"));
        let places = [
            "--docker-host",
            &engine,
            "--data-root",
            &root,
            "--state-dir",
            &state,
        ];
        self.skep("first", &[words, &places].concat())
    }
}
