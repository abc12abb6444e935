use std::net::{Ipv4Addr, SocketAddr};

use skep_api::generation::{Held, Manifest, Rank};
use skep_api::moves::MoveRequest;
use skep_api::peer::PeerClient;
use skep_api::submit::Submission;
use skep_api::trust::identity::Identity;
use skep_api::trust::key::{ClusterKey, ClusterKeys};
use skep_linux::process::channel::Channel;
use skep_plan::decisions::Decisions;
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};

use super::*;
use crate::control::ClusterOptions;
use crate::control::question::Hop;
use crate::control::understand::Mode;

/// Two nodes at whose agents' addresses nobody listens.
const SWARM: &str = "apiVersion: skep/v1
kind: Swarm
metadata: {name: cube}
spec:
  nodes:
    - {name: a, address: 192.0.2.1, agentAddress: '127.0.0.1:1', role: manager}
    - {name: b, address: 192.0.2.2, agentAddress: '127.0.0.1:1', role: manager}
";

/// The control of node `b`, which has a key and whose engine and peers are silent.
struct Agent {
    control: Control,
    _vip: Channel,
}

impl Agent {
    fn start(directory: &TempDir) -> Self {
        let key = directory.path().join("cluster.key");
        if !key.exists() {
            let new = ClusterKey::generate().expect("random bytes");
            new.write_new(&key).expect("written");
        }
        let options = Options {
            node: None,
            manifests: directory.path().join("manifests"),
            socket: directory.path().join("agent.sock"),
            metrics: None,
            cluster: ClusterOptions {
                key,
                state: directory.path().join("state"),
                listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                docker: directory.path().join("docker.sock"),
            },
        };
        let node = "b".parse().expect("a name");
        let keys = ClusterKeys::read(&options.cluster.key).expect("a key");
        let identity = Identity::issue(&keys, &node).expect("an identity");
        let client = PeerClient::new(&identity);
        let (cluster, _inbox) = Cluster::open(&options.cluster, keys, client).expect("opened");
        let (vip, ours) = Channel::pair().expect("a channel");
        let link = Link::new(ours).expect("a link");
        let desired = DesiredState::new(Some(node), Mode::Clustered);
        let checks = Checks::new(mpsc::channel(1).0);
        let mut control = Control::new(options, desired, checks, Some(cluster), link);
        control.start(Site::default());
        Self { control, _vip: vip }
    }

    /// A desired state as the first manager would make it of `text`.
    fn generation(&self, number: u64, text: &str) -> Held {
        let cluster = self.control.cluster.as_ref().expect("it has a key");
        let document = Manifest {
            name: "skep.yaml".to_owned(),
            text: text.to_owned(),
        };
        let mut next = cluster.next_generation("apply", vec![document], Decisions::default());
        next.id.number = number;
        Held {
            generation: next,
            is_stored: false,
        }
    }

    /// The numbers of what it works towards, and of what it wants no more.
    fn numbers(&self) -> (Option<u64>, Rank) {
        let accepted = self.control.desired.accepted();
        let cluster = self.control.cluster.as_ref().expect("it has a key");
        (accepted.map(|it| it.generation), cluster.newest_seen())
    }
}

#[tokio::test]
async fn what_a_newer_agent_wrote_is_refused_once_and_a_restart_runs_what_was_understood() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut agent = Agent::start(&directory);
    agent.control.take_over(agent.generation(1, SWARM));
    assert_eq!(agent.numbers(), (Some(1), Rank::new(1, false)));

    let newer = SWARM.replace("nodes:", "fromALaterRelease: {}\n  nodes:");
    agent.control.take_over(agent.generation(2, &newer));
    let rejected = agent.control.desired.rejected().expect("it is refused");
    assert!(rejected.errors[0].contains("fromALaterRelease"));
    assert_eq!(agent.numbers(), (Some(1), Rank::new(2, false)));

    let again = Agent::start(&directory);
    assert_eq!(again.numbers(), (Some(1), Rank::new(1, false)));

    agent.control.take_over(agent.generation(3, SWARM));
    assert_eq!(agent.numbers(), (Some(3), Rank::new(3, false)));
    assert!(agent.control.desired.rejected().is_none());
}

#[tokio::test]
async fn who_does_not_answer_for_the_cluster_is_named_with_its_part_and_a_remedy() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut agent = Agent::start(&directory);
    agent.control.take_over(agent.generation(1, SWARM));
    let submission = Submission {
        feeder: "apply".to_owned(),
        documents: agent.generation(2, SWARM).generation.documents,
        dry_run: false,
    };
    let (to, answered) = oneshot::channel();
    agent.control.handle_submission(submission, Hop::First, to);
    let trouble = answered.await.expect("an answer").expect_err("a is silent");
    let expected = "a keeps the desired state: no agent answers on a (127.0.0.1:1): ";
    assert!(trouble.0.starts_with(expected), "{trouble:?}");
    assert!(
        trouble.0.contains("(start skep on that node"),
        "{trouble:?}"
    );
}

#[tokio::test]
async fn a_group_that_follows_another_is_moved_with_it() {
    const GROUPS: &str = "---
apiVersion: skep/v1
kind: VipGroup
metadata: {name: inside}
spec: {virtualRouterId: 51, addresses: [192.0.2.70], members: [a, b], syncGroup: edge}
---
apiVersion: skep/v1
kind: VipGroup
metadata: {name: outside}
spec: {virtualRouterId: 52, addresses: [192.0.2.71], members: [a, b], syncGroup: edge}
---
apiVersion: skep/v1
kind: VipGroup
metadata: {name: zone}
spec: {virtualRouterId: 53, addresses: [192.0.2.72], members: [a, b]}
";
    let directory = tempfile::tempdir().expect("a directory");
    let mut agent = Agent::start(&directory);
    let manifests = format!("{SWARM}{GROUPS}");
    agent.control.take_over(agent.generation(1, &manifests));
    for (asked, moved) in [
        ("inside", "inside"),
        ("outside", "inside"),
        ("zone", "zone"),
    ] {
        let request = MoveRequest {
            group: asked.parse().expect("a name"),
            to: Some("a".parse().expect("a name")),
            for_ms: None,
            by: "somebody".to_owned(),
        };
        let order = agent.control.order(&request).expect("it can be moved");
        assert_eq!(order.group.as_str(), moved);
    }
}
