//! The desired state in the swarm's own store: one history, whoever writes, and a way back.

use std::path::PathBuf;
use std::process::Stdio;
use std::thread;

use serde_json::Value;

use crate::site::{Said, Site, Speak as _, skep, tell};

const MANAGERS: [&str; 3] = ["first", "second", "third"];
const ALL: [&str; 4] = ["first", "second", "third", "fourth"];
const SWARM: &str = "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: kept}
spec:
  nodes:
    - {name: first, address: 10.0.0.60, role: manager}
    - {name: second, address: 10.0.0.61, role: manager}
    - {name: third, address: 10.0.0.62, role: manager}
    - {name: fourth, address: 10.0.0.63, role: worker}
---
apiVersion: skep/v1
kind: Service
metadata: {name: web}
spec:
  image: nginx
";
const HEAD: &str = "skep.kept.head";
/// How often two submit at once.
const ROUNDS: usize = 8;

fn manifest(word: &str) -> String {
    format!("{SWARM}  environment: {{WORD: {word}}}\n")
}

#[test]
fn the_swarm_keeps_one_history_of_the_desired_state() {
    let site = Site::up_with("generations", SWARM);
    site.apply("second", &site.write(&manifest("one")));
    check_hand_over(&site);
    check_two_at_once(&site);
    check_comparing(&site);
    check_rollback(&site);
    check_a_store_that_lost_its_head(&site);
    check_a_leader_that_dies_meanwhile(&site);
}

/// What the first manager's disk kept before there was a swarm is given to the swarm.
fn check_hand_over(site: &Site) {
    wait_for_generation(site, 1);
    site.wait_until("the swarm keeps it", || kept(site) == Some(1));
    for config in configs(site) {
        let data = config["Spec"]["Data"].as_str().unwrap_or_default();
        let said = format!("printf %s '{data}' | base64 -d | grep -c WORD");
        let found = site.exec("first", &["sh", "-c", &said]);
        assert_eq!(found.output.trim(), "0", "it is sealed");
    }
    assert_eq!(history(site, "fourth"), [1]);
}

fn check_two_at_once(site: &Site) {
    let mut conflicts = 0;
    for round in 0..ROUNDS {
        let before = kept(site).expect("the swarm keeps it");
        let submit = |node: &'static str| {
            let path = write(site, node, &format!("{round}-by-{node}"));
            apply(site, node, &path)
        };
        let (one, other) = thread::scope(|scope| {
            let one = scope.spawn(|| submit("first"));
            let other = scope.spawn(|| submit("third"));
            (one.join().expect("it ends"), other.join().expect("it ends"))
        });
        let mut accepted: Vec<u64> = [&one, &other].into_iter().filter_map(number).collect();
        accepted.sort_unstable();
        for said in [&one, &other] {
            if number(said).is_none() {
                assert_eq!(said.code, Some(1), "{said:?}");
                assert!(
                    said.complaint.contains("was accepted meanwhile"),
                    "{said:?}"
                );
                conflicts += 1;
            }
        }
        let expected: Vec<u64> = (before + 1..).take(accepted.len()).collect();
        assert_eq!(accepted, expected, "{one:?} {other:?}");
        wait_for_generation(site, *expected.last().expect("one is accepted"));
    }
    assert!(conflicts > 0, "they never met");
    tell(
        "measured",
        &format!("two submit at once: {conflicts} of {ROUNDS} times one was told of the other"),
    );
    let latest = kept(site).expect("the swarm keeps it");
    let all: Vec<u64> = (1..=latest).rev().collect();
    assert_eq!(history(site, "second"), all);
}

/// What was before is compared with, whoever is asked and whatever runs.
fn check_comparing(site: &Site) {
    for (word, code, expected) in [("one", 0, ""), ("other", 1, "WORD: one -> other")] {
        let path = write(site, "compared", word).display().to_string();
        let said = site.skep("fourth", &["diff", "--from", "@1", "-f", &path]);
        assert_eq!(said.code, Some(code), "{said:?}");
        assert!(said.output.contains(expected), "{said:?}");
    }
    let path = write(site, "compared", "one").display().to_string();
    let gone = site.skep("fourth", &["diff", "--from", "@999", "-f", &path]);
    assert_eq!(gone.code, Some(2), "{gone:?}");
    assert!(gone.complaint.contains("skep history"), "{gone:?}");
}

fn check_rollback(site: &Site) {
    let latest = kept(site).expect("the swarm keeps it");
    let said = site.skep("fourth", &["rollback", "1"]).check_success();
    assert_eq!(said, format!("accepted as generation {}\n", latest + 1));
    site.wait_until("the first one runs again", || {
        site.engine("first").environment("web") == ["WORD=one"]
    });
    let gone = site.skep("fourth", &["rollback", "999"]);
    assert_ne!(gone.code, Some(0));
    assert!(gone.complaint.contains("skep history"), "{gone:?}");
}

/// The store is behind what runs: nothing changes until somebody says so.
fn check_a_store_that_lost_its_head(site: &Site) {
    let latest = kept(site).expect("the swarm keeps it");
    site.engine("first").remove(&format!("/configs/{HEAD}"));
    site.wait_until("it is told", || {
        let leader = site.engine("first").leader();
        leader.is_some_and(|leader| {
            let said = site.skep(&leader, &["status"]).output;
            said.contains("STALLED StoreWentBack")
        })
    });
    let leader = site.engine("first").leader().expect("it is told");
    let refused = apply(site, &leader, &write(site, "first", "lost"));
    assert_eq!(number(&refused), None, "{refused:?}");
    assert!(
        refused.complaint.contains("nothing is changed"),
        "{refused:?}"
    );
    assert_eq!(site.engine("first").environment("web"), ["WORD=one"]);

    let confirm = ["confirm", &latest.to_string()].map(str::to_owned);
    let words = confirm.each_ref().map(String::as_str);
    site.skep(&leader, &words).check_success();
    assert_eq!(kept(site), Some(latest));
    site.wait_until("nothing is wrong any more", || {
        !site.skep(&leader, &["status"]).output.contains("STALLED")
    });
}

fn check_a_leader_that_dies_meanwhile(site: &Site) {
    let before = kept(site).expect("the swarm keeps it");
    let past = history(site, "first");
    let leader = site.engine("first").leader().expect("there is one");
    let [one, other] = others(&leader);
    let path = write(site, one, "last").display().to_string();
    let socket = site.socket(one).display().to_string();
    let child = skep(&["--socket", &socket, "apply", "-f", &path])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it is built");
    site.run(&["kill", &leader]);
    let first = child.wait_with_output().expect("it ends");
    site.wait_until("another one leads", || {
        let next = site.engine(other).leader();
        next.is_some_and(|next| next != leader)
    });
    // Whatever it was told: trying again says that it counts, or lets it.
    site.wait_until("it counts", || {
        let said = apply(site, one, path.as_ref());
        said.code == Some(0)
    });
    site.wait_until("both that are left run it", || {
        let run = |node| site.generation(node) == Some(before + 1);
        run(one) && run(other) && run("fourth")
    });
    site.wait_until("it is written", || {
        site.engine(other).environment("web") == ["WORD=last"]
    });
    let expected = [&[before + 1], &past[..]].concat();
    assert_eq!(history(site, one), expected, "{first:?}");
    site.run(&["heal", &leader]);
    wait_for_generation(site, before + 1);
}

fn others(leader: &str) -> [&'static str; 2] {
    let mut others = MANAGERS.into_iter().filter(|node| *node != leader);
    let both = [others.next(), others.next()];
    both.map(|node| node.expect("there are three managers"))
}

fn write(site: &Site, name: &str, word: &str) -> PathBuf {
    let path = site.directory().join(format!("{name}.yaml"));
    std::fs::write(&path, manifest(word)).expect("there is room for files");
    path
}

fn apply(site: &Site, node: &str, path: &std::path::Path) -> Said {
    let socket = site.socket(node).display().to_string();
    let path = path.display().to_string();
    skep(&["--socket", &socket, "apply", "-f", &path]).said()
}

/// The number of the generation that a submission became.
fn number(said: &Said) -> Option<u64> {
    let number = said.output.lines().next()?;
    number.strip_prefix("accepted as generation ")?.parse().ok()
}

fn wait_for_generation(site: &Site, number: u64) {
    let took = site.wait_until("everybody works towards it", || {
        ALL.iter().all(|node| site.generation(node) == Some(number))
    });
    tell(
        "measured",
        &format!("generation {number}: with everybody after {took:.1?}"),
    );
}

/// The numbers of the generations that are kept, as the agent of `node` tells them.
fn history(site: &Site, node: &str) -> Vec<u64> {
    let past = site.json(node, &["history"]);
    let past = past.as_array().expect("it is a list").iter();
    past.map(|past| past["id"]["number"].as_u64().expect("it has a number"))
        .collect()
}

fn configs(site: &Site) -> Vec<Value> {
    let configs = site.engine("first").ask("/configs");
    configs.as_array().cloned().unwrap_or_default()
}

/// The generation that the swarm says it keeps.
fn kept(site: &Site) -> Option<u64> {
    let node = site.engine("first").leader()?;
    let configs = site.engine(&node).ask("/configs");
    let mut configs = configs.as_array()?.iter();
    let head = configs.find(|config| config["Spec"]["Name"] == HEAD)?;
    head["Spec"]["Labels"]["skep.generation"]
        .as_str()?
        .parse()
        .ok()
}
