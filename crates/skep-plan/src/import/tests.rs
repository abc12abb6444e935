use std::fmt::Write as _;

use serde_json::{Value, json};

use std::collections::BTreeMap;

use super::*;
use crate::observed::{
    ClusterFile, ClusterNetwork, ClusterNode, ClusterService, Foundation, NodeState, Tasks,
};
use crate::service_spec::tests::{EVERYTHING, written};
use skep_manifest::swarm::{Availability, Role};

fn cluster(services: &[(&str, Value)]) -> Cluster {
    let service = |(name, spec): &(&str, Value)| {
        let service = ClusterService {
            id: format!("id-{name}"),
            version: 1,
            spec: spec.clone(),
            fallback: None,
            tasks: Tasks::default(),
            trouble: None,
        };
        ((*name).to_owned(), service)
    };
    Cluster {
        id: "cluster-1".to_owned(),
        services: services.iter().map(service).collect(),
        ..Cluster::default()
    }
}

fn node(host_name: &str, role: Role, address: Option<[u8; 4]>) -> ClusterNode {
    ClusterNode {
        host_name: host_name.to_owned(),
        role,
        availability: Availability::Active,
        labels: BTreeMap::new(),
        state: NodeState::Ready,
        manager: None,
        address: address.map(Into::into),
        tasks: 0,
    }
}

/// What a person sees.
fn told(imported: &Imported) -> String {
    let mut told = String::new();
    for object in &imported.objects {
        write!(told, "---\n{}", object.to_yaml()).unwrap();
    }
    for Note {
        object,
        message,
        remedy,
    } in &imported.notes
    {
        write!(told, "! {object}: {message}\n    {remedy}\n").unwrap();
    }
    told
}

#[test]
fn a_service_that_says_something_in_every_field_is_said_again() {
    for service in [
        EVERYTHING,
        "{image: nginx}",
        "{image: nginx, mode: {replicatedJob: {completions: 5, concurrent: 2}}}",
        "{image: nginx, mode: {globalJob: {}}, restart: {condition: none}}",
        "{image: nginx, containerHealth: {test: [NONE]}}",
    ] {
        let spec = written(service).unwrap();
        let imported = import(
            &"cube".parse().unwrap(),
            &cluster(&[("web", spec.clone())]),
            &[],
        );
        let web = imported.objects.last().unwrap();
        assert_eq!(
            web.kind(),
            skep_manifest::object::Kind::Service,
            "{imported:?}"
        );
        let again = serde_json::to_string(&web.to_json()["spec"]).unwrap();
        assert_eq!(written(&again).unwrap(), spec, "{service}");
    }
}

/// As the docker command line makes one.
fn by_hand() -> Value {
    json!({
        "Name": "web",
        "Labels": {"team": "blue", "skep.x": "mine"},
        "TaskTemplate": {
            "ContainerSpec": {
                "Image": "registry.example.com/web:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                "Env": ["A=1", "B=x=y"],
                "Privileges": {"CredentialSpec": null, "SELinuxContext": null, "Seccomp": {"Mode": "unconfined"}},
                "TTY": true,
                "Init": false,
                "StopGracePeriod": 10_000_000_000_u64,
                "Healthcheck": {"Test": ["CMD-SHELL", "true || false"], "Interval": 7_000_000_000_u64},
                "Mounts": [{"Type": "volume", "Source": "data", "Target": "/data"}],
                "Secrets": [{"File": {"Name": "key", "UID": "0", "GID": "0", "Mode": 292}, "SecretID": "s1", "SecretName": "key"}],
                "DNSConfig": {},
                "Isolation": "default",
            },
            "Resources": {"Limits": {"NanoCPUs": 500_000_000}, "Reservations": {}},
            "RestartPolicy": {"Condition": "any", "Delay": 5_000_000_000_u64, "MaxAttempts": 0},
            "Placement": {
                "Constraints": ["node.role==manager"],
                "Platforms": [{"Architecture": "amd64", "OS": "linux"}, {"OS": "linux"}],
            },
            "Networks": [{"Target": "n1", "Aliases": ["www"]}, {"Target": "n2", "DriverOpts": {"a": "b"}}],
            "ForceUpdate": 3,
            "Runtime": "container",
        },
        "Mode": {"Replicated": {"Replicas": 2}},
        "UpdateConfig": {"Parallelism": 1, "FailureAction": "pause", "Monitor": 5_000_000_000_u64, "MaxFailureRatio": 0, "Order": "start-first"},
        "EndpointSpec": {"Mode": "vip", "Ports": [{"Protocol": "tcp", "TargetPort": 80, "PublishedPort": 8080, "PublishMode": "ingress"}]},
    })
}

/// Services of all kinds, as somebody made them.
fn services_made_by_hand() -> Cluster {
    let with = |path: &str, value: Value| {
        let mut spec = by_hand();
        *spec.pointer_mut(path).unwrap() = value;
        spec
    };
    cluster(&[
        ("web", by_hand()),
        (
            "unset",
            with("/TaskTemplate/ContainerSpec/Env", json!(["GONE"])),
        ),
        (
            "piped",
            with(
                "/TaskTemplate/ContainerSpec/Mounts",
                json!([{"Type": "npipe", "Source": "/p", "Target": "/p"}]),
            ),
        ),
        (
            "odd",
            with(
                "/TaskTemplate/Placement/Constraints",
                json!(["node.colour==blue"]),
            ),
        ),
        (
            "shop_web",
            with("/Labels", json!({"com.docker.stack.namespace": "shop"})),
        ),
        ("My.Service", by_hand()),
        (
            "once",
            with("/Mode", json!({"ReplicatedJob": {"TotalCompletions": 1}})),
        ),
    ])
}

fn attach_networks(cluster: &mut Cluster) {
    cluster.networks = [("n1", "front"), ("n2", "shop_default")]
        .map(|(id, name)| (id.to_owned(), name.to_owned()))
        .into();
    let network = |labels: &[(&str, &str)]| ClusterNetwork {
        id: "n".to_owned(),
        driver: "overlay".to_owned(),
        options: [(
            "com.docker.network.driver.overlay.vxlanid_list".to_owned(),
            "4097".to_owned(),
        )]
        .into(),
        subnets: [("10.0.1.0/24".to_owned(), Some("10.0.1.1".to_owned()))].into(),
        labels: labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        ..ClusterNetwork::default()
    };
    cluster.swarm_networks = [
        ("front".to_owned(), network(&[])),
        ("shop_default".to_owned(), network(&[(STACK, "shop")])),
    ]
    .into();
    cluster.secrets = [("key".to_owned(), ClusterFile::default())].into();
}

fn add_nodes_and_settings(cluster: &mut Cluster) {
    cluster.nodes = [
        node("worker", Role::Worker, Some([10, 0, 0, 61])),
        node("Manager", Role::Manager, Some([10, 0, 0, 60])),
        node("manager", Role::Worker, Some([10, 0, 0, 62])),
        node("a_b", Role::Worker, Some([10, 0, 0, 63])),
        node("silent", Role::Worker, None),
    ]
    .into_iter()
    .enumerate()
    .map(|(number, node)| (format!("node-{number}"), node))
    .collect();
    cluster.foundation = Some(Foundation {
        address_pools: vec!["10.20.0.0/16".to_owned()],
        subnet_length: 26,
        data_path_port: 4790,
    });
    cluster.spec = Some(json!({
        "Name": "default", "Labels": {},
        "Orchestration": {"TaskHistoryRetentionLimit": 7},
        "Raft": {"SnapshotInterval": 10000, "KeepOldSnapshots": 0, "ElectionTick": 20},
        "CAConfig": {"NodeCertExpiry": 7_776_000_000_000_000_u64, "ExternalCAs": [{}]},
    }));
}

#[test]
fn what_was_made_by_hand_is_said_and_what_no_manifest_says_is_told() {
    let mut cluster = services_made_by_hand();
    attach_networks(&mut cluster);
    add_nodes_and_settings(&mut cluster);
    let configs = ["site".to_owned(), "skep.cube.head".to_owned()];
    let imported = import(&"cube".parse().unwrap(), &cluster, &configs);
    insta::assert_snapshot!(told(&imported));
}

#[test]
fn what_is_skeps_is_not_taken_over_again() {
    let mut cluster = cluster(&[]);
    cluster.labels = [("skep.swarm".to_owned(), "cube".to_owned())].into();
    let manager = node("a", Role::Manager, Some([10, 0, 0, 60]));
    cluster.nodes = [("node-1".to_owned(), manager)].into();
    let adopted = |cluster: &Cluster| {
        let imported = import(&"cube".parse().unwrap(), cluster, &[]);
        let Some(Object::Swarm(swarm)) = imported.objects.first() else {
            panic!("{imported:?}");
        };
        swarm.spec.adopt.clone()
    };
    assert_eq!(adopted(&cluster), None);
    // Networks get no labels when they are taken over.
    let network = ClusterNetwork::default();
    cluster.swarm_networks = [("front".to_owned(), network)].into();
    assert_eq!(adopted(&cluster), Some("cluster-1".parse().unwrap()));
}
