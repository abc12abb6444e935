//! Jobs: services whose tasks run to their end.

use serde_json::{Value, json};
use skep_lab::image::Image;
use skep_plan::action::{Action, CreateService};
use skep_plan::observed::Tasks;
use skep_swarm::apply::apply;

use crate::site::{Site, eventually};

const IMAGE: &str = "nginx:latest";

async fn create(site: &Site, name: &str, mode: Value, command: &[&str]) {
    let spec = json!({
        "Name": name,
        "TaskTemplate": {
            "ContainerSpec": {"Image": IMAGE, "Command": command, "StopSignal": "SIGKILL"},
            "RestartPolicy": {"Condition": "none"},
        },
        "Mode": mode,
    });
    let create = Action::CreateService(CreateService {
        name: name.to_owned(),
        spec,
    });
    let created = apply(site.client("a"), &create, None).await;
    created.expect("the engine takes it");
}

#[tokio::test]
async fn a_job_is_as_declared_when_its_tasks_have_succeeded() {
    let site = Site::managers("jobs", &["a"]).await;
    let image = Image::web().expect("busybox-static is installed");
    let engine = &site.host("a").engine;
    engine.import(IMAGE, &image).expect("the engine takes it");
    let replicated = json!({"ReplicatedJob": {"TotalCompletions": 3, "MaxConcurrent": 2}});
    let well = ["/bin/busybox", "true"];
    create(&site, "replicated", replicated.clone(), &well).await;
    create(&site, "global", json!({"GlobalJob": {}}), &well).await;
    create(&site, "failing", replicated, &["/bin/busybox", "false"]).await;
    let endless = ["/bin/busybox", "sleep", "1000"];
    create(&site, "endless", json!({"GlobalJob": {}}), &endless).await;
    let all = |count| Tasks {
        desired: count,
        running: count,
    };
    for (name, count) in [("replicated", 3), ("global", 1)] {
        eventually("the job has succeeded", async || {
            let service = &site.cluster("a").await.services[name];
            service.tasks == all(count) && service.trouble.is_none()
        })
        .await;
    }
    let services = site.cluster("a").await.services;
    let tasks = |name: &str| services[name].tasks;
    assert_eq!((tasks("failing").running, tasks("failing").desired), (0, 3));
    assert_eq!((tasks("endless").running, tasks("endless").desired), (0, 1));
}
