//! Somebody edits a service beside skep: it is seen, and put right or only told.

use std::time::Duration;

use crate::site::{Site, tell};

const SWARM: &str = "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: edited}
spec:
  drift: report
  nodes:
    - {name: first, address: 10.0.0.60, role: manager}
";
const SERVICES: &str = "\
---
apiVersion: skep/v1
kind: Service
metadata: {name: told}
spec:
  image: nginx
  mode: {replicated: {replicas: 0}}
  environment: {COLOUR: blue}
---
apiVersion: skep/v1
kind: Service
metadata: {name: repaired}
spec:
  image: nginx
  mode: {replicated: {replicas: 0}}
  environment: {COLOUR: blue}
  drift: repair
";
/// The engine tells of an edit, so nobody waits for the next look by the clock. A busy machine
/// takes its time all the same.
const SECONDS: Duration = Duration::from_secs(10);

#[test]
fn an_edit_beside_skep_is_seen_within_seconds_and_put_right_or_only_told() {
    let site = Site::up_with("drift", SWARM);
    let manifests = site.write(&format!("{SWARM}{SERVICES}"));
    site.apply("first", &manifests);
    let engine = site.engine("first");

    edit(&site, "repaired", "red");
    let took = site.wait_until("the edit is taken back", || {
        engine.environment("repaired") == ["COLOUR=blue"]
    });
    assert!(took < SECONDS, "{took:?}");
    tell(
        "measured",
        &format!("an edit was taken back within {took:?}"),
    );

    edit(&site, "told", "red");
    let drifted = "changed by somebody else: environment.COLOUR is red, declared blue";
    let status = || site.skep("first", &["status"]);
    let took = site.wait_until("the status tells", || status().output.contains(drifted));
    assert!(took < SECONDS, "{took:?}");
    tell("measured", &format!("an edit was told within {took:?}"));
    assert_eq!(status().code, Some(1), "{:?}", status());
    let path = manifests.display().to_string();
    let diff = || site.skep("first", &["diff", "-f", &path]);
    let said = diff();
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.output.contains("service/told Drifted"), "{said:?}");
    assert!(said.output.contains(drifted), "{said:?}");
    assert_eq!(engine.environment("told"), ["COLOUR=red"]);

    // What was edited becomes what is declared.
    let taken_over = SERVICES.replacen("blue", "red", 1);
    site.apply("first", &site.write(&format!("{SWARM}{taken_over}")));
    assert_eq!(diff().code, Some(0), "{:?}", diff());
    assert_eq!(status().code, Some(0), "{:?}", status());
}

/// Gives a service another colour, as a person does.
fn edit(site: &Site, service: &str, colour: &str) {
    let variable = format!("COLOUR={colour}");
    let words = [
        "service",
        "update",
        "--detach",
        "--env-add",
        &variable,
        service,
    ];
    site.docker("first", &words);
}
