//! Members that never hear each other.

use skep_api::status::AgentStatus;
use skep_manifest::condition::{Condition, ConditionStatus, Reason};

use crate::cluster::Cluster;
use crate::pair::{self, A, B};

const SINGLE: &str = "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {name: single}\nspec:\n  \
                      virtualRouterId: 52\n  interface: eth0\n  addresses: [10.0.0.72]\n  \
                      advertisementInterval: 100ms\n  members: [{node: a, priority: 100}]\n";

fn nothing_heard<'a>(status: &'a AgentStatus, group: &str) -> Option<&'a Condition> {
    let mut groups = status.vip_groups.iter();
    let group = groups.find(|known| known.name == group)?;
    let mut conditions = group.conditions.iter();
    conditions.find(|condition| condition.reason == Reason::NothingHeard)
}

fn wait_until_it_says_so(cluster: &Cluster, node: &str) -> AgentStatus {
    let agent = cluster.agent(node);
    agent.wait_for_status("NothingHeard", |status| {
        nothing_heard(status, "ingress").is_some()
    })
}

#[test]
fn members_that_never_hear_each_other_say_so_until_they_do() {
    let mut cluster = pair::hosts("unheard");
    cluster.lab.partition(&[A]).expect("the host lives");
    let manifest = format!("{}---\n{SINGLE}", pair::ingress());
    for node in [A, B] {
        cluster.start(node, &manifest);
    }
    for node in [A, B] {
        // Nobody else can tell whether the other one hears it, so neither can this agent.
        let status = wait_until_it_says_so(&cluster, node);
        let condition = nothing_heard(&status, "ingress").expect("it was waited for");
        assert_eq!(condition.status, ConditionStatus::Unknown, "{condition:?}");
        let (_, wide) = cluster.agent(node).ask(&["get", "vips", "-o", "wide"]);
        assert!(wide.contains("NothingHeard?"), "{wide}");
        let described = cluster.agent(node).ask(&["describe", "vip", "ingress"]).1;
        for remedy in ["IP protocol 112", "IGMP snooping", "transport.unicast"] {
            assert!(described.contains(remedy), "{described}");
        }
        let (_, single) = cluster.agent(node).ask(&["describe", "vip", "single"]);
        assert!(!single.contains("NothingHeard"), "{single}");
    }

    cluster.lab.heal().expect("the hosts live");
    cluster.wait_for_holder(pair::VIP, A);
    for node in [A, B] {
        let agent = cluster.agent(node);
        agent.wait_for_status("an end of NothingHeard", |status| {
            nothing_heard(status, "ingress").is_none()
        });
    }
}
