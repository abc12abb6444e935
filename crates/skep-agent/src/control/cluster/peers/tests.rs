use serde_json::json;
use skep_api::told::Relayed;
use skep_api::trust::identity::Identity;
use skep_api::trust::key::{ClusterKey, ClusterKeys};
use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;

use super::*;

fn name(index: usize) -> NodeName {
    format!("n{index}").parse().expect("a name")
}

fn at(milliseconds: u64) -> Instant {
    Instant::from_boot(Duration::from_millis(1_000_000 + milliseconds))
}

fn report(version: &str) -> Box<PeerReport> {
    let report = json!({
        "version": version, "generation": null, "vipGroups": [],
        "engine": {"membership": "inactive", "remembers": null},
    });
    Box::new(serde_json::from_value(report).expect("a report"))
}

fn told(report: Option<Box<PeerReport>>, relayed: Option<Relayed>) -> Result<Box<Told>, String> {
    Ok(Box::new(Told {
        digest: String::new(),
        report,
        swarm_digest: None,
        swarm: None,
        relayed,
    }))
}

/// The agent of one of the nodes of a swarm; nothing it starts ever runs.
struct Agent {
    own: NodeName,
    desired: Desired,
    peers: Peers,
}

impl Agent {
    /// The agent of this index among so many nodes; the first two are managers.
    fn new(own: usize, nodes: usize) -> Self {
        let node = |index: usize| {
            let role = if index < 2 { "manager" } else { "worker" };
            let (high, low) = (index / 250, index % 250 + 1);
            format!("    - {{name: n{index}, address: 10.1.{high}.{low}, role: {role}}}\n")
        };
        let nodes: String = (0..nodes).map(node).collect();
        let manifest =
            "apiVersion: skep/v1\nkind: Swarm\nmetadata: {name: c}\nspec:\n  nodes:\n".to_owned();
        let set = parse(vec![Source {
            name: "skep.yaml".to_owned(),
            text: (manifest + &nodes).into_bytes(),
        }]);
        let (desired, problems) = resolve(&set);
        assert!(problems.is_empty(), "{problems:?}");
        let keys = ClusterKeys::from(ClusterKey::generate().expect("random bytes"));
        let identity = Identity::issue(&keys, &name(own)).expect("an identity");
        let mut peers = Peers::new(PeerClient::new(&identity), mpsc::channel(1).0);
        let swarm = desired.swarm.as_ref().expect("a swarm");
        peers.follow(&swarm.spec, Some(&name(own)));
        let mut agent = Self {
            own: name(own),
            desired,
            peers,
        };
        agent.attend(at(0));
        agent
    }

    /// The same of a worker that hears both managers.
    fn worker(own: usize, nodes: usize) -> Self {
        let mut worker = Self::new(own, nodes);
        for manager in [0, 1] {
            worker.hear(manager, told(Some(report("1")), None), at(0));
        }
        worker.attend(at(0));
        worker
    }

    fn attend(&mut self, now: Instant) {
        self.peers
            .attend(&self.desired, Some(&self.own), false, now);
    }

    fn hear(&mut self, node: usize, told: Result<Box<Told>, String>, now: Instant) {
        let heard = Heard {
            node: name(node),
            standing: Some(Standing::KeyHolder),
            told,
            dismissal: None,
        };
        self.peers.handle_heard(heard, now);
    }

    /// What is known of a node: the version it told, and how long ago that was so.
    fn known(&self, node: usize, now: Instant) -> Option<(&str, u128)> {
        let (report, at) = self.peers.get(&name(node))?.latest.as_ref()?;
        let age = now.saturating_duration_since(*at).as_millis();
        Some((&report.version, age))
    }

    fn asks(&self) -> usize {
        self.peers.iter().filter(|(_, it)| it.is_asked()).count()
    }
}

#[tokio::test]
async fn a_worker_learns_of_the_others_from_a_manager_and_how_old_that_is() {
    let (mut manager, mut worker) = (Agent::new(0, 5), Agent::worker(4, 5));
    for node in [1, 2, 3] {
        manager.hear(node, told(Some(report("1")), None), at(100));
    }
    manager.hear(3, told(None, None), at(900));
    let first = manager.peers.relayed("", at(1_000));
    let position = first.position.clone();
    assert_eq!(first.nodes.len(), 3);
    worker.hear(0, told(Some(report("1")), Some(first)), at(1_000));
    assert_eq!(worker.known(2, at(1_000)), Some(("1", 900)));
    assert_eq!(worker.known(3, at(1_000)), Some(("1", 900)), "the oldest");

    manager.hear(1, told(None, None), at(1_500));
    manager.hear(2, told(Some(report("2")), None), at(1_600));
    manager.hear(3, told(None, None), at(1_700));
    let next = manager.peers.relayed(&position, at(2_000));
    assert_eq!(next.nodes.keys().collect::<Vec<_>>(), [&name(2)]);
    worker.hear(0, told(None, Some(next)), at(2_000));
    assert_eq!(worker.known(2, at(2_000)), Some(("2", 500)));
    assert_eq!(worker.known(3, at(2_000)), Some(("1", 500)));
}

#[tokio::test]
async fn who_falls_silent_is_never_told_to_be_younger_than_it_is() {
    let (mut manager, mut worker) = (Agent::new(0, 5), Agent::worker(4, 5));
    let mut position = String::new();
    for second in 0..8 {
        let now = at(second * 1_000);
        manager.hear(3, told(Some(report("1")), None), now);
        if second == 0 {
            manager.hear(2, told(Some(report("1")), None), now);
        }
        manager.attend(now);
        let relayed = manager.peers.relayed(&position, now);
        position.clone_from(&relayed.position);
        worker.hear(0, told(Some(report("1")), Some(relayed)), now);
        let age = u128::from(second) * 1_000;
        assert_eq!(worker.known(2, now), Some(("1", age)));
    }
    // And the others are as fresh as they were before.
    assert_eq!(worker.known(3, at(7_000)), Some(("1", 0)));
    manager.hear(3, told(None, None), at(8_000));
    manager.hear(2, told(Some(report("1")), None), at(8_000));
    manager.attend(at(8_000));
    let relayed = manager.peers.relayed(&position, at(8_100));
    worker.hear(0, told(None, Some(relayed)), at(8_100));
    assert_eq!(worker.known(2, at(8_100)), Some(("1", 100)));
}

#[tokio::test]
async fn a_manager_that_started_anew_tells_everything() {
    let (mut manager, mut worker) = (Agent::new(0, 4), Agent::worker(3, 4));
    manager.hear(2, told(Some(report("1")), None), at(0));
    let relayed = manager.peers.relayed("", at(0));
    let position = relayed.position.clone();
    worker.hear(0, told(Some(report("1")), Some(relayed)), at(0));
    let mut manager = Agent::new(0, 4);
    manager.hear(2, told(Some(report("2")), None), at(500));
    let relayed = manager.peers.relayed(&position, at(500));
    assert!(relayed.is_whole);
    worker.hear(0, told(Some(report("1")), Some(relayed)), at(500));
    assert_eq!(worker.known(2, at(500)), Some(("2", 0)));
}

#[tokio::test]
async fn whom_an_agent_asks_itself_it_believes_nobody_else_about() {
    let (mut manager, mut worker) = (Agent::new(0, 4), Agent::worker(3, 4));
    manager.hear(1, told(Some(report("old")), None), at(400));
    worker.hear(1, told(Some(report("new")), None), at(300));
    let relayed = manager.peers.relayed("", at(500));
    worker.hear(0, told(Some(report("1")), Some(relayed)), at(500));
    assert_eq!(worker.known(1, at(500)), Some(("new", 200)));
}

#[tokio::test]
async fn what_an_agent_is_told_does_not_grow_with_the_nodes() {
    for nodes in [10, 100, 1_000] {
        let mut manager = Agent::new(0, nodes);
        for node in 1..nodes {
            manager.hear(node, told(Some(report("1")), None), at(0));
        }
        let all = manager.peers.relayed("", at(0));
        assert_eq!(all.nodes.len(), nodes - 1);
        for node in 1..nodes {
            manager.hear(node, told(None, None), at(900));
        }
        manager.attend(at(1_000));
        let nothing = manager.peers.relayed(&all.position, at(1_000));
        let answer = serde_json::to_string(&nothing).expect("a told thing");
        assert!(answer.len() < 60, "{answer}");

        let worker = Agent::worker(nodes - 1, nodes);
        assert_eq!((manager.asks(), worker.asks()), (nodes - 1, 2));
    }
}

#[tokio::test]
async fn who_says_that_it_has_news_is_asked_itself_for_a_while() {
    let mut worker = Agent::worker(9, 10);
    assert_eq!(worker.asks(), 2);
    worker.peers.ask_again(&name(5), at(0));
    worker.attend(at(0));
    assert_eq!(worker.asks(), 3);
    for manager in [0, 1] {
        worker.hear(manager, told(None, None), at(10_000));
    }
    worker.attend(at(10_000));
    assert_eq!(worker.asks(), 2);
}
