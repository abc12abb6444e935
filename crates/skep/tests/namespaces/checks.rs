//! Health checks that move a group.

use std::net::Ipv4Addr;
use std::process::Stdio;
use std::time::Duration;

use crate::cluster::{Cluster, measured, ms, now, wait_until};
use crate::pair::{self, A, B, PRIORITIES, VIP};

const CHECKS: &str = "---
apiVersion: skep/v1
kind: HealthCheck
metadata: {name: flag}
spec: {exec: {argv: [/usr/bin/test, -e, /run/flag]}, interval: 100ms, fall: 2, rise: 2}
---
apiVersion: skep/v1
kind: HealthCheck
metadata: {name: open}
spec: {listening: {port: 8080}, interval: 100ms, fall: 2, rise: 2}
---
apiVersion: skep/v1
kind: HealthCheck
metadata: {name: connects}
spec: {tcp: {port: 8081}, interval: 100ms, fall: 2, rise: 2}
";

/// A group for every kind of check and every effect: its number, what it tracks, the check.
const GROUPS: [(&str, u8, &str); 4] = [
    ("ingress", 70, "{check: flag}"),
    ("demoted", 71, "{check: flag, effect: demote}"),
    ("listened", 72, "{check: open}"),
    ("weighed", 73, "{check: connects, weight: -20}"),
];

#[test]
fn a_failing_check_moves_what_tracks_it_and_recovery_brings_it_back() {
    let mut manifest = CHECKS.to_owned();
    for (name, number, tracking) in GROUPS {
        let group = pair::group(name, number, vip(number), PRIORITIES);
        manifest += &format!("---\n{group}  tracking: [{tracking}]\n");
    }
    let mut cluster = pair::hosts("checks");
    let mut servers = Vec::new();
    for node in [A, B] {
        cluster.say(node, &["touch", "/run/flag"]);
        servers.push([
            serve(&mut cluster, node, 8080),
            serve(&mut cluster, node, 8081),
        ]);
        cluster.start(node, &manifest);
    }
    assert_all_on_a(&cluster);

    check(&mut cluster, &["ingress", "demoted"], "flag", |cluster| {
        cluster.say(A, &["rm", "/run/flag"]);
    });
    cluster.say(A, &["touch", "/run/flag"]);
    assert_all_on_a(&cluster);

    let [open, connects] = servers[0];
    check(&mut cluster, &["listened"], "open", |cluster| {
        stop(cluster, open)
    });
    check(&mut cluster, &["weighed"], "connects", |cluster| {
        stop(cluster, connects)
    });
    serve(&mut cluster, A, 8080);
    serve(&mut cluster, A, 8081);
    assert_all_on_a(&cluster);
    let report = cluster.agent(A).wait_for_state("weighed", "Active");
    assert_eq!(
        (report.base_priority, report.effective_priority),
        (100, 100)
    );
    assert_eq!(VIP, vip(70));
}

/// Breaks something and asserts that exactly these groups move, and that `describe` says why.
fn check(cluster: &mut Cluster, moving: &[&str], input: &str, break_it: impl Fn(&mut Cluster)) {
    let at = now();
    break_it(cluster);
    for (name, number, _) in GROUPS {
        if !moving.contains(&name) {
            continue;
        }
        cluster.wait_for_holder(vip(number), B);
        let took = ms(now() - at);
        let (_, text) = cluster.agent(A).ask(&["describe", "vip", name]);
        let line = text
            .lines()
            .find(|line| line.contains(" input "))
            .unwrap_or_default();
        assert!(line.contains(input) && line.contains("failing"), "{text}");
        let complaint = line.split_once("ago: ").or(line.split_once("now: "));
        let complaint = complaint.map_or("", |(_, complaint)| complaint);
        assert!(!complaint.is_empty(), "{text}");
        measured(
            &format!("check {input}: {name} moved"),
            &format!("{took}: {complaint}"),
        );
    }
}

fn assert_all_on_a(cluster: &Cluster) {
    for (_, number, _) in GROUPS {
        cluster.wait_for_holder(vip(number), A);
    }
}

fn serve(cluster: &mut Cluster, node: &str, port: u16) -> u32 {
    let mut command = cluster
        .lab
        .command(node, "busybox")
        .expect("the host lives");
    command.args(["httpd", "-f", "-h", "/run", "-p", &port.to_string()]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    cluster.lab.spawn(command).expect("it starts")
}

fn stop(cluster: &mut Cluster, server: u32) {
    let stopped = cluster.lab.stop(server, Duration::from_secs(5));
    stopped.expect("it runs");
    assert!(wait_until(|| !crate::cluster::agent::is_running(server)));
}

const fn vip(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, number)
}
