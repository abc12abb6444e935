use serde_json::{Value, json};
use skep_manifest::swarm::{Availability, Role};
use skep_plan::observed::{Active, ClusterNetwork, Manager};

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
async fn tasks_count_where_somebody_hears_them() {
    let task = |node: &str, state: &str| json!({ "ServiceID": "w1", "NodeID": node, "Status": { "State": state } });
    let unplaced = json!({ "ServiceID": "w1", "Status": { "State": "pending" } });
    let tasks = json!([
        task("n1", "running"),
        task("n2", "running"),
        task("n1", "starting"),
        task("gone", "running"),
        unplaced,
    ]);
    let nodes = json!([node("n1", "ready"), node("n2", "down")]);
    let service = |mode: Value| {
        let spec = json!({ "Name": "web", "Mode": mode, "Newer": [1] });
        json!([{ "ID": "w1", "Version": { "Index": 13 }, "Spec": spec }])
    };
    let count = async |mode: Value| {
        let cluster = told(nodes.clone(), service(mode), tasks.clone())
            .await
            .unwrap();
        cluster.services["web"].clone()
    };
    let global = count(json!({ "Global": {} })).await;
    assert_eq!(
        global.tasks,
        Tasks {
            desired: 5,
            running: 1
        }
    );
    assert_eq!((global.version, &global.spec["Newer"]), (13, &json!([1])));
    let replicated = count(json!({ "Replicated": { "Replicas": 7 } })).await;
    assert_eq!(
        replicated.tasks,
        Tasks {
            desired: 7,
            running: 1
        }
    );
}

#[tokio::test]
async fn what_has_not_ended_on_a_drained_node_is_counted_and_on_no_other() {
    let task = |node: &str, state: &str| json!({ "ServiceID": "w1", "NodeID": node, "Status": { "State": state } });
    let tasks = json!([
        task("n1", "running"),
        task("n2", "running"),
        task("n2", "starting"),
        task("n2", "shutdown"),
        task("n2", "failed"),
    ]);
    let mut drained = node("n2", "ready");
    drained["Spec"]["Availability"] = json!("drain");
    let nodes = json!([node("n1", "ready"), drained]);
    let cluster = told(nodes, json!([]), tasks).await.unwrap();
    assert_eq!(
        (cluster.nodes["n1"].tasks, cluster.nodes["n2"].tasks),
        (0, 2)
    );
}

#[tokio::test]
async fn tasks_of_before_an_update_are_none_that_run_and_those_that_fail_say_why() {
    let task = |state: &str, error: &str| json!({ "ServiceID": "w1", "NodeID": "n1", "Status": { "State": state, "Err": error } });
    let (old, new) = (task("running", ""), task("rejected", "No such image"));
    let read = async |update: Value| {
        let service = json!([{
            "ID": "w1", "Version": { "Index": 13 }, "UpdateStatus": update,
            "Spec": { "Name": "web", "Mode": { "Global": {} } },
        }]);
        let nodes = json!([node("n1", "ready")]);
        let cluster = told_updating(nodes, service, json!([old, new]), json!([new])).await;
        cluster.unwrap().services["web"].clone()
    };
    let updating = read(json!({ "State": "updating", "Message": "update in progress" })).await;
    let none_runs = Tasks {
        desired: 2,
        running: 0,
    };
    assert_eq!(updating.tasks, none_runs);
    let failing = TaskTrouble::Failing("No such image".to_owned());
    assert_eq!(updating.trouble, Some(failing.clone()));
    assert_eq!(read(Value::Null).await.trouble, Some(failing));
    let paused = read(json!({ "State": "paused", "Message": "update paused" })).await;
    let words = "update paused: No such image".to_owned();
    assert_eq!(paused.trouble, Some(TaskTrouble::Paused(words)));
}

#[tokio::test]
async fn tasks_that_ended_say_why_where_no_other_one_runs_in_their_place() {
    let task = |slot: u64, at: &str, state: &str, error: &str| {
        let status = json!({ "Timestamp": at, "State": state, "Err": error });
        json!({ "ServiceID": "w1", "NodeID": "n1", "Slot": slot, "Status": status })
    };
    let read = async |wanted: Value, current: Value, ended: Value, update: Value| {
        let service = json!([{
            "ID": "w1", "Version": { "Index": 13 }, "UpdateStatus": update,
            "ServiceStatus": { "DesiredTasks": 2 },
            "Spec": { "Name": "web", "Mode": { "Replicated": { "Replicas": 2 } } },
        }]);
        let tasks = AskedTasks {
            wanted,
            current,
            ended,
        };
        let nodes = json!([node("n1", "ready")]);
        let cluster = told_with_ended(nodes, service, tasks).await;
        cluster.unwrap().services["web"].trouble.clone()
    };
    let running = task(1, "12", "running", "");
    let replaced = task(1, "11", "failed", "an old mistake");
    let wanted = json!([running, task(2, "16", "ready", "")]);
    let current = json!([running]);
    let first = task(2, "13", "failed", "task: non-zero exit (1)");
    let last = task(2, "15", "failed", "task: non-zero exit (2)");
    let ended = json!([first, last, replaced]);
    let failed = "task: non-zero exit (2)".to_owned();
    let told = read(wanted.clone(), current.clone(), ended.clone(), Value::Null).await;
    assert_eq!(told, Some(TaskTrouble::Ending(failed)));
    let paused = json!({ "State": "paused", "Message": "update paused" });
    let told = read(wanted.clone(), current.clone(), ended, paused).await;
    let words = "update paused: task: non-zero exit (2)".to_owned();
    assert_eq!(told, Some(TaskTrouble::Paused(words)));
    let over = json!([task(2, "15", "complete", ""), first]);
    let told = read(wanted.clone(), current.clone(), over, Value::Null).await;
    let words = "its command ended".to_owned();
    assert_eq!(told, Some(TaskTrouble::Ending(words)));
    // Who was stopped on purpose has nothing to say, and neither has whoever is replaced already.
    let stopped = json!([task(2, "15", "shutdown", ""), first, replaced]);
    assert_eq!(read(wanted, current, stopped, Value::Null).await, None);
}

#[tokio::test]
async fn a_task_that_waits_to_be_started_again_does_not_hide_why_the_one_before_it_ended() {
    let told = async |message: &str, ended: Value| {
        let service = json!([{
            "ID": "w1", "Version": { "Index": 13 },
            "UpdateStatus": { "State": "paused", "Message": message },
            "ServiceStatus": { "DesiredTasks": 0 },
            "Spec": { "Name": "web", "Mode": { "Global": {} } },
        }]);
        let tasks = AskedTasks {
            wanted: json!([task_of_w1("ready", "")]),
            current: json!([]),
            ended,
        };
        let cluster = told_with_ended(json!([node("n1", "ready")]), service, tasks).await;
        cluster.unwrap().services["web"].trouble.clone()
    };
    let paused = |words: &str| Some(TaskTrouble::Paused(words.to_owned()));
    let why = "update paused: No such image";
    let failed = json!([task_of_w1("rejected", "No such image")]);
    assert_eq!(told("update paused", failed).await, paused(why));
    // The one that an update was given up for is asked by its name, when that is told.
    let named = "update paused due to failure or early termination of task t9";
    let words = format!("{named}: No such image");
    assert_eq!(told(named, json!([])).await, paused(&words));
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
