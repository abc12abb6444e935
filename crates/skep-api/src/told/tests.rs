use serde_json::{Value, json};

use super::*;
use crate::path;

/// A report of an agent that is Backup in one group, `since_ms` after it became that.
fn report(state: &str, since_ms: u64, heard_ms: u64) -> PeerReport {
    let heard = json!({
        "from": "10.0.0.1", "priority": 100, "ageMs": heard_ms, "intervalMs": 1_000,
    });
    let transition = json!({"ageMs": since_ms, "from": "Fault", "to": state, "because": ""});
    let report: Value = json!({
        "version": "1", "generation": null,
        "engine": {"membership": "inactive", "remembers": null},
        "vipGroups": [{
            "name": "ingress", "addresses": ["10.0.0.70"], "active": null, "conditions": [],
            "members": [{"name": "a", "priority": 100}],
            "routers": [{
                "family": "ipv4", "virtualRouterId": 51, "interface": "eth0", "state": state,
                "because": "", "sinceMs": since_ms, "basePriority": 90, "effectivePriority": 90,
                "inputs": [], "heard": heard, "holding": [], "transitions": [transition],
                "counters": {"received": since_ms},
            }],
        }],
        "moves": [{"group": "ingress", "number": 1, "to": null, "leftMs": 90_000, "by": "x"}],
        "feeding": [{
            "type": "Degraded", "status": "True", "reason": "SourceDiffers", "message": "",
            "lastTransitionTime": format!("1970-01-01T00:00:00.{since_ms}Z"),
            "observedGeneration": 1,
        }],
        "recovery": {"leaderlessMs": since_ms, "log": null, "services": null, "recovered": null},
    });
    let mut report: PeerReport = serde_json::from_value(report).unwrap();
    let groups = report.vip_groups.into_iter();
    report.vip_groups = groups.filter_map(VipGroupStatus::for_peers).collect();
    report
}

#[test]
fn time_that_passes_makes_no_other_report() {
    let first = report("Backup", 5_000, 900);
    let digest = first.digest(60_000);
    for (now_ms, since_ms, heard_ms) in [(61_000, 6_000, 20), (61_000, 5_999, 3_000)] {
        let later = report("Backup", since_ms, heard_ms);
        assert_eq!(later.digest(now_ms), digest);
    }
}

#[test]
fn what_happens_makes_another_one() {
    let digest = report("Backup", 5_000, 900).digest(60_000);
    for other in [
        report("Active", 5_000, 900),
        // It left that state, and came back.
        report("Backup", 1_000, 900),
        // It does not hear the Active router any more.
        report("Backup", 5_000, 7_000),
    ] {
        assert_ne!(other.digest(60_000), digest);
    }
}

#[test]
fn whoever_has_a_report_lets_its_ages_go_on() {
    let mut known = report("Backup", 5_000, 900);
    known.grow_older(2_000);
    let mut now = report("Backup", 7_000, 900);
    now.moves[0].left_ms = Some(88_000);
    now.feeding.clone_from(&known.feeding);
    assert_eq!(known, now);
    // What is not being heard has not been for longer.
    let mut silent = report("Backup", 5_000, 8_000);
    silent.grow_older(2_000);
    let heard = silent.vip_groups[0].routers[0].heard.as_ref().unwrap();
    assert_eq!(heard.age_ms, 10_000);
}

#[test]
fn a_group_in_which_a_node_takes_no_part_is_not_told() {
    let mut group = report("Backup", 0, 0).vip_groups.remove(0);
    assert!(group.members.is_empty() && group.addresses.is_empty());
    group.routers.clear();
    assert_eq!(group.for_peers(), None);
}

#[test]
fn a_question_says_what_is_known() {
    let digest = "0a".to_owned();
    let check = |known: &Known, expected: &str| assert_eq!(path::report(known), expected);
    check(&Known::default(), "/v1/peer/report?");
    let known = Known {
        report: Some(digest.clone()),
        swarm: Some(String::new()),
        relayed: Some("1f.12".to_owned()),
    };
    check(&known, "/v1/peer/report?report=0a&swarm=&relayed=1f.12");
}

#[test]
fn who_knows_everything_is_told_next_to_nothing() {
    let told = Told {
        digest: report("Backup", 0, 0).digest(0),
        report: None,
        swarm_digest: Some("0".repeat(64)),
        swarm: None,
        relayed: Some(Relayed {
            position: "ffffffffffffff.1000000".to_owned(),
            age_ms: 1_000,
            ..Relayed::default()
        }),
    };
    let answer = serde_json::to_string(&told).unwrap();
    assert!(answer.len() < 240, "{answer}");
}
