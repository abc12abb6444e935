//! The agent hands over to keepalived: no request is lost, and nobody keeps looking for it where it
//! was.

use std::fs::File;
use std::net::Ipv4Addr;
use std::time::Duration;

use rustix::process::Signal;

use crate::cluster::agent::signal;
use crate::cluster::wire::wait_for_advert;
use crate::cluster::{Cluster, measured, now};
use crate::keepalived::{self, Instance};

const ID: u8 = 54;
const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 70);
const SKEP: &str = "skep";
const PEER: &str = "peer";
const CLIENT: &str = "client";

/// How often the address goes to keepalived and back.
const ROUNDS: usize = 3;

/// The clients that look for the address while two hosts answer.
const SEEKERS: [&str; 12] = [
    "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12",
];

/// Looks for the address again and again, as if it had never been heard of, until a file is there.
const SEEK: &str = "while [ ! -e \"$0\" ]; do ip neigh flush to 10.0.0.70 dev eth0; \
                    ping -c 1 -W 1 10.0.0.70; done";

fn cluster(test: &str, more: &[&'static str]) -> Cluster {
    let mut hosts = vec![
        (SKEP, Ipv4Addr::new(10, 0, 0, 60)),
        (PEER, Ipv4Addr::new(10, 0, 0, 61)),
        (CLIENT, Ipv4Addr::new(10, 0, 0, 99)),
    ];
    let addresses = (101..).map(|last| Ipv4Addr::new(10, 0, 0, last));
    hosts.extend(more.iter().copied().zip(addresses));
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

fn stop(cluster: &Cluster) {
    signal(cluster.agent(SKEP).supervisor(), Signal::TERM);
    assert_eq!(cluster.agent(SKEP).wait_for_exit(), 0);
    cluster.wait_for_holder(VIP, PEER);
}

#[test]
fn a_stop_and_a_return_beside_keepalived_lose_no_request() {
    let mut cluster = cluster("kahandover", &[]);
    let prober = cluster.probe(CLIENT, VIP);
    for _ in 0..ROUNDS {
        stop(&cluster);
        cluster.start(SKEP, &manifest());
        cluster.wait_for_holder(VIP, SKEP);
    }
    let report = prober.stop().expect("it probed");
    measured(
        &format!("stop of skep, keepalived succeeds, and back, {ROUNDS} times"),
        &format!("{} of {} probes lost", report.lost(), report.probes.len()),
    );
    assert_eq!(report.lost(), 0, "{:?}", report.dark());
}

#[test]
fn clients_that_look_for_the_address_while_two_answer_end_at_keepalived() {
    let mut cluster = cluster("kaseekers", &SEEKERS);
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
    // Now two hosts answer, for 20 ms: what the clients find is what they keep.
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
