use serde_json::{Value, json};
use skep_manifest::swarm::{Availability, Role};
use skep_plan::observed::{Active, ClusterNetwork, Manager};

mod tasks;

use super::*;
use crate::fake::Fake;

/// Runs a test with a fake engine beside it.
async fn beside<T>(test: impl Future<Output = T>) -> T {
    tokio::task::LocalSet::new().run_until(test).await
}

async fn check_membership(swarm: Value, expected: Membership) {
    beside(async {
        let fake = Fake::answering(move |_| (200, json!({ "ID": "x", "Swarm": swarm })));
        assert_eq!(membership(&fake.client).await.unwrap(), expected);
    })
    .await;
}

fn active(swarm_id: Option<&str>, role: Role) -> Membership {
    let swarm_id = swarm_id.map(str::to_owned);
    Membership::Active(Active {
        swarm_id,
        advertised: None,
        node_id: "n1".to_owned(),
        role,
    })
}

#[tokio::test]
async fn every_state_of_an_engine_is_told() {
    let state = |state: &str| json!({ "NodeID": "", "LocalNodeState": state, "Error": "" });
    check_membership(state("inactive"), Membership::Inactive).await;
    check_membership(state(""), Membership::Inactive).await;
    check_membership(state("pending"), Membership::Pending).await;
    check_membership(state("locked"), Membership::Locked).await;
    check_membership(
        json!({ "LocalNodeState": "error", "Error": "certificate expired" }),
        Membership::Error("certificate expired".to_owned()),
    )
    .await;
}

#[tokio::test]
async fn a_manager_knows_its_swarm_unless_it_has_no_leader() {
    let manager = |cluster: Value| {
        json!({
            "NodeID": "n1",
            "LocalNodeState": "active",
            "ControlAvailable": true,
            "Cluster": cluster,
        })
    };
    check_membership(
        manager(json!({ "ID": "s1" })),
        active(Some("s1"), Role::Manager),
    )
    .await;
    check_membership(manager(Value::Null), active(None, Role::Manager)).await;
    check_membership(manager(json!({ "ID": "" })), active(None, Role::Manager)).await;
    let worker = json!({ "NodeID": "n1", "LocalNodeState": "active", "ControlAvailable": false });
    check_membership(worker, active(None, Role::Worker)).await;
}

#[tokio::test]
async fn an_engine_with_an_unknown_state_is_not_understood() {
    beside(async {
        let fake = Fake::answering(|_| (200, json!({ "Swarm": { "LocalNodeState": "asleep" } })));
        let error = membership(&fake.client).await.unwrap_err();
        assert!(
            matches!(error, EngineError::NotUnderstood { .. }),
            "{error:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn nobody_on_the_socket_is_a_silent_engine() {
    let directory = tempfile::TempDir::new().unwrap();
    let client = Client::new(&directory.path().join("docker.sock"));
    assert_eq!(membership(&client).await.unwrap(), Membership::Silent);
}

/// What is read from an engine that tells of these nodes, services and tasks, all of them current.
async fn told(nodes: Value, services: Value, tasks: Value) -> Result<Cluster, EngineError> {
    told_updating(nodes, services, tasks.clone(), tasks).await
}

/// The same with these current tasks among the others.
async fn told_updating(
    nodes: Value,
    services: Value,
    tasks: Value,
    current: Value,
) -> Result<Cluster, EngineError> {
    let tasks = AskedTasks {
        wanted: tasks,
        current,
        ended: json!([]),
    };
    told_with_ended(nodes, services, tasks).await
}

/// The tasks of a service, as the engine is asked for them.
struct AskedTasks {
    wanted: Value,
    current: Value,
    ended: Value,
}

/// A task in this state.
fn task_of_w1(state: &str, error: &str) -> Value {
    let status = json!({ "Timestamp": "15", "State": state, "Err": error });
    json!({ "ServiceID": "w1", "NodeID": "n1", "Status": status })
}

/// The same with tasks that ended.
async fn told_with_ended(
    nodes: Value,
    services: Value,
    tasks: AskedTasks,
) -> Result<Cluster, EngineError> {
    let networks = json!([
        { "Id": "net1", "Name": "front", "Scope": "swarm", "Driver": "overlay",
          "Attachable": true, "Internal": false, "EnableIPv6": false, "Ingress": false,
          "IPAM": { "Driver": "default", "Options": null,
                    "Config": [{ "Subnet": "10.20.3.0/24", "Gateway": "10.20.3.1" }] },
          "Options": { "encrypted": "" }, "Labels": { "skep.swarm": "cube" } },
        { "Id": "net0", "Name": "ingress", "Scope": "swarm", "Ingress": true, "Labels": {} },
        { "Id": "local", "Name": "bridge", "Scope": "local", "IPAM": { "Config": null },
          "Options": null, "Labels": null },
    ]);
    let secrets = json!([
        { "ID": "s1", "Spec": { "Name": "key.1", "Labels": { "skep.object": "secret/key" } } },
        { "ID": "s2", "Spec": { "Name": "other", "Labels": null } },
    ]);
    beside(async move {
        let fake = Fake::answering(move |request| match request {
            "GET /swarm" => (
                200,
                json!({ "ID": "s1", "Spec": { "Labels": { "skep.swarm": "cube" } } }),
            ),
            "GET /nodes" => (200, nodes.clone()),
            "GET /services?status=true" => (200, services.clone()),
            "GET /networks" => (200, networks.clone()),
            "GET /secrets" => (200, secrets.clone()),
            configs if configs.starts_with("GET /configs?filters=") => (200, json!([])),
            "GET /networks/net2" => (200, json!({ "Id": "net2", "Name": "host" })),
            "GET /networks/net3" => (404, json!({ "message": "network net3 not found" })),
            tasks_path if tasks_path.starts_with("GET /tasks?filters=") => {
                let has = |word: &str| tasks_path.contains(word);
                if has("%22id%22") {
                    return (200, json!([task_of_w1("rejected", "No such image")]));
                }
                let asked = match (has("shutdown"), has("_up-to-date")) {
                    (true, _) => &tasks.ended,
                    (false, true) => &tasks.current,
                    (false, false) => &tasks.wanted,
                };
                (200, asked.clone())
            }
            other => panic!("{other}"),
        });
        cluster(&fake.client).await
    })
    .await
}

fn node(id: &str, state: &str) -> Value {
    json!({
        "ID": id,
        "Spec": { "Role": "worker", "Availability": "active", "Labels": {} },
        "Description": { "Hostname": id },
        "Status": { "State": state, "Addr": "10.0.0.60" },
    })
}

#[tokio::test]
async fn a_manager_is_told_with_its_reachability_and_an_address_that_says_something() {
    let manager = json!({
        "ID": "n1",
        "Spec": { "Role": "manager", "Availability": "drain", "Labels": null },
        "Description": {},
        "Status": { "State": "sleeping", "Addr": "0.0.0.0" },
        "ManagerStatus": { "Leader": true, "Reachability": "reachable", "Addr": "[fd00::1]:2377" },
    });
    let cluster = told(json!([manager]), json!([]), json!([])).await.unwrap();
    let node = &cluster.nodes["n1"];
    assert_eq!(node.role, Role::Manager);
    assert_eq!(node.availability, Availability::Drain);
    assert_eq!(node.state, NodeState::Unknown);
    assert_eq!(
        node.manager,
        Some(Manager {
            reachable: true,
            leader: true
        })
    );
    assert_eq!(node.address, Some("fd00::1".parse().unwrap()));
}

#[tokio::test]
async fn networks_are_told_by_name_also_those_that_are_not_listed() {
    let service = |id: &str, networks: Value, before: Value| {
        let task = json!({ "Networks": networks });
        let spec = json!({ "Name": id, "TaskTemplate": task, "Networks": before });
        json!({ "ID": id, "Version": { "Index": 1 }, "Spec": spec })
    };
    let target = |id: &str| json!([{ "Target": id }]);
    let services = json!([
        service("a", target("net1"), Value::Null),
        service("b", target("net2"), json!([])),
        service("c", Value::Null, target("net3")),
    ]);
    let cluster = told(json!([]), services, json!([])).await.unwrap();
    let expected = [("net1", "front"), ("net2", "host")];
    let expected = expected.map(|(id, name)| (id.to_owned(), name.to_owned()));
    assert_eq!(cluster.networks, BTreeMap::from(expected));
    assert_eq!(cluster.labels["skep.swarm"], "cube");
}

#[tokio::test]
async fn networks_of_the_swarm_and_secrets_are_told_with_what_a_plan_needs() {
    let cluster = told(json!([]), json!([]), json!([])).await.unwrap();
    let front = ClusterNetwork {
        id: "net1".to_owned(),
        labels: BTreeMap::from([("skep.swarm".to_owned(), "cube".to_owned())]),
        driver: "overlay".to_owned(),
        attachable: true,
        options: BTreeMap::from([("encrypted".to_owned(), String::new())]),
        subnets: BTreeMap::from([("10.20.3.0/24".to_owned(), Some("10.20.3.1".to_owned()))]),
        ..ClusterNetwork::default()
    };
    let expected = BTreeMap::from([("front".to_owned(), front)]);
    assert_eq!(cluster.swarm_networks, expected);
    let secrets = cluster.secrets.iter();
    let secrets: Vec<_> = secrets
        .map(|(name, file)| (name.as_str(), file.id.as_str()))
        .collect();
    assert_eq!(secrets, [("key.1", "s1"), ("other", "s2")]);
    assert_eq!(cluster.secrets["key.1"].labels["skep.object"], "secret/key");
}

#[tokio::test]
async fn what_a_service_was_is_told_as_long_as_the_engine_may_go_back_to_it() {
    let fallback = async |update: Value, replicas: u64| {
        let mode = json!({ "Replicated": { "Replicas": replicas } });
        let service = json!([{
            "ID": "w1", "Version": { "Index": 13 }, "UpdateStatus": update,
            "Spec": { "Name": "web", "Mode": mode }, "PreviousSpec": { "Name": "before" },
        }]);
        let cluster = told(json!([]), service, json!([])).await.unwrap();
        cluster.services["web"].fallback.clone()
    };
    let before = Some(json!({ "Name": "before" }));
    for state in ["updating", "paused", "rollback_started", "rollback_paused"] {
        assert_eq!(
            fallback(json!({ "State": state }), 1).await,
            before,
            "{state}"
        );
    }
    for state in ["completed", "rollback_completed"] {
        assert_eq!(
            fallback(json!({ "State": state }), 1).await,
            None,
            "{state}"
        );
    }
    // The engine says nothing until it begins, and never begins where there is no task.
    assert_eq!(fallback(Value::Null, 1).await, before);
    assert_eq!(fallback(Value::Null, 0).await, None);
}

#[tokio::test]
async fn a_job_is_over_when_none_of_its_tasks_goes_on_and_one_failed() {
    let task = |state: &str, error: &str| {
        let status = json!({ "Timestamp": "15", "State": state, "Err": error });
        json!({ "ServiceID": "w1", "NodeID": "n1", "Slot": 0, "Status": status })
    };
    let read = async |wanted: Value, ended: Value, mode: Value| {
        let service = json!([{
            "ID": "w1", "Version": { "Index": 13 },
            "ServiceStatus": { "DesiredTasks": 1, "CompletedTasks": 1 },
            "Spec": { "Name": "web", "Mode": mode },
        }]);
        let tasks = AskedTasks {
            wanted,
            current: json!([]),
            ended,
        };
        let cluster = told_with_ended(json!([node("n1", "ready")]), service, tasks).await;
        cluster.unwrap().services["web"].trouble.clone()
    };
    let words = || "task: non-zero exit (1)".to_owned();
    let job = || json!({ "ReplicatedJob": { "TotalCompletions": 2 } });
    let failed = json!([task("failed", "task: non-zero exit (1)")]);
    let over = Some(TaskTrouble::Over(words()));
    assert_eq!(read(json!([]), failed.clone(), job()).await, over);
    let succeeded = json!([task("complete", "")]);
    assert_eq!(read(succeeded, failed.clone(), job()).await, over);
    // Another one is started in its place.
    let ending = Some(TaskTrouble::Ending(words()));
    let next = json!([task("ready", "")]);
    assert_eq!(read(next, failed.clone(), job()).await, ending);
    let service = json!({ "Replicated": { "Replicas": 2 } });
    assert_eq!(read(json!([]), failed, service).await, ending);
    // It has not begun.
    assert_eq!(read(json!([]), json!([]), job()).await, None);
}

#[tokio::test]
async fn a_swarm_that_cannot_be_read_whole_is_an_error() {
    let mut hostile = node("n1", "ready");
    hostile["Spec"]["Role"] = json!("observer");
    for (nodes, services) in [
        (json!([hostile]), json!([])),
        (json!({}), json!([])),
        (
            json!([]),
            json!([{ "ID": "w1", "Version": { "Index": -1 }, "Spec": {} }]),
        ),
        (
            json!([]),
            json!([{ "ID": "w1", "Version": { "Index": 1 }, "Spec": { "Mode": {} } }]),
        ),
    ] {
        let error = told(nodes, services, json!([])).await.unwrap_err();
        assert!(
            matches!(error, EngineError::NotUnderstood { .. }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn an_engine_tells_which_services_have_a_task_on_it() {
    beside(async {
        let fake = Fake::answering(|_| {
            let task = |service: &str| json!({ "Id": "x", "Labels": { SERVICE_NAME: service } });
            let all = json!([task("web"), task("db"), task("web"), { "Id": "y", "Labels": null }]);
            (200, all)
        });
        let services = running(&fake.client).await.unwrap();
        assert_eq!(services, ["db", "web"].map(str::to_owned).into());
    })
    .await;
}
