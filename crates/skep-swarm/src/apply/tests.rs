use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::json;
use skep_manifest::swarm::{Availability, Role};
use skep_plan::action::{CreateService, LabelNode, RemoveNetwork, SetAvailability, UpdateService};

use super::*;
use crate::fake::Fake;
use crate::registries::{Credentials, Registries};
use crate::token::rotate_join_tokens;

mod entering;
mod files;

/// Runs a test with a fake engine beside it.
async fn beside<T>(test: impl Future<Output = T>) -> T {
    tokio::task::LocalSet::new().run_until(test).await
}

fn words(words: &str) -> (u16, Value) {
    (500, json!({ "message": words }))
}

fn label(set: &[(&str, &str)], remove: &[&str]) -> Action {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Action::LabelNode(LabelNode {
        node: "cube01".parse().unwrap(),
        node_id: "n1".to_owned(),
        set: set.iter().map(owned).collect(),
        remove: remove.iter().map(|name| (*name).to_owned()).collect(),
    })
}

fn node(index: u64) -> Value {
    json!({
        "ID": "n1",
        "Version": { "Index": index },
        "Spec": { "Role": "worker", "Availability": "active", "Labels": { "disk": "ssd" } },
    })
}

#[tokio::test]
async fn what_is_not_known_is_written_back_as_it_was_read() {
    beside(async {
        let mut fake = Fake::answering(|request| match request {
            "GET /nodes/n1" => (
                200,
                json!({
                    "Version": { "Index": 7 },
                    "Spec": { "Role": "worker", "Labels": null, "Newer": { "setting": [1, null] } },
                }),
            ),
            _ => (200, Value::Null),
        });
        let done = apply(&fake.client, &label(&[("zone", "x")], &[]), None)
            .await
            .unwrap();
        assert_eq!(done, Applied::Done);
        assert_eq!(
            fake.asked()[2..],
            [concat!(
                "POST /v1.41/nodes/n1/update?version=7 ",
                r#"{"Labels":{"zone":"x"},"Newer":{"setting":[1,null]},"Role":"worker"}"#,
            )]
        );
    })
    .await;
}

#[tokio::test]
async fn labels_of_others_stay() {
    beside(async {
        let mut fake = Fake::answering(|_| (200, node(7)));
        let done = apply(&fake.client, &label(&[("a", "1")], &["b"]), None)
            .await
            .unwrap();
        assert_eq!(done, Applied::Done);
        let written = fake.asked().pop().unwrap();
        assert!(
            written.contains(r#""Labels":{"a":"1","disk":"ssd"}"#),
            "{written}"
        );
    })
    .await;
}

#[tokio::test]
async fn what_is_so_already_is_not_written() {
    beside(async {
        let mut fake = Fake::answering(|_| (200, node(7)));
        let set = SetAvailability {
            node: "cube01".parse().unwrap(),
            node_id: "n1".to_owned(),
            availability: Availability::Active,
        };
        for action in [
            label(&[("disk", "ssd")], &["none"]),
            Action::SetAvailability(set),
        ] {
            let done = apply(&fake.client, &action, None).await.unwrap();
            assert_eq!(done, Applied::AlreadyDone);
        }
        assert!(
            fake.asked()
                .iter()
                .all(|request| request.starts_with("GET "))
        );
    })
    .await;
}

#[tokio::test]
async fn a_stale_index_is_read_again() {
    beside(async {
        let mut index = 6;
        let fake = Fake::answering(move |request| match request {
            "GET /nodes/n1" => {
                index += 1;
                (200, node(index))
            }
            "POST /nodes/n1/update?version=7" => {
                words("rpc error: code = Unknown desc = update out of sequence")
            }
            "POST /nodes/n1/update?version=8" => (200, Value::Null),
            other => panic!("{other}"),
        });
        let done = apply(&fake.client, &label(&[("zone", "x")], &[]), None)
            .await
            .unwrap();
        assert_eq!(done, Applied::Done);
    })
    .await;
}

#[tokio::test]
async fn an_object_that_others_write_all_the_time_is_given_up() {
    beside(async {
        let mut fake = Fake::answering(|request| match request {
            "GET /nodes/n1" => (200, node(7)),
            _ => words("update out of sequence"),
        });
        let error = apply(&fake.client, &label(&[("zone", "x")], &[]), None)
            .await
            .unwrap_err();
        assert!(error.is_retryable());
        assert_eq!(
            error.to_string(),
            "`/nodes/n1` was changed by others 5 times while it was to be written"
        );
        assert_eq!(fake.asked().len(), 1 + 2 * TRIES_MAX);
    })
    .await;
}

#[tokio::test]
async fn a_specification_that_is_no_object_is_not_written() {
    beside(async {
        let spec = json!({ "Version": { "Index": 7 }, "Spec": [] });
        let fake = Fake::answering(move |_| (200, spec.clone()));
        let error = apply(&fake.client, &label(&[("zone", "x")], &[]), None)
            .await
            .unwrap_err();
        assert!(
            matches!(error, ApplyError::NoSpecification { .. }),
            "{error:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn rotating_the_tokens_changes_nothing_else() {
    beside(async {
        let mut fake = Fake::answering(|_| {
            (200, json!({ "Version": { "Index": 9 }, "Spec": { "Name": "default" } }))
        });
        rotate_join_tokens(&fake.client).await.unwrap();
        assert_eq!(
            fake.asked()[2..],
            [concat!(
                "POST /v1.41/swarm/update?version=9&rotateWorkerToken=true&rotateManagerToken=true ",
                r#"{"Name":"default"}"#
            )]
        );
    })
    .await;
}

/// What creating a service comes to beside one that was made from `there`.
async fn create_beside(there: Option<&str>) -> Result<Applied, ApplyError> {
    let labelled = |hash: &str| BTreeMap::from([("skep.hash".to_owned(), hash.to_owned())]);
    let labels = there.map(labelled);
    beside(async move {
        let fake = Fake::answering(move |request| match request {
            "POST /services/create" => (
                409,
                json!({ "message": "name conflicts with an existing object: service web" }),
            ),
            "GET /services/web" => (200, json!({ "ID": "s1", "Spec": { "Labels": labels } })),
            other => panic!("{other}"),
        });
        let create = CreateService {
            name: "web".to_owned(),
            spec: json!({ "Name": "web", "Labels": labelled("1") }),
        };
        apply(&fake.client, &Action::CreateService(create), None).await
    })
    .await
}

#[tokio::test]
async fn a_service_that_was_created_already_is_no_error_and_another_one_is() {
    assert_eq!(
        create_beside(Some("1")).await.unwrap(),
        Applied::AlreadyDone
    );
    for there in [Some("2"), None] {
        let error = create_beside(there).await.unwrap_err();
        assert_eq!(error.to_string(), "service `web` exists and is another one");
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn a_service_gets_the_credentials_of_the_registry_its_image_lives_in_and_no_others() {
    let apply_image = async |image: &'static str| {
        beside(async move {
            let mut fake = Fake::answering(|_| (201, json!({})));
            let mut registries = Registries::default();
            let puller = Credentials {
                username: "puller".to_owned(),
                password: "p?ss>word".to_owned(),
            };
            assert_eq!(format!("{puller:?}"), "Credentials(..)");
            registries.insert("registry.example.com", Ok(puller));
            registries.insert("locked.example.com", Err("/key is empty".to_owned()));
            let client = Client::new(&fake.socket()).with_registries(registries);
            let spec = json!({"TaskTemplate": {"ContainerSpec": {"Image": image}}});
            let create = Action::CreateService(CreateService {
                name: "web".to_owned(),
                spec: spec.clone(),
            });
            let update = Action::UpdateService(UpdateService {
                name: "web".to_owned(),
                id: "s1".to_owned(),
                version: 7,
                spec,
                changes: Vec::new(),
            });
            let created = apply(&client, &create, None).await;
            let updated = apply(&client, &update, None).await;
            let errors = [created, updated].map(|done| done.err().map(|error| error.to_string()));
            (errors, fake.credentials())
        })
        .await
    };
    let said =
        r#"{"password":"p?ss>word","serveraddress":"registry.example.com","username":"puller"}"#;
    let header = URL_SAFE.encode(said);
    assert!(header.contains(['-', '_']), "{header}");
    let both = vec![header.clone(), header];
    assert_eq!(
        apply_image("registry.example.com/app:1").await,
        ([None, None], both)
    );
    assert_eq!(apply_image("nginx").await, ([None, None], Vec::new()));
    let why = "no credentials for locked.example.com: /key is empty".to_owned();
    assert_eq!(
        apply_image("locked.example.com/app").await,
        ([Some(why.clone()), Some(why)], Vec::new())
    );
}

#[tokio::test]
async fn a_network_that_is_gone_is_removed() {
    beside(async {
        let fake = Fake::answering(|_| (404, json!({ "message": "network net1 not found" })));
        let remove = Action::RemoveNetwork(RemoveNetwork {
            name: "front".to_owned(),
            id: "net1".to_owned(),
        });
        let done = apply(&fake.client, &remove, None).await;
        assert_eq!(done.unwrap(), Applied::AlreadyDone);
    })
    .await;
}
