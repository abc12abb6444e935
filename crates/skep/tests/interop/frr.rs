//! FRR's vrrpd on a host of the lab.
//!
//! FRR neither adds nor removes addresses: they stand on a macvlan that has the virtual router's MAC
//! address, and vrrpd takes its carrier away unless it is Active.

use std::fs;
use std::process::Stdio;

use crate::cluster::{Cluster, wait_until};

/// The macvlan with the addresses.
const MACVLAN: &str = "vrrp";

/// FRR drops its privileges to this user, which must own the directory of its sockets. `/run` is
/// the host's own.
const PREPARE: &str = "install -d -o frr -g frr /run/frr && \
    install -o frr -g frr -m 640 \"$1\"/vrrpd.conf \"$1\"/zebra.conf /run/frr";

/// Without it the interface below answers for the addresses of a macvlan without a carrier.
const ANSWER_FOR_OWN_ADDRESSES_ONLY: &str = "echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore";

/// What stands in its configuration.
pub(crate) struct Router<'a> {
    pub(crate) interface: &'a str,
    pub(crate) virtual_router_id: u8,
    pub(crate) priority: u8,
    /// All of one family.
    pub(crate) addresses: &'a [&'a str],
    /// More of its properties, such as `version 3`.
    pub(crate) more: &'a [String],
}

impl Router<'_> {
    /// Starts zebra, unless it runs, and vrrpd with this router on `node`; returns the process of
    /// vrrpd.
    pub(crate) fn start(&self, cluster: &mut Cluster, node: &str) -> u32 {
        let directory = cluster.directory(node);
        fs::write(directory.join("vrrpd.conf"), self.text()).expect("there is room");
        fs::write(directory.join("zebra.conf"), "").expect("there is room");
        let path = directory.to_str().expect("its name is text");
        cluster.say(node, &["sh", "-c", PREPARE, "sh", path]);
        if !is_up(cluster, node, "zebra") {
            self.add_macvlan(cluster, node);
            run(cluster, node, "zebra");
            wait_until_up(cluster, node, "zebra");
        }
        let process = run(cluster, node, "vrrpd");
        wait_until_up(cluster, node, "vrrpd");
        process
    }

    fn add_macvlan(&self, cluster: &Cluster, node: &str) {
        let link = |words: &str| {
            let words: Vec<_> = ["ip", "link"].into_iter().chain(words.split(' ')).collect();
            cluster.say(node, &words);
        };
        let family = if self.is_ipv6() { 2 } else { 1 };
        link(&format!(
            "add {MACVLAN} link {} type macvlan mode bridge",
            self.interface
        ));
        link(&format!(
            "set {MACVLAN} address 00:00:5e:00:{family:02x}:{:02x}",
            self.virtual_router_id
        ));
        for address in self.addresses {
            let add = ["ip", "addr", "add", address, "dev", MACVLAN];
            match self.is_ipv6() {
                true => cluster.say(node, &[&add[..], &["nodad"]].concat()),
                false => cluster.say(node, &add),
            };
        }
        // vrrpd gives it its carrier when it is Active.
        link(&format!("set {MACVLAN} protodown on"));
        link(&format!("set {MACVLAN} up"));
        cluster.say(node, &["sh", "-c", ANSWER_FOR_OWN_ADDRESSES_ONLY]);
    }

    fn is_ipv6(&self) -> bool {
        self.addresses.iter().any(|address| address.contains(':'))
    }

    fn text(&self) -> String {
        let Self {
            interface,
            virtual_router_id: id,
            priority,
            addresses,
            more,
        } = self;
        let word = if self.is_ipv6() { "ipv6" } else { "ip" };
        let addresses = addresses
            .iter()
            .map(|address| format!(" vrrp {id} {word} {address}\n"));
        let addresses: String = addresses.collect();
        let properties = more.iter().map(|more| match more.strip_prefix("no ") {
            Some(what) => format!(" no vrrp {id} {what}\n"),
            None => format!(" vrrp {id} {more}\n"),
        });
        // The version comes first: it makes the router.
        let properties: String = properties.collect();
        format!(
            "log file /run/frr/log\ninterface {interface}\n{properties} vrrp {id} priority {priority}\n\
             {addresses}"
        )
    }
}

/// Whether the addresses can be used there.
pub(crate) fn holds(cluster: &Cluster, node: &str) -> bool {
    let shown = cluster.say(node, &["ip", "-o", "link", "show", MACVLAN]);
    shown.contains("LOWER_UP") && !shown.contains("protodown on")
}

/// Takes away what a power cut leaves on a host.
pub(crate) fn forget(cluster: &Cluster, node: &str) {
    cluster.say(node, &["ip", "link", "del", MACVLAN]);
}

fn run(cluster: &mut Cluster, node: &str, daemon: &str) -> u32 {
    let program = format!("/usr/lib/frr/{daemon}");
    // As the agent, it shall not wait for its turn.
    let mut command = cluster.lab.command(node, "chrt").expect("the host lives");
    command.args(["--fifo", "50", &program, "-f"]);
    // Nobody asks it over TCP.
    command
        .arg(format!("/run/frr/{daemon}.conf"))
        .args(["-P", "0"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    cluster.lab.spawn(command).expect("frr is installed")
}

fn is_up(cluster: &Cluster, node: &str, daemon: &str) -> bool {
    let ask = ["vtysh", "-d", daemon, "-c", "show version"];
    let output = cluster.lab.exec(node, &ask).expect("the host lives");
    output.status.success()
}

fn wait_until_up(cluster: &Cluster, node: &str, daemon: &str) {
    let up = wait_until(|| is_up(cluster, node, daemon));
    assert!(up, "{daemon} on {node} does not answer");
}
