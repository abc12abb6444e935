use serde_json::json;

use super::*;

/// What engine 20.10.24 told of a service that was created with these fields and with empty ones.
fn stored() -> Value {
    json!({
        "Name": "full",
        "Labels": {"a": "b", "skep.swarm": "cube"},
        "TaskTemplate": {
            "ContainerSpec": {
                "Image": "nginx:latest",
                "Labels": {"x": "y"},
                "Command": ["/bin/sleep"],
                "Args": ["100"],
                "Env": ["B=2", "A=1"],
                "Configs": [{
                    "File": {"Name": "/site", "UID": "0", "GID": "0", "Mode": 292},
                    "ConfigID": "h1z5l3kdnk4bqfqkr4qkp0ky5",
                    "ConfigName": "site.1"
                }],
                "Secrets": [{
                    "File": {"Name": "key", "UID": "", "GID": "", "Mode": 256},
                    "SecretID": "ko5jf1akq3h5zvcfbf1sbbg70",
                    "SecretName": "key.1"
                }],
                "Isolation": "default"
            },
            "Placement": {
                "Constraints": ["node.role == manager", "node.labels.a==b"],
                "MaxReplicas": 2
            },
            "Networks": [{"Target": "pmakbvolvacijymnomig0gurt"}],
            "ForceUpdate": 0,
            "Runtime": "container"
        },
        "Mode": {"Replicated": {"Replicas": 2}},
        "EndpointSpec": {
            "Mode": "vip",
            "Ports": [
                {"Protocol": "udp", "TargetPort": 81, "PublishedPort": 8081, "PublishMode": "ingress"},
                {"Protocol": "tcp", "TargetPort": 80, "PublishMode": "ingress"}
            ]
        }
    })
}

/// The same service as it is wanted, spelt differently wherever that is possible.
fn wanted() -> Value {
    json!({
        "Name": "full",
        "Labels": {"skep.swarm": "cube", "a": "b"},
        "TaskTemplate": {
            "ContainerSpec": {
                "Image": "docker.io/library/nginx",
                "Command": ["/bin/sleep"],
                "Args": ["100"],
                "Env": ["A=1", "B=2"],
                "Labels": {"x": "y"},
                "Configs": [{
                    "ConfigName": "site.1",
                    "File": {"Name": "/site", "UID": "0", "GID": "0", "Mode": 0o444}
                }],
                "Secrets": [{
                    "SecretName": "key.1",
                    "File": {"Name": "key", "UID": "0", "GID": "0", "Mode": 0o400}
                }]
            },
            "Placement": {
                "Constraints": ["node.labels.a == b", "node.role==manager"],
                "MaxReplicas": 2
            },
            "Networks": [{"Target": "host", "Aliases": []}]
        },
        "Mode": {"Replicated": {"Replicas": 2}},
        "EndpointSpec": {
            "Mode": "vip",
            "Ports": [
                {"Protocol": "tcp", "TargetPort": 80, "PublishedPort": 0, "PublishMode": "ingress"},
                {"Protocol": "udp", "TargetPort": 81, "PublishedPort": 8081, "PublishMode": "ingress"}
            ]
        }
    })
}

/// What skep writes for a service that says nothing.
fn empty() -> Value {
    json!({
        "Name": "web",
        "Labels": {},
        "TaskTemplate": {
            "ContainerSpec": {"Image": "nginx", "Command": [], "Args": [], "Env": [], "Labels": {}},
            "Placement": {"Constraints": [], "MaxReplicas": 0},
            "Networks": []
        },
        "Mode": {"Global": {}},
        "EndpointSpec": {"Mode": "vip", "Ports": []}
    })
}

fn networks() -> BTreeMap<String, String> {
    BTreeMap::from([("pmakbvolvacijymnomig0gurt".to_owned(), "host".to_owned())])
}

fn paths(wanted: &Value, observed: &Value) -> Vec<String> {
    let changes = difference(wanted, observed, &networks()).changes;
    changes.into_iter().map(|change| change.path).collect()
}

#[test]
fn another_spelling_of_the_same_is_no_difference() {
    let difference = difference(&wanted(), &stored(), &networks());
    assert_eq!(difference.changes, []);
    assert_eq!(difference.merged, stored());
}

#[test]
fn what_the_engine_leaves_out_is_empty() {
    // As engine 20.10.24 told it.
    let stored = json!({
        "Name": "web",
        "Labels": {},
        "TaskTemplate": {
            "ContainerSpec": {"Image": "nginx", "Isolation": "default"},
            "Placement": {},
            "ForceUpdate": 0,
            "Runtime": "container"
        },
        "Mode": {"Global": {}},
        "EndpointSpec": {"Mode": "vip"}
    });
    assert_eq!(paths(&empty(), &stored), Vec::<String>::new());
    assert_eq!(
        paths(
            &empty(),
            &json!({"TaskTemplate": {"ContainerSpec": {"Image": "nginx"}}, "Mode": {"Global": {}}})
        ),
        Vec::<String>::new()
    );
}

#[test]
fn what_differs_is_found_once_and_put_right() {
    let first = difference(&wanted(), &json!({}), &networks());
    assert!(!first.changes.is_empty());
    assert_eq!(paths(&wanted(), &first.merged), Vec::<String>::new());
}

#[test]
fn what_is_emptied_is_written_as_empty() {
    let difference = difference(&empty(), &stored(), &networks());
    let container = &difference.merged["TaskTemplate"]["ContainerSpec"];
    assert_eq!(container["Command"], json!([]));
    assert_eq!(container["Env"], json!([]));
    assert_eq!(container["Labels"], json!({}));
    assert_eq!(
        difference.merged["TaskTemplate"]["Placement"]["MaxReplicas"],
        0
    );
    assert_eq!(difference.merged["EndpointSpec"]["Ports"], json!([]));
}

#[test]
fn only_what_differs_is_taken_over() {
    let mut wanted = wanted();
    wanted["Mode"]["Replicated"]["Replicas"] = json!(3);
    let mut expected = stored();
    expected["Mode"]["Replicated"]["Replicas"] = json!(3);
    let mut observed = stored();
    for spec in [&mut expected, &mut observed] {
        spec["TaskTemplate"]["ContainerSpec"]["OomScoreAdj"] = json!(5);
        spec["FieldOfALaterEngine"] = json!({"deep": [1, 2]});
    }
    let difference = difference(&wanted, &observed, &networks());
    assert_eq!(difference.merged, expected);
    let change = Change {
        path: "Mode".to_owned(),
        old: json!({"Replicated": {"Replicas": 2}}),
        new: json!({"Replicated": {"Replicas": 3}}),
    };
    assert_eq!(difference.changes, [change]);
}

#[test]
fn settings_of_a_later_engine_stay_beside_those_that_are_put_right() {
    let health = |interval: u64| {
        json!({"Test": ["CMD", "/check"], "Interval": interval, "Timeout": 1_000_000,
            "Retries": 3, "StartPeriod": 0})
    };
    let with = |health: Value| {
        let mut spec = empty();
        spec["TaskTemplate"]["ContainerSpec"]["Healthcheck"] = health;
        spec
    };
    let mut observed = health(5_000_000);
    observed["StartInterval"] = json!(7);
    let mut expected = health(6_000_000);
    expected["StartInterval"] = json!(7);
    let wanted = with(health(6_000_000));
    let difference = difference(&wanted, &with(observed), &networks());
    assert_eq!(difference.merged, with(expected));
    let path = "TaskTemplate.ContainerSpec.Healthcheck.Interval";
    assert_eq!(difference.changes.len(), 1);
    assert_eq!(difference.changes[0].path, path);
}

#[test]
fn what_the_engine_presumes_is_no_difference_when_it_is_written() {
    // As engine 20.10.24 told it of a service that its command line created.
    let mut observed = empty();
    observed["TaskTemplate"]["ContainerSpec"]["StopGracePeriod"] = json!(10_000_000_000_u64);
    observed["TaskTemplate"]["ContainerSpec"]["DNSConfig"] = json!({});
    observed["TaskTemplate"]["ContainerSpec"]["Init"] = json!(false);
    observed["TaskTemplate"]["ContainerSpec"]["Mounts"] =
        json!([{"Type": "volume", "Source": "v", "Target": "/v"}]);
    observed["TaskTemplate"]["Resources"] = json!({"Limits": {}, "Reservations": {}});
    observed["TaskTemplate"]["RestartPolicy"] =
        json!({"Condition": "any", "Delay": 5_000_000_000_u64, "MaxAttempts": 0});
    observed["TaskTemplate"]["Placement"]["Platforms"] =
        json!([{"Architecture": "amd64", "OS": "linux"}, {"OS": "linux"}]);
    observed["UpdateConfig"] = json!({"Parallelism": 1, "FailureAction": "pause",
        "Monitor": 5_000_000_000_u64, "MaxFailureRatio": 0, "Order": "stop-first"});
    let mut wanted = empty();
    wanted["TaskTemplate"]["ContainerSpec"]["Mounts"] = json!([{
        "Type": "volume", "Source": "v", "Target": "/v", "ReadOnly": false,
        "VolumeOptions": {"DriverConfig": {"Name": "local", "Options": {}}},
    }]);
    assert_eq!(paths(&wanted, &observed), Vec::<String>::new());
}

#[test]
fn a_policy_without_parallelism_changes_all_tasks_at_once() {
    let mut observed = empty();
    observed["UpdateConfig"] = json!({"Order": "stop-first"});
    assert_eq!(paths(&empty(), &observed), ["UpdateConfig.Parallelism"]);
}

#[test]
fn an_image_differs_by_tag_and_by_a_digest_that_is_asked_for() {
    let digest = format!("@sha256:{}", "0".repeat(64));
    let with = |image: &str| {
        let mut spec = empty();
        spec["TaskTemplate"]["ContainerSpec"]["Image"] = json!(image);
        spec
    };
    let differs = |wanted: &str, observed: &str| !paths(&with(wanted), &with(observed)).is_empty();
    assert!(differs("nginx:1.27", "nginx:1.26"));
    assert!(differs("nginx", "example.com/nginx"));
    assert!(!differs("nginx:1.27", &format!("nginx:1.27{digest}")));
    assert!(differs("nginx:1.27", &format!("nginx:1.26{digest}")));
    assert!(differs(&format!("nginx:1.27{digest}"), "nginx:1.27"));
    assert!(differs(
        &format!("nginx:1.27{digest}"),
        &format!("nginx:1.27{}", digest.replace('0', "1"))
    ));
}

#[test]
fn a_specification_of_any_shape_is_compared_and_put_right() {
    for observed in [
        json!(null),
        json!("text"),
        json!([1, 2]),
        json!({"Labels": 5, "TaskTemplate": [], "Mode": "x", "EndpointSpec": null}),
        json!({"TaskTemplate": {"ContainerSpec": "no", "Networks": [1, null, {"Target": 7}], "Placement": {"Constraints": {"a": 1}, "MaxReplicas": -1}}}),
        json!({"EndpointSpec": {"Ports": [null, {"TargetPort": "eighty"}], "Mode": 1}}),
    ] {
        let merged = difference(&wanted(), &observed, &networks()).merged;
        assert_eq!(
            paths(&wanted(), &merged),
            Vec::<String>::new(),
            "{observed}"
        );
    }
}
