//! Who is told when a check moves a group: seed 002.

use std::fs::{self, Permissions};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use skep_manifest::condition::Reason;

use crate::cluster::agent::{child, is_running, signal};
use crate::cluster::{Cluster, documents, measured, wait_until};
use crate::mail::MailServer;

const LB1: &str = "lb1";
const LB2: &str = "lb2";
const MAIL: &str = "mail";
const VIP: Ipv4Addr = Ipv4Addr::new(10, 10, 10, 2);
const MAIL_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 10, 10, 25);
const HOSTS: [(&str, Ipv4Addr); 3] = [
    (LB1, Ipv4Addr::new(10, 10, 10, 11)),
    (LB2, Ipv4Addr::new(10, 10, 10, 12)),
    (MAIL, MAIL_ADDRESS),
];
const GROUP: &str = "apps-vips";

/// The program of the notifier that is added to the seed.
const RECORD: &str = "---
apiVersion: skep/v1
kind: Notifier
metadata: {name: record}
spec:
  exec: {argv: [/bin/sh, -c, 'echo $SKEP_GROUP $SKEP_STATE $SKEP_PRIORITY $SKEP_ADDRESSES >> FILES/$SKEP_NODE']}
";

#[test]
fn a_listening_check_moves_seed_002_and_each_transition_is_mailed_once_and_recorded_in_order() {
    let mut cluster = Cluster::up("seed002", "eth0", &HOSTS);
    let server = MailServer::start(&cluster, MAIL, MAIL_ADDRESS, 25);
    let files = tempfile::tempdir().expect("there is room for files");
    fs::set_permissions(files.path(), Permissions::from_mode(0o777)).expect("it is ours");
    let manifest = manifest(files.path());
    let mut proxies = [LB1, LB2].map(|node| serve(&mut cluster, node));
    cluster.start(LB1, &manifest);
    cluster.wait_for_holder(VIP, LB1);
    cluster.start(LB2, &manifest);
    cluster.agent(LB2).wait_until_it_hears(GROUP);
    let told = |node: &str, states: &[&str]| {
        assert_told(&server, files.path(), node, states);
    };
    told(LB1, &["backup", "active"]);
    told(LB2, &["backup"]);

    stop(&mut cluster, proxies[0]);
    cluster.wait_for_holder(VIP, LB2);
    told(LB1, &["backup", "active", "fault"]);
    told(LB2, &["backup", "active"]);

    // It is eligible again, and without preemption the holder stays.
    proxies[0] = serve(&mut cluster, LB1);
    cluster.agent(LB1).wait_until_it_hears(GROUP);
    told(LB1, &["backup", "active", "fault", "backup"]);
    assert_eq!(cluster.holders(VIP), [LB2]);

    kill_control(&cluster, LB2);
    stop(&mut cluster, proxies[1]);
    cluster.wait_for_holder(VIP, LB1);
    told(LB1, &["backup", "active", "fault", "backup", "active"]);
    told(LB2, &["backup", "active", "fault"]);

    let mails = server.mails();
    assert_eq!(mails.len(), 8, "{mails:#?}");
    let (_, text) = cluster.agent(LB1).ask(&["describe", "vip", GROUP]);
    for part in ["mail       5 delivered", "record     5 delivered"] {
        assert!(text.contains(part), "{text}");
    }
    measured(
        "seed 002: mails for 8 transitions",
        &mails.len().to_string(),
    );
    drop(server);
    complains_about_mail(&mut cluster);
}

/// Nobody takes mails any more: the status says so, and the group moves all the same.
fn complains_about_mail(cluster: &mut Cluster) {
    serve(cluster, LB2);
    cluster.agent(LB2).wait_for_state(GROUP, "Backup");
    let status = cluster.agent(LB2).wait_for_status("a complaint", |status| {
        let conditions = &status.vip_groups[0].conditions;
        conditions
            .iter()
            .any(|condition| condition.reason == Reason::NotificationsFailing)
    });
    let mail = &status.vip_groups[0].notifications[0];
    assert_eq!((mail.notifier.as_str(), mail.waiting), ("mail", 1));
    let (_, text) = cluster.agent(LB2).ask(&["describe", "vip", GROUP]);
    assert!(text.contains("does not accept connections"), "{text}");
}

/// The group, the check and the notifier of the seed as the article's hosts have them, with what
/// this lab has instead: a mail server of its own, and a program that is told too.
fn manifest(files: &Path) -> String {
    let seed = "manifests/seeds/002/skep.yaml";
    let [group, check, mail] =
        ["VipGroup", "HealthCheck", "Notifier"].map(|kind| documents(seed, kind));
    let group = group
        .replace(
            "notify: [{notifier: mail}]",
            "lease: forever\n  notify: [{notifier: mail}, {notifier: record}]",
        )
        .replace(", refresh: 60s", "");
    let mail = mail.replace("smtp.example.com:25", &format!("{MAIL_ADDRESS}:25"));
    let record = RECORD.replace("FILES", &files.display().to_string());
    [group, check, mail]
        .map(|text| text.trim_end().to_owned() + "\n")
        .join("---\n")
        + &record
}

/// Waits until `node` has told exactly these states, by mail and by program.
fn assert_told(server: &MailServer, files: &Path, node: &str, states: &[&str]) {
    let subject = |state: &&str| format!("VIP group {GROUP} is {state}");
    let subjects: Vec<String> = states.iter().map(subject).collect();
    let priority = if node == LB1 { 100 } else { 99 };
    let line = |state: &&str| format!("{GROUP} {state} {priority} {VIP}\n");
    let lines: String = states.iter().map(line).collect();
    let mut seen = (Vec::new(), String::new());
    let came = wait_until(|| {
        let file = fs::read_to_string(files.join(node));
        seen = (server.subjects(node), file.unwrap_or_default());
        seen == (subjects.clone(), lines.clone())
    });
    assert!(came, "{node}: {seen:?} instead of {subjects:?}");
}

/// Kills control; the next one must neither tell anything again nor take the address away.
fn kill_control(cluster: &Cluster, node: &str) {
    let killed = child(cluster.agent(node).supervisor(), "control");
    signal(killed, Signal::KILL);
    assert!(wait_until(|| !is_running(killed)));
    // It has judged the check anew.
    cluster.agent(node).wait_for_status("the check", |status| {
        let router = status
            .vip_groups
            .first()
            .and_then(|group| group.routers.first());
        router.is_some_and(|router| {
            let confirmed = |input: &skep_api::status::InputStatus| {
                input.health == "passing" && input.heard_ms.is_some_and(|age| age < 1000)
            };
            router.inputs.iter().all(confirmed)
        })
    });
    let router = cluster.agent(node).wait_for_state(GROUP, "Active");
    assert_eq!(router.transitions[0].to, "Active", "{router:?}");
    assert_eq!(cluster.holders(VIP), [node]);
}

fn serve(cluster: &mut Cluster, node: &str) -> u32 {
    let mut command = cluster
        .lab
        .command(node, "busybox")
        .expect("the host lives");
    command.args(["httpd", "-f", "-h", "/run", "-p", "80"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    cluster.lab.spawn(command).expect("it starts")
}

fn stop(cluster: &mut Cluster, server: u32) {
    let stopped = cluster.lab.stop(server, Duration::from_secs(5));
    stopped.expect("it runs");
    assert!(wait_until(|| !is_running(server)));
}
