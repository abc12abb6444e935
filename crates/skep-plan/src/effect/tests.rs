use serde_json::json;

use super::*;
use crate::action::Executor;

/// What is said about an update of a service with these fields, each with its old and new value.
fn said(spec: Value, changes: &[(&str, Value, Value)]) -> String {
    let changes = changes.iter().map(|(path, old, new)| Change {
        path: (*path).to_owned(),
        old: old.clone(),
        new: new.clone(),
    });
    let step = Step {
        object: "service/web".to_owned(),
        executor: Executor::Writer,
        action: Action::UpdateService(UpdateService {
            name: "web".to_owned(),
            id: "web".to_owned(),
            version: 1,
            spec,
            changes: changes.collect(),
        }),
        because: "the manifest changed".to_owned(),
    };
    step.effect().expect("something follows").to_string()
}

fn spec(replicas: u64, order: &str, parallelism: u64) -> Value {
    json!({
        "Mode": {"Replicated": {"Replicas": replicas}},
        "UpdateConfig": {"Order": order, "Parallelism": parallelism},
    })
}

#[test]
fn an_update_says_whether_somebody_goes_on_answering() {
    let image = (
        "TaskTemplate.ContainerSpec.Image",
        json!("a:1"),
        json!("a:2"),
    );
    let image = [image];
    assert_eq!(
        said(spec(3, "stop-first", 1), &image),
        "=> its tasks are replaced 1 at a time, each ends before the new one starts\n"
    );
    assert_eq!(
        said(spec(1, "start-first", 1), &image),
        "=> its tasks are replaced 1 at a time, each when the new one runs\n"
    );
    assert_eq!(
        said(spec(1, "stop-first", 1), &image),
        "=> interruption: its tasks are replaced 1 at a time, each ends before the new one starts: \
         meanwhile nobody answers\n"
    );
    assert_eq!(
        said(spec(3, "stop-first", 0), &image),
        "=> interruption: its tasks are replaced all at once, each ends before the new one starts: \
         meanwhile nobody answers\n"
    );
    let global = json!({"Mode": {"Global": {}}, "UpdateConfig": {"Parallelism": 1}});
    assert_eq!(
        said(global, &image),
        "=> interruption: its tasks are replaced 1 at a time, each ends before the new one starts: \
         on that node nobody answers meanwhile\n"
    );
}

#[test]
fn more_or_fewer_tasks_are_counted() {
    let mode = |replicas: u64| json!({"Replicated": {"Replicas": replicas}});
    let check = |old, new, expected: &str| {
        let spec = spec(new, "stop-first", 1);
        assert_eq!(said(spec, &[("Mode", mode(old), mode(new))]), expected);
    };
    check(2, 5, "=> 3 more of its tasks start\n");
    check(5, 2, "=> 3 of its tasks end\n");
    check(5, 0, "=> loss: all its tasks end\n");
}

#[test]
fn what_is_no_part_of_a_task_touches_none() {
    let labels = ("Labels.team", Value::Null, json!("blue"));
    let policy = ("UpdateConfig.Parallelism", json!(1), json!(2));
    assert_eq!(
        said(spec(1, "stop-first", 1), &[labels, policy]),
        "=> no task is touched\n"
    );
}
