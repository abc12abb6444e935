//! Managers that lock: whose key is kept where, and who unlocks them.

use std::fs;

use serde_json::{Value, json};

use crate::site::{Site, tell};

const MANAGERS: [&str; 3] = ["first", "second", "third"];

/// How the engine's keys begin, in clear and in its own encrypted files.
const IN_CLEAR: &str = "SWMKEY";
const ENCRYPTED: &str = "ENCRYPTED";

fn manifest(autolock: &str) -> String {
    format!(
        "apiVersion: skep/v1\nkind: Swarm\nmetadata: {{name: locking}}\nspec:\n  \
         autolock: {autolock}\n  nodes:\n    \
         - {{name: first, address: 10.0.0.60, role: manager}}\n    \
         - {{name: second, address: 10.0.0.61, role: manager}}\n    \
         - {{name: third, address: 10.0.0.62, role: manager}}\n"
    )
}

#[test]
fn a_manager_that_restarts_locked_is_unlocked_by_its_agent_or_waits_for_a_person() {
    let by_agent = manifest("{enabled: true}");
    let site = Site::up_with("autolock", &by_agent);
    site.apply("first", &site.write(&by_agent));
    let old = check_keys_are_kept(&site);

    // Off and on again: it is another key.
    site.apply("first", &site.write(&manifest("{enabled: false}")));
    assert_eq!(locks(&site), json!(false));
    site.apply("first", &site.write(&by_agent));
    let key = check_keys_are_kept(&site);
    assert_ne!(key, old);

    check_its_agent_unlocks(&site);
    check_a_person_unlocks(&site, &key);
}

/// The swarm's key; every manager's agent has it, and nobody can read it there.
fn check_keys_are_kept(site: &Site) -> String {
    assert_eq!(locks(site), json!(true));
    for manager in MANAGERS {
        let kept = kept_keys(site, manager);
        assert!(kept.contains("skep1."), "{manager}: {kept}");
        assert!(!kept.contains(IN_CLEAR), "{manager}: {kept}");
    }
    let key = site.engine("first").ask("/swarm/unlockkey");
    let key = key["UnlockKey"].as_str().unwrap_or_default();
    assert!(key.starts_with(IN_CLEAR), "{key}");
    key.to_owned()
}

fn check_its_agent_unlocks(site: &Site) {
    restart_locked(site, "third");
    let took = site.wait_until("the swarm is whole", || is_whole(site));
    let log = fs::read_to_string(site.disk("third").join("agent.log")).expect("it is there");
    assert!(log.contains("the engine is locked"), "{log}");
    tell(
        "measured",
        &format!("a manager that restarted locked: swarm whole after {took:.1?}"),
    );
}

fn check_a_person_unlocks(site: &Site, key: &str) {
    let by_person = manifest("{enabled: true, unlock: operator}");
    site.apply("first", &site.write(&by_person));
    site.wait_until("no agent keeps a key", || {
        let mut managers = MANAGERS.iter();
        managers.all(|manager| !kept_keys(site, manager).contains("skep1."))
    });
    restart_locked(site, "third");
    site.wait_until("what to do is said", || {
        let said = site.skep("first", &["status"]);
        said.code == Some(1) && said.output.contains("`docker swarm unlock` on third")
    });
    assert_eq!(site.engine("third").membership(), "locked");
    let unlock = json!({ "UnlockKey": key });
    site.engine("third").post("/swarm/unlock", &unlock);
    site.wait_until("the swarm is whole", || is_whole(site));
}

/// Cuts the power of a node once its engine's files are encrypted, and gives it back.
fn restart_locked(site: &Site, node: &str) {
    let key = site
        .disk(node)
        .join("data/swarm/certificates/swarm-node.key");
    site.wait_until("the engine's files are encrypted", || {
        fs::read_to_string(&key).is_ok_and(|key| key.contains(ENCRYPTED))
    });
    site.run(&["kill", node]);
    site.run(&["heal", node]);
}

fn is_whole(site: &Site) -> bool {
    let nodes = site.engine("first").nodes();
    nodes.len() == MANAGERS.len()
        && nodes.iter().all(|node| node.state == "ready")
        && site.engine("third").membership() == "active"
        && site.skep("first", &["status"]).code == Some(0)
}

fn locks(site: &Site) -> Value {
    site.engine("first").ask("/swarm")["Spec"]["EncryptionConfig"]["AutoLockManagers"].clone()
}

/// What the agent of a node keeps on its disk.
fn kept_keys(site: &Site, node: &str) -> String {
    let path = site.disk(node).join("state/unlock-keys.json");
    fs::read_to_string(path).unwrap_or_default()
}
