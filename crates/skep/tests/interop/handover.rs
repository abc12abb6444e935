//! The agent hands over to keepalived and takes over from it: no request is lost, and nobody keeps
//! looking for it where it was.

use std::fs::File;
use std::net::Ipv4Addr;
use std::time::Duration;

use rustix::process::Signal;

use crate::cluster::agent::signal;
use crate::cluster::lossless::{PACES, Trial, groups, side_by_side, wait_for_both};
use crate::cluster::wire::{Advert, adverts, wait_for_advert};
use crate::cluster::{Cluster, measured, now, wait_until};
use crate::keepalived::{self, Instance};

const ID: u8 = 54;
const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 70);
const SKEP: &str = "skep";
const PEER: &str = "peer";
const CLIENT: &str = "client";

const HOSTS: [(&str, Ipv4Addr); 3] = [
    (SKEP, Ipv4Addr::new(10, 0, 0, 60)),
    (PEER, Ipv4Addr::new(10, 0, 0, 61)),
    (CLIENT, Ipv4Addr::new(10, 0, 0, 99)),
];

/// The clients that look for the address while two hosts answer.
const SEEKERS: [&str; 12] = [
    "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12",
];

/// Looks for the address again and again, as if it had never been heard of, until a file is there.
const SEEK: &str = "while [ ! -e \"$0\" ]; do ip neigh flush to 10.0.0.70 dev eth0; \
                    ping -c 1 -W 1 10.0.0.70; done";

#[test]
fn whatever_is_done_to_a_group_beside_keepalived_loses_no_request() {
    side_by_side(&[stopped, restarted, reprioritized, extended, moved]);
}

/// Stops the agent and starts it again when keepalived has settled: it comes back and preempts.
fn stopped() -> Trial {
    trial("stop", [254, 253], move |cluster| {
        let since = stop(cluster);
        wait_for_both(cluster, PEER, since);
        let since = now();
        cluster.start(SKEP, &both([254, 253]));
        wait_for_both(cluster, SKEP, since);
    })
}

/// Stops the agent and starts it again at once.
fn restarted() -> Trial {
    trial("restart", [254, 253], move |cluster| {
        let since = stop(cluster);
        cluster.start(SKEP, &both([254, 253]));
        for node in [PEER, SKEP] {
            wait_for_both(cluster, node, since);
        }
    })
}

/// Edits the manifest so that keepalived is the better one, and back.
fn reprioritized() -> Trial {
    trial("priority edited", [254, 253], move |cluster| {
        for (node, priority) in [(PEER, 252), (SKEP, 254)] {
            let since = now();
            cluster.save(SKEP, "skep.yaml", &both([priority, 253]));
            wait_for_both(cluster, node, since);
        }
    })
}

/// Adds an address to each group and takes it away again: it is held, and not advertised while
/// keepalived does not know it.
fn extended() -> Trial {
    const MORE: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 0, 0, 71), Ipv4Addr::new(10, 0, 0, 81)];
    let fewer = both([254, 253]);
    let more = fewer.replace("10.0.0.70]", "10.0.0.70, 10.0.0.71]");
    let more = more.replace("10.0.0.80]", "10.0.0.80, 10.0.0.81]");
    trial("address added", [254, 253], move |cluster| {
        cluster.save(SKEP, "skep.yaml", &more);
        for address in MORE {
            cluster.wait_for_holder(address, SKEP);
        }
        cluster.save(SKEP, "skep.yaml", &fewer);
        for address in MORE {
            let gone = wait_until(|| cluster.holders(address).is_empty());
            assert!(gone, "{address} stays");
        }
        for pace in PACES {
            assert_eq!(cluster.holders(pace.vip), [SKEP]);
            let said = adverts(&cluster.capture, pace.id);
            assert!(said.iter().all(|advert| advert.node == SKEP), "{said:?}");
            let counts_one = |advert: &Advert| advert.payload[3] == 1;
            assert!(said.iter().all(counts_one), "{said:?}");
        }
    })
}

/// Moves the groups to the agent, which keepalived outranks, and lets priorities decide again.
fn moved() -> Trial {
    trial("move", [100, 253], move |cluster| {
        for (node, order) in [(SKEP, &["--to", SKEP][..]), (PEER, &["--back"])] {
            let since = now();
            for pace in PACES {
                let words = [&["move", pace.group], order].concat();
                let (code, said) = cluster.agent(SKEP).ask(&words);
                assert_eq!(code, 0, "{said}");
            }
            wait_for_both(cluster, node, since);
        }
    })
}

/// Both groups, of the agent and keepalived with these priorities.
fn both([skep, peer]: [u8; 2]) -> String {
    let (_, address) = HOSTS[1];
    groups(&format!(
        "  members:\n    - {{node: {SKEP}, priority: {skep}}}\n    \
         - {{external: {PEER}, address: {address}, priority: {peer}}}\n"
    ))
}

/// Sets up what does `round` again and again where the better one of the two holds the addresses.
fn trial(
    what: &str,
    priorities: [u8; 2],
    round: impl FnMut(&mut Cluster) + Send + 'static,
) -> Trial {
    let mut cluster = Cluster::up(&format!("ka-{}", what.replace(' ', "-")), "eth0", &HOSTS);
    let since = now();
    cluster.start(SKEP, &both(priorities));
    wait_for_both(&cluster, SKEP, since);
    let [skep, priority] = priorities;
    let addresses = PACES.map(|pace| pace.vip.to_string());
    let lines = [
        "  version 3\n  advert_int 0.1",
        "  version 2\n  advert_int 1",
    ];
    let instances = [0, 1].map(|one| Instance {
        interface: "eth0",
        virtual_router_id: PACES[one].id,
        priority,
        address: &addresses[one],
        more: lines[one],
    });
    let since = now();
    keepalived::start_all(&instances, &mut cluster, PEER);
    keepalived::wait_until_it_listens(&cluster, PEER);
    if priority > skep {
        wait_for_both(&cluster, PEER, since);
    }
    Trial {
        what: format!("{what}, keepalived succeeds,"),
        cluster,
        client: CLIENT,
        round: Box::new(round),
    }
}

/// Stops the agent as its operator would. Returns the moment before.
fn stop(cluster: &Cluster) -> Duration {
    let since = now();
    signal(cluster.agent(SKEP).supervisor(), Signal::TERM);
    assert_eq!(cluster.agent(SKEP).wait_for_exit(), 0);
    since
}

/// An agent that holds the address, keepalived that follows it, and the seekers.
fn seekers(test: &str) -> Cluster {
    let mut hosts = HOSTS.to_vec();
    let addresses = (101..).map(|last| Ipv4Addr::new(10, 0, 0, last));
    hosts.extend(SEEKERS.into_iter().zip(addresses));
    let mut cluster = Cluster::up(test, "eth0", &hosts);
    cluster.start(SKEP, &manifest());
    cluster.wait_for_holder(VIP, SKEP);
    let instance = Instance {
        interface: "eth0",
        virtual_router_id: ID,
        priority: 90,
        address: "10.0.0.70",
        more: "  advert_int 1",
    };
    instance.start(&mut cluster, PEER);
    keepalived::wait_until_it_listens(&cluster, PEER);
    let since = now();
    wait_for_advert(&cluster.capture, ID, |advert| advert.at > since);
    cluster
}

fn manifest() -> String {
    format!(
        "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: ingress}}\nspec:\n  \
         virtualRouterId: {ID}\n  version: 2\n  interface: eth0\n  addresses: [{VIP}]\n  \
         members: [{{node: {SKEP}, priority: 100}}]\n"
    )
}

#[test]
fn clients_that_look_for_the_address_while_two_answer_end_at_keepalived() {
    let mut cluster = seekers("kaseekers");
    let enough = cluster.directory(CLIENT).join("enough");
    for seeker in SEEKERS {
        let mut command = cluster.lab.command(seeker, "sh").expect("the host lives");
        command.args(["-c", SEEK]).arg(&enough);
        command.stdout(std::process::Stdio::null());
        command.stderr(std::process::Stdio::null());
        cluster.lab.spawn(command).expect("it starts");
    }
    let since = now();
    signal(cluster.agent(SKEP).supervisor(), Signal::TERM);
    wait_for_advert(&cluster.capture, ID, |advert| {
        advert.node == PEER && advert.at > since
    });
    // Now two hosts answer, for three intervals: what the clients find is what they keep.
    File::create(&enough).expect("there is room");
    let farewell = wait_for_advert(&cluster.capture, ID, |advert| {
        advert.node == SKEP && advert.at > since && advert.priority() == 1
    });
    let answer = wait_for_advert(&cluster.capture, ID, |advert| {
        advert.node == PEER && advert.at > farewell.at
    });
    assert!(answer.at < farewell.at + Duration::from_millis(100));
    assert_eq!(cluster.agent(SKEP).wait_for_exit(), 0);
    cluster.wait_for_holder(VIP, PEER);
    let shown = cluster.say(PEER, &["ip", "-o", "link", "show", "eth0"]);
    let mut words = shown.split_whitespace();
    let link = words
        .find(|word| *word == "link/ether")
        .and_then(|_| words.next());
    let link = link.expect("it is an ethernet link");
    for seeker in SEEKERS {
        assert!(cluster.answers(seeker, VIP), "nobody answers {seeker}");
        let known = cluster.say(seeker, &["ip", "neigh", "show", "to", "10.0.0.70"]);
        assert!(known.contains(link), "{seeker}: {known}");
    }
    measured(
        "clients that looked for the address during the overlap",
        &format!("{} of {} at the successor", SEEKERS.len(), SEEKERS.len()),
    );
}
