use skep_manifest::desired::Desired;
use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;

use super::*;

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

fn written(service: &str) -> Result<Value, Vec<String>> {
    let swarm = "cube".parse().unwrap();
    let desired = desired(service);
    service_spec(&swarm, &desired.services["web"])
}

#[test]
fn every_owned_field_is_written_also_when_it_is_empty() {
    let spec = written("{image: nginx, mode: {global: {}}}").unwrap();
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
            },
            "Placement": {"Constraints": [], "MaxReplicas": 0},
            "Networks": [],
        },
        "Mode": {"Global": {}},
        "EndpointSpec": {"Mode": "vip", "Ports": []},
    });
    assert_eq!(spec, expected);
}

#[test]
fn everything_that_is_declared_is_written() {
    let spec = written(
        r#"{image: "registry.example.com/app:1", command: [/app], args: [-v],
            environment: {B: "2", A: "1"}, labels: {team: blue}, containerLabels: {log: json},
            mode: {replicated: {replicas: 3, maxPerNode: 1}},
            ports: [{published: 53, target: 5353, protocol: udp, mode: host}, {target: 80}],
            placement: {constraints: ["node.labels.role==web", "node.role != manager"]},
            networks: [{external: host, aliases: [w]}], endpoint: dnsrr}"#,
    )
    .unwrap();
    let container = json!({
        "Image": "registry.example.com/app:1",
        "Command": ["/app"],
        "Args": ["-v"],
        "Env": ["A=1", "B=2"],
        "Labels": {"log": "json"},
    });
    assert_eq!(spec["TaskTemplate"]["ContainerSpec"], container);
    assert_eq!(spec["Labels"]["team"], "blue");
    assert_eq!(
        spec["TaskTemplate"]["Placement"],
        json!({
            "Constraints": ["node.labels.role == web", "node.role != manager"],
            "MaxReplicas": 1,
        })
    );
    assert_eq!(
        spec["TaskTemplate"]["Networks"],
        json!([{"Target": "host", "Aliases": ["w"]}])
    );
    assert_eq!(spec["Mode"], json!({"Replicated": {"Replicas": 3}}));
    assert_eq!(
        spec["EndpointSpec"],
        json!({"Mode": "dnsrr", "Ports": [
            {"Protocol": "udp", "TargetPort": 5353, "PublishedPort": 53, "PublishMode": "host"},
            {"Protocol": "tcp", "TargetPort": 80, "PublishedPort": 0, "PublishMode": "ingress"},
        ]})
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
    for (field, service) in [
        ("mode", "mode: {replicatedJob: {}}"),
        (
            "ports.onlyOn",
            "ports: [{target: 80, onlyOn: {vipGroup: v}}]",
        ),
        (
            "placement.spread",
            "placement: {spread: [node.labels.zone]}",
        ),
        (
            "placement.platforms",
            "placement: {platforms: [linux/amd64]}",
        ),
        ("networks.network", "networks: [{network: front}]"),
        ("digest", "digest: pin"),
        ("mounts", "mounts: [{tmpfs: {}, target: /tmp}]"),
        ("configs", "configs: [{external: site}]"),
        ("secrets", "secrets: [{external: key}]"),
        ("containerHealth", "containerHealth: {test: [/bin/true]}"),
        ("resources", "resources: {limits: {pids: 5}}"),
        ("restart", "restart: {condition: none}"),
        ("update", "update: {parallelism: 2}"),
        ("rollback", "rollback: {parallelism: 2}"),
        ("stop", "stop: {grace: 1s}"),
        ("init", "init: true"),
        ("user", "user: \"1\""),
        ("workingDirectory", "workingDirectory: /"),
        ("hostname", "hostname: h"),
        ("readOnly", "readOnly: true"),
        ("capabilities", "capabilities: {add: [NET_ADMIN]}"),
        ("sysctls", "sysctls: {net.core.somaxconn: \"1\"}"),
        ("ulimits", "ulimits: {nofile: {soft: 1, hard: 2}}"),
        ("hosts", "hosts: {db: 10.0.0.5}"),
        ("dns", "dns: {search: [example.com]}"),
        ("logging", "logging: {driver: json-file}"),
    ] {
        let service = format!("{{image: nginx, {service}}}");
        assert_eq!(written(&service), Err(vec![field.to_owned()]), "{service}");
    }
}
