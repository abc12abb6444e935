//! Engines that come into a swarm.

use std::net::IpAddr;

use skep_plan::action::{Change, InitSwarm, JoinSwarm};
use skep_plan::observed::Foundation;

use super::*;

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
