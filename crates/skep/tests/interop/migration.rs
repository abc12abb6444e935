//! From keepalived to skep, node by node and without losing a request, as `docs/keepalived.md` says
//! it; and back, as files that behave alike.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use crate::cluster::agent::{is_running, signal, skep};
use crate::cluster::wire::wait_for_advert;
use crate::cluster::{Cluster, documents, measured, now, wait_until};
use crate::keepalived;

const ID: u8 = 51;
const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 70);
/// What keepalived calls `VI_1`.
const GROUP: &str = "vi-1";
/// Of seed 003, the best first.
const NODES: [&str; 3] = ["cube01", "cube02", "cube03"];
const CLIENT: &str = "client";

/// The section of the page whose commands are run.
const SECTION: &str = "## Without losing a request";

fn up(test: &str) -> Cluster {
    let addresses = (60..).map(|last| Ipv4Addr::new(10, 0, 0, last));
    let mut hosts: Vec<_> = NODES.into_iter().zip(addresses).collect();
    hosts.push((CLIENT, Ipv4Addr::new(10, 0, 0, 99)));
    Cluster::up(test, "eth0", &hosts)
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// What the program prints on standard output, when it ends well.
fn run(directory: &Path, words: &[&str]) -> String {
    let mut command = Command::new(skep());
    let output = command.current_dir(directory).args(words).output();
    let output = output.expect("it is built");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {told}");
    String::from_utf8(output.stdout).expect("it prints text")
}

/// A member of the group while it is run by the one or by the other.
struct Site {
    cluster: Cluster,
    /// The process of keepalived on each node that it runs on.
    keepalived: Vec<(&'static str, u32)>,
}

impl Site {
    fn start_keepalived(&mut self, node: &'static str, text: &str) {
        let process = keepalived::start_with(text, &mut self.cluster, node);
        self.keepalived.push((node, process));
    }

    fn stop_keepalived(&mut self, node: &str) {
        let known = self.keepalived.iter().position(|(name, _)| *name == node);
        let (_, process) = self.keepalived.swap_remove(known.expect("it runs"));
        signal(process, Signal::TERM);
        let ended = wait_until(|| !is_running(process));
        assert!(ended, "keepalived on {node} does not end");
    }

    /// Waits until `node` says that it holds the address, and it alone does.
    fn wait_for(&self, node: &str) {
        let since = now();
        self.cluster.wait_for_holder(VIP, node);
        wait_for_advert(&self.cluster.capture, ID, |advert| {
            advert.node == node && advert.at > since && advert.priority() > 1
        });
        self.cluster.wait_for_holder(VIP, node);
    }

    /// Does what a line of the page says to do on a node, and waits until it is done.
    fn follow(&mut self, node: &str, command: &str, manifest: &str) {
        match command.split_whitespace().collect::<Vec<_>>()[..] {
            ["systemctl", "disable", "--now", "keepalived"] => self.stop_keepalived(node),
            ["systemctl", "enable", "--now", "skep"] => {
                self.cluster.start(node, manifest);
                self.cluster.agent(node).wait_until_it_hears(GROUP);
            }
            ["skep", ref words @ ..] => {
                let (code, said) = self.cluster.agent(node).ask(words);
                assert_eq!(code, 0, "{command}: {said}");
                let holder = words.iter().find(|word| NODES.contains(word));
                self.wait_for(holder.unwrap_or(&NODES[0]));
            }
            _ => panic!("the page says `{command}`, which the test does not know"),
        }
    }
}

/// The commands of the section, each with the node it is for: `cube03# systemctl …`.
fn commands(page: &str) -> Vec<(&str, &str)> {
    let (_, section) = page.split_once(SECTION).expect("it has the section");
    let section = section.split("\n## ").next().unwrap_or(section);
    section
        .lines()
        .filter_map(|line| line.split_once("# "))
        .filter(|(node, _)| NODES.contains(node))
        .collect()
}

#[test]
fn keepalived_is_replaced_node_by_node_and_loses_no_request() {
    let seed = repository().join("crates/skep-keepalived/tests/fixtures/seeds/003");
    let files = NODES.map(|node| format!("{node}={node}.conf"));
    let [one, two, three] = files.each_ref().map(String::as_str);
    let manifest = run(&seed, &["import", "keepalived", one, two, three]);
    let mut site = Site {
        cluster: up("migration"),
        keepalived: Vec::new(),
    };
    for node in NODES {
        let text = fs::read_to_string(seed.join(format!("{node}.conf")));
        site.start_keepalived(node, &text.expect("the fixture is there"));
        if node == NODES[0] {
            site.wait_for(node);
        }
        keepalived::wait_until_it_listens(&site.cluster, node);
    }
    site.wait_for(NODES[0]);
    let page = fs::read_to_string(repository().join("docs/keepalived.md")).expect("it is there");
    let prober = site.cluster.probe(CLIENT, VIP);
    let commands = commands(&page);
    for (node, command) in &commands {
        site.follow(node, command, &manifest);
    }
    let report = prober.stop().expect("it probed");
    assert!(site.keepalived.is_empty(), "keepalived runs no more");
    for node in NODES {
        let holds = site.cluster.agent(node).status().is_some();
        assert!(holds, "skep runs on {node}");
    }
    measured(
        &format!(
            "keepalived replaced on three nodes, {} commands",
            commands.len()
        ),
        &format!("{} of {} probes lost", report.lost(), report.probes.len()),
    );
    assert_eq!(report.lost(), 0, "{:?}", report.dark());
}

/// Who holds the address after the start, after each of the better two stopped, and after each
/// came back.
fn holders(
    site: &mut Site,
    start: &dyn Fn(&mut Site, &'static str),
    stop: &dyn Fn(&mut Site, &'static str),
) -> Vec<String> {
    let [first, second, third] = NODES;
    let mut held = Vec::new();
    let mut note = |site: &Site, node: &str| {
        site.wait_for(node);
        held.push(site.cluster.holders(VIP).concat());
    };
    start(site, first);
    note(site, first);
    start(site, second);
    start(site, third);
    for (change, node, holder) in [
        (stop, first, second),
        (stop, second, third),
        (start, second, second),
        (start, first, first),
    ] {
        change(site, node);
        note(site, holder);
    }
    held
}

#[test]
fn exported_files_make_keepalived_hold_what_skep_holds() {
    let manifest = documents("manifests/seeds/003/skep.yaml", "VipGroup");
    let directory = tempfile::tempdir().expect("there is room");
    fs::write(directory.path().join("skep.yaml"), &manifest).expect("there is room");
    let with_skep = std::thread::spawn({
        let manifest = manifest.clone();
        move || {
            let mut site = Site {
                cluster: up("exportskep"),
                keepalived: Vec::new(),
            };
            let start = |site: &mut Site, node: &'static str| {
                site.cluster.start(node, &manifest);
                if node != NODES[0] {
                    site.cluster
                        .agent(node)
                        .wait_for_status("a group", |status| !status.vip_groups.is_empty());
                }
            };
            let stop = |site: &mut Site, node: &'static str| {
                signal(site.cluster.agent(node).supervisor(), Signal::TERM);
                assert_eq!(site.cluster.agent(node).wait_for_exit(), 0);
            };
            holders(&mut site, &start, &stop)
        }
    });
    let mut site = Site {
        cluster: up("exportka"),
        keepalived: Vec::new(),
    };
    let start = |site: &mut Site, node: &'static str| {
        let words = ["export", "keepalived", "-f", "skep.yaml", "--node", node];
        let text = run(directory.path(), &words);
        let times = keepalived::times_it_listened(&site.cluster, node);
        site.start_keepalived(node, &text);
        keepalived::wait_until_it_listened(&site.cluster, node, times + 1);
    };
    let stop = |site: &mut Site, node: &'static str| site.stop_keepalived(node);
    let held = holders(&mut site, &start, &stop);
    assert_eq!(with_skep.join().expect("it holds"), held);
    measured(
        "holders with skep and with keepalived of the exported files",
        &held.join(", "),
    );
}
