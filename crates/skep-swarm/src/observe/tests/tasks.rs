//! What is told of tasks.

use super::*;

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
