use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use skep_manifest::vip_group::MemberState;

use super::*;
use crate::launch::tests::LAUNCH;
use crate::notify::event::tests::event;
use crate::server::serve;

fn subscription(notification: &Value, notifier: &Value) -> Subscription {
    let notification = serde_json::from_value(notification.clone()).expect("a notification");
    let notifier = serde_json::from_value(notifier.clone()).expect("a notifier");
    Subscription::new(&notification, &notifier)
}

/// Looks again and again until it is so.
async fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} never comes");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn programs_of_a_group_run_one_after_the_other_with_what_happened_in_their_environment() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("told");
    fs::write(&file, "").expect("written");
    fs::set_permissions(directory.path(), Permissions::from_mode(0o777)).expect("open to all");
    fs::set_permissions(&file, Permissions::from_mode(0o666)).expect("open to all");
    let program = |name: &str| {
        let say = format!(
            "echo {name} begins >> {0}; sleep 0.05; echo {name} $SKEP_GROUP $SKEP_STATE $SKEP_NODE \
             $SKEP_PRIORITY $SKEP_ADDRESSES >> {0}",
            file.display()
        );
        json!({"exec": {"argv": ["/bin/sh", "-c", say]}})
    };
    let mut outbox = Outbox::new(LAUNCH);
    outbox.follow(vec![
        subscription(
            &json!({"notifier": "b", "states": ["active"]}),
            &program("b"),
        ),
        subscription(
            &json!({"notifier": "a", "states": ["backup"]}),
            &program("a"),
        ),
    ]);
    for (second, state) in [
        MemberState::Backup,
        MemberState::Active,
        MemberState::Backup,
    ]
    .into_iter()
    .enumerate()
    {
        outbox.tell(
            event(state, u32::try_from(second).expect("few")),
            Novelty::Entered,
        );
    }
    let told = || fs::read_to_string(&file).expect("it is there");
    wait_for("the last word", || told().lines().count() == 6).await;
    let says =
        |name, state| format!("{name} begins\n{name} web {state} lb1 100 10.10.10.2 10.10.10.3\n");
    let expected = [
        says("a", "backup"),
        says("b", "active"),
        says("a", "backup"),
    ]
    .concat();
    assert_eq!(told(), expected);
    wait_for("the records", || {
        let records = outbox.records();
        records
            .iter()
            .map(|record| record.delivered)
            .collect::<Vec<_>>()
            == [1, 2]
    })
    .await;
    let names: Vec<_> = (outbox.records().iter())
        .map(|record| record.notifier.to_string())
        .collect();
    assert_eq!(names, ["b", "a"], "in the order of the manifest");
}

#[tokio::test]
async fn a_server_that_never_answers_holds_up_neither_programs_nor_other_notifiers() {
    let silent = serve(|stream| async move {
        let _kept = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let mail = json!({"email": {
        "to": ["a@example.com"], "from": "b@example.com", "server": silent.to_string(),
    }});
    let hook = json!({"webhook": {"url": {"value": format!("http://{silent}/")}}});
    let mut outbox = Outbox::new(LAUNCH);
    outbox.follow(vec![
        subscription(&json!({"notifier": "mail"}), &mail),
        subscription(&json!({"notifier": "hook"}), &hook),
        subscription(
            &json!({"notifier": "works"}),
            &json!({"exec": {"argv": ["/bin/true"]}}),
        ),
    ]);
    outbox.tell(event(MemberState::Active, 1), Novelty::Entered);
    wait_for("the program", || outbox.records()[2].delivered == 1).await;
    assert_eq!(outbox.records()[0].waiting, 1);
    assert_eq!(outbox.records()[1].waiting, 1);
}

#[tokio::test]
async fn who_comes_later_is_told_the_state_that_lasts_if_it_is_told_every_so_often() {
    let mut outbox = Outbox::new(LAUNCH);
    outbox.tell(event(MemberState::Active, 1), Novelty::Entered);
    let works = json!({"exec": {"argv": ["/bin/true"]}});
    outbox.follow(vec![
        subscription(&json!({"notifier": "repeats", "every": "1h"}), &works),
        subscription(&json!({"notifier": "once"}), &works),
    ]);
    wait_for("the state", || outbox.records()[0].delivered == 1).await;
    assert_eq!(outbox.records()[1].delivered, 0);
}
