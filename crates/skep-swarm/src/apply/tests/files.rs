//! Configs and secrets, and the services that name them.

use skep_plan::action::{CreateFile, FileKind};
use skep_plan::content::Content;

use super::*;

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
