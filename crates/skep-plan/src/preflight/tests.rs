mod vrrp;

use super::*;
use crate::observed::Membership;

const AGENT: Way = Way::tcp(7380);
const OVERLAY: Way = Way::udp(4789);

fn asked() -> Asked {
    let node = |(number, role): (u8, &str)| {
        let node = serde_json::json!({
            "name": format!("n{number}"),
            "address": format!("10.0.0.{number}"),
            "role": role,
        });
        serde_json::from_value(node).unwrap()
    };
    Asked {
        nodes: [(1, "manager"), (2, "manager"), (3, "worker")]
            .map(node)
            .into(),
        data_path_port: 4789,
        images: BTreeSet::new(),
        groups: BTreeMap::new(),
        adopts: false,
    }
}

fn name(number: u8) -> NodeName {
    format!("n{number}").parse().unwrap()
}

fn facts() -> Facts {
    Facts {
        agent: "0.1.0".to_owned(),
        engine: Engine {
            membership: Membership::Inactive,
            remembers: None,
            refused: None,
            is_stuck: false,
            keeps_unlock_key: false,
            is_certified: false,
        },
        engine_version: Ok("28.0.1".to_owned()),
        missing_images: BTreeSet::new(),
        missing_addresses: BTreeSet::new(),
        taken: Vec::new(),
        clock_ms: 0,
    }
}

/// Three nodes that reach each other in every way, as the first of them saw it.
fn well() -> Seen {
    let asked = asked();
    let mut seen = Seen {
        by: Some(name(1)),
        ..Seen::default()
    };
    let others = |own: &NodeName| {
        let others = asked.nodes.iter().filter(|node| node.name != *own);
        others.cloned().collect::<Vec<_>>()
    };
    for node in &asked.nodes {
        let mut knocks = Vec::new();
        for other in others(&node.name) {
            let ways = asked.engine_ways(&other).into_iter().map(|(way, _)| way);
            for way in ways.chain([AGENT]) {
                let outcome = match way.protocol {
                    Protocol::Tcp => Outcome::Answered,
                    Protocol::Udp => Outcome::Sent,
                };
                let to = other.name.clone();
                knocks.push(Knock { to, way, outcome });
            }
        }
        let heard = others(&node.name).into_iter().flat_map(|other| {
            let from = other.name;
            [OVERLAY, Way::udp(7946)].map(|way| Heard {
                from: from.clone(),
                way,
            })
        });
        let visit = Visit {
            facts: facts(),
            clock_ahead_ms: 3,
            knocks,
            heard: heard.collect(),
            vrrp: Ok(Vec::new()),
            unplaced: Vec::new(),
        };
        seen.visits.insert(node.name.clone(), visit);
    }
    seen
}

impl Seen {
    fn visit(&mut self, number: u8) -> &mut Visit {
        self.visits.get_mut(&name(number)).unwrap()
    }

    /// What became of the attempt of one node to reach another.
    fn knock(&mut self, from: u8, to: u8, way: Way, outcome: Outcome) {
        let knocks = &mut self.visit(from).knocks;
        let is_it = |knock: &&mut Knock| knock.to == name(to) && knock.way == way;
        knocks.iter_mut().find(is_it).unwrap().outcome = outcome;
    }

    fn unhear(&mut self, from: u8, to: u8, way: Way) {
        let heard = Heard {
            from: name(from),
            way,
        };
        assert!(self.visit(to).heard.remove(&heard));
    }
}

fn findings(change: impl FnOnce(&mut Seen)) -> Vec<Finding> {
    let mut seen = well();
    change(&mut seen);
    judge(&asked(), &seen).findings
}

/// Checks that a change makes one finding that names these nodes, and what it says.
fn check(nodes: &[u8], message: &str, remedy: &str, change: impl FnOnce(&mut Seen)) {
    let findings = findings(change);
    let [finding] = findings.as_slice() else {
        panic!("one finding, not {findings:#?}");
    };
    let nodes: Vec<NodeName> = nodes.iter().map(|number| name(*number)).collect();
    assert_eq!(
        (
            &finding.nodes,
            finding.message.as_str(),
            finding.remedy.as_str()
        ),
        (&nodes, message, remedy)
    );
}

#[test]
fn nodes_that_reach_each_other_in_every_way_are_no_finding() {
    let verdict = judge(&asked(), &well());
    assert_eq!(verdict.findings, []);
    assert!(verdict.is_good());
    // Four ways into each of two managers from two nodes, and one of the agent; a worker lacks one.
    assert_eq!(verdict.passed, 2 * (5 + 5 + 4));
}

#[test]
fn a_datagram_that_one_node_misses_from_one_other_is_between_the_two() {
    check(
        &[2, 1],
        "n2 hears nothing from n1 on UDP port 4789",
        "let UDP port 4789 in on n2 from 10.0.0.1, and out on n1",
        |seen| seen.unhear(1, 2, OVERLAY),
    );
}

#[test]
fn who_is_reached_by_nobody_is_to_blame_and_so_is_who_reaches_nobody() {
    check(
        &[2],
        "nobody reaches n2 on TCP port 7946",
        "let TCP port 7946 in on n2",
        |seen| {
            seen.knock(1, 2, Way::tcp(7946), Outcome::Silent);
            seen.knock(3, 2, Way::tcp(7946), Outcome::Refused);
        },
    );
    check(
        &[3],
        "n3 reaches nobody on TCP port 7946, others do",
        "let TCP port 7946 out on n3",
        |seen| {
            seen.knock(3, 1, Way::tcp(7946), Outcome::Silent);
            seen.knock(3, 2, Way::tcp(7946), Outcome::Silent);
        },
    );
    check(
        &[1],
        "n1 cannot send to n2 on UDP port 4789: Operation not permitted",
        "let UDP port 4789 out on n1, and look at its routes to n2",
        |seen| {
            let why = "Operation not permitted".to_owned();
            seen.knock(1, 2, OVERLAY, Outcome::Kept(why));
        },
    );
}

#[test]
fn an_agent_that_does_not_answer_is_said_once_and_its_engine_s_ports_are_not_judged() {
    check(
        &[3],
        "nobody reaches n3 on TCP port 7380",
        "start skep there if it does not run, and let TCP port 7380 in on n3",
        |seen| {
            seen.visits.remove(&name(3));
            for from in [1, 2] {
                seen.knock(from, 3, AGENT, Outcome::Silent);
                seen.knock(from, 3, Way::tcp(7946), Outcome::Refused);
            }
            seen.unreached.push(Knock {
                to: name(3),
                way: AGENT,
                outcome: Outcome::Silent,
            });
        },
    );
}

#[test]
fn another_key_another_swarm_a_wrong_address_and_a_taken_port_name_their_node() {
    check(
        &[2],
        "who answers on TCP port 7380 at n2 is not trusted: other keys",
        "copy the same cluster.key to n2, and start its agent under the name that the manifest \
         gives it",
        |seen| seen.knock(1, 2, AGENT, Outcome::Stranger("other keys".to_owned())),
    );
    check(
        &[2],
        "10.0.0.2 is no address of n2",
        "correct the address of n2 in the manifest, or add it to the node",
        |seen| {
            let address = [10, 0, 0, 2].into();
            seen.visit(2).facts.missing_addresses.insert(address);
        },
    );
    check(
        &[2],
        "TCP port 2377 on n2 is not free for its engine: Address already in use",
        "`ss -lntup` on n2 says which program has it; end that one",
        |seen| {
            seen.visit(2).facts.taken.push(Taken {
                way: MANAGEMENT,
                why: "Address already in use".to_owned(),
            });
        },
    );
}

#[test]
fn the_clock_that_is_far_from_most_is_wrong_also_when_it_is_that_of_who_asks() {
    let remedy = "let n2 follow a time server, such as with chrony";
    check(
        &[2],
        "the clock of n2 is 6 s behind the others'",
        remedy,
        |seen| seen.visit(2).clock_ahead_ms = -6_000,
    );
    check(
        &[1],
        "the clock of n1 is 60 s ahead of the others'",
        "let n1 follow a time server, such as with chrony",
        |seen| {
            for other in [2, 3] {
                seen.visit(other).clock_ahead_ms = -60_000;
            }
            seen.visit(1).clock_ahead_ms = 0;
        },
    );
}

#[test]
fn what_does_not_stand_in_the_way_is_a_note() {
    let mut seen = well();
    let image: Image = "nginx".parse().unwrap();
    seen.visit(2).facts.missing_images.insert(image);
    seen.visit(3).facts.engine_version = Ok("20.10.24".to_owned());
    let verdict = judge(&asked(), &seen);
    let messages: Vec<&str> = verdict
        .findings
        .iter()
        .map(|finding| finding.message.as_str())
        .collect();
    assert_eq!(
        messages,
        [
            "the engines are of different versions: 20.10.24 on n3; 28.0.1 on n1, n2",
            "the image nginx is not on n2",
        ]
    );
    assert!(verdict.is_good());
}
