use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::json;
use skep_manifest::swarm::{Availability, Role};
use skep_plan::action::{
    Change, CreateFile, CreateService, FileKind, InitSwarm, JoinSwarm, LabelNode, RemoveNetwork,
    SetAvailability, UpdateService,
};
use skep_plan::content::Content;
use skep_plan::observed::Foundation;

use super::*;
use crate::fake::Fake;
use crate::registries::{Credentials, Registries};
use crate::token::rotate_join_tokens;

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

fn join(remote: IpAddr) -> Action {
    Action::JoinSwarm(JoinSwarm {
        role: Role::Worker,
        advertise_address: "10.0.0.61".parse().unwrap(),
        data_path_address: "10.1.0.61".parse().unwrap(),
        availability: Availability::Drain,
        remote_addresses: vec![remote],
    })
}

#[tokio::test]
async fn a_join_says_its_addresses_and_its_token() {
    beside(async {
        let mut fake = Fake::answering(|_| (200, Value::Null));
        let token = "SWMTKN-1-a".parse().unwrap();
        apply(
            &fake.client,
            &join("10.0.0.60".parse().unwrap()),
            Some(&token),
        )
        .await
        .unwrap();
        let asked = fake.asked();
        let body = asked[1].strip_prefix("POST /v1.41/swarm/join ").unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(body).unwrap(),
            json!({
                "ListenAddr": "0.0.0.0:2377",
                "AdvertiseAddr": "10.0.0.61:2377",
                "DataPathAddr": "10.1.0.61",
                "Availability": "drain",
                "RemoteAddrs": ["10.0.0.60:2377"],
                "JoinToken": "SWMTKN-1-a",
            })
        );
    })
    .await;
}

#[tokio::test]
async fn a_join_without_a_token_is_not_tried() {
    beside(async {
        let mut fake = Fake::answering(|_| (200, Value::Null));
        let error = apply(&fake.client, &join("10.0.0.60".parse().unwrap()), None).await;
        assert!(matches!(error, Err(ApplyError::TokenMissing)), "{error:?}");
        assert!(fake.asked().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_swarm_is_labelled_and_addresses_of_ipv6_stand_in_brackets() {
    beside(async {
        let mut fake = Fake::answering(|_| (200, Value::Null));
        let init = Action::InitSwarm(InitSwarm {
            labels: BTreeMap::from([("skep.swarm".to_owned(), "cube".to_owned())]),
            foundation: Foundation::default(),
            changes: vec![Change {
                path: "Orchestration.TaskHistoryRetentionLimit".to_owned(),
                old: json!(5),
                new: json!(3),
            }],
            advertise_address: "fd00::1".parse().unwrap(),
            data_path_address: "fd00::1".parse().unwrap(),
            availability: Availability::Active,
        });
        apply(&fake.client, &init, None).await.unwrap();
        let asked = fake.asked();
        let body = asked[1].strip_prefix("POST /v1.41/swarm/init ").unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(body).unwrap(),
            json!({
                "ListenAddr": "[::]:2377",
                "AdvertiseAddr": "[fd00::1]:2377",
                "DataPathAddr": "fd00::1",
                "DataPathPort": 4789,
                "DefaultAddrPool": ["10.0.0.0/8"],
                "SubnetSize": 24,
                "Spec": {
                    "Labels": { "skep.swarm": "cube" },
                    "Orchestration": { "TaskHistoryRetentionLimit": 3 },
                },
                "Availability": "active",
            })
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

fn create_file(kind: FileKind) -> Action {
    Action::CreateFile(CreateFile {
        kind,
        name: "site.1".to_owned(),
        labels: BTreeMap::from([("skep.swarm".to_owned(), "cube".to_owned())]),
        content: Content::from("one".to_owned()),
    })
}

/// What creating a config or secret comes to where one of its name is, and what was written.
async fn create_file_beside(
    kind: FileKind,
    there: Value,
) -> (Result<Applied, ApplyError>, Vec<String>) {
    beside(async move {
        let mut fake = Fake::answering(move |request| match request {
            request if request.ends_with("s/create") => (
                409,
                json!({ "message": "rpc error: code = AlreadyExists desc = name taken" }),
            ),
            request if request.starts_with("GET") => (
                200,
                json!({ "ID": "c1", "Version": { "Index": 7 }, "Spec": there }),
            ),
            _ => (200, Value::Null),
        });
        let done = apply(&fake.client, &create_file(kind), None).await;
        let mut asked = fake.asked();
        asked.retain(|request| request.contains("/update"));
        (done, asked)
    })
    .await
}

#[tokio::test]
async fn a_file_that_is_there_gets_the_labels_it_lost_beside_those_of_others() {
    let one = json!({ "Name": "site.1", "Labels": { "of": "somebody" }, "Data": "b25l" });
    let (done, written) = create_file_beside(FileKind::Config, one.clone()).await;
    assert_eq!(done.unwrap(), Applied::Done);
    assert_eq!(
        written,
        [concat!(
            "POST /v1.41/configs/c1/update?version=7 ",
            r#"{"Data":"b25l","Labels":{"of":"somebody","skep.swarm":"cube"},"Name":"site.1"}"#,
        )]
    );
    let mut labelled = one;
    labelled["Labels"] = json!({ "skep.swarm": "cube" });
    let (done, written) = create_file_beside(FileKind::Config, labelled).await;
    assert_eq!(done.unwrap(), Applied::AlreadyDone);
    assert_eq!(written, Vec::<String>::new());
    // What stands in a secret is told to nobody.
    let (done, written) = create_file_beside(FileKind::Secret, json!({ "Name": "site.1" })).await;
    assert_eq!(done.unwrap(), Applied::Done);
    assert_eq!(written.len(), 1);
}

#[tokio::test]
async fn a_config_with_another_content_is_not_touched() {
    let other = json!({ "Name": "site.1", "Labels": {}, "Data": "dHdv" });
    let (done, written) = create_file_beside(FileKind::Config, other).await;
    assert_eq!(
        done.unwrap_err().to_string(),
        "config `site.1` exists and is another one"
    );
    assert_eq!(written, Vec::<String>::new());
}

#[tokio::test]
async fn a_service_is_written_with_the_ids_of_what_it_names_or_not_at_all() {
    let create = |name: &str| {
        let known = json!({ "ConfigName": "a", "ConfigID": "known" });
        Action::CreateService(CreateService {
            name: "web".to_owned(),
            spec: json!({ "TaskTemplate": { "ContainerSpec": {
                "Configs": [known, { "ConfigName": "site.1" }],
                "Secrets": [{ "SecretName": name }],
            } } }),
        })
    };
    beside(async {
        let mut fake = Fake::answering(|request| match request {
            "GET /configs/site%2E1" => (200, json!({ "ID": "c1", "Spec": {} })),
            "GET /secrets/key" => (200, json!({ "ID": "s1", "Spec": {} })),
            "POST /services/create" => (201, Value::Null),
            _ => (404, json!({ "message": "not found" })),
        });
        let apply = async |action| apply(&fake.client, &action, None).await;
        assert_eq!(apply(create("key")).await.unwrap(), Applied::Done);
        let missing = apply(create("gone")).await.unwrap_err();
        assert_eq!(missing.to_string(), "the swarm has no secret `gone`");
        let mut asked = fake.asked();
        asked.retain(|request| request.contains("/services/create"));
        assert_eq!(
            asked,
            [concat!(
                "POST /v1.41/services/create ",
                r#"{"TaskTemplate":{"ContainerSpec":{"#,
                r#""Configs":[{"ConfigID":"known","ConfigName":"a"},"#,
                r#"{"ConfigID":"c1","ConfigName":"site.1"}],"#,
                r#""Secrets":[{"SecretID":"s1","SecretName":"key"}]}}}"#,
            )]
        );
    })
    .await;
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
