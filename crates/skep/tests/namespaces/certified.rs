//! A worker that has a certificate in place of the cluster's key, and whoever steals that.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;
use serde_json::Value;
use skep_api::call::CallError;
use skep_api::cluster::{Announcement, GrantRequest, VoteRequest};
use skep_api::generation::{GenerationId, Held};
use skep_api::moves::Move;
use skep_api::path;
use skep_api::peer::{Peer, PeerClient};
use skep_api::status::AgentStatus;
use skep_api::submit::Recall;
use skep_api::trust::file::Credentials;
use skep_api::trust::identity::Identity;
use skep_manifest::condition::Reason;

use crate::cluster::agent::{router, skep};
use crate::cluster::{Cluster, measured};
use crate::clustered;
use crate::host::on;
use crate::pair::{self, A, ADDRESSES, B, CLIENT, VIP, assert_none_lost};

const SECRET: &str = "honey-in-the-comb";

/// The first host manages, and the second one works when it `works`.
fn manifest(works: bool) -> String {
    let [a, b] = ADDRESSES;
    let group = pair::ingress();
    let worker = format!("    - {{name: {B}, address: {b}, role: worker}}\n");
    let member = format!("    - {{node: {B}, priority: 90}}\n");
    let (worker, group) = if works {
        (worker, group)
    } else {
        (String::new(), group.replace(&member, ""))
    };
    format!(
        "apiVersion: skep/v1\nkind: Swarm\nmetadata: {{name: cube}}\nspec:\n  nodes:\n    \
         - {{name: {A}, address: {a}, role: manager}}\n{worker}---\n{group}---\n\
         apiVersion: skep/v1\nkind: Secret\nmetadata: {{name: word}}\nspec:\n  \
         data: {{value: {SECRET}}}\n"
    )
}

#[test]
fn a_worker_with_a_certificate_follows_and_holds_a_vip_and_can_do_nothing_else() {
    let mut cluster = pair::hosts("certified");
    clustered::make_key(&cluster);
    let certificate = make_certificate(&cluster);
    clustered::start(&mut cluster, A);
    clustered::start_with(&mut cluster, B, &certificate);
    clustered::apply(&cluster, &manifest(true));
    cluster.wait_for_holder(VIP, A);
    cluster.agent(B).wait_until_it_hears("ingress");
    // It signs, with the group's key and not the cluster's, and the end of its certificate is told.
    for node in [A, B] {
        cluster.agent(node).wait_for_status("enforce", |status| {
            router(status, "ingress").is_some_and(|router| router.authentication == "enforce")
        });
    }
    let status = cluster.agent(B).wait_for_status("its end", |status| {
        let mut conditions = status.conditions.iter();
        conditions.any(|condition| condition.reason == Reason::CertificateEnds)
    });
    assert_eq!(generation(&status), Some(1), "{status:?}");

    check_command_line(&cluster);
    check_nothing_secret_lies_there(&cluster);
    on(&cluster, CLIENT, || block_on(check_stolen(&certificate)));
    let status = cluster.agent(A).status().expect("it answers");
    assert_eq!(generation(&status), Some(1), "{status:?}");

    let prober = cluster.probe(CLIENT, VIP);
    let (code, text) = cluster.agent(A).ask(&["move", "ingress", "--to", B]);
    assert_eq!(code, 0, "{text}");
    cluster.wait_for_holder(VIP, B);
    cluster.agent(B).wait_for_state("ingress", "Active");
    measured(
        "a VIP goes to a worker with a certificate",
        &assert_none_lost(prober),
    );

    // The manifest does not list it any more: it lets go, and nobody tells it anything.
    clustered::apply(&cluster, &manifest(false));
    cluster.wait_for_holder(VIP, A);
    cluster.agent(B).wait_for_status("not a member", |status| {
        let mut conditions = status.conditions.iter();
        conditions.any(|condition| condition.reason == Reason::NotAMember)
    });
    let kept = cluster.directory(B).join("state/generation.json");
    assert!(!kept.exists(), "a restart would run it again");
    on(&cluster, CLIENT, || block_on(check_dismissed(&certificate)));

    // And when it is listed again, it is one of the members again.
    clustered::apply(&cluster, &manifest(true));
    cluster.agent(B).wait_until_it_hears("ingress");
}

fn generation(status: &AgentStatus) -> Option<u64> {
    let accepted = status.desired.accepted.as_ref();
    accepted.map(|accepted| accepted.generation)
}

fn make_certificate(cluster: &Cluster) -> PathBuf {
    let key = cluster.directory(CLIENT).join("cluster.key");
    let out = cluster.directory(B).join("cluster.key");
    let made = Command::new(skep())
        .args(["keygen", "--node", B, "--for", "24h", "--cluster-key"])
        .arg(&key)
        .arg("--out")
        .arg(&out)
        .output()
        .expect("it is built");
    assert!(made.status.success(), "{made:?}");
    out
}

/// What the command line of the worker cannot do, and what it is told instead.
fn check_command_line(cluster: &Cluster) {
    let path = cluster.directory(CLIENT).join("skep.yaml");
    let path = path.display().to_string();
    for refused in [
        &["apply", "-f", &path][..],
        &["diff", "-f", &path],
        &["move", "ingress", "--to", B],
        &["drain", A],
        &["rollback", "1"],
        &["recover", "--on", B],
        &["keygen", "--rotate"],
    ] {
        let (code, text) = cluster.agent(B).ask(refused);
        assert!(code > 0, "{refused:?}: {text}");
        assert!(
            text.contains("run this on a node that has the key"),
            "{text}"
        );
    }
    let (code, text) = cluster.agent(B).ask(&["events"]);
    assert_eq!(code, 0, "{text}");
    // Another key would make its certificate worthless.
    let (code, text) = cluster.agent(A).ask(&["keygen", "--rotate"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("b has a certificate"), "{text}");
}

fn check_nothing_secret_lies_there(cluster: &Cluster) {
    let state = cluster.directory(B).join("state");
    for entry in fs::read_dir(state).expect("it keeps things") {
        let path = entry.expect("it is there").path();
        let text = fs::read_to_string(&path).unwrap_or_default();
        assert!(!text.contains(SECRET), "{}", path.display());
        let sealed = text.replace("skep1.withheld", "");
        assert!(!sealed.contains("skep1."), "{}", path.display());
    }
}

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("it can be made").block_on(work)
}

fn caller(certificate: &Path) -> (PeerClient, Peer) {
    let Credentials::Certificate(certificate) = Credentials::read(certificate).expect("readable")
    else {
        panic!("it is a certificate");
    };
    let identity = Identity::certified(&certificate).expect("it can be used");
    let peer = Peer {
        node: A.parse().expect("a name"),
        address: SocketAddr::from((ADDRESSES[0], path::DEFAULT_PORT)),
    };
    (PeerClient::new(&identity), peer)
}

/// Whoever stole the certificate learns no secret, changes nothing and is nobody else.
async fn check_stolen(certificate: &Path) {
    let (client, peer) = caller(certificate);
    let held: Held = client
        .get(&peer, path::GENERATION)
        .await
        .expect("it follows");
    let text = &held.generation.kept.documents[0].manifest.text;
    assert!(text.contains("sealed: \"skep1.withheld\""), "{text}");
    assert!(!text.contains(SECRET), "{text}");

    let newer = GenerationId {
        number: 99,
        digest: "forged".to_owned(),
    };
    let announced = Announcement {
        generation: newer,
        is_stored: true,
        node: B.parse().expect("a name"),
        address: SocketAddr::from((ADDRESSES[1], 1)),
    };
    let told: Result<(), CallError> = client.post(&peer, path::ANNOUNCE, &announced).await;
    told.expect("it may say that it has news, and no more");
    let as_other = GrantRequest {
        node: A.parse().expect("a name"),
    };
    let refused = said(&client, &peer, path::GRANT, &as_other).await;
    assert!(refused.contains("b cannot join as a"), "{refused}");

    let order = Move {
        group: "ingress".parse().expect("a name"),
        number: 9,
        to: Some(B.parse().expect("a name")),
        left_ms: None,
        by: "thief".to_owned(),
    };
    let vote = VoteRequest {
        swarm: "cube".to_owned(),
        initiator: B.parse().expect("a name"),
        digest: String::new(),
        withdrawn: [A.parse().expect("a name")].into(),
    };
    let recall = Recall { generation: None };
    let refusals = [
        said(&client, &peer, path::MOVE_ORDER, &order).await,
        said(&client, &peer, path::VOTE, &vote).await,
        said(&client, &peer, path::ROLLBACK, &recall).await,
        said(&client, &peer, path::CONFIRM, &()).await,
        said(&client, &peer, path::SUBMIT, &()).await,
        said(&client, &peer, path::COMPARE, &()).await,
        said(&client, &peer, path::DIFF, &()).await,
        said(&client, &peer, path::CLAIM, &()).await,
        said(&client, &peer, path::RECOVER, &()).await,
        said(&client, &peer, path::KEY, &()).await,
    ];
    for refused in refusals {
        assert!(refused.contains("run this on a node"), "{refused}");
    }
}

/// Why a question is refused.
async fn said(client: &PeerClient, peer: &Peer, path: &str, body: &impl Serialize) -> String {
    match client.post::<Value>(peer, path, body).await {
        Ok(answer) => format!("answered: {answer}"),
        Err(error) => error.to_string(),
    }
}

/// Of a node that is not listed any more nothing is answered.
async fn check_dismissed(certificate: &Path) {
    let (client, peer) = caller(certificate);
    for path in [
        path::REPORT,
        path::GENERATION,
        path::PROGRESS,
        path::HISTORY,
    ] {
        let answer = client.get::<Value>(&peer, path).await;
        assert!(
            matches!(answer, Err(CallError::Dismissed(_))),
            "{path}: {answer:?}"
        );
    }
}
