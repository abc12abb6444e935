//! Services from their creation to their end.

use serde_json::{Value, json};
use skep_lab::image::Image;
use skep_plan::action::{Action, CreateService, RemoveService, UpdateService};
use skep_plan::observed::{ClusterService, Tasks};
use skep_swarm::apply::{Applied, ApplyError, apply};
use skep_swarm::engine::EngineError;

use crate::site::{Site, eventually};

const IMAGE: &str = "nginx:latest";

/// A web server on port 80 of every node.
fn web(hash: &str, greeting: &str) -> Value {
    json!({
        "Name": "web",
        "Labels": { "skep.hash": hash },
        "TaskTemplate": { "ContainerSpec": {
            "Image": IMAGE,
            "Hostname": format!("{greeting}-{{{{.Node.Hostname}}}}"),
        } },
        "Mode": { "Global": {} },
        "EndpointSpec": { "Ports": [
            { "Protocol": "tcp", "TargetPort": 80, "PublishedPort": 80, "PublishMode": "host" },
        ] },
    })
}

fn create(spec: Value) -> Action {
    Action::CreateService(CreateService {
        name: "web".to_owned(),
        spec,
    })
}

fn update(service: &ClusterService, spec: Value) -> Action {
    Action::UpdateService(UpdateService {
        name: "web".to_owned(),
        id: service.id.clone(),
        version: service.version,
        spec,
        changes: Vec::new(),
    })
}

/// Updates the service as it is, and says what it was. The managers themselves move its version
/// index for a moment after a change: what they moved in between is read again.
async fn update_present(site: &Site, spec: Value) -> ClusterService {
    const READS_MAX: usize = 100;
    for _ in 0..READS_MAX {
        let present = site.cluster("a").await.services["web"].clone();
        match apply(site.client("a"), &update(&present, spec.clone()), None).await {
            Ok(done) => {
                assert_eq!(done, Applied::Done);
                return present;
            }
            Err(ApplyError::Engine(EngineError::OutOfSequence)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the version index of the service does not come to rest");
}

fn remove(service: &ClusterService) -> Action {
    Action::RemoveService(RemoveService {
        name: "web".to_owned(),
        id: service.id.clone(),
    })
}

/// What a client on one node gets from the web server of another.
fn page(site: &Site, from: &str, of: &str) -> String {
    let url = format!("http://{}/", site.host(of).address);
    let fetch = ["timeout", "2", "busybox", "wget", "-q", "-O", "-", &url];
    let output = site.lab.exec(from, &fetch).expect("the node is alive");
    String::from_utf8(output.stdout)
        .expect("a host name is text")
        .trim()
        .to_owned()
}

async fn serving(test: &str) -> Site {
    let site = Site::managers(test, &["a", "b"]).await;
    let image = Image::web().expect("busybox-static is installed");
    for name in ["a", "b"] {
        site.host(name)
            .engine
            .import(IMAGE, &image)
            .expect("the engine takes it");
    }
    site
}

#[tokio::test]
async fn a_service_answers_from_its_creation_to_its_removal() {
    let site = serving("serve").await;
    let writer = site.client("a");
    let created = apply(writer, &create(web("1", "one")), None).await.unwrap();
    assert_eq!(created, Applied::Done);
    eventually("it answers", async || page(&site, "a", "b") == "one-b").await;
    eventually("it answers", async || page(&site, "b", "a") == "one-a").await;
    let both = Tasks {
        desired: 2,
        running: 2,
    };
    eventually("it runs", async || {
        site.cluster("b").await.services["web"].tasks == both
    })
    .await;

    let there = site.cluster("b").await.services["web"].clone();
    assert_eq!(there.spec["Labels"]["skep.hash"], "1");
    update_present(&site, web("2", "two")).await;
    eventually("it changes", async || page(&site, "a", "b") == "two-b").await;

    let removed = apply(writer, &remove(&there), None).await.unwrap();
    assert_eq!(removed, Applied::Done);
    let removed = apply(writer, &remove(&there), None).await.unwrap();
    assert_eq!(removed, Applied::AlreadyDone);
    assert!(site.cluster("b").await.services.is_empty());
    eventually("it stops", async || page(&site, "a", "b").is_empty()).await;
}

#[tokio::test]
async fn a_name_is_taken_by_another_service_and_by_the_same_one_only_once() {
    let site = Site::managers("taken", &["a"]).await;
    let writer = site.client("a");
    let apply = async |action| apply(writer, &action, None).await;
    assert_eq!(apply(create(web("1", "one"))).await.unwrap(), Applied::Done);
    assert_eq!(
        apply(create(web("1", "one"))).await.unwrap(),
        Applied::AlreadyDone
    );
    let refused = apply(create(web("2", "two"))).await.unwrap_err();
    assert!(
        matches!(&refused, ApplyError::NameTaken(name) if name == "service `web`"),
        "{refused:?}"
    );
    let mut foreign = web("1", "one");
    foreign["Labels"] = json!({});
    let refused = apply(create(foreign)).await.unwrap_err();
    assert!(matches!(refused, ApplyError::NameTaken(_)), "{refused:?}");
}

#[tokio::test]
async fn a_plan_made_from_what_has_changed_since_is_refused() {
    let site = Site::managers("stale", &["a"]).await;
    let writer = site.client("a");
    let apply = async |action| apply(writer, &action, None).await;
    apply(create(web("1", "one"))).await.unwrap();
    let service = async || site.cluster("a").await.services["web"].clone();
    let stale = update_present(&site, web("2", "two")).await;
    let refused = apply(update(&stale, web("3", "three"))).await.unwrap_err();
    assert!(
        matches!(refused, ApplyError::Engine(EngineError::OutOfSequence)),
        "{refused:?}"
    );
    assert!(refused.is_retryable());
    assert_eq!(service().await.spec["Labels"]["skep.hash"], "2");
    update_present(&site, web("3", "three")).await;
    assert_eq!(service().await.spec["Labels"]["skep.hash"], "3");
}

#[tokio::test]
async fn the_network_of_the_hosts_is_stored_as_an_id_and_told_by_name() {
    let site = Site::managers("network", &["a"]).await;
    let mut spec = web("1", "one");
    spec["TaskTemplate"]["Networks"] = json!([{ "Target": "host" }]);
    spec["EndpointSpec"] = Value::Null;
    apply(site.client("a"), &create(spec), None).await.unwrap();
    let cluster = site.cluster("a").await;
    let stored = &cluster.services["web"].spec["TaskTemplate"]["Networks"][0]["Target"];
    let stored = stored.as_str().unwrap();
    assert_ne!(stored, "host");
    assert_eq!(cluster.networks[stored], "host");
}

#[tokio::test]
async fn a_specification_the_engine_refuses_is_an_error_with_its_words() {
    let site = Site::managers("refuse", &["a"]).await;
    let mut spec = web("1", "one");
    spec["Name"] = json!("no name");
    let refused = apply(site.client("a"), &create(spec), None)
        .await
        .unwrap_err();
    let ApplyError::Engine(EngineError::Refused {
        status: 400,
        message,
    }) = &refused
    else {
        panic!("{refused:?}");
    };
    assert!(message.contains("name must be valid"), "{message}");
    assert!(!refused.is_retryable());
}
