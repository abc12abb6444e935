//! Five managers: the engine that leads dies while a change is made, and then the leader is cut off.

use std::path::PathBuf;
use std::thread;

use serde_json::{Value, json};

use crate::process::signal;
use crate::site::{Said, Site, tell};

const NAMES: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];
const ADDRESSES: [&str; 2] = ["10.0.0.70/32", "10.0.0.71/32"];

/// The same five, before and after a change that touches nodes, services and the VIP group.
fn manifest(is_changed: bool) -> String {
    let pick = |before: &'static str, after: &'static str| {
        if is_changed { after } else { before }
    };
    let nodes = NAMES.iter().zip(60..).map(|(name, last)| {
        let more = match *name {
            "fourth" => pick("", ", availability: drain"),
            "fifth" => pick("", ", labels: {disk: fast}"),
            _ => "",
        };
        format!("    - {{name: {name}, address: 10.0.0.{last}, role: manager{more}}}\n")
    });
    let nodes: String = nodes.collect();
    let late = pick(
        "",
        "---\napiVersion: skep/v1\nkind: Service\nmetadata: {name: late}\nspec: {image: nginx}\n",
    );
    format!(
        "apiVersion: skep/v1\nkind: Swarm\nmetadata: {{name: five}}\nspec:\n  nodes:\n{nodes}\
         ---\napiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: ingress}}\nspec:\n  \
         virtualRouterId: 51\n  interface: eth0\n  addresses: [{}]\n  members:\n    \
         - {{node: second, priority: 100}}\n    - {{node: third, priority: 90}}\n{}{}{late}",
        pick("10.0.0.70", "10.0.0.70, 10.0.0.71"),
        service("web", pick("before", "after")),
        service("mail", pick("before", "after")),
    )
}

fn service(name: &str, word: &str) -> String {
    format!(
        "---\napiVersion: skep/v1\nkind: Service\nmetadata: {{name: {name}}}\n\
         spec: {{image: nginx, environment: {{WORD: {word}}}}}\n"
    )
}

#[test]
fn a_change_outlives_the_engine_that_leads_and_a_leader_that_is_cut_off_changes_nothing() {
    let site = Site::up_with("five", &manifest(false));
    site.apply("second", &site.write(&manifest(false)));
    let undisturbed = result(&site, "second");
    site.apply_all("second", &site.write(&manifest(true)));
    assert_ne!(result(&site, "second"), undisturbed);

    check_leader_dies_meanwhile(&site, &undisturbed);
    check_leader_is_cut_off(&site);
}

/// Going back comes to what never going there came to.
fn check_leader_dies_meanwhile(site: &Site, undisturbed: &Value) {
    let leader = site.engine("second").leader().expect("the swarm has one");
    let others: Vec<&str> = NAMES.into_iter().filter(|name| *name != leader).collect();
    let asked = others[0];
    let process = site.engine_process(&leader);
    let path = site.write(&manifest(false)).display().to_string();
    let words = ["apply", "-f", &path, "--prune"];
    site.skep(asked, &words).check_success();
    signal("-KILL", process);
    let took = site.wait_until("the others do the rest", || {
        let services = site.engine(asked).specified_services();
        services.is_some_and(|services| json!(services) == undisturbed["services"])
    });
    tell(
        "measured",
        &format!("five managers, the engine of leader {leader} killed: changed after {took:.1?}"),
    );
    assert_ne!(site.engine(asked).leader().as_ref(), Some(&leader));

    site.run(&["kill", &leader]);
    site.run(&["heal", &leader]);
    wait_until_all_ready(site);
    // A new leader has yet to hear some of the nodes, and calls them unknown meanwhile.
    site.wait_until("all is as it was undisturbed", || {
        let said = site.skep(asked, &["diff", "-f", &path]);
        result(site, asked) == *undisturbed && (said.code, said.output.as_str()) == (Some(0), "")
    });
}

/// Both sides are told to change something, and there is one history.
fn check_leader_is_cut_off(site: &Site) {
    let leader = site.engine("second").leader().expect("the swarm has one");
    let others: Vec<&str> = NAMES.into_iter().filter(|name| *name != leader).collect();
    let (beside, asked) = (others[0], others[1]);
    let past = history(site, asked);
    site.run(&["partition", &leader, beside]);
    let submit = |node: &str, word: &str| {
        let path = write(site, word).display().to_string();
        site.skep(node, &["apply", "-f", &path])
    };
    thread::scope(|scope| {
        let few = [&*leader, beside].map(|node| scope.spawn(|| submit(node, "few")));
        scope.spawn(|| check_told_before_it_is_noticed(site, &leader));
        site.wait_until("the majority takes it", || {
            submit(asked, "many").code == Some(0)
        });
        for said in few.map(|submitted| submitted.join().expect("it ends")) {
            check_refused(&said);
        }
    });
    site.wait_until("the majority does it", || {
        let services = site.engine(asked).specified_services();
        services.is_some_and(|services| json!(services).to_string().contains("WORD=many"))
    });
    check_refused(&submit(&leader, "few"));

    site.run(&["heal"]);
    wait_until_all_ready(site);
    let all = NAMES.map(|node| history(site, node));
    assert_eq!(all[0].len(), past.len() + 1);
    assert_eq!(all[0][1..], past);
    assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    let services = site.engine(&leader).specified_services();
    let services = json!(services).to_string();
    let has = |word: &str| services.contains(&format!("WORD={word}"));
    assert!(has("many") && !has("few"), "{services}");
}

/// Checks that a leader's status names the managers that are not heard while its engine still leads.
fn check_told_before_it_is_noticed(site: &Site, leader: &str) {
    let mut told = None;
    let took = site.wait_until("status says that most are not heard", || {
        let said = site.skep(leader, &["status"]);
        told = Some(said).filter(|said| said.output.contains("NOT HEARD"));
        told.is_some()
    });
    let said = told.expect("it was waited for");
    tell(
        "measured",
        &format!("told after {took:.1?}:\n{}", said.output),
    );
    let expected = ": 3 of 5 managers are silent";
    assert!(said.output.contains(expected), "{said:?}");
    assert_eq!(said.code, Some(1), "{said:?}");
}

/// Checks that somebody who has no majority is told so, and that nothing came of it.
fn check_refused(said: &Said) {
    assert_eq!(said.code, Some(1), "{said:?}");
    let words = [
        "nothing was accepted",
        "no manager of the swarm that has a leader",
    ];
    let is_clear = words.iter().any(|word| said.complaint.contains(word));
    assert!(
        is_clear && said.complaint.contains("`skep status`"),
        "{said:?}"
    );
}

fn wait_until_all_ready(site: &Site) {
    site.wait_until("all is as declared", || {
        let mut nodes = NAMES.iter();
        nodes.all(|node| site.skep(node, &["status"]).code == Some(0))
            && site.engine("second").nodes().len() == NAMES.len()
    });
}

/// What became of the nodes, the services and the addresses.
fn result(site: &Site, asked: &str) -> Value {
    let engine = site.engine(asked);
    let nodes = NAMES.map(|name| {
        let node = engine.node(name);
        let part = &node["ManagerStatus"]["Reachability"];
        json!([node["Spec"], node["Status"]["State"], part])
    });
    let held = NAMES.map(|name| ADDRESSES.map(|address| site.has_address(name, "eth0", address)));
    json!({ "nodes": nodes, "services": engine.specified_services(), "held": held })
}

/// The manifest with another word in its services, in a file of its own.
fn write(site: &Site, word: &str) -> PathBuf {
    let path = site.directory().join(format!("{word}.yaml"));
    let changed = manifest(false).replace("WORD: before", &format!("WORD: {word}"));
    std::fs::write(&path, changed).expect("there is room for files");
    path
}

/// The ids of the generations that are kept, as the agent of `node` tells them.
fn history(site: &Site, node: &str) -> Vec<Value> {
    let past = site.json(node, &["history"]);
    let past = past.as_array().expect("it is a list").iter();
    past.map(|past| past["id"].clone()).collect()
}
