//! What stands between nodes is found before anything is applied.

use serde_json::Value;

use crate::site::Site;

const MANIFEST: &str = "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: trio}
spec:
  nodes:
    - {name: first, address: 10.0.0.60, role: manager}
    - {name: second, address: 10.0.0.61, role: manager}
    - {name: third, address: 10.0.0.62, role: worker}
---
apiVersion: skep/v1
kind: Service
metadata: {name: web}
spec: {image: nginx, mode: {global: {}}}
";

#[test]
fn a_port_that_is_closed_one_way_is_found_on_the_right_side_before_the_first_apply() {
    let site = Site::up_with("preflight", MANIFEST);
    let path = site.write(MANIFEST).display().to_string();
    let unnamed = site.skep("first", &["preflight"]);
    assert_eq!(unnamed.code, Some(2), "{unnamed:?}");
    let expected = "nothing was applied yet: name the manifests with `-f`";
    assert!(unnamed.complaint.contains(expected), "{unnamed:?}");

    let said = site.skep("third", &["preflight", "-f", &path]);
    // Five ways into each of two managers from two nodes, four into the worker.
    let good = "3 nodes, 28 ways between them are open: nothing is in the way of applying\n";
    assert_eq!((said.code, said.output.as_str()), (Some(0), good));

    let drop = "-p udp --dport 4789 -s 10.0.0.60 -j DROP";
    with_rule(&site, "second", &format!("INPUT {drop}"), || {
        check_only(
            &site,
            &path,
            &["second", "first"],
            "second hears nothing from first on UDP port 4789",
        );
    });
    with_rule(&site, "second", "INPUT -p tcp --dport 2377 -j DROP", || {
        check_only(
            &site,
            &path,
            &["second"],
            "nobody reaches second on TCP port 2377",
        );
    });
    with_rule(&site, "third", "OUTPUT -p tcp --dport 7946 -j DROP", || {
        check_only(
            &site,
            &path,
            &["third"],
            "third reaches nobody on TCP port 7946, others do",
        );
    });
    with_rule(
        &site,
        "first",
        "INPUT -p tcp --dport 7380 -s 10.0.0.62 -j REJECT",
        || {
            check_only(
                &site,
                &path,
                &["first", "third"],
                "first refuses third on TCP port 7380",
            );
        },
    );

    // The agents left the ports to the engines: the swarm comes about, and is tried as it runs.
    site.apply("first", site.write(MANIFEST).as_path());
    let said = site.skep("second", &["preflight"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let note = "the engine of first is in a swarm and has its UDP ports";
    assert!(said.output.contains(note), "{said:?}");
}

/// Does something while the firewall of a node has one more rule.
fn with_rule(site: &Site, node: &str, rule: &str, work: impl FnOnce()) {
    let change = |verb: &str| {
        let words = ["iptables", "-w", verb];
        let words: Vec<&str> = words.into_iter().chain(rule.split(' ')).collect();
        site.exec(node, &words).check_success();
    };
    change("-I");
    work();
    change("-D");
}

/// Checks that one problem is found, on these nodes, the most likely first.
fn check_only(site: &Site, path: &str, nodes: &[&str], message: &str) {
    let said = site.skep("first", &["preflight", "-f", path, "-o", "json"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let verdict: Value = serde_json::from_str(&said.output).expect("it is JSON");
    let findings = verdict["findings"].as_array().expect("it is a list");
    let [finding] = findings.as_slice() else {
        panic!("one finding, not {findings:#?}");
    };
    assert_eq!(finding["message"], message);
    assert_eq!(finding["nodes"], Value::from(nodes.to_vec()), "{finding}");
}
