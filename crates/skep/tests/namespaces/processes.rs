//! Processes of the agent that end.

use std::time::Duration;

use rustix::process::Signal;
use skep_manifest::condition::Reason;

use crate::cluster::agent::{child, is_running, signal};
use crate::cluster::wire::{adverts, last_advert, wait_for_advert, wait_for_takeover};
use crate::cluster::{self, measured, ms, wait_until};
use crate::pair::{self, A, B, CLIENT, ID, LATE, VIP, assert_none_lost};

/// Advertisements of `a` are this far apart.
const INTERVAL: Duration = Duration::from_millis(100);

/// How long `b` waits when `a` is silent, and when `a` says that it leaves (RFC 9568 section 6.1).
const SKEW: Duration = Duration::from_nanos(100_000_000 * (256 - 90) / 256);
const DOWN: Duration = Duration::from_nanos(300_000_000 + 100_000_000 * (256 - 90) / 256);

#[test]
fn control_is_killed_and_nobody_notices_on_the_wire() {
    let cluster = pair::running("control", &pair::ingress());
    // Another generation than the first, which a control that starts again counts from.
    for priority in [110, 120] {
        pair::save(&cluster, &pair::group("ingress", ID, VIP, [priority, 90]));
        wait_for_advert(&cluster.capture, ID, |advert| advert.priority() == priority);
    }
    let before = cluster.agent(A).wait_for_state("ingress", "Active");
    let prober = cluster.probe(CLIENT, VIP);
    let killed = child(cluster.agent(A).supervisor(), "control");
    let at = cluster::now();
    signal(killed, Signal::KILL);
    assert!(wait_until(|| cluster.agent(A).status().is_none()));
    let after = cluster.agent(A).wait_for_state("ingress", "Active");
    let away = cluster::now() - at;
    assert_ne!(child(cluster.agent(A).supervisor(), "control"), killed);
    assert!(after.since_ms >= before.since_ms, "{before:?} {after:?}");
    assert_eq!(after.transitions.len(), before.transitions.len());
    assert_eq!(
        (after.base_priority, &after.holding),
        (120, &before.holding)
    );
    pair::save(&cluster, &pair::group("ingress", ID, VIP, [130, 90]));
    wait_for_advert(&cluster.capture, ID, |advert| {
        advert.priority() == 130 && advert.at > at + Duration::from_secs(1)
    });
    measured("SIGKILL of control", &assert_none_lost(prober));
    measured(
        "SIGKILL of control: until the status answers again",
        &ms(away),
    );

    let all = adverts(&cluster.capture, ID);
    assert!(all.iter().all(|advert| advert.node == A));
    let gaps = all.windows(2).map(|pair| pair[1].at - pair[0].at);
    let longest = gaps.max().expect("it advertises");
    measured(
        "SIGKILL of control: longest gap between advertisements",
        &ms(longest),
    );
    assert!(
        longest < INTERVAL + Duration::from_millis(20),
        "{longest:?}"
    );
}

#[test]
fn a_killed_backup_runs_its_configuration_again_without_control() {
    let mut cluster = pair::running("backup", &pair::ingress());
    let control = child(cluster.agent(B).supervisor(), "control");
    signal(control, Signal::STOP);
    let killed = child(cluster.agent(B).supervisor(), "vip");
    signal(killed, Signal::KILL);
    assert!(wait_until(|| !is_running(killed)));
    assert_ne!(child(cluster.agent(B).supervisor(), "vip"), killed);
    // It hears `a` as a Backup does: otherwise it would have advertised after a down interval.
    let since = cluster::now();
    wait_for_advert(&cluster.capture, ID, |advert| {
        advert.node == A && advert.at > since + 4 * DOWN
    });
    assert!(
        adverts(&cluster.capture, ID)
            .iter()
            .all(|advert| advert.node == A)
    );

    cluster.cut_power(A);
    let takeover = wait_for_takeover(&cluster.capture, ID, A, B);
    takeover.assert_took(DOWN, LATE);
    cluster.wait_for_holder(VIP, B);
    signal(control, Signal::CONT);
    cluster.agent(B).wait_for_state("ingress", "Active");
    measured(
        "SIGKILL of vip on the Backup, control stopped, then power cut",
        &format!(
            "taken over after {} (protocol {})",
            ms(takeover.took()),
            ms(DOWN)
        ),
    );
}

#[test]
fn a_killed_active_carries_on_and_nobody_takes_over() {
    let cluster = pair::running("active", &pair::ingress());
    let prober = cluster.probe(CLIENT, VIP);
    let mut restarts = Vec::new();
    // A third end within ten seconds would be a crash loop.
    for _round in 0..2 {
        let killed = child(cluster.agent(A).supervisor(), "vip");
        let last = last_advert(&cluster.capture, ID, A);
        let at = cluster::now();
        signal(killed, Signal::KILL);
        let next = wait_for_advert(&cluster.capture, ID, |advert| advert.at > at);
        assert!(next.at - last.at < 2 * INTERVAL, "{last:?} {next:?}");
        restarts.push(next.at - at);
        let router = cluster.agent(A).wait_for_state("ingress", "Active");
        assert!(router.because.contains("the process before"), "{router:?}");
    }
    cluster.wait_for_holder(VIP, A);
    measured("SIGKILL of vip on the Active", &assert_none_lost(prober));
    measured(
        "SIGKILL of vip on the Active: until it advertises again",
        &format!("{}, {}", ms(restarts[0]), ms(restarts[1])),
    );
    let all = adverts(&cluster.capture, ID);
    assert!(
        all.iter()
            .all(|advert| advert.node == A && advert.priority() > 0)
    );
    let router = cluster.agent(B).wait_for_state("ingress", "Backup");
    assert_eq!(router.transitions.len(), 1, "{router:?}");
}

#[test]
fn a_vip_that_stands_still_is_ended_and_the_next_one_follows_its_successor() {
    let cluster = pair::running("still", &pair::ingress());
    let supervisor = cluster.agent(A).supervisor();
    let frozen = child(supervisor, "vip");
    let at = cluster::now();
    signal(frozen, Signal::STOP);
    let takeover = wait_for_takeover(&cluster.capture, ID, A, B);
    takeover.assert_took(DOWN, LATE);
    assert!(wait_until(|| !is_running(frozen)));
    let ended = cluster::now() - at;
    assert!(ended < Duration::from_secs(2), "{ended:?}");
    // It hears its successor, waits as a Backup does, and is the better one.
    let returned = wait_for_advert(&cluster.capture, ID, |advert| {
        advert.node == A && advert.at > takeover.first.at
    });
    // It is ended a second after its last turn, which was up to a tenth before it was stopped.
    let ended_at_least = Duration::from_millis(900);
    assert!(returned.at > at + ended_at_least + DOWN, "{returned:?}");
    cluster.wait_for_holder(VIP, A);
    let router = cluster.agent(A).wait_for_state("ingress", "Active");
    assert!(router.because.contains("lower priority"), "{router:?}");
    measured("SIGSTOP of vip: until it is ended", &ms(ended));
}

#[test]
fn inputs_that_fail_are_known_to_the_next_vip_without_control() {
    let check = "---\napiVersion: skep/v1\nkind: HealthCheck\nmetadata: {name: flag}\n\
                 spec: {exec: {argv: [/usr/bin/false]}, interval: 50ms, fall: 1}\n";
    let tracking = "  tracking:\n    - {check: flag, weight: -20}\n";
    let manifest = format!("{}{tracking}{check}", pair::ingress());
    let mut cluster = pair::hosts("inputs");
    cluster.start(A, &manifest);
    wait_for_advert(&cluster.capture, ID, |advert| advert.priority() == 80);
    let control = child(cluster.agent(A).supervisor(), "control");
    signal(control, Signal::STOP);
    let killed = child(cluster.agent(A).supervisor(), "vip");
    let at = cluster::now();
    signal(killed, Signal::KILL);
    wait_for_advert(&cluster.capture, ID, |advert| advert.at > at + 3 * INTERVAL);
    signal(control, Signal::CONT);
    let all = adverts(&cluster.capture, ID);
    let mut after = all.iter().filter(|advert| advert.at > at);
    assert!(after.all(|advert| advert.priority() == 80), "{all:?}");
}

#[test]
fn a_vip_that_ends_again_and_again_holds_nothing_meanwhile() {
    let cluster = pair::running("loop", &pair::ingress());
    let supervisor = cluster.agent(A).supervisor();
    let mut at = cluster::now();
    let mut killed = 0;
    for _round in 0..3 {
        let mut next = killed;
        assert!(wait_until(|| {
            next = child(supervisor, "vip");
            next != killed
        }));
        killed = next;
        at = cluster::now();
        signal(killed, Signal::KILL);
    }
    cluster.wait_for_holder(VIP, B);
    let took = cluster::now() - at;
    assert!(took < Duration::from_secs(1), "{took:?}");
    cluster.agent(A).wait_for_status("why", |status| {
        let mut conditions = status.conditions.iter();
        conditions.any(|condition| condition.reason == Reason::DataPlaneEnds)
    });
    cluster.agent(A).wait_for_state("ingress", "Active");
    cluster.wait_for_holder(VIP, A);
    measured(
        "three SIGKILLs of vip: until the other holds alone",
        &ms(took),
    );
}

#[test]
fn a_killed_supervisor_takes_both_processes_along_and_leaves_nothing_behind() {
    let cluster = pair::running("supervisor", &pair::ingress());
    let prober = cluster.probe(CLIENT, VIP);
    let supervisor = cluster.agent(A).supervisor();
    let children = [child(supervisor, "vip"), child(supervisor, "control")];
    signal(supervisor, Signal::KILL);
    assert!(wait_until(|| !children.iter().any(|id| is_running(*id))));
    cluster.wait_for_holder(VIP, B);
    let report = prober.stop().expect("it probed");
    measured(
        "SIGKILL of the supervisor",
        &format!("{} of {} probes lost", report.lost(), report.probes.len()),
    );
}

#[test]
fn a_terminated_agent_says_so_and_leaves_nothing_behind() {
    let cluster = pair::running("terminated", &pair::ingress());
    let prober = cluster.probe(CLIENT, VIP);
    let processes = cluster.agent(A).processes();
    assert_eq!(
        processes.len(),
        4,
        "a shell, the supervisor, control and vip"
    );
    signal(cluster.agent(A).supervisor(), Signal::TERM);
    assert_eq!(cluster.agent(A).wait_for_exit(), 0);
    assert!(wait_until(|| !processes.iter().any(|id| is_running(*id))));
    assert!(!cluster.addresses(A).contains("10.0.0.70"));
    let release = last_advert(&cluster.capture, ID, A);
    assert_eq!(release.priority(), 0);
    let takeover = wait_for_takeover(&cluster.capture, ID, A, B);
    takeover.assert_took(SKEW, LATE);
    cluster.wait_for_holder(VIP, B);
    assert!(wait_until(|| cluster.answers(CLIENT, VIP)));
    let report = prober.stop().expect("it probed");
    let dark = report
        .longest_dark()
        .map_or(Duration::ZERO, |dark| dark.length());
    measured(
        "SIGTERM of the supervisor: priority 0, then the successor",
        &format!(
            "after {} (skew {}), dark {}",
            ms(takeover.took()),
            ms(SKEW),
            ms(dark)
        ),
    );
}

#[test]
fn a_second_agent_in_the_same_network_is_refused() {
    let cluster = pair::running("second", &pair::ingress());
    let prober = cluster.probe(CLIENT, VIP);
    let manifests = cluster.manifests(A).display().to_string();
    let socket = cluster.directory(A).join("second").display().to_string();
    let second = [
        cluster::agent::SKEP,
        "agent",
        "--node",
        A,
        "--manifests",
        &manifests,
        "--socket",
        &socket,
    ];
    let output = cluster.lab.exec(A, &second).expect("the host lives");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{complaint}");
    assert!(complaint.contains("another skep agent runs"), "{complaint}");
    measured("second agent", &assert_none_lost(prober));
}

#[test]
fn an_agent_without_privileges_says_what_it_needs() {
    let mut cluster = pair::hosts("rights");
    cluster.start_under(
        A,
        &pair::ingress(),
        &[
            "setpriv",
            "--bounding-set=-net_admin,-net_raw,-sys_nice,-ipc_lock",
            "--",
        ],
    );
    let router = cluster.agent(A).wait_for_state("ingress", "Fault");
    assert!(router.because.contains("NET_RAW"), "{router:?}");
    // Memory is locked when the process has come to rest.
    let mut said = (0, String::new());
    wait_until(|| {
        said = cluster.agent(A).ask(&["status"]);
        said.1.contains("CAP_IPC_LOCK")
    });
    let (code, text) = said;
    assert_eq!(code, 1, "{text}");
    for right in ["CAP_NET_RAW", "CAP_SYS_NICE", "CAP_IPC_LOCK"] {
        assert!(text.contains(right), "{right} is not in: {text}");
    }
    assert!(adverts(&cluster.capture, ID).is_empty());
}
