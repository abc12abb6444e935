//! What advertisements of VIP groups would meet.

use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;
use skep_vip::message::trial::Arrival;

use super::*;
use crate::site::{LocalInterface, Site};

const NODES: &str = "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: trio}
spec:
  nodes:
    - {name: n1, address: 10.0.0.1, role: manager}
    - {name: n2, address: 10.0.0.2, role: manager}
    - {name: n3, address: 10.0.0.3, role: worker}
";

const GROUP: &str = "metadata: {name: web}
spec:
  virtualRouterId: 51
  addresses: [10.0.0.70/24]
";

/// A group, and what nodes need of each other that have it.
fn asked(group: &str) -> Asked {
    let text = format!("{NODES}---\napiVersion: skep/v1\nkind: VipGroup\n{GROUP}{group}");
    let set = parse(vec![Source {
        name: "skep.yaml".to_owned(),
        text: text.into_bytes(),
    }]);
    let (desired, problems) = resolve(&set);
    assert!(problems.is_empty(), "{problems:?}");
    Asked::of(&desired).expect("there is a swarm")
}

fn site(number: u8) -> Site {
    let interface = |(name, address): (&str, String)| LocalInterface {
        name: name.to_owned(),
        addresses: vec![address.parse().unwrap()],
    };
    Site {
        interfaces: [
            ("eth0", format!("10.0.0.{number}/24")),
            ("eth1", format!("10.1.0.{number}/24")),
        ]
        .map(interface)
        .into(),
        ..Site::default()
    }
}

/// What the nodes see of each other where everything passes.
fn well(asked: &Asked) -> Seen {
    let mut seen = super::well();
    for number in [1, 2, 3] {
        let lanes = asked.lanes(&name(number), &site(number));
        let visit = seen.visit(number);
        visit.unplaced = lanes.unplaced;
        let lanes = lanes.lanes.into_iter();
        visit.vrrp = Ok(lanes
            .map(|lane| LaneSeen {
                report: LaneReport {
                    source: Some([10, 0, 0, number].into()),
                    ..LaneReport::default()
                },
                lane,
            })
            .collect());
    }
    for from in [1, 2, 3] {
        for to in [1, 2, 3].into_iter().filter(|to| *to != from) {
            seen.arrive(from, to, [10, 0, 0, from], 255);
        }
    }
    seen
}

impl Seen {
    fn lane(&mut self, number: u8) -> &mut LaneReport {
        let lanes = self.visit(number).vrrp.as_mut().unwrap();
        &mut lanes.first_mut().unwrap().report
    }

    fn arrive(&mut self, from: u8, to: u8, source: [u8; 4], hop_limit: u8) {
        let both = [from, to].map(|number| self.visit(number).vrrp.as_ref().unwrap().len());
        if !both.contains(&0) {
            self.lane(to).arrivals.insert(Arrival {
                sender: name(from).to_string(),
                source: source.into(),
                hop_limit,
            });
        }
    }

    /// Nothing of `from` arrives at `to`.
    fn lose(&mut self, from: u8, to: u8) {
        let sender = name(from);
        let arrivals = &mut self.lane(to).arrivals;
        arrivals.retain(|arrival| arrival.sender != sender.as_str());
    }
}

/// Checks that a change makes these findings: the nodes, what is said, and what helps.
#[track_caller]
fn check(group: &str, expected: &[(&[u8], &str, &str)], change: impl FnOnce(&mut Seen)) {
    let asked = asked(group);
    let mut seen = well(&asked);
    change(&mut seen);
    let findings = judge(&asked, &seen).findings;
    let found: Vec<_> = findings
        .iter()
        .map(|finding| {
            let nodes: Vec<&str> = finding.nodes.iter().map(NodeName::as_str).collect();
            (
                nodes.join(" "),
                finding.message.as_str(),
                finding.remedy.as_str(),
            )
        })
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(nodes, message, remedy)| {
            let nodes: Vec<String> = nodes.iter().map(|it| name(*it).to_string()).collect();
            (nodes.join(" "), *message, *remedy)
        })
        .collect();
    assert_eq!(found, expected);
}

const ALL: &str = "  members: [n1, n2, n3]\n";
const TWO: &str = "  members: [n1, n2]\n";
const UNICAST: &str = "  members: [n1, n2, n3]\n  transport: {unicast: {}}\n";

const STRANGERS: (&[u8], &str, &str) = (
    &[],
    "VRRP was not tried between n1 and n3, n2 and n3: no VIP group has both as members",
    "nothing: they do not advertise to each other",
);

#[test]
fn members_that_hear_each_other_pass_and_others_are_not_tried() {
    for (group, passed) in [(ALL, 6), (UNICAST, 6)] {
        let asked = asked(group);
        let verdict = judge(&asked, &well(&asked));
        assert_eq!(verdict.findings, []);
        assert_eq!(verdict.passed, 28 + passed);
    }
    check(TWO, &[STRANGERS], |_| {});
}

#[test]
fn of_two_members_both_are_named_and_who_does_not_hear_comes_first() {
    let message = "n2 hears no VRRP from n1: IP protocol 112 to 224.0.0.18 does not arrive on eth0";
    let remedy = "let IP protocol 112 in on eth0 of n2 from 10.0.0.1, and out on eth0 of n1; where \
                  multicast does not pass, use `transport: {unicast: {}}`";
    let expected = (&[2, 1][..], message, remedy);
    check(ALL, &[expected], |seen| seen.lose(1, 2));
    check(TWO, &[expected, STRANGERS], |seen| seen.lose(1, 2));
    let message = "n2 hears no VRRP from n1: IP protocol 112 to 10.0.0.2 does not arrive on eth0";
    let remedy = "let IP protocol 112 in on eth0 of n2 from 10.0.0.1, and out on eth0 of n1";
    check(UNICAST, &[(&[2, 1], message, remedy)], |seen| {
        seen.lose(1, 2)
    });
}

#[test]
fn of_three_members_the_one_that_is_closed_is_named() {
    let message =
        "n2 hears no VRRP from anybody: IP protocol 112 to 224.0.0.18 does not arrive on eth0";
    let remedy = "let IP protocol 112 in on eth0 of n2";
    check(ALL, &[(&[2], message, remedy)], |seen| {
        seen.lose(1, 2);
        seen.lose(3, 2);
    });
    let message = "nobody hears VRRP from n3 (eth0), but from others: IP protocol 112 from 10.0.0.3 arrives \
         nowhere";
    let remedy = "let IP protocol 112 out on eth0 of n3";
    check(ALL, &[(&[3], message, remedy)], |seen| {
        seen.lose(3, 1);
        seen.lose(3, 2);
    });
    let message = "n1 cannot send VRRP: IP protocol 112 to 224.0.0.18 does not leave on eth0: \
                   Operation not permitted";
    let remedy = "let IP protocol 112 out on eth0 of n1";
    check(ALL, &[(&[1], message, remedy)], |seen| {
        let why = "Operation not permitted".to_owned();
        seen.lane(1).kept.insert([224, 0, 0, 18].into(), why);
        seen.lose(1, 2);
        seen.lose(1, 3);
    });
}

#[test]
fn where_nobody_hears_anybody_the_network_is_in_the_way() {
    let message = "VRRP passes between none of n1 (eth0), n2 (eth0), n3 (eth0): IP protocol 112 to \
                   224.0.0.18 does not arrive";
    let remedy = "let IP protocol 112 to 224.0.0.18 pass in their firewalls, and multicast in the \
                  switches between them (IGMP or MLD snooping), or use `transport: {unicast: {}}`";
    check(ALL, &[(&[1, 2, 3], message, remedy)], |seen| {
        for (from, to) in [(1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2)] {
            seen.lose(from, to);
        }
    });
}

#[test]
fn in_unicast_another_address_and_a_long_way_are_told_for_what_they_are() {
    let message = "n2 hears VRRP of n1 from 10.0.0.99, which the group does not know";
    let remedy = "nothing between them may translate addresses; or give n1 the address 10.0.0.99 \
                  in the group";
    check(UNICAST, &[(&[1, 2], message, remedy)], |seen| {
        seen.lose(1, 2);
        seen.arrive(1, 2, [10, 0, 0, 99], 255);
    });
    let message = "n2 hears VRRP of n1 with a TTL of 254 only and discards it";
    let remedy = "let the members be in one network, or allow it: `transport: {unicast: \
                  {minimumTtl: 254}}`";
    check(UNICAST, &[(&[2, 1], message, remedy)], |seen| {
        seen.lose(1, 2);
        seen.arrive(1, 2, [10, 0, 0, 1], 254);
    });
}

#[test]
fn a_node_that_has_no_place_for_a_group_or_cannot_listen_is_named() {
    let elsewhere = "  interface: eth9\n  members: [n1, n2, n3]\n";
    let message = "n2 cannot speak VRRP on eth9 (IPv4 to 224.0.0.18): there is no such interface";
    let remedy = "correct `interface` in the group, or mend it on n2: `ip -br address` shows what \
                  there is";
    check(elsewhere, &[(&[2], message, remedy)], |seen| {
        seen.lane(2).refused = Some("there is no such interface".to_owned());
    });
    let message = "n2 cannot try VRRP: its data plane does not answer";
    let remedy = "its log on n2 says more: journalctl -u skep";
    check(ALL, &[(&[2], message, remedy)], |seen| {
        seen.visit(2).vrrp = Err("its data plane does not answer".to_owned());
    });
    let asked = asked(ALL);
    let mut nowhere = site(2);
    nowhere.interfaces.remove(0);
    let lanes = asked.lanes(&name(2), &nowhere);
    assert_eq!(lanes.lanes, []);
    let [unplaced] = lanes.unplaced.as_slice() else {
        panic!("{lanes:?}");
    };
    let why = "no interface of this node is in the network of 10.0.0.70 (there is eth1 with \
               10.1.0.2/24): give `interface` in the group or for this member";
    assert_eq!(unplaced.why, why);
}

#[test]
fn each_family_and_each_address_to_send_from_is_tried_once_for_all_groups() {
    let both = asked("  members: [n1, n2, n3]\n");
    let web = both.groups.values().next().unwrap().clone();
    let mut asked = both;
    let dual = Group {
        carriers: web
            .carriers
            .iter()
            .copied()
            .chain([Carrier {
                family: skep_vrrp::identity::Family::Ipv6,
                multicast: Some("ff02::12".parse().unwrap()),
            }])
            .collect(),
        ..web
    };
    asked.groups.insert("dual".parse().unwrap(), dual);
    let lanes = asked.lanes(&name(1), &site(1)).lanes;
    let told: Vec<_> = lanes
        .iter()
        .map(|lane| (lane.carrier.to_string(), lane.groups.len()))
        .collect();
    let expected = [("IPv4 to 224.0.0.18", 2), ("IPv6 to ff02::12", 1)];
    assert_eq!(
        told,
        expected.map(|(carrier, groups)| (carrier.to_owned(), groups))
    );
}

#[test]
fn a_router_without_an_agent_is_not_tried() {
    let message = "VRRP with edge in the VIP group web was not tried: no agent runs there";
    let remedy = "let IP protocol 112 pass; once applied, `skep describe vip` shows who is heard";
    let group = "  members: [n1, n2, n3, {external: edge, address: 10.0.0.9}]\n";
    check(group, &[(&[], message, remedy)], |_| {});
}
