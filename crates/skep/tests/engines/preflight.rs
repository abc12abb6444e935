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
kind: VipGroup
metadata: {name: ingress}
spec: {virtualRouterId: 51, addresses: [10.0.0.70, 'fd00::70'], interface: eth0, members: [first, second, third]}
---
apiVersion: skep/v1
kind: VipGroup
metadata: {name: quiet}
spec: {virtualRouterId: 52, addresses: [10.0.0.71], transport: {unicast: {}}, members: [first, second]}
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

    // A link-local address that is checked for a duplicate sends nothing yet.
    site.wait_until("all can send over IPv6", || {
        ["first", "second", "third"].iter().all(|node| {
            let own = ["ip", "-6", "-o", "addr", "show", "eth0", "scope", "link"];
            let shown = site.exec(node, &own).output;
            shown.contains("inet6 fe80:") && !shown.contains("tentative")
        })
    });
    let said = site.skep("third", &["preflight", "-f", &path]);
    // Five ways into each of two managers from two nodes, four into the worker; three members of a
    // group of both families, and two of one by unicast.
    let good = "3 nodes, 42 ways between them are open: nothing is in the way of applying\n";
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

    check_protocol_112(&site, &path);

    // The agents left the ports to the engines: the swarm comes about, and is tried as it runs.
    site.apply("first", site.write(MANIFEST).as_path());
    let said = site.skep("second", &["preflight"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let note = "the engine of first is in a swarm and has its UDP ports";
    assert!(said.output.contains(note), "{said:?}");
    // Beside virtual routers that run: two ways into each of two engines and one into the third,
    // from two nodes, six between agents, and all of IP protocol 112.
    let ways = "3 nodes, 30 ways between them are open";
    assert!(said.output.contains(ways), "{said:?}");
}

/// Checks that who does not hear advertisements is found, and that unicast needs no multicast.
fn check_protocol_112(site: &Site, path: &str) {
    let drop = "INPUT -p 112 -s 10.0.0.60 -d 224.0.0.18 -j DROP";
    with_rule(site, "second", drop, || {
        check_only(
            site,
            path,
            &["second", "first"],
            "second hears no VRRP from first: IP protocol 112 to 224.0.0.18 does not arrive on eth0",
        );
    });
    with_rule(site, "third", "INPUT -p 112 -j DROP", || {
        check_only(
            site,
            path,
            &["third"],
            "third hears no VRRP from anybody: IP protocol 112 to 224.0.0.18 does not arrive on \
             eth0",
        );
    });
    with_rule(site, "first", "OUTPUT -p 112 -d 10.0.0.61 -j DROP", || {
        check_only(
            site,
            path,
            &["first"],
            "first cannot send VRRP: IP protocol 112 to 10.0.0.61 does not leave on eth0: \
             Operation not permitted (os error 1)",
        );
    });
    let drop = "INPUT -d 224.0.0.18 -j DROP";
    with_rule(site, "first", drop, || {
        with_rule(site, "second", drop, || {
            with_rule(site, "third", drop, || {
                check_only(
                    site,
                    path,
                    &["first", "second", "third"],
                    "VRRP passes between none of first (eth0), second (eth0), third (eth0): IP \
                     protocol 112 to 224.0.0.18 does not arrive",
                );
            });
        });
    });
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
