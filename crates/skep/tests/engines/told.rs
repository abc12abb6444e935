//! What is told of a cluster that has just come about, by an agent that did none of it.

use serde_json::Value;

use crate::site::Site;

/// Checks what `node` tells of the nodes, the service `web` and the VIP group `ingress` that
/// `holder` holds.
pub(crate) fn check_told(site: &Site, node: &str, holder: &str) {
    // Its own engine may tell that it joined after everybody else knows.
    let mut events = Vec::new();
    let joined = format!("node/{node}");
    site.wait_until("it tells that it joined", || {
        events = self::events(site, node);
        let mut done = events.iter().filter(|event| event["kind"] == "done");
        done.any(|event| event["object"] == joined.as_str() && event["node"] == node)
    });
    let has = |kind: &str, object: &str, by: Option<&str>| {
        let of = |event: &&Value| {
            let is_by = by.is_none_or(|by| event["node"] == by);
            event["kind"] == kind && event["object"] == object && is_by
        };
        assert!(
            events.iter().any(|event| of(&event)),
            "{kind} {object}: {events:#?}"
        );
    };
    has("generation", "desired", Some(node));
    has("generation", "desired", Some(holder));
    has("done", "service/web", None);
    has("transition", "vipgroup/ingress", Some(holder));
    let ages: Vec<u64> = events
        .iter()
        .filter_map(|event| event["ageMs"].as_u64())
        .collect();
    assert!(ages.is_sorted_by(|one, other| one >= other), "{ages:?}");

    for (target, expected) in [
        ("service/web", "last events, of all nodes\n  "),
        (&format!("node/{node}"), "condition  done: is ready"),
        ("vipgroup/ingress", "transition ipv4 Backup -> Active"),
    ] {
        let described = site.skep(node, &["describe", target]).check_success();
        assert!(described.contains(expected), "{target}: {described}");
    }

    let goal = format!("--for=active={holder}");
    let waits = [goal.as_str(), "vip/ingress"];
    for wait in [
        waits,
        ["--for=condition=Ready", "service/web"],
        ["--for=delete", "service/none"],
    ] {
        let words = [&["wait", "--timeout", "30s"], wait.as_slice()].concat();
        site.skep(node, &words).check_success();
    }
    let goal = format!("--for=active={node}");
    let late = site.skep(node, &["wait", &goal, "vip/ingress", "--timeout", "1s"]);
    let expected = format!(
        "vipgroup/ingress is held by {holder}\nerror: not so within 1 s\nhint: `skep describe vip \
         ingress` on {node} says why it does not hold it\n"
    );
    assert_eq!((late.code, late.complaint), (Some(3), expected));
}

/// Everything that happened on all nodes, as `node` tells it.
fn events(site: &Site, node: &str) -> Vec<Value> {
    let said = site.skep(node, &["events", "-o", "json"]).check_success();
    let lines = said.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect()
}
