//! A node is drained while people use what it holds and runs.

use std::iter;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use skep_lab::prober::Prober;
use skep_lab::visitor::Visitor;

use crate::process::{Part, signal};
use crate::site::{Site, tell};

const MANIFEST: &str = r#"
apiVersion: skep/v1
kind: Swarm
metadata: {name: leaving}
spec:
  nodes:
    - {name: a, address: 10.0.0.60, role: manager, labels: {web: "yes"}}
    - {name: b, address: 10.0.0.61, role: worker, labels: {web: "yes"}}
    - {name: c, address: 10.0.0.62, role: worker, labels: {web: "yes"}}
    - {name: visitor, address: 10.0.0.63, role: worker}
---
apiVersion: skep/v1
kind: Service
metadata: {name: web}
spec:
  image: nginx
  mode: {replicated: {replicas: 2, maxPerNode: 1}}
  ports: [{published: 80, target: 80, mode: host}]
  placement: {constraints: ["node.labels.web == yes"]}
"#;
const GROUP: &str = "---
apiVersion: skep/v1
kind: VipGroup
metadata: {name: ingress}
spec:
  virtualRouterId: 51
  interface: eth0
  addresses: [10.0.0.70]
  advertisementInterval: 100ms
  authentication: {none: {}}
  members: [a, b, c]
  tracking: [{service: web}, {swarm: [engine, availability]}]
";
/// The engines have other things to do than to be asked.
const BETWEEN_COUNTS: Duration = Duration::from_millis(20);
const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 70);
const MEMBERS: [&str; 3] = ["a", "b", "c"];

#[test]
fn a_drained_node_loses_no_probe_and_no_request_and_stays_drained_until_it_is_taken_back() {
    let site = Site::up_alone_with("drain", MANIFEST);
    let manifest = site.write(&format!("{MANIFEST}{GROUP}"));
    site.apply("a", &manifest);
    let mut holder = String::new();
    site.wait_until("the address is where a task is", || {
        let holders = MEMBERS.iter().filter(|node| holds(&site, node));
        let holders: Vec<&&str> = holders.collect();
        let [only] = holders[..] else { return false };
        holder = (*only).to_owned();
        // The member without a task knows that it is none to move to.
        let is_settled = |node: &&str| match site.engine(node).containers().is_empty() {
            true => inputs(&site, node).contains(&"failing".to_owned()),
            false => passes(&site, node),
        };
        !site.engine(only).containers().is_empty() && MEMBERS.iter().all(is_settled)
    });
    let lab = site.lab();
    let prober = Prober::start(&lab, "visitor", VIP).expect("the node lives");
    let servers = [SocketAddr::from((VIP, 80))];
    let visitor = Visitor::start(&lab, "visitor", &servers, "/").expect("it visits");

    let started = Instant::now();
    let is_over = AtomicBool::new(false);
    let (said, fewest) = thread::scope(|scope| {
        let fewest = scope.spawn(|| fewest_tasks(&site, &holder, &is_over));
        let said = site.skep("b", &["drain", &holder]);
        is_over.store(true, Ordering::Relaxed);
        (said.check_success(), fewest.join().expect("it counts"))
    });
    let took = started.elapsed();
    assert_eq!(fewest, 2, "a replacement runs before a task ends: {said}");
    assert!(site.engine(&holder).containers().is_empty(), "{said}");
    assert!(!holds(&site, &holder), "{said}");
    let tasks = |node: &str| site.engine(node).containers().len();
    site.wait_until("as many tasks as declared run elsewhere", || {
        MEMBERS.iter().map(|node| tasks(node)).sum::<usize>() == 2
    });
    let report = prober.stop().expect("it probed");
    let visits = visitor.finish().expect("it visited");
    let failed = visits.iter().filter(|visit| visit.page.is_none());
    let failed: Vec<Duration> = failed.map(|visit| visit.begun).collect();
    let retried = visits.iter().filter(|visit| visit.tries > 1).count();
    tell(
        "measured",
        &format!(
            "{holder} drained after {took:.1?}: {} of {} probes lost, {} of {} requests \
             failed, {retried} asked again\n{said}",
            report.lost(),
            report.probes.len(),
            failed.len(),
            visits.len()
        ),
    );
    assert_eq!(report.lost(), 0);
    assert!(
        failed.is_empty(),
        "requests failed that began at {failed:?}"
    );

    check_drained(&site, &holder);
    signal("-KILL", site.process("a", Part::Control).expect("it runs"));
    site.wait_until("control is back", || site.generation("a").is_some());
    site.apply("a", &manifest);
    check_drained(&site, &holder);
    assert_eq!(site.engine("a").node("a")["Spec"]["Role"], "manager");
    site.skep("b", &["uncordon", &holder]).check_success();
    site.wait_until("it gets tasks again", || {
        site.engine("a").node(&holder)["Spec"]["Availability"] == "active"
    });
    site.wait_until("everybody knows", || {
        availability(&site, &holder) == "active"
    });
}

/// Checks that a node is drained for everybody who asks, and that nothing wants to change that.
fn check_drained(site: &Site, node: &str) {
    assert_eq!(site.engine("a").node(node)["Spec"]["Availability"], "drain");
    assert_eq!(availability(site, node), "drain");
    let shown = site.skep("b", &["status"]).output;
    assert!(shown.contains("drain (ordered)"), "{shown}");
    let manifest = site.directory().join("skep.yaml").display().to_string();
    let diff = site.skep("b", &["diff", "-f", &manifest]);
    assert_eq!(diff.code, Some(0), "{diff:?}");
}

fn availability(site: &Site, node: &str) -> String {
    let status = site.json("b", &["status"]);
    let nodes = status["cluster"]["nodes"].as_array().cloned();
    let mut nodes = nodes.into_iter().flatten();
    let found = nodes.find(|it| it["name"] == node).unwrap_or(Value::Null);
    found["availability"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// How many tasks ran while that was counted, at the least. The node that is drained is counted
/// first: what replaces its task runs by the time that it does not.
fn fewest_tasks(site: &Site, drained: &str, is_over: &AtomicBool) -> usize {
    let others = MEMBERS.into_iter().filter(|node| *node != drained);
    let order: Vec<&str> = iter::once(drained).chain(others).collect();
    let mut fewest = usize::MAX;
    while !is_over.load(Ordering::Relaxed) {
        let tasks = |node: &&str| site.engine(node).containers().len();
        fewest = fewest.min(order.iter().map(tasks).sum());
        thread::sleep(BETWEEN_COUNTS);
    }
    fewest
}

fn holds(site: &Site, node: &str) -> bool {
    site.has_address(node, "eth0", "10.0.0.70/32")
}

/// Whether all inputs of a node pass.
fn passes(site: &Site, node: &str) -> bool {
    let inputs = inputs(site, node);
    inputs.len() == 2 && inputs.iter().all(|health| health == "passing")
}

/// How the inputs of a node are.
fn inputs(site: &Site, node: &str) -> Vec<String> {
    let status = site.json(node, &["status"]);
    let inputs = status["vipGroups"][0]["routers"][0]["inputs"].as_array();
    let health = |input: &Value| input["health"].as_str().map(str::to_owned);
    inputs.into_iter().flatten().filter_map(health).collect()
}
