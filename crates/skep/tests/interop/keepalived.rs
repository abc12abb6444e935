//! Debian's keepalived on a host of the lab.

use std::fs::{self, File};
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
        let directory = cluster.directory(node);
        let file = directory.join("keepalived.conf");
        fs::write(&file, self.text()).expect("there is room");
        let mut command = cluster
            .lab
            .command(node, "keepalived")
            .expect("the host lives");
        command.args(["--dont-fork", "--log-console", "--log-detail", "--vrrp"]);
        command.arg("--use-file").arg(&file);
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

    fn text(&self) -> String {
        let Instance {
            interface,
            virtual_router_id,
            priority,
            address,
            more,
        } = self;
        format!(
            "vrrp_instance VI_1 {{\n  state BACKUP\n  \
             interface {interface}\n  virtual_router_id {virtual_router_id}\n  \
             priority {priority}\n{more}\n  virtual_ipaddress {{\n    {address}\n  }}\n}}\n"
        )
    }
}

/// Waits until the keepalived of `node` has its sockets, by what it logs.
pub(crate) fn wait_until_it_listens(cluster: &Cluster, node: &str) {
    let log = cluster.directory(node).join("log");
    let listens = || {
        let text = fs::read_to_string(&log).unwrap_or_default();
        text.contains("VRRP sockpool")
    };
    assert!(wait_until(listens), "keepalived on {node} does not listen");
}
