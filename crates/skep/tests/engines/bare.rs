//! From bare engines to a swarm, a service and an address, beside a script that types the same.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::engine::SwarmNode;
use crate::site::{Site, Speak as _, tell};
use crate::told::check_told;

const NODES: [&str; 3] = ["first", "second", "third"];

const MANIFEST: &str = "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: trio}
spec:
  nodes:
    - {name: first, address: 10.0.0.60, role: manager}
    - {name: second, address: 10.0.0.61, role: manager}
    - {name: third, address: 10.0.0.62, role: manager}
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
  version: 3
  interface: eth0
  addresses: [10.0.0.70]
  advertisementInterval: 100ms
  members:
    - {node: first, priority: 100}
    - {node: second, priority: 90}
    - {node: third, priority: 80}
";

/// What somebody types who knows how, and does not look at anything but what must be known.
const SCRIPT: &str = r#"
set -e
on() { node=$1; shift; docker --host "unix://$DISK/$node/docker.sock" "$@"; }
on first swarm init --advertise-addr 10.0.0.60 >&2
token=$(on first swarm join-token --quiet manager)
on second swarm join --advertise-addr 10.0.0.61 --token "$token" 10.0.0.60:2377 >&2
on third swarm join --advertise-addr 10.0.0.62 --token "$token" 10.0.0.60:2377 >&2
on first service create --detach --no-resolve-image --name web --mode global nginx >&2
until [ "$(on first node ls --format '{{.ManagerStatus}}' | grep -c -e Leader -e Reachable)" = 3 ] &&
      [ "$(on first service ls --format '{{.Replicas}}')" = 3/3 ]; do sleep 0.02; done
"#;

/// The wall time of skep, as a multiple of the script's, is at most this.
const TIMES_MAX: f64 = 1.2;
/// What the machine may do meanwhile to one of the two and not to the other.
const BUSY: Duration = Duration::from_secs(2);

#[test]
fn bare_engines_become_a_swarm_with_a_service_and_an_address_as_fast_as_by_a_script_and_it_is_told()
{
    let site = Site::up_alone_with("bare", MANIFEST);
    let path = site.write(MANIFEST);
    let by_hand = type_commands(&site);
    check_all_is_there(&site);
    make_bare(&site);

    let started = Instant::now();
    let said = site.apply("first", &path);
    let by_skep = started.elapsed();
    check_all_is_there(&site);
    let times = by_skep.as_secs_f64() / by_hand.as_secs_f64();
    tell(
        "measured",
        &format!(
            "3 bare engines to swarm, service and VIP: script {by_hand:.2?}, skep {by_skep:.2?}, {times:.2} times"
        ),
    );
    let at_most = by_hand.mul_f64(TIMES_MAX) + BUSY;
    assert!(by_skep <= at_most, "{times:.2} times:\n{said}");
    check_told(&site, "third", "first");
}

fn type_commands(site: &Site) -> Duration {
    let disk = site.disk("first");
    let disk = disk.parent().expect("it is that of a node");
    let started = Instant::now();
    let mut script = Command::new("sh");
    script.args(["-c", SCRIPT]).env("DISK", disk);
    script.said().check_success();
    let address = ["ip", "address", "add", "10.0.0.70/32", "dev", "eth0"];
    site.exec("first", &address).check_success();
    started.elapsed()
}

fn check_all_is_there(site: &Site) {
    let expected = NODES.map(|node| SwarmNode::ready(node, "manager"));
    assert_eq!(site.engine("second").nodes(), expected);
    assert_eq!(site.engine("second").running_tasks().len(), NODES.len());
    assert!(site.has_address("first", "eth0", "10.0.0.70/32"));
}

/// Takes away what the script made.
fn make_bare(site: &Site) {
    let address = ["ip", "address", "del", "10.0.0.70/32", "dev", "eth0"];
    site.exec("first", &address).check_success();
    thread::scope(|scope| {
        for node in NODES {
            scope.spawn(|| site.docker(node, &["swarm", "leave", "--force"]));
        }
    });
    site.wait_until("no engine runs anything of it", || {
        NODES.iter().all(|node| {
            let engine = site.engine(node);
            engine.membership() == "inactive" && engine.containers().is_empty()
        })
    });
}
