//! The lab on the real kernel. Each test has a lab of its own name, so they run beside each other.
//!
//! Run as root: `cargo test -p skep-lab --features namespaces`.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, Stdio};
use std::time::Duration;

use skep_lab::capture::{Capture, Frame};
use skep_lab::plan::{LabNode, LabPlan};
use skep_lab::prober::Prober;
use skep_lab::{Lab, Segment};

const A: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 60);
const B: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 61);
const C: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 62);
const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 70);
/// Never waited for when all is well.
const PATIENCE: Duration = Duration::from_secs(20);

fn plan(test: &str) -> LabPlan {
    let node = |name: &str, address: Ipv4Addr, interface: &str| LabNode {
        name: name.to_owned(),
        address: IpAddr::V4(address),
        prefix_length: 24,
        interface: interface.to_owned(),
    };
    LabPlan {
        name: format!("{test}-{}", std::process::id()),
        nodes: vec![
            node("a", A, "eth0"),
            node("b", B, "ens18"),
            node("c", C, "eth0"),
        ],
    }
}

fn up(test: &str) -> Lab {
    Lab::up(plan(test)).expect("root may make a lab")
}

/// What a program on a node says; it must succeed.
fn say(lab: &Lab, node: &str, command: &str) -> String {
    let arguments: Vec<_> = command.split(' ').collect();
    let output = lab.exec(node, &arguments).expect("the node is alive");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {complaint}");
    String::from_utf8(output.stdout)
        .expect("programs say text")
        .trim()
        .to_owned()
}

fn answers(lab: &Lab, from: &str, to: Ipv4Addr) -> bool {
    let to = to.to_string();
    let output = lab
        // A node that asks in vain where the other is gives up on what waits, and asks again a
        // second later: one answer of several is an answer.
        .exec(from, &["ping", "-c", "10", "-i", "0.3", "-W", "1", &to])
        .expect("the node is alive");
    output.status.success()
}

fn listing(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .expect("it is installed");
    String::from_utf8(output.stdout).expect("it says text")
}

fn is_running(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit(") ")
        .next()
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

/// A program that runs until it is stopped.
fn sleeper(lab: &mut Lab, node: &str) -> u32 {
    let mut command = lab.command(node, "sleep").expect("the node is alive");
    command.arg("1000");
    lab.spawn(command).expect("it starts")
}

#[test]
fn nodes_reach_each_other_and_are_themselves() {
    let lab = up("reach");
    assert!(answers(&lab, "a", B));
    assert!(answers(&lab, "c", A));
    assert_eq!(say(&lab, "b", "hostname"), "b");
    let address = say(&lab, "b", "ip -brief address show ens18");
    assert!(
        address.contains("UP") && address.contains("10.0.0.61/24"),
        "{address}"
    );
    let shown = say(&lab, "a", "ip address show eth0");
    assert!(
        shown.contains("inet 10.0.0.60/24 brd 10.0.0.255 scope global eth0"),
        "{shown}"
    );
}

#[test]
fn programs_of_a_node_share_its_run_directory_and_nobody_else_s() {
    let lab = up("run");
    say(&lab, "a", "touch /run/here");
    say(&lab, "a", "test -e /run/here");
    assert!(
        !lab.exec("b", &["test", "-e", "/run/here"])
            .unwrap()
            .status
            .success()
    );
    assert!(!fs::exists("/run/here").unwrap());
    assert_eq!(
        say(&lab, "a", "readlink /proc/self/exe"),
        say(&lab, "b", "which readlink")
    );
}

#[test]
fn a_pulled_cable_takes_the_carrier_and_comes_back() {
    let mut lab = up("cut");
    let id = sleeper(&mut lab, "b");
    lab.cut("b").unwrap();
    let link = say(&lab, "b", "ip link show ens18");
    assert!(link.contains("NO-CARRIER"), "{link}");
    assert!(!answers(&lab, "a", B));
    assert!(is_running(id));
    lab.mend("b").unwrap();
    assert!(answers(&lab, "a", B));
    assert!(is_running(id));
}

#[test]
fn a_node_that_removed_its_interface_gets_another_with_its_address() {
    let mut lab = up("removed");
    say(&lab, "b", "ip link delete ens18");
    assert_eq!(lab.segment("b").unwrap(), Segment::Unplugged);
    lab.partition(&["a"]).unwrap();
    lab.heal().unwrap();
    lab.cut("b").unwrap();
    lab.mend("b").unwrap();
    assert!(answers(&lab, "a", B));
    say(&lab, "b", "ip link delete ens18");
    lab.kill("b").unwrap();
    lab.mend("b").unwrap();
    // Its hardware address is another one: the others learn it when it says something.
    assert!(answers(&lab, "b", A));
    assert!(answers(&lab, "a", B));
}

#[test]
fn a_power_cut_ends_all_programs_and_the_node_returns_empty() {
    let mut lab = up("kill");
    let victim = sleeper(&mut lab, "b");
    let bystander = sleeper(&mut lab, "a");
    say(&lab, "b", "touch /run/here");
    say(&lab, "b", "ip address add 10.0.0.70/32 dev ens18");
    lab.kill("b").unwrap();
    assert!(!is_running(victim));
    assert!(is_running(bystander));
    let error = lab.exec("b", &["true"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "node `b` has no power: bring it back with `skep lab heal b`"
    );
    lab.mend("b").unwrap();
    assert!(
        !lab.exec("b", &["test", "-e", "/run/here"])
            .unwrap()
            .status
            .success()
    );
    assert!(answers(&lab, "a", B));
    let addresses = say(&lab, "b", "ip -4 address show ens18");
    assert!(!addresses.contains("10.0.0.70"), "{addresses}");
}

#[test]
fn a_partition_has_two_sides_until_it_heals() {
    let lab = up("partition");
    lab.partition(&["b", "c"]).unwrap();
    assert!(answers(&lab, "b", C));
    assert!(!answers(&lab, "a", B));
    let link = say(&lab, "b", "ip link show ens18");
    assert!(!link.contains("NO-CARRIER"), "{link}");
    lab.heal().unwrap();
    assert!(answers(&lab, "a", B));
}

#[test]
fn a_stopped_program_ends_even_if_it_does_not_want_to() {
    let mut lab = up("stop");
    let polite = sleeper(&mut lab, "a");
    let mut command = lab.command("a", "sh").unwrap();
    command.args(["-c", "trap '' TERM; echo ready; while :; do sleep 1; done"]);
    command.stdout(Stdio::null());
    let stubborn = lab.spawn(command).unwrap();
    lab.stop(polite, PATIENCE).unwrap();
    assert!(!is_running(polite));
    lab.stop(stubborn, Duration::from_millis(50)).unwrap();
    assert!(!is_running(stubborn));
    assert!(lab.stop(stubborn, PATIENCE).is_err());
}

#[test]
fn a_lab_that_was_left_is_found_again_and_replaced_by_the_next() {
    let plan = plan("left");
    let mut first = Lab::up(plan.clone()).unwrap();
    let id = sleeper(&mut first, "a");
    first.leave();

    let found = Lab::open(&plan.name).unwrap();
    assert!(answers(&found, "a", B));
    drop(found);
    assert!(is_running(id));

    let mut second = Lab::up(plan.clone()).unwrap();
    assert!(!is_running(id));
    assert!(answers(&second, "a", B));
    second.down().unwrap();
    second.down().unwrap();
    assert!(Lab::open(&plan.name).is_err());
    Lab::remove(&plan.name).unwrap();
}

#[test]
fn a_lab_leaves_the_machine_as_it_was() {
    // Beside other tests only what carries this lab's name can be compared; alone, everything.
    let plan = plan("clean");
    let mine = format!("skep-{}", plan.name);
    let links = || listing("ip", &["-brief", "link"]);
    let mounts = || {
        fs::read_to_string("/proc/self/mountinfo")
            .unwrap()
            .contains(&mine)
    };
    let before = links();
    let mut lab = Lab::up(plan).unwrap();
    let mut ids = BTreeSet::from([sleeper(&mut lab, "a"), sleeper(&mut lab, "b")]);
    assert!(listing("ip", &["netns"]).contains(&mine));
    assert!(mounts());
    // A program that left its parent ends with the rest.
    let orphan = format!("sleep {}", 100_000 + std::process::id());
    let script = format!("setsid {orphan} >/dev/null 2>&1 &");
    assert!(
        lab.exec("c", &["sh", "-c", &script])
            .unwrap()
            .status
            .success()
    );
    let orphans = listing("pgrep", &["-xf", &orphan]);
    ids.extend(orphans.lines().map(|line| line.parse::<u32>().unwrap()));
    lab.down().unwrap();

    assert!(!listing("ip", &["netns"]).contains(&mine));
    assert_eq!(links(), before);
    assert!(!mounts());
    assert!(ids.len() >= 3, "{ids:?}");
    for id in ids {
        assert!(!is_running(id), "process {id} is left");
    }
    assert!(!fs::exists(format!("/run/skep-lab/{}", &mine["skep-".len()..])).unwrap());
}

#[test]
fn a_capture_sees_announcements_with_their_sender_and_time() {
    let lab = up("capture");
    let capture = Capture::start(&lab).unwrap();
    say(&lab, "b", "ip address add 10.0.0.70/32 dev ens18");
    say(&lab, "b", "busybox arping -U -c 2 -I ens18 10.0.0.70");
    let seen = capture.wait_for(PATIENCE, |s| matches!(s.frame, Frame::Announcement { .. }));
    let seen = seen.expect("the announcement is seen");
    assert_eq!(seen.node, "b");
    assert!(matches!(
        seen.frame,
        Frame::Announcement { address: VIP, .. }
    ));
    let copies = capture
        .sightings()
        .iter()
        .filter(|other| other.at == seen.at)
        .count();
    assert_eq!(copies, 1, "a frame is seen once");
}

#[test]
fn a_capture_measures_from_the_last_advertisement_to_the_successor_s_first() {
    let mut lab = up("adverts");
    let capture = Capture::start(&lab).unwrap();
    for (node, interface, priority) in [("a", "eth0", 100), ("b", "ens18", 90)] {
        let file = std::env::temp_dir().join(format!("{}-{node}.conf", lab.plan().name));
        let text = format!(
            "vrrp_instance V {{\n interface {interface}\n state BACKUP\n virtual_router_id 51\n \
             priority {priority}\n advert_int 1\n virtual_ipaddress {{ {VIP} }}\n}}\n"
        );
        fs::write(&file, text).unwrap();
        let mut command = lab.command(node, "keepalived").unwrap();
        command
            .args(["--dont-fork", "--log-console", "--use-file"])
            .arg(&file);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        lab.spawn(command).unwrap();
    }
    let prober_node = "c";
    capture
        .wait_for(PATIENCE, |sighting| sighting.is_from(A))
        .expect("a advertises");
    capture
        .wait_for(PATIENCE, |s| {
            s.node == "a" && matches!(s.frame, Frame::Announcement { .. })
        })
        .expect("a announces");
    assert!(answers(&lab, prober_node, VIP));
    lab.kill("a").unwrap();
    let last = capture.last_advertisement(A).unwrap();
    let successor = capture.wait_for(PATIENCE, |s| s.is_from(B) && s.at > last.at);
    let successor = successor.expect("b takes over");
    assert_eq!(
        capture.first_advertisement_after(B, last.at),
        Some(successor.clone())
    );

    // RFC 3768: three intervals and a skew of (256 - 90) / 256 s.
    let gap = successor.at - last.at;
    let protocol = Duration::from_millis(3648);
    assert!(
        gap >= protocol && gap < protocol + Duration::from_millis(500),
        "{gap:?}"
    );
    let Frame::Advertisement {
        ttl,
        payload,
        destination,
        ..
    } = last.frame
    else {
        panic!("it is an advertisement");
    };
    assert_eq!(ttl, 255);
    assert_eq!(destination, Ipv4Addr::new(224, 0, 0, 18));
    assert_eq!(payload[..4], [0x21, 51, 100, 1]);
    for node in ["a", "b"] {
        let file = std::env::temp_dir().join(format!("{}-{node}.conf", lab.plan().name));
        fs::remove_file(file).unwrap();
    }
}

#[test]
fn a_prober_counts_an_outage() {
    let lab = up("probe");
    say(&lab, "b", "ip address add 10.0.0.70/32 dev ens18");
    assert!(answers(&lab, "c", VIP));
    let prober = Prober::start(&lab, "c", VIP).unwrap();
    // What this one is answered is no answer to the other.
    let beside = Prober::start(&lab, "c", B).unwrap();
    let script = "sleep 0.1; ip address del 10.0.0.70/32 dev ens18; sleep 0.1; \
                  ip address add 10.0.0.70/32 dev ens18; sleep 0.1";
    assert!(
        lab.exec("b", &["sh", "-c", script])
            .unwrap()
            .status
            .success()
    );
    let report = prober.stop().unwrap();
    assert_eq!(beside.stop().unwrap().lost(), 0);

    let dark = report.longest_dark().expect("there was an outage");
    let length = dark.length();
    assert!(length >= Duration::from_millis(95), "{length:?}");
    assert!(length < Duration::from_millis(300), "{length:?}");
    assert_eq!(report.lost(), dark.lost, "nothing else was lost");
    assert!(dark.lost > 50, "{dark:?}");
    assert!(
        report.probes.len() > 2 * dark.lost,
        "{dark:?} of {}",
        report.probes.len()
    );
}

#[test]
fn a_prober_loses_nothing_when_nothing_happens() {
    let lab = up("calm");
    assert!(answers(&lab, "a", B));
    let prober = Prober::start(&lab, "a", B).unwrap();
    assert!(lab.exec("c", &["sleep", "0.3"]).unwrap().status.success());
    let report = prober.stop().unwrap();
    assert_eq!(report.lost(), 0);
    assert!(report.probes.len() > 100, "{}", report.probes.len());
    assert!(
        report
            .probes
            .iter()
            .all(|probe| probe.answered_after.is_some())
    );
}
