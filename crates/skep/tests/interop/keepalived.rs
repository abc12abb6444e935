//! Debian's keepalived on a host of the lab.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::cluster::{Cluster, wait_until};

/// What stands in its configuration file.
pub(crate) struct Instance<'a> {
    pub(crate) interface: &'a str,
    pub(crate) virtual_router_id: u8,
    pub(crate) priority: u8,
    pub(crate) address: &'a str,
    /// More lines of the instance.
    pub(crate) more: &'a str,
}

impl Instance<'_> {
    /// Starts keepalived with this instance on `node`; returns its process.
    pub(crate) fn start(&self, cluster: &mut Cluster, node: &str) -> u32 {
        let file = self.save(cluster, node);
        start(cluster, node, &file)
    }

    /// Writes the configuration of `node`, and says where.
    pub(crate) fn save(&self, cluster: &Cluster, node: &str) -> PathBuf {
        save(cluster, node, &self.text(1))
    }

    fn text(&self, number: usize) -> String {
        let Instance {
            interface,
            virtual_router_id,
            priority,
            address,
            more,
        } = self;
        format!(
            "vrrp_instance VI_{number} {{\n  state BACKUP\n  \
             interface {interface}\n  virtual_router_id {virtual_router_id}\n  \
             priority {priority}\n{more}\n  virtual_ipaddress {{\n    {address}\n  }}\n}}\n"
        )
    }
}

/// Starts keepalived with these instances on `node`; returns its process.
pub(crate) fn start_all(instances: &[Instance<'_>], cluster: &mut Cluster, node: &str) -> u32 {
    let texts = (1..).zip(instances);
    let text: String = texts.map(|(number, one)| one.text(number)).collect();
    start_with(&text, cluster, node)
}

/// Starts keepalived with this configuration on `node`; returns its process.
pub(crate) fn start_with(text: &str, cluster: &mut Cluster, node: &str) -> u32 {
    let file = save(cluster, node, text);
    start(cluster, node, &file)
}

fn save(cluster: &Cluster, node: &str, text: &str) -> PathBuf {
    let file = cluster.directory(node).join("keepalived.conf");
    fs::write(&file, text).expect("there is room");
    file
}

fn start(cluster: &mut Cluster, node: &str, file: &Path) -> u32 {
    let directory = cluster.directory(node);
    let mut command = cluster.lab.command(node, "chrt").expect("the host lives");
    // As the agent, it shall not wait for its turn.
    command.args(["--fifo", "50", "keepalived"]);
    command.args(["--dont-fork", "--log-console", "--log-detail", "--vrrp"]);
    command.arg("--use-file").arg(file);
    // A file that an earlier one left behind keeps it from starting.
    for (option, name) in [("--pid", "pid"), ("--vrrp_pid", "vrrp_pid")] {
        let file = directory.join(name);
        let _none = fs::remove_file(&file);
        command.arg(option).arg(file);
    }
    let log = File::options()
        .create(true)
        .append(true)
        .open(directory.join("log"));
    let log = log.expect("there is room for a log");
    command
        .stdout(log.try_clone().expect("it can be shared"))
        .stderr(log);
    command.stdin(Stdio::null());
    cluster.lab.spawn(command).expect("keepalived is installed")
}

/// Waits until the keepalived of `node` has its sockets.
pub(crate) fn wait_until_it_listens(cluster: &Cluster, node: &str) {
    wait_until_it_listened(cluster, node, 1);
}

/// Waits until the keepalived of `node` got its sockets this many times.
pub(crate) fn wait_until_it_listened(cluster: &Cluster, node: &str, times: usize) {
    let listened = wait_until(|| times_it_listened(cluster, node) >= times);
    assert!(listened, "keepalived on {node} does not listen");
}

/// How many times the keepalived of `node` got its sockets, by what it logs.
pub(crate) fn times_it_listened(cluster: &Cluster, node: &str) -> usize {
    let log = cluster.directory(node).join("log");
    let text = fs::read_to_string(&log).unwrap_or_default();
    text.matches("VRRP sockpool").count()
}
