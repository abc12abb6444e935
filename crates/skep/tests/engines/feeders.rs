//! Directories that feed a cluster, and whose each object is.

use std::fs;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::DeflateDecoder;

use crate::site::{Said, Site, tell};

const MANAGERS: [&str; 3] = ["first", "second", "third"];
const THREE: &str = "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: fed}
spec:
  nodes:
    - {name: first, address: 10.0.0.60, role: manager}
    - {name: second, address: 10.0.0.61, role: manager}
    - {name: third, address: 10.0.0.62, role: manager}
";
const ONE: &str = "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: owned}
spec:
  nodes:
    - {name: first, address: 10.0.0.60, role: manager}
---
apiVersion: skep/v1
kind: VipGroup
metadata: {name: in}
spec:
  virtualRouterId: 51
  version: 2
  interface: eth0
  addresses: [10.0.0.70]
  authentication: {simple: {password: {value: hivehive}}}
  members: [first]
";
/// The password among them.
const PASSWORD: &str = "hivehive";
/// More than anything that is sealed has before its content.
const HEADER_BYTES_MAX: usize = 64;

fn service(name: &str, word: &str) -> String {
    format!(
        "---\napiVersion: skep/v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{image: nginx, \
         environment: {{WORD: {word}}}}}\n"
    )
}

#[test]
fn a_directory_feeds_a_cluster_and_a_leader_with_last_week_s_directory_changes_nothing() {
    let site = Site::up_with("feeders", THREE);
    let week = |word: &str| THREE.to_owned() + &service("web", word);
    put(&site, "first", "skep.yaml", &week("last-week"));
    wait_for(&site, &MANAGERS, 1);
    wait_for_word(&site, "first", "web", "last-week");
    for node in ["second", "third"] {
        put(&site, node, "skep.yaml", &week("last-week"));
        let in_step = site.disk(node).join("state/in-step.json");
        site.wait_until("it knows that it is in step", || in_step.exists());
    }

    put(&site, "first", "skep.yaml", &week("today"));
    wait_for(&site, &MANAGERS, 2);
    wait_for_word(&site, "first", "web", "today");
    for node in ["second", "third"] {
        wait_until_told(&site, node, "DEGRADED SourceDiffers: /");
    }

    site.wait_until("there is a majority without the first one", || {
        site.json("first", &["status"])["cluster"]["managersReachable"] == 3
    });
    site.run(&["kill", "first"]);
    let mut leader = String::new();
    let took = site.wait_until("another one leads and writes", || {
        leader = site.engine("second").leader().unwrap_or_default();
        let writer = &site.json("second", &["status"])["cluster"]["writer"];
        ["second", "third"].contains(&leader.as_str()) && *writer == leader
    });
    wait_until_told(&site, &leader, "DEGRADED SourceDiffers: /");
    // A change from last week's does not start from what was fed last either.
    put(&site, &leader, "skep.yaml", &week("last-week-edited"));
    put(&site, &leader, "more.yaml", &service("more", "last-week"));
    wait_until_told(&site, &leader, "(2 files) is not what was fed last");
    assert_eq!(site.generation(&leader), Some(2));
    assert_eq!(site.engine("second").environment("web"), ["WORD=today"]);
    tell(
        "measured",
        &format!("a leader with last week's directory after {took:.1?}: nothing changed"),
    );

    let said = site.skep(&leader, &["confirm", "3"]).check_success();
    assert_eq!(said, "accepted as generation 3\n");
    wait_for_word(&site, "second", "web", "last-week-edited");
    put(&site, &leader, "skep.yaml", &week("tomorrow"));
    wait_for_word(&site, "second", "web", "tomorrow");
    let history = site.json("second", &["history"]);
    assert_eq!(history[0]["feeder"], format!("directory@{leader}"));
}

#[test]
fn each_object_is_changed_by_who_fed_it_and_much_is_removed_only_on_a_word() {
    let site = Site::up_with("owners", ONE);
    let directory = ONE.to_owned() + &service("web", "directory") + &service("db", "directory");
    put(&site, "first", "skep.yaml", &directory);
    wait_for_word(&site, "first", "db", "directory");
    wait_for(&site, &["first"], 1);

    check_secrets(&site);
    check_taking_over(&site);
    check_pruning_and_deleting(&site);
    check_pausing(&site, &directory);
    check_a_directory_that_lost_much(&site);
    check_a_newer_language(&site);
}

/// Checks that nothing that the swarm keeps holds a password in clear, nor when it is inflated.
fn check_secrets(site: &Site) {
    site.wait_until("the swarm keeps it", || parts(site).len() == 1);
    for sealed in parts(site) {
        assert!(!holds_password(&sealed));
        for start in 0..HEADER_BYTES_MAX.min(sealed.len()) {
            let mut inflated = Vec::new();
            // What is no deflated text ends with an error, after what could be read.
            let _garbage = DeflateDecoder::new(&sealed[start..]).read_to_end(&mut inflated);
            assert!(!holds_password(&inflated), "from byte {start}");
        }
    }
}

fn holds_password(bytes: &[u8]) -> bool {
    let mut windows = bytes.windows(PASSWORD.len());
    windows.any(|window| window == PASSWORD.as_bytes())
}

/// What the configs of the swarm hold, but for the head.
fn parts(site: &Site) -> Vec<Vec<u8>> {
    let configs = site.engine("first").ask("/configs");
    let configs = configs.as_array().cloned().unwrap_or_default();
    let configs = configs.iter().map(|config| &config["Spec"]);
    let parts = configs.filter(|spec| spec["Name"] != "skep.owned.head");
    parts
        .map(|spec| {
            let data = spec["Data"].as_str().unwrap_or_default();
            STANDARD.decode(data).expect("the engine speaks base64")
        })
        .collect()
}

fn check_taking_over(site: &Site) {
    let other = site.write(&service("web", "apply")).display().to_string();
    let refused = site.skep("first", &["apply", "-f", &other]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let expected = "service/web was fed by `directory` (skep.yaml:19): change it there, or take it over with \
         --take-over";
    assert!(refused.complaint.contains(expected), "{refused:?}");
    let words = ["apply", "-f", &other, "--take-over"];
    let said = site.skep("first", &words).check_success();
    assert_eq!(said, "accepted as generation 2\n");
    wait_for_word(site, "first", "web", "apply");
    wait_until_told(
        site,
        "first",
        "part of it was rolled back or taken over since",
    );
}

fn check_pruning_and_deleting(site: &Site) {
    let both = service("web", "apply") + &service("cache", "apply");
    apply(site, &both, &[]).check_success();
    wait_for_word(site, "first", "cache", "apply");
    apply(site, &service("web", "apply"), &[]);
    assert_eq!(site.generation("first"), Some(3), "it is left alone");
    let said = apply(site, &service("web", "apply"), &["--prune"]).check_success();
    assert_eq!(said, "accepted as generation 4\n");
    wait_until_gone(site, "cache");

    let theirs = site.skep("first", &["delete", "service/db"]);
    assert_eq!(theirs.code, Some(1), "{theirs:?}");
    assert!(
        theirs.complaint.contains("fed by `directory`"),
        "{theirs:?}"
    );
    site.skep("first", &["delete", "svc", "web"])
        .check_success();
    wait_until_gone(site, "web");
    assert_eq!(site.engine("first").environment("db"), ["WORD=directory"]);
}

/// The directory has the service again that was deleted, and another one.
fn check_pausing(site: &Site, directory: &str) {
    let said = site.skep("first", &["pause"]).check_success();
    assert_eq!(said, "accepted as generation 6\n");
    put(
        site,
        "first",
        "skep.yaml",
        &(directory.to_owned() + &service("new", "directory")),
    );
    wait_until_told(site, "first", "PAUSED directory: it feeds nothing until");
    let path = path(site, "first", "skep.yaml");
    let mut diff = String::new();
    // An engine that is busy for a moment tells of no swarm.
    site.wait_until("the engine tells of the swarm", || {
        diff = site
            .skep("first", &["diff", "--take-over", "-f", &path])
            .output;
        diff.contains("+ create service/new")
    });
    assert!(diff.contains("# directory is paused"), "{diff}");
    assert_eq!(site.generation("first"), Some(6));

    site.skep("first", &["resume", "directory"]).check_success();
    wait_for_word(site, "first", "new", "directory");
    wait_for_word(site, "first", "web", "directory");
    assert_eq!(site.generation("first"), Some(8));

    let said = site.skep("first", &["rollback"]);
    assert!(said.complaint.contains("directory is paused"), "{said:?}");
    wait_until_gone(site, "new");
    site.skep("first", &["resume"]).check_success();
    wait_until_told(
        site,
        "first",
        "part of it was rolled back or taken over since",
    );
    let said = site.skep("first", &["confirm", "11"]).check_success();
    assert_eq!(said, "accepted as generation 11\n");
    wait_for_word(site, "first", "new", "directory");
}

fn check_a_directory_that_lost_much(site: &Site) {
    fs::remove_file(path(site, "first", "skep.yaml")).expect("it is there");
    wait_until_told(site, "first", "DEGRADED SourceRefused: /");
    put(site, "first", "skep.yaml", ONE);
    wait_until_told(site, "first", "STALLED AwaitsConfirmation: /");
    let said = site.skep("first", &["status"]).output;
    let expected = "it would remove 3 of its 5 objects (service/db, service/new, service/web) (`skep \
                    confirm 12` lets it";
    assert!(said.contains(expected), "{said}");
    assert_eq!(site.generation("first"), Some(11));
    for service in ["db", "new", "web"] {
        assert!(site.engine("first").service(service).is_some());
    }
    site.skep("first", &["confirm", "12"]).check_success();
    wait_until_gone(site, "web");
    wait_for(site, &["first"], 12);
}

/// What a newer skep wrote is read by nobody older, and nobody writes over it.
fn check_a_newer_language(site: &Site) {
    let engine = site.engine("first");
    let newest = |revision: &str| {
        let head = engine.ask("/configs/skep.owned.head");
        let mut labels = head["Spec"]["Labels"].clone();
        labels["skep.schemaRevision"] = revision.into();
        let spec = serde_json::json!({ "Name": head["Spec"]["Name"], "Labels": labels });
        let (id, index) = (&head["ID"], &head["Version"]["Index"]);
        let id = id.as_str().expect("it has an id");
        engine.post(&format!("/configs/{id}/update?version={index}"), &spec);
        labels
    };
    newest("99");
    wait_until_told(site, "first", "written in revision 99 of the language");
    let refused = apply(site, &service("web", "older"), &[]);
    assert_ne!(refused.code, Some(0), "{refused:?}");
    assert!(
        refused.complaint.contains("update skep on this node"),
        "{refused:?}"
    );
    newest("1");
    site.wait_until("it is read again", || {
        !site
            .skep("first", &["status"])
            .output
            .contains("revision 99")
    });
    apply(site, &service("web", "again"), &[]).check_success();
}

fn put(site: &Site, node: &str, name: &str, text: &str) {
    let path = path(site, node, name);
    let new = format!("{path}.new");
    fs::write(&new, text).expect("there is room for files");
    fs::rename(&new, &path).expect("it is the same directory");
}

fn path(site: &Site, node: &str, name: &str) -> String {
    let directory = site.disk(node).join("manifests");
    directory.join(name).display().to_string()
}

fn apply(site: &Site, manifest: &str, more: &[&str]) -> Said {
    let path = site.write(manifest).display().to_string();
    site.skep("first", &[&["apply", "-f", &path], more].concat())
}

fn wait_for(site: &Site, nodes: &[&str], generation: u64) {
    site.wait_until("everybody works towards it", || {
        nodes
            .iter()
            .all(|node| site.generation(node) == Some(generation))
    });
}

fn wait_for_word(site: &Site, node: &str, service: &str, word: &str) {
    site.wait_until("the service is as it was fed", || {
        site.engine(node).environment(service) == [format!("WORD={word}")]
    });
}

fn wait_until_gone(site: &Site, service: &str) {
    site.wait_until("the service is gone", || {
        site.engine("first").service(service).is_none()
    });
}

fn wait_until_told(site: &Site, node: &str, words: &str) {
    site.wait_until(words, || {
        site.skep(node, &["status"]).output.contains(words)
    });
}
