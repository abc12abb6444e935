use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};

use skep_api::cluster::{Vote, VoteRequest};
use skep_api::generation::{Held, Rank};
use skep_api::moves::MoveRequest;
use skep_api::peer::PeerClient;
use skep_api::submit::{Submission, Submitted};
use skep_api::trust::file::Credentials;
use skep_api::trust::identity::Identity;
use skep_api::trust::key::{ClusterKey, ClusterKeys};
use skep_linux::process::channel::Channel;
use skep_manifest::condition::Reason;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::{Availability, Role};
use skep_plan::decisions::Decisions;
use skep_plan::feeding::{APPLY, Change, Fed, Feeding, Kept, Manifest};
use skep_plan::observed::{Active, Cluster as Swarm, ClusterNode, Membership, NodeState};
use skep_plan::ownership;
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};

use super::*;
use crate::control::ClusterOptions;
use crate::control::cluster::Sight;
use crate::control::question::Hop;
use crate::control::understand::Mode;

/// Two nodes at whose agents' addresses nobody listens.
const SWARM: &str = "apiVersion: skep/v1
kind: Swarm
metadata: {name: cube}
spec:
  nodes:
    - {name: a, address: 192.0.2.1, agentAddress: '127.0.0.1:1', role: manager}
    - {name: b, address: 192.0.2.2, agentAddress: '127.0.0.1:2', role: manager}
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
            git: None,
            webhook: None,
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
        let (cluster, _inbox) =
            Cluster::open(&options.cluster, Credentials::Keys(keys), client).expect("opened");
        let (vip, ours) = Channel::pair().expect("a channel");
        let link = Link::new(ours).expect("a link");
        let desired = DesiredState::new(Some(node), Mode::Clustered);
        let checks = Checks::new(mpsc::channel(1).0);
        let place = Place::Directory(options.manifests.clone());
        let mut control = Control::new(options, desired, checks, Some(cluster), (link, place));
        control.start(Site::default());
        Self { control, _vip: vip }
    }

    /// A desired state as the first manager would make it of `text`.
    fn generation(&self, number: u64, text: &str) -> Held {
        let cluster = self.control.cluster.as_ref().expect("it has a key");
        let kept = Kept {
            documents: vec![Fed {
                feeder: APPLY.to_owned(),
                manifest: manifest(text),
            }],
            ..Kept::default()
        };
        let mut next = cluster.next_generation(APPLY, kept, Decisions::default());
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

fn manifest(text: &str) -> Manifest {
    Manifest {
        name: "skep.yaml".to_owned(),
        text: text.to_owned(),
    }
}

/// The vote of node `b` for `initiator`, after the nodes `withdrawn` voted for that one.
fn vote(agent: &Agent, initiator: &str, withdrawn: &[&str]) -> Vote {
    let name = |name: &&str| name.parse::<NodeName>().expect("a name");
    let request = VoteRequest {
        swarm: "cube".to_owned(),
        initiator: name(&initiator),
        digest: String::new(),
        withdrawn: withdrawn.iter().map(name).collect(),
    };
    let (to, mut answered) = oneshot::channel();
    agent.control.handle_vote(&request, to);
    let answer = answered.try_recv().expect("it answers at once");
    answer.expect("it has a key")
}

/// What `skep apply` submits.
fn submission() -> Submission {
    Submission {
        by: APPLY.to_owned(),
        change: Change::Feed(Feeding {
            feeder: APPLY.to_owned(),
            documents: vec![manifest(SWARM)],
            prune: false,
            take_over: false,
            source: None,
            confirmed: false,
        }),
        dry_run: false,
    }
}

/// Makes `agent` see that its engine is in no swarm.
fn see_no_swarm(agent: &mut Agent) {
    see(agent, Membership::Inactive, None);
}

fn see(agent: &mut Agent, membership: Membership, cluster: Option<Swarm>) {
    let sight = Sight {
        unlock_key: None,
        began: now(),
        membership,
        cluster,
        cluster_digest: None,
        shelf: None,
        log: None,
        trouble: None,
    };
    agent
        .control
        .handle_happening(Happening::Seen(Box::new(sight)));
}

#[tokio::test]
async fn of_two_first_desired_states_one_counts_and_who_gave_its_own_up_votes_for_the_other() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut agent = Agent::start(&directory);
    see_no_swarm(&mut agent);
    let [a, b] = ["a", "b"].map(|node| {
        let line = |line: &&str| line.contains(&format!("name: {node},"));
        let first = SWARM.lines().filter(line);
        let others = SWARM
            .lines()
            .filter(|text| text.contains("- {") && !line(text));
        let head = SWARM.lines().take_while(|text| !text.contains("- {"));
        let lines: Vec<&str> = head.chain(first).chain(others).collect();
        agent.generation(1, &(lines.join("\n") + "\n"))
    });
    let digest = |held: &Held| held.generation.id.digest.clone();
    let (counts, gives_way) = if digest(&a) < digest(&b) {
        (&a, &b)
    } else {
        (&b, &a)
    };
    agent.control.take_over(gives_way.clone());
    agent.control.take_over(counts.clone());
    let held = |agent: &Agent| {
        let cluster = agent.control.cluster.as_ref().expect("it has a key");
        cluster.held().expect("it has one").clone()
    };
    assert_eq!(held(&agent), *counts);
    agent.control.take_over(gives_way.clone());
    assert_eq!(held(&agent), *counts);
}

#[tokio::test]
async fn a_vote_is_changed_only_after_who_had_it_gave_up() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut agent = Agent::start(&directory);
    let silent = vote(&agent, "a", &[]);
    assert!(matches!(silent, Vote::Refused(_)), "its engine is silent");
    see_no_swarm(&mut agent);
    // b is the first manager, wants to create the swarm and voted for itself.
    let own_first = SWARM
        .replace("name: b", "name: x")
        .replace("name: a", "name: b");
    let own_first = own_first.replace("name: x", "name: a");
    agent.control.take_over(agent.generation(1, &own_first));
    assert_eq!(vote(&agent, "b", &[]), Vote::Granted);
    let told = Vote::Refused("it voted for b".to_owned());
    assert_eq!(vote(&agent, "a", &[]), told);
    assert_eq!(vote(&agent, "a", &["b"]), told, "it knows better");

    agent.control.take_over(agent.generation(2, SWARM));
    assert_eq!(vote(&agent, "a", &[]), Vote::Granted);
    // From here on it lacks its own vote, until a gives up.
    let told = Vote::Refused("it voted for a".to_owned());
    assert_eq!(vote(&agent, "b", &[]), told);
    assert_eq!(vote(&agent, "c", &["b"]), told);
    assert_eq!(vote(&agent, "c", &["a"]), Vote::Granted);
    let again = Agent::start(&directory);
    let told = vote(&again, "a", &[]);
    assert!(matches!(told, Vote::Refused(_)), "{told:?}");
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
async fn a_damaged_desired_state_stops_no_agent_and_is_taken_from_whoever_has_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut agent = Agent::start(&directory);
    agent.control.take_over(agent.generation(1, SWARM));
    let state = directory.path().join("state");
    for other in [
        "granted.json",
        "unlock-keys.json",
        "moves.json",
        "in-step.json",
    ] {
        fs::write(state.join(other), "{\"a").expect("written");
    }
    let kept = state.join("generation.json");
    let whole = fs::read(&kept).expect("it was kept");
    let unkept = |agent: &Agent| {
        let cluster = agent.control.cluster.as_ref().expect("it has a key");
        cluster.unkept().map(|unkept| unkept.message.clone())
    };
    for length in (0..whole.len()).step_by(13) {
        fs::write(&kept, &whole[..length]).expect("written");
        let mut again = Agent::start(&directory);
        assert_eq!(again.numbers(), (None, Rank::default()), "{length} bytes");
        let said = unkept(&again).expect("it is told");
        assert!(said.contains("generation.json is not understood"), "{said}");
        again.control.take_over(again.generation(1, SWARM));
        assert_eq!(again.numbers().0, Some(1));
        assert_eq!(unkept(&again), None);
        assert_eq!(Agent::start(&directory).numbers().0, Some(1));
    }
}

#[tokio::test]
async fn who_does_not_answer_for_the_cluster_is_named_with_its_part_and_a_remedy() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut agent = Agent::start(&directory);
    agent.control.take_over(agent.generation(1, SWARM));
    let submission = submission();
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

#[tokio::test]
async fn what_is_submitted_while_no_manager_is_heard_waits_for_one() {
    let directory = tempfile::tempdir().expect("a directory");
    let swarm = || {
        let active = Active {
            swarm_id: Some("s1".to_owned()),
            node_id: "n1".to_owned(),
            role: Role::Manager,
            advertised: None,
        };
        let node = ClusterNode {
            host_name: "b".to_owned(),
            role: Role::Manager,
            availability: Availability::Active,
            labels: BTreeMap::new(),
            state: NodeState::Ready,
            manager: None,
            address: None,
            tasks: 0,
        };
        let cluster = Swarm {
            id: "s1".to_owned(),
            labels: [(ownership::SWARM.to_owned(), "cube".to_owned())].into(),
            nodes: [("n1".to_owned(), node)].into(),
            ..Swarm::default()
        };
        (Membership::Active(active), Some(cluster))
    };
    let mut agent = Agent::start(&directory);
    agent.control.take_over(agent.generation(1, SWARM));
    let (membership, cluster) = swarm();
    see(&mut agent, membership, cluster);

    let mut again = Agent::start(&directory);
    let dry = || Submission {
        dry_run: true,
        ..submission()
    };
    let (to, mut answered) = oneshot::channel();
    again.control.handle_submission(dry(), Hop::First, to);
    assert!(answered.try_recv().is_err(), "nothing was heard yet");
    see(&mut again, Membership::Silent, None);
    assert!(answered.try_recv().is_err(), "the peers may answer yet");
    let (membership, cluster) = swarm();
    see(&mut again, membership, cluster);
    let submitted = answered.try_recv().expect("an answer");
    assert!(
        matches!(submitted, Ok(Submitted::Unchanged(_))),
        "{submitted:?}"
    );

    let mut late = Agent::start(&directory);
    let (to, mut answered) = oneshot::channel();
    late.control.handle_submission(dry(), Hop::First, to);
    late.control.early[0].until = Instant::default();
    late.control.handle_heartbeat();
    let submitted = answered.try_recv().expect("an answer");
    let Ok(Submitted::Rejected(errors)) = submitted else {
        panic!("{submitted:?}");
    };
    assert!(
        errors[0].starts_with("no manager of the swarm"),
        "{errors:?}"
    );
}

#[tokio::test]
async fn a_desired_state_that_the_disk_does_not_take_is_told_and_tried_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut agent = Agent::start(&directory);
    let told = |agent: &Agent| {
        let conditions = status::own_conditions(&agent.control.knowledge(), now());
        let mut conditions = conditions.into_iter();
        conditions.find(|it| it.reason == Reason::StateNotKept)
    };
    // Nobody can put a file in the place of a directory, not even root.
    let place = directory.path().join("state/generation.json");
    fs::create_dir(&place).expect("created");
    agent.control.take_over(agent.generation(1, SWARM));
    assert_eq!(agent.numbers().0, Some(1), "it runs all the same");
    let condition = told(&agent).expect("it is told");
    assert!(
        condition.message.contains("generation.json"),
        "{condition:?}"
    );
    agent.control.handle_heartbeat();
    assert!(told(&agent).is_some(), "it is told until it is over");
    fs::remove_dir(&place).expect("removed");
    agent.control.handle_heartbeat();
    assert_eq!(told(&agent), None);
    drop(agent);
    assert_eq!(Agent::start(&directory).numbers().0, Some(1));
}
