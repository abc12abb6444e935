//! Networks, configs and secrets: how they come, are exchanged for others, and go.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use skep_lab::visitor::{Visit, Visitor};

use crate::site::{Site, tell};

const SWARM: &str = "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: rotating}
spec:
  nodes:
    - {name: first, address: 10.0.0.60, role: manager}
    - {name: second, address: 10.0.0.61, role: worker}
---
";
const FILES: &str = "\
apiVersion: skep/v1
kind: Config
metadata: {name: site}
spec: {data: {fromFile: site.txt}}
---
apiVersion: skep/v1
kind: Secret
metadata: {name: key}
spec: {data: {fromFile: key.txt}}
---
apiVersion: skep/v1
kind: Secret
metadata: {name: token}
spec: {data: {value: token-nobody-may-read}}
---
";
/// It ends as soon as it is told to: what runs as the first process of a container must say so.
const WEB: &str = r#"
apiVersion: skep/v1
kind: Service
metadata: {name: web}
spec:
  image: nginx
  command: [/bin/busybox, sh, -c]
  args: ["trap 'exit 0' TERM; /bin/busybox httpd -h /www; while :; do /bin/busybox sleep 0.1; done"]
  mode: {replicated: {replicas: 2, maxPerNode: 1}}
  ports: [{published: 80, target: 80, mode: host}]
  configs: [{config: site, target: /www/site}]
  secrets: [{secret: key}, {secret: token, target: /token, mode: "0440"}]
"#;
/// What nobody may read but the containers.
const HIDDEN: [&str; 3] = [
    "first-key-nobody-may-read",
    "second-key-nobody-may-read",
    "token-nobody-may-read",
];
const SERVERS: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 0, 0, 60), Ipv4Addr::new(10, 0, 0, 61)];

#[test]
fn configs_and_secrets_are_exchanged_without_a_failed_request_and_are_read_by_nobody_else() {
    let site = Site::up_alone_with("rotation", SWARM);
    let manifest = site.write(&format!("{SWARM}{FILES}{WEB}"));
    write_contents(&site, "one", HIDDEN[0]);
    let mut said = vec![diff(&site, &manifest), site.apply("second", &manifest)];
    check_nothing_to_do(&site, &manifest);
    let before = names(&site);
    assert_eq!(before.len(), 3, "{before:?}");

    let servers = SERVERS.map(|address| SocketAddr::from((address, 80)));
    let started = Instant::now();
    let visitor = Visitor::start(&site.lab(), "first", &servers, "/site").expect("it visits");
    write_contents(&site, "two", HIDDEN[1]);
    said.push(diff(&site, &manifest));
    said.push(site.apply("second", &manifest));
    site.wait_until("the old ones are collected", || {
        let now = names(&site);
        let kept = before.iter().filter(|name| now.contains(name));
        now.len() == 3 && kept.count() == 1
    });
    let visits = visitor.finish().expect("it visited");
    check_visits(&visits, started.elapsed());
    check_nothing_to_do(&site, &manifest);
    assert_eq!(in_container(&site, "/run/secrets/key"), HIDDEN[1]);
    assert_eq!(in_container(&site, "/token"), HIDDEN[2]);
    check_another_key_changes_nothing(&site, &manifest);
    let log = log(&site, "first");
    let updates = log.matches("update: the manifest changed object=\"service/web\"");
    assert_eq!(updates.count(), 1, "three contents, one update: {log}");

    said.push(refused(&site));
    check_nobody_reads(&site, &said);
}

#[test]
fn what_somebody_changed_is_found_and_put_right_and_what_cannot_be_changed_says_so() {
    let site = Site::up_with("attached", SWARM);
    let network = |settings: &str| {
        format!(
            "apiVersion: skep/v1\nkind: Network\nmetadata: {{name: front}}\nspec: {{{settings}}}\n---\n"
        )
    };
    let old = network("encrypted: true, subnets: [{subnet: 10.20.3.0/24}], options: {a: b}");
    let inside = "
apiVersion: skep/v1
kind: Service
metadata: {name: inside}
spec:
  image: nginx
  mode: {replicated: {replicas: 0}}
  networks: [{network: front, aliases: [www]}]
  secrets: [{secret: key}]
";
    write_contents(&site, "one", HIDDEN[0]);
    let manifest =
        |network: &str, service: &str| site.write(&format!("{SWARM}{network}{FILES}{service}"));
    let path = manifest(&old, inside);
    site.apply("first", &path);
    check_nothing_to_do(&site, &path);
    check_network(&site);
    check_repair(&site, &path);

    let path = manifest(&network("attachable: true"), inside);
    let said = diff(&site, &path);
    assert!(
        said.contains("the engine cannot change a network, and inside is in it: attachable")
            && said.contains("declare it under another name"),
        "{said}"
    );
    let path = manifest(&network("attachable: true"), "");
    site.apply_all("first", &path);
    assert_eq!(
        site.engine("first").ask("/networks/front")["Attachable"],
        true
    );
    check_nothing_to_do(&site, &path);

    // Most of what was fed would go: somebody says that it shall.
    let path = site.write(SWARM);
    let words = ["apply", "--prune", "-f", &path.display().to_string()];
    let said = site.skep("first", &words);
    assert!(said.complaint.contains("skep confirm 3"), "{said:?}");
    site.skep("first", &["confirm", "3"]).check_success();
    site.apply_all("first", &path);
    assert_eq!(names(&site), Vec::<String>::new());
    let networks = site.engine("first").ask("/networks").to_string();
    assert!(!networks.contains("front"), "{networks}");
}

fn check_network(site: &Site) {
    let engine = site.engine("first");
    let network = engine.ask("/networks/front");
    assert_eq!(network["Driver"], "overlay", "{network}");
    assert_eq!(
        network["IPAM"]["Config"][0]["Subnet"], "10.20.3.0/24",
        "{network}"
    );
    assert!(network["Options"]["encrypted"].is_string(), "{network}");
    let service = engine.service("inside").expect("it is created");
    let attached = &service["Spec"]["TaskTemplate"]["Networks"][0];
    assert_eq!(attached["Target"], network["Id"], "{service}");
    assert_eq!(attached["Aliases"], json!(["www"]), "{service}");
}

/// Somebody takes a label of skep's away and removes what no service has.
fn check_repair(site: &Site, manifest: &Path) {
    let engine = site.engine("first");
    let secret = |object: &str| {
        let mut secrets = engine.files("secret").into_iter();
        secrets.find(|secret| secret["Spec"]["Labels"]["skep.object"] == object)
    };
    let key = secret("secret/key").expect("it is there");
    let mut spec = key["Spec"].clone();
    spec["Labels"] = json!({ "of": "somebody" });
    let (id, version) = (&key["ID"], &key["Version"]["Index"]);
    let id = id.as_str().expect("a text");
    engine.post(&format!("/secrets/{id}/update?version={version}"), &spec);
    let config = &engine.files("config")[0]["ID"];
    let config = config.as_str().expect("a text").to_owned();
    engine.remove(&format!("/configs/{config}"));
    site.wait_until("it is put right", || {
        let labels = secret("secret/key").map(|key| key["Spec"]["Labels"].clone());
        let is_labelled = labels.is_some_and(|labels| labels["of"] == "somebody");
        is_labelled && engine.files("config").len() == 1
    });
    check_nothing_to_do(site, manifest);
}

fn write_contents(site: &Site, page: &str, key: &str) {
    for (name, content) in [("site.txt", page), ("key.txt", key)] {
        fs::write(site.directory().join(name), content).expect("there is room for files");
    }
}

fn diff(site: &Site, manifest: &Path) -> String {
    let path = manifest.display().to_string();
    let [text, json] = [
        &["diff", "-f", &path][..],
        &["diff", "-f", &path, "-o", "json"],
    ]
    .map(|words| site.skep("first", words));
    assert!(text.code == Some(1), "{text:?}");
    text.output + &json.output
}

fn check_nothing_to_do(site: &Site, manifest: &Path) {
    let path = manifest.display().to_string();
    let said = site.skep("first", &["diff", "-f", &path]);
    assert_eq!((said.code, said.output.as_str()), (Some(0), ""), "{said:?}");
}

/// The names in the engine of the configs and secrets of skep's.
fn names(site: &Site) -> Vec<String> {
    let engine = site.engine("first");
    let files = [engine.files("config"), engine.files("secret")].concat();
    let name = |file: &Value| file["Spec"]["Name"].as_str().unwrap_or_default().to_owned();
    files.iter().map(name).collect()
}

/// The agents get another key: what was named with the old one keeps its name, what was sealed with
/// it is read, and what is sealed anew is the same.
fn check_another_key_changes_nothing(site: &Site, manifest: &Path) {
    let web = || site.engine("first").service("web").expect("it is there");
    let known = || (names(site), web()["Version"].clone());
    let before = known();
    let rotate = ["keygen", "--rotate"];
    site.skep("first", &rotate).check_success();
    let file = site.disk("first").with_file_name("cluster.key");
    site.wait_until("all have another key", || {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let told = ["first", "second"].map(|node| site.skep(node, &["status", "-o", "json"]));
        let goes_on = told.iter().any(|said| {
            let status: Value = serde_json::from_str(&said.output).unwrap_or_default();
            // An agent that starts anew does not answer.
            status.is_null() || status["conditions"].to_string().contains("KeyRotation")
        });
        text.contains("\nretired ") && !goes_on
    });
    check_nothing_to_do(site, manifest);
    site.apply("second", manifest);
    check_nothing_to_do(site, manifest);
    assert_eq!(known(), before);
}

fn check_visits(visits: &[Visit], took: Duration) {
    let pages: Vec<&str> = visits
        .iter()
        .filter_map(|visit| visit.page.as_deref())
        .collect();
    let turned = visits.iter().filter(|visit| visit.tries > 1).count();
    let failed = visits.len() - pages.len();
    tell(
        "measured",
        &format!(
            "rotation: {failed} of {} requests in {:.1} s failed, {turned} were answered by the \
             other node",
            visits.len(),
            took.as_secs_f64()
        ),
    );
    assert_eq!(failed, 0);
    assert_eq!(pages.first(), Some(&"one"));
    assert_eq!(pages.last(), Some(&"two"));
    assert!(pages.iter().all(|page| ["one", "two"].contains(page)));
}

/// What stands in a file inside the container on the first node.
fn in_container(site: &Site, path: &str) -> String {
    let containers = site.engine("first").containers();
    let [container] = &containers[..] else {
        panic!("one container: {containers:?}");
    };
    site.docker("first", &["exec", container, "/bin/busybox", "cat", path])
}

/// What is said of manifests that are refused: a secret that is too long, and one that is unfit.
fn refused(site: &Site) -> String {
    let long = HIDDEN[1].repeat(21_000);
    fs::write(site.directory().join("key.txt"), long).expect("there is room for files");
    let path = site.write(&format!("{SWARM}{FILES}{WEB}"));
    let said = site.skep("first", &["apply", "-f", &path.display().to_string()]);
    assert_ne!(said.code, Some(0), "{said:?}");
    let place = "skep.yaml:17:25: there are more than 511999 bytes in";
    assert!(said.complaint.contains(place), "{said:?}");
    said.output + &said.complaint
}

fn log(site: &Site, node: &str) -> String {
    fs::read_to_string(site.disk(node).join("agent.log")).expect("it is there")
}

/// Looks for the secrets in all that was said, is told, kept and written by skep.
fn check_nobody_reads(site: &Site, said: &[String]) {
    let mut places: Vec<(String, String)> = Vec::new();
    for (index, said) in said.iter().enumerate() {
        places.push((format!("what was said, {index}"), said.clone()));
    }
    for words in [
        &["status"][..],
        &["status", "-o", "json"],
        &["history"],
        &["get", "services", "-o", "json"],
        &["describe", "service", "web"],
    ] {
        let said = site.skep("second", words);
        places.push((format!("{words:?}"), said.output + &said.complaint));
    }
    let engine = site.engine("first");
    for path in ["/services", "/secrets", "/tasks"] {
        places.push((path.to_owned(), engine.ask(path).to_string()));
    }
    for node in ["first", "second"] {
        for file in files_below(&site.disk(node)) {
            let text = fs::read(&file).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            places.push((file.display().to_string(), text));
        }
    }
    let kept = |(name, _): &&(String, String)| name.contains("generation.json");
    assert_eq!(places.iter().filter(kept).count(), 2, "both agents keep it");
    for (place, text) in &places {
        let found = HIDDEN.iter().find(|hidden| text.contains(**hidden));
        assert_eq!(found, None, "in {place}");
    }
}

/// What skep keeps on a node: not what the engine does, whose containers have the secrets.
fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut open = vec![directory.to_owned()];
    let mut files = Vec::new();
    while let Some(path) = open.pop() {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_symlink() || name == "data" || name.starts_with("docker") {
            continue;
        }
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("it can be read");
            open.extend(entries.map(|entry| entry.expect("it can be read").path()));
        } else if path.is_file() {
            files.push(path);
        }
    }
    files
}
