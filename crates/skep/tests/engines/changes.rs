//! Changing the manifest of a cluster that runs: what the engines then have.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::site::Site;

const NODES: [&str; 3] = ["first", "second", "third"];
const SWARM: &str = "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: changing}
spec:
  nodes:
    - {name: first, address: 10.0.0.60, role: manager}
    - {name: second, address: 10.0.0.61, role: worker}
    - {name: third, address: 10.0.0.62, role: worker}
";
const LONE: &str = "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: alone}
spec:
  nodes:
    - {name: first, address: 10.0.0.60, role: manager}
";
const SERVICE: &str = "\
---
apiVersion: skep/v1
kind: Service
metadata: {name: web}
spec:
  image: nginx
  mode: {replicated: {replicas: 3}}
";

#[test]
fn engines_follow_a_service_that_comes_changes_and_goes_and_a_node_that_is_drained_and_labelled() {
    let site = Site::up_with("changes", SWARM);
    let apply = |manifest: &str| site.apply_all("second", &site.write(manifest));
    apply(SWARM);
    let engine = site.engine("first");
    assert!(engine.service("web").is_none());
    check_each_was_labelled_once(&site);

    apply(&format!("{SWARM}{SERVICE}"));
    let service = engine.service("web").expect("it is created");
    let labels = &service["Spec"]["Labels"];
    assert_eq!(labels["skep.swarm"], "changing", "{labels}");
    assert_eq!(engine.running_tasks().len(), 3);
    assert!(tasks_on(&site, "third") > 0);

    let changed = format!("{SERVICE}  environment: {{COLOUR: blue}}\n");
    apply(&format!("{SWARM}{changed}"));
    assert_eq!(engine.environment("web"), ["COLOUR=blue"]);
    let tasks = engine.running_tasks();
    let has = |(_, environment): &(String, Value)| environment[0] == "COLOUR=blue";
    assert!(tasks.len() == 3 && tasks.iter().all(has), "{tasks:?}");

    let drained = SWARM.replace(
        "10.0.0.62, role: worker",
        "10.0.0.62, role: worker, availability: drain, labels: {zone: a}",
    );
    assert_ne!(drained, SWARM);
    apply(&format!("{drained}{changed}"));
    let third = engine.node("third");
    assert_eq!(third["Spec"]["Availability"], "drain");
    assert_eq!(third["Spec"]["Labels"]["zone"], "a");
    site.wait_until("the tasks leave the drained node", || {
        tasks_on(&site, "third") == 0
            && engine.running_tasks().len() == 3
            && site.engine("third").containers().is_empty()
    });

    apply(&drained);
    assert!(engine.service("web").is_none());
    site.wait_until("its containers are gone", || {
        let nodes = NODES.iter();
        nodes
            .clone()
            .all(|node| site.engine(node).containers().is_empty())
    });

    apply(SWARM);
    let third = engine.node("third");
    assert_eq!(third["Spec"]["Availability"], "active");
    assert_eq!(third["Spec"]["Labels"]["zone"], Value::Null);
}

#[test]
fn a_service_that_the_engine_refuses_does_not_stop_the_others_and_is_tried_once_a_second() {
    let site = Site::up_with("refused", LONE);
    site.apply("first", &site.write(LONE));
    // What another tool made is not in the manifest, so only the engine can know.
    let taken = [
        "service",
        "create",
        "--detach",
        "--name=a",
        "--publish=80:80",
        "nginx",
    ];
    site.docker("first", &taken);
    let service = |name: &str, more: &str| {
        format!(
            "---\napiVersion: skep/v1\nkind: Service\nmetadata: {{name: {name}}}\nspec:\n  \
             image: nginx\n  mode: {{replicated: {{replicas: 1}}}}\n{more}"
        )
    };
    let port = "  ports: [{published: 80, target: 80, mode: ingress}]\n";
    let manifest = [LONE, &service("b", port), &service("c", "")].concat();
    let path = site.write(&manifest).display().to_string();
    site.skep("first", &["apply", "-f", &path]).check_success();
    site.wait_until("the service after the refused one is there", || {
        site.engine("first").service("c").is_some()
    });
    let refusal = "service/b: the engine refused (400)";
    let tries = || {
        let log = fs::read_to_string(site.disk("first").join("agent.log"));
        log.expect("it is there").matches(refusal).count()
    };
    let before = tries();
    let took = site.wait_until("it is tried again", || tries() >= before + 3);
    assert!(took > Duration::from_secs(1), "thrice more within {took:?}");
    site.wait_until("the status says why", || {
        let status = site.skep("first", &["status"]).output;
        status.contains(refusal) && status.contains("'80' is already in use by service 'a'")
    });
}

#[test]
fn tasks_that_cannot_be_had_or_end_are_not_as_declared_and_the_engine_s_words_say_why() {
    let site = Site::up_alone_with("image", LONE);
    let lone = SERVICE.replace("{replicated: {replicas: 3}}", "{global: {}}");
    site.apply("first", &site.write(&format!("{LONE}{lone}")));
    let missing = lone.replace("nginx", "nobody-has-it");
    let path = site.write(&format!("{LONE}{missing}"));
    let path = path.display().to_string();
    let words = ["apply", "-f", &path, "--wait", "--timeout", "60s"];
    let said = site.skep("first", &words);
    // The engine gives the update up with the first task, and nothing is left to wait for.
    assert_eq!(said.code, Some(1), "{said:?}");
    let reason = "No such image: nobody-has-it";
    assert!(said.complaint.contains(reason), "{said:?}");
    let status = site.skep("first", &["status"]);
    assert!(status.output.contains(reason), "{status:?}");

    site.apply("first", &site.write(&format!("{LONE}{lone}")));
    let status = site.skep("first", &["status"]);
    assert!(!status.output.contains(reason), "{status:?}");
    check_tasks_that_end(&site);
}

/// What ends as soon as it began is told with its end and with the way to its own words: of a new
/// service, and of one whose update the engine gives up.
fn check_tasks_that_end(site: &Site) {
    let waited = |name: &str, body: &str, (timeout, code): (&str, i32)| {
        let head = "---\napiVersion: skep/v1\nkind: Service\nmetadata: {name: ";
        let service = format!("{head}{name}}}\nspec: {{image: nginx, {body}}}\n");
        let path = site
            .write(&format!("{LONE}{service}"))
            .display()
            .to_string();
        let words = ["apply", "-f", &path, "--wait", "--timeout", timeout];
        let said = site.skep("first", &words);
        assert_eq!(said.code, Some(code), "{said:?}");
        said.complaint
    };
    let fails = "command: [/bin/busybox, 'false']";
    let in_vain = ("4s", 3);
    let said = waited("new", fails, in_vain);
    assert!(
        said.contains("error: service/new: 0 of 1 tasks run: task: non-zero exit (1)\n")
            && said.contains("hint: `docker service logs new` on a manager shows"),
        "{said}"
    );
    // Nothing is left to wait for.
    let said = waited(
        "new",
        "command: [/bin/busybox, 'true'], environment: {A: b}",
        ("60s", 1),
    );
    let paused = "error: service/new: 0 of 1 tasks run: update paused due to failure";
    assert!(
        said.contains(paused)
            && said.contains(": its command ended\n")
            && said.contains("hint: no more tasks are replaced: correct the service"),
        "{said}"
    );
    let nowhere = "mode: {global: {}}, placement: {constraints: [node.platform.os == windows]}";
    let said = waited("nowhere", nowhere, in_vain);
    assert!(
        said.contains("service/nowhere: 0 of 0 tasks run: no node has got one")
            && said.contains("hint: if it stays so, no node fits: compare `placement`"),
        "{said}"
    );
}

/// Checks that the writer looks at what it wrote before it writes again.
fn check_each_was_labelled_once(site: &Site) {
    let log = site.disk("first").join("agent.log");
    let log = fs::read_to_string(log).expect("it is there");
    for node in NODES {
        let said = format!("label: it is not known by its name yet object=\"node/{node}\"");
        assert_eq!(log.matches(&said).count(), 1, "{node}: {log}");
    }
}

fn tasks_on(site: &Site, node: &str) -> usize {
    let id = site.engine(node).node_id();
    let tasks = site.engine("first").running_tasks();
    tasks.iter().filter(|(node, _)| *node == id).count()
}
