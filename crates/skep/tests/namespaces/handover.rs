//! The address changes hosts and nobody notices: a thousand requests a second, none lost.

use std::net::Ipv4Addr;
use std::time::Duration;

use rustix::process::Signal;

use crate::cluster::agent::signal;
use crate::cluster::lossless::{PACES, Pace, SLOW, Trial, groups, side_by_side, wait_for_both};
use crate::cluster::wire::{adverts, wait_for_advert};
use crate::cluster::{Cluster, measured, now, wait_until};
use crate::clustered;
use crate::pair::{self, A, B, CLIENT, VIP};

/// The members are neighbours: the lower one follows the higher one's farewell at once.
const PRIORITIES: [u8; 2] = [254, 253];

/// Addresses that come and go, each of the group of the same pace.
const MORE: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 0, 0, 71), Ipv4Addr::new(10, 0, 0, 81)];

#[test]
fn whatever_is_done_to_a_group_loses_no_request() {
    side_by_side(&[
        stopped,
        restarted,
        reprioritized,
        reprioritized_in_a_cluster,
        removed,
        extended,
        moved,
    ]);
}

/// Stops the agent that holds the addresses and starts it again: it comes back and preempts.
fn stopped() -> Trial {
    let groups = both(PRIORITIES);
    trial("stop", groups.clone(), move |cluster| {
        let since = stop(cluster, A);
        wait_for_both(cluster, B, since);
        for pace in PACES {
            let said = said_by(cluster, A, &pace, since);
            assert!(said.ends_with(&[0, 0, 1]), "{pace:?}: {said:?}");
        }
        let since = now();
        cluster.start(A, &groups);
        wait_for_both(cluster, A, since);
    })
}

/// Restarts one agent and then the other; who comes back leaves the addresses where they are.
fn restarted() -> Trial {
    let groups =
        both(PRIORITIES).replace("  members:", "  preemption: {enabled: false}\n  members:");
    trial("restart", groups.clone(), move |cluster| {
        for (node, other) in [(A, B), (B, A)] {
            let since = stop(cluster, node);
            cluster.start(node, &groups);
            wait_for_both(cluster, other, since);
            // A status is dear while this much is measured, and what it waits for is on its way.
            let since = now();
            wait_for_advert(&cluster.capture, SLOW.id, |advert| advert.at > since);
            for pace in PACES {
                cluster.agent(node).wait_until_it_hears(pace.group);
            }
        }
    })
}

/// Edits the manifests so that the other member is the better one, and back.
fn reprioritized() -> Trial {
    let groups = both(PRIORITIES);
    trial("priority edited", groups.clone(), move |cluster| {
        for (node, priorities) in [(B, [252, 253]), (A, PRIORITIES)] {
            let since = now();
            pair::save(cluster, &both(priorities));
            wait_for_both(cluster, node, since);
        }
    })
}

/// Lowers whoever is Active below the other, which is known to stand by.
fn reprioritized_in_a_cluster() -> Trial {
    let [mut a, mut b] = PRIORITIES;
    of(
        "priority applied",
        start_clustered("cluster-priority"),
        move |cluster| {
            for node in [A, B] {
                let (lowered, successor) = match node {
                    A => (&mut a, B),
                    _ => (&mut b, A),
                };
                *lowered -= 2;
                let since = now();
                clustered::apply(cluster, &clustered::manifest(&both([a, b])));
                wait_for_both(cluster, successor, since);
            }
        },
    )
}

/// Takes the member that holds the addresses out of the groups, and in again.
fn removed() -> Trial {
    let groups = both(PRIORITIES);
    let without = groups.replace("    - {node: a, priority: 254}\n", "");
    assert_ne!(groups, without);
    trial("member removed", groups.clone(), move |cluster| {
        for (node, manifest) in [(B, &without), (A, &groups)] {
            let since = now();
            cluster.save(A, "skep.yaml", manifest);
            wait_for_both(cluster, node, since);
        }
    })
}

/// Adds an address to each group on all members, and takes it away again.
fn extended() -> Trial {
    let groups = both(PRIORITIES);
    let more = groups.replace("10.0.0.70]", "10.0.0.70, 10.0.0.71]");
    let more = more.replace("10.0.0.80]", "10.0.0.80, 10.0.0.81]");
    trial("address added", groups.clone(), move |cluster| {
        pair::save(cluster, &more);
        for address in MORE {
            cluster.wait_for_holder(address, A);
        }
        pair::save(cluster, &groups);
        for address in MORE {
            let gone = wait_until(|| cluster.holders(address).is_empty());
            assert!(gone, "{address} stays");
        }
        for pace in PACES {
            assert_eq!(cluster.holders(pace.vip), [A]);
        }
    })
}

/// Moves the groups to the other member, and lets priorities decide again.
fn moved() -> Trial {
    of("move", start_clustered("cluster-move"), |cluster| {
        for (node, order) in [(B, &["--to", B][..]), (A, &["--back"])] {
            let since = now();
            for pace in PACES {
                let words = [&["move", pace.group], order].concat();
                let (code, said) = cluster.agent(A).ask(&words);
                assert_eq!(code, 0, "{said}");
            }
            wait_for_both(cluster, node, since);
        }
    })
}

/// The groups with these priorities.
fn both([a, b]: [u8; 2]) -> String {
    groups(&format!(
        "  members:\n    - {{node: {A}, priority: {a}}}\n    - {{node: {B}, priority: {b}}}\n"
    ))
}

/// Sets up what does `round` again and again where `a` holds the addresses.
fn trial(what: &str, groups: String, round: impl FnMut(&mut Cluster) + Send + 'static) -> Trial {
    let mut cluster = pair::hosts(&what.replace(' ', "-"));
    let since = now();
    cluster.start(A, &groups);
    wait_for_both(&cluster, A, since);
    cluster.start(B, &groups);
    for pace in PACES {
        cluster.agent(B).wait_until_it_hears(pace.group);
    }
    of(what, cluster, round)
}

fn of(what: &str, cluster: Cluster, round: impl FnMut(&mut Cluster) + Send + 'static) -> Trial {
    Trial {
        what: what.to_owned(),
        cluster,
        client: CLIENT,
        round: Box::new(round),
    }
}

/// The agents of one cluster that has the groups; `a` holds the addresses.
fn start_clustered(test: &str) -> Cluster {
    let mut cluster = pair::hosts(test);
    clustered::make_key(&cluster);
    for node in [A, B] {
        clustered::start(&mut cluster, node);
    }
    let since = now();
    clustered::apply(&cluster, &clustered::manifest(&both(PRIORITIES)));
    wait_for_both(&cluster, A, since);
    clustered::wait_until_they_hear(&cluster);
    for pace in PACES {
        cluster.agent(B).wait_until_it_hears(pace.group);
    }
    cluster
}

/// Stops the agent of `node` as its operator would. Returns the moment before.
fn stop(cluster: &Cluster, node: &str) -> Duration {
    let since = now();
    signal(cluster.agent(node).supervisor(), Signal::TERM);
    assert_eq!(cluster.agent(node).wait_for_exit(), 0);
    since
}

/// The priorities that a member advertised after a moment.
fn said_by(cluster: &Cluster, node: &str, pace: &Pace, since: Duration) -> Vec<u8> {
    let said = adverts(&cluster.capture, pace.id);
    let said = said
        .iter()
        .filter(|advert| advert.node == node && advert.at > since);
    said.map(|advert| advert.priority()).collect()
}

#[test]
fn an_agent_without_successor_says_so_and_ends_in_bounded_time() {
    let mut cluster = pair::hosts("alone");
    cluster.start(A, &pair::ingress());
    cluster.wait_for_holder(VIP, A);
    cluster.agent(A).wait_for_state("ingress", "Active");
    let prober = cluster.probe(CLIENT, VIP);
    let since = now();
    signal(cluster.agent(A).supervisor(), Signal::TERM);
    assert_eq!(cluster.agent(A).wait_for_exit(), 0);
    let took = now() - since;
    assert!(!cluster.addresses(A).contains("10.0.0.70"));
    let report = prober.stop().expect("it probed");
    let dark = report.longest_dark().expect("nobody is left");
    let held = (report.started_at + dark.from).saturating_sub(since);
    measured(
        "stop without a successor, 100 ms",
        &format!("held for {held:?}, ended after {took:?}"),
    );
    // Four intervals, and what a process takes to end: closing its sockets waits for the kernel's
    // one configuration lock, which other tests can hold for seconds. The last probe is up to a few
    // milliseconds older than the removal.
    let patience = Duration::from_millis(400);
    let probed = Duration::from_millis(10);
    assert!(held + probed >= patience, "{held:?}");
    assert!(took < patience + Duration::from_secs(10), "{took:?}");
}
