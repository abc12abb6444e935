//! A dead or frozen agent holds nothing.

use std::time::Duration;

use rustix::process::Signal;
use skep_lab::capture::Frame;

use crate::cluster::agent::{SKEP, child, is_running, signal};
use crate::cluster::wire::{adverts, wait_for_advert, wait_for_takeover};
use crate::cluster::{self, Cluster, measured, ms, wait_until};
use crate::monitor::Monitor;
use crate::pair::{self, A, B, CLIENT, ID, LATE, PRIORITIES, VIP, assert_none_lost};

/// How late the kernel ends a lease at most: its timer may wait for others.
const EXPIRY_LATE: Duration = Duration::from_millis(1_500);

/// The default of `lease`.
const LEASE: Duration = Duration::from_secs(2);

/// How long `b` waits when `a` is silent (RFC 9568 section 6.1).
const DOWN: Duration = Duration::from_nanos(300_000_000 + 100_000_000 * (256 - 90) / 256);

/// The longest time with two holders.
const TWO_HOLDERS_MAX: Duration = Duration::from_secs(4);

#[test]
fn an_address_is_renewed_in_place_and_not_announced_again() {
    let mut cluster = pair::running("renewal", &pair::ingress());
    let monitor = Monitor::start(&mut cluster, A, "10.0.0.70/32");
    let addresses = cluster.addresses(A);
    let line = addresses.lines().find(|line| line.contains("10.0.0.70/32"));
    let line = line.expect("it is held");
    assert!(
        line.contains(" dynamic ") && line.contains("valid_lft 2sec"),
        "{line}"
    );
    let since = cluster::now();
    wait_for_advert(&cluster.capture, ID, |advert| advert.at > since + 2 * LEASE);
    let changes = monitor.changes();
    assert!(changes.iter().all(|change| change.present), "{changes:?}");
    let gaps = changes.windows(2).map(|pair| pair[1].at - pair[0].at);
    let longest = gaps.max().expect("it is renewed");
    assert!(longest < Duration::from_millis(700), "{changes:?}");
    let announcements: Vec<Duration> = cluster
        .capture
        .sightings()
        .into_iter()
        .filter(|sighting| matches!(sighting.frame, Frame::Announcement { .. }))
        .map(|sighting| sighting.at)
        .collect();
    let bursts = announcements.chunk_by(|one, next| *next - *one < Duration::from_millis(200));
    // When it became Active, and once more five seconds later.
    assert!(bursts.count() <= 2, "{announcements:?}");
    measured("lease: longest time between renewals", &ms(longest));
}

#[test]
fn an_agent_that_is_killed_as_a_whole_loses_its_addresses_to_its_successor() {
    let mut cluster = pair::running("killed-all", &pair::ingress());
    let monitor = Monitor::start(&mut cluster, A, "10.0.0.70/32");
    let at = kill_all(&cluster);
    let takeover = wait_for_takeover(&cluster.capture, ID, A, B);
    takeover.assert_took(DOWN, LATE);
    let gone = monitor.wait_for_removal(at);
    assert!(gone.at - at <= LEASE + EXPIRY_LATE, "{:?}", gone.at - at);
    let both = gone.at.saturating_sub(takeover.first.at);
    assert!(both <= TWO_HOLDERS_MAX, "{both:?}");
    cluster.wait_for_holder(VIP, B);
    measured(
        "SIGKILL of all: two holders",
        &format!("{} (budget {})", ms(both), ms(TWO_HOLDERS_MAX)),
    );
    cluster.start(A, &pair::ingress());
    cluster.agent(A).wait_for_state("ingress", "Active");
    cluster.wait_for_holder(VIP, A);
}

#[test]
fn an_agent_that_was_frozen_never_stands_beside_its_successor() {
    let manifest = format!(
        "{}  preemption: {{enabled: false}}\n",
        pair::group("ingress", ID, VIP, PRIORITIES)
    );
    let mut cluster = pair::running("frozen", &manifest);
    let monitor = Monitor::start(&mut cluster, A, "10.0.0.70/32");
    let processes = agent_processes(&cluster);
    for id in &processes {
        signal(*id, Signal::STOP);
    }
    let at = cluster::now();
    let takeover = wait_for_takeover(&cluster.capture, ID, A, B);
    let gone = monitor.wait_for_removal(at);
    let both = gone.at.saturating_sub(takeover.first.at);
    assert!(both <= TWO_HOLDERS_MAX, "{both:?}");
    let frozen = Duration::from_secs(10);
    wait_for_advert(&cluster.capture, ID, |advert| advert.at > at + frozen);
    let thawed = cluster::now();
    for id in &processes {
        signal(*id, Signal::CONT);
    }
    let router = cluster.agent(A).wait_for_state("ingress", "Backup");
    assert!(router.because.contains("took over"), "{router:?}");
    wait_for_advert(&cluster.capture, ID, |advert| {
        advert.node == B && advert.at > thawed + LEASE
    });
    let changes = monitor.changes();
    let back = changes
        .iter()
        .find(|change| change.present && change.at > at + LEASE);
    assert_eq!(back, None, "it came back {:?} after the thaw", thawed);
    // A farewell is all that it may say.
    let own = adverts(&cluster.capture, ID);
    let mut own = own.iter().filter(|advert| advert.node == A);
    let farewell = own.find(|advert| advert.at > thawed);
    assert!(farewell.is_none_or(|farewell| farewell.priority() == 1));
    assert!(own.next().is_none());
    cluster.wait_for_holder(VIP, B);
    measured(
        "SIGSTOP of all for 10 s: two holders, then none of the old one",
        &format!("{} (budget {})", ms(both), ms(TWO_HOLDERS_MAX)),
    );
}

#[test]
fn a_node_address_that_flaps_survives_the_virtual_one_of_its_subnet() {
    let manifest = pair::ingress().replace("[10.0.0.70]", "[10.0.0.70/24]");
    let mut cluster = pair::running("flapping", &manifest);
    let path = "/proc/sys/net/ipv4/conf/eth0/promote_secondaries";
    assert_eq!(cluster.say(A, &["cat", path]).trim(), "1");
    let monitor = Monitor::start(&mut cluster, A, "10.0.0.70/24");
    cluster.say(A, &["ip", "addr", "del", "10.0.0.60/24", "dev", "eth0"]);
    cluster.say(A, &["ip", "addr", "add", "10.0.0.60/24", "dev", "eth0"]);
    let since = cluster::now();
    wait_for_advert(&cluster.capture, ID, |advert| {
        advert.node == A && advert.priority() == PRIORITIES[0] && advert.at > since
    });
    cluster.wait_for_holder(VIP, A);
    let at = kill_all(&cluster);
    monitor.wait_for_removal(at);
    assert!(
        cluster.addresses(A).contains("10.0.0.60/24"),
        "{}",
        cluster.addresses(A)
    );
    cluster.wait_for_holder(VIP, B);
}

#[test]
fn an_interface_that_cannot_keep_its_other_addresses_is_refused() {
    let manifest = pair::ingress().replace("[10.0.0.70]", "[10.0.0.70/24]");
    let mut cluster = pair::hosts("unpromoted");
    let script =
        "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec \"$@\"";
    cluster.start_under(
        A,
        &manifest,
        &["unshare", "--mount", "sh", "-c", script, "sh"],
    );
    let router = cluster.agent(A).wait_for_state("ingress", "Fault");
    for part in ["/proc/sys/net/ipv4/conf/eth0/promote_secondaries", "/32"] {
        assert!(router.because.contains(part), "{router:?}");
    }
    assert!(cluster.holders(VIP).is_empty());
}

#[test]
fn a_lease_for_ever_is_released_by_command_and_not_while_an_agent_runs() {
    let manifest = format!("{}  lease: forever\n", pair::ingress());
    let mut cluster = pair::running("released", &manifest);
    let monitor = Monitor::start(&mut cluster, A, "10.0.0.70/32");
    let prober = cluster.probe(CLIENT, VIP);
    let (code, text) = release(&cluster);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("another skep agent runs"), "{text}");
    measured("release beside an agent", &assert_none_lost(prober));

    let at = kill_all(&cluster);
    let takeover = wait_for_takeover(&cluster.capture, ID, A, B);
    wait_for_advert(&cluster.capture, ID, |advert| {
        advert.at > takeover.first.at + LEASE + EXPIRY_LATE
    });
    assert!(
        cluster.addresses(A).contains("10.0.0.70/32"),
        "as keepalived"
    );
    let (code, text) = release(&cluster);
    assert_eq!((code, text.as_str()), (0, "released 10.0.0.70/32 eth0\n"));
    monitor.wait_for_removal(at);
    cluster.wait_for_holder(VIP, B);
    assert_eq!(release(&cluster), (0, String::new()));
}

#[test]
fn what_a_dead_agent_left_is_removed_by_the_next_also_of_groups_that_are_gone() {
    let mut cluster = pair::hosts("left");
    let manifest = format!("{}  lease: forever\n", pair::ingress());
    cluster.start(A, &manifest);
    cluster.agent(A).wait_for_state("ingress", "Active");
    cluster.wait_for_holder(VIP, A);
    let owned = cluster.directory(A).join("owned");
    let says = || std::fs::read_to_string(&owned).unwrap_or_default();
    assert!(wait_until(|| says() == "10.0.0.70/32 eth0\n"), "{}", says());
    kill_all(&cluster);
    let other = pair::group("other", 52, [10, 0, 0, 80].into(), PRIORITIES);
    cluster.start(A, &other);
    assert!(wait_until(|| !cluster.addresses(A).contains("10.0.0.70/")));
    cluster.agent(A).wait_for_state("other", "Active");
    assert!(wait_until(|| says() == "10.0.0.80/32 eth0\n"), "{}", says());
}

/// The processes of the agent of `a`, the supervisor first.
fn agent_processes(cluster: &Cluster) -> [u32; 3] {
    let supervisor = cluster.agent(A).supervisor();
    [
        supervisor,
        child(supervisor, "vip"),
        child(supervisor, "control"),
    ]
}

/// Kills all processes of the agent of `a` at once.
fn kill_all(cluster: &Cluster) -> Duration {
    let processes = agent_processes(cluster);
    // So that it neither starts one again nor lets the others know of its end.
    signal(processes[0], Signal::STOP);
    let at = cluster::now();
    for id in processes.into_iter().rev() {
        signal(id, Signal::KILL);
    }
    assert!(wait_until(|| !processes.iter().any(|id| is_running(*id))));
    at
}

fn release(cluster: &Cluster) -> (i32, String) {
    let socket = cluster.directory(A).join("socket").display().to_string();
    let command = [SKEP, "agent", "--release", "--socket", &socket];
    let output = cluster.lab.exec(A, &command).expect("the host lives");
    let text = [output.stdout, output.stderr].concat();
    let code = output.status.code().expect("it was not killed");
    (code, String::from_utf8(text).expect("it prints text"))
}
