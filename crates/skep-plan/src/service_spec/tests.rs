use std::collections::BTreeMap;

use skep_manifest::desired::Desired;
use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;

use super::*;
use crate::naming::NamingKeys;
use crate::observed::Cluster;
use crate::ownership::owned_fields;

fn desired(service: &str) -> Desired {
    let swarm = "apiVersion: skep/v1\nkind: Swarm\nmetadata: {name: cube}\nspec: {nodes: [{name: a, address: 10.0.0.1, role: manager}]}\n---\napiVersion: skep/v1\nkind: Network\nmetadata: {name: front}\nspec: {}\n";
    let head = "---\napiVersion: skep/v1\nkind: Service\nmetadata: {name: web}\n";
    let source = Source {
        name: "skep.yaml".to_owned(),
        text: format!("{swarm}{head}spec: {service}\n").into_bytes(),
    };
    let set = parse(vec![source]);
    assert!(set.problems.is_empty(), "{:?}\n{service}", set.problems);
    resolve(&set).0
}

pub(crate) fn written(service: &str) -> Result<Value, Vec<String>> {
    let swarm = "cube".parse().unwrap();
    let desired = desired(service);
    let files = Files::new(&desired, &NamingKeys::default(), &Cluster::default());
    service_spec(&swarm, &desired.services["web"], &files, None)
}

/// A service that says something in every field.
pub(crate) const EVERYTHING: &str = r#"{
    image: "registry.example.com/app:1", command: [/app], args: [-v],
    environment: {B: "2", A: "1"}, labels: {team: blue}, containerLabels: {log: json},
    mode: {replicated: {replicas: 3, maxPerNode: 1}},
    ports: [{published: 53, target: 5353, protocol: udp, mode: host}, {target: 80, mode: host}],
    placement: {constraints: ["node.labels.role==web", "node.role != manager"],
        spread: [node.labels.zone, engine.labels.rack], platforms: [linux/amd64]},
    networks: [{external: host, aliases: [w]}],
    configs: [{external: site}], secrets: [{external: key, target: tls.key, uid: "101", mode: "0440"}],
    mounts: [{bind: {source: /srv/www}, target: /www, readOnly: true},
        {volume: {name: cache, driver: nfs, options: {o: rw}}, target: /cache},
        {volume: {}, target: /scratch},
        {tmpfs: {size: 64Mi, mode: "1777"}, target: /tmp}],
    containerHealth: {test: [curl, -f, http://localhost/], interval: 5s, timeout: 2s, retries: 4, startPeriod: 10s},
    resources: {limits: {cpus: "0.5", memory: 128Mi, pids: 100}, reservations: {cpus: "0.1", memory: 64Mi}},
    restart: {condition: on-failure, delay: 1s, maxAttempts: 7, window: 1m},
    update: {parallelism: 2, delay: 3s, order: start-first, onFailure: rollback, monitor: 6s, maxFailureRatio: 0.25},
    rollback: {parallelism: 0, delay: 4s, order: start-first, onFailure: continue, monitor: 7s, maxFailureRatio: 0.5},
    stop: {signal: SIGQUIT, grace: 20s}, init: true, user: "101:101", workingDirectory: /app,
    hostname: "{{.Node.Hostname}}", readOnly: true, capabilities: {add: [NET_ADMIN], drop: [CAP_CHOWN, ALL]},
    sysctls: {net.core.somaxconn: "1024"}, ulimits: {nofile: {soft: 1024, hard: -1}},
    hosts: {db: 10.0.0.5, cache: "fd00::5"},
    dns: {nameservers: [10.0.0.53], search: [example.com], options: ["ndots:2"]},
    endpoint: dnsrr, logging: {driver: json-file, options: {max-size: 10m}}}"#;

#[test]
fn every_owned_field_is_written_also_when_it_is_empty() {
    let spec = written("{image: nginx, mode: {global: {}}}").unwrap();
    let rollout = json!({
        "Parallelism": 1, "Delay": 0, "FailureAction": "pause", "Monitor": 5_000_000_000_u64,
        "MaxFailureRatio": 0.0, "Order": "stop-first",
    });
    let expected = json!({
        "Name": "web",
        "Labels": {
            "skep.hash": spec["Labels"]["skep.hash"],
            "skep.object": "service/web",
            "skep.swarm": "cube",
        },
        "TaskTemplate": {
            "ContainerSpec": {
                "Image": "nginx:latest", "Command": [], "Args": [], "Env": [], "Labels": {},
                "Configs": [], "Secrets": [],
                "Hostname": null, "Dir": null, "User": null, "ReadOnly": false, "Init": false,
                "StopSignal": null, "StopGracePeriod": 10_000_000_000_u64, "Healthcheck": null,
                "Mounts": [], "Hosts": [],
                "DNSConfig": {"Nameservers": [], "Search": [], "Options": []},
                "Sysctls": {}, "CapabilityAdd": [], "CapabilityDrop": [], "Ulimits": [],
            },
            "Resources": {
                "Limits": {"NanoCPUs": 0, "MemoryBytes": 0, "Pids": 0},
                "Reservations": {"NanoCPUs": 0, "MemoryBytes": 0},
            },
            "RestartPolicy": {
                "Condition": "any", "Delay": 5_000_000_000_u64, "MaxAttempts": 0, "Window": 0,
            },
            "Placement": {"Constraints": [], "Preferences": [], "Platforms": [], "MaxReplicas": 0},
            "Networks": [],
            "LogDriver": null,
        },
        "Mode": {"Global": {}},
        "UpdateConfig": rollout,
        "RollbackConfig": rollout,
        "EndpointSpec": {"Mode": "vip", "Ports": []},
    });
    assert_eq!(spec, expected);
    for field in owned_fields() {
        let pointer = format!("/{}", field.replace('.', "/"));
        assert!(spec.pointer(&pointer).is_some(), "{field}");
    }
}

#[test]
fn everything_that_is_declared_is_written() {
    let mut spec = written(EVERYTHING).unwrap();
    spec["Labels"].as_object_mut().unwrap().remove(HASH);
    insta::assert_snapshot!(format!("{spec:#}"));
}

#[test]
fn nothing_is_written_that_is_not_compared() {
    let owned: Vec<String> = owned_fields().collect();
    let job = "{image: nginx, mode: {replicatedJob: {completions: 3}}}";
    for service in [EVERYTHING, job] {
        let mut unowned = Vec::new();
        collect_unowned(&written(service).unwrap(), "", &owned, &mut unowned);
        assert_eq!(unowned, ["Name"], "{service}");
    }
}

/// The paths of everything in a value that lies below no owned field.
fn collect_unowned(value: &Value, path: &str, owned: &[String], unowned: &mut Vec<String>) {
    if owned.iter().any(|owned| owned == path) {
        return;
    }
    let Value::Object(fields) = value else {
        return unowned.push(path.to_owned());
    };
    for (name, field) in fields {
        let path = format!("{path}.{name}");
        collect_unowned(field, path.trim_start_matches('.'), owned, unowned);
    }
}

#[test]
fn whatever_is_declared_is_a_difference_to_saying_nothing() {
    let nothing = written("{image: nginx}").unwrap();
    let everything = written(EVERYTHING).unwrap();
    let changes = difference::difference(&everything, &nothing, &BTreeMap::new()).changes;
    for field in owned_fields() {
        let found = changes.iter().any(|change| change.path.starts_with(&field));
        assert!(found, "{field}");
    }
}

#[test]
fn a_job_is_restarted_after_failures_and_never_rolled_out() {
    let spec = written("{image: nginx, mode: {replicatedJob: {completions: 3}}}").unwrap();
    let mode = json!({"ReplicatedJob": {"TotalCompletions": 3, "MaxConcurrent": 3}});
    assert_eq!(spec["Mode"], mode);
    assert_eq!(spec["UpdateConfig"], Value::Null);
    assert_eq!(spec["RollbackConfig"], Value::Null);
    let condition = &spec["TaskTemplate"]["RestartPolicy"]["Condition"];
    assert_eq!(condition, "on-failure");
    let spec = written("{image: nginx, mode: {globalJob: {}}}").unwrap();
    assert_eq!(spec["Mode"], json!({"GlobalJob": {}}));
}

#[test]
fn the_health_check_of_an_image_stays_unless_it_is_replaced_or_taken_away() {
    let health = |service: &str| {
        let spec = written(&format!("{{image: nginx, {service}}}")).unwrap();
        spec["TaskTemplate"]["ContainerSpec"]["Healthcheck"].clone()
    };
    assert_eq!(health("containerHealth: ~"), Value::Null);
    assert_eq!(
        health("containerHealth: {test: [NONE]}"),
        json!({"Test": ["NONE"]})
    );
    assert_eq!(
        health("containerHealth: {test: [/check]}")["Test"],
        json!(["CMD", "/check"])
    );
}

#[test]
fn labels_of_skep_cannot_be_declared_away() {
    let spec =
        written(r#"{image: nginx, labels: {skep.swarm: other, skep.object: x, skep.hash: y}}"#)
            .unwrap();
    let plain = written("{image: nginx}").unwrap();
    assert_eq!(spec, plain);
}

#[test]
fn the_fingerprint_changes_with_what_is_declared_and_with_nothing_else() {
    let hash = |service: &str| written(service).unwrap()["Labels"][HASH].clone();
    assert_eq!(
        hash("{image: nginx}"),
        hash("{image: \"nginx:latest\", args: []}")
    );
    assert_ne!(hash("{image: nginx}"), hash("{image: nginx, args: [x]}"));
    assert_ne!(
        hash("{image: nginx}"),
        hash("{image: nginx, labels: {a: b}}")
    );
}

#[test]
fn what_cannot_be_honoured_is_named_and_never_dropped() {
    let service = "{image: nginx, ports: [{target: 80, onlyOn: {vipGroup: v}}]}";
    assert_eq!(written(service), Err(vec!["ports.onlyOn".to_owned()]));
}
