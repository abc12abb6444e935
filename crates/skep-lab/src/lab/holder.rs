//! The first process of a node: it keeps the node's namespaces and adopts its orphans.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use rustix::process::Pid;
use serde::{Deserialize, Serialize};

use crate::namespace;
use crate::plan::LabPlan;
use crate::program;

/// What it runs once it is inside: its own host name and `/run`, then nothing but waiting, which
/// reaps whatever falls to process 1.
const SCRIPT: &str = "hostname \"$1\" && mount -t tmpfs -o mode=755 skep-lab /run \
    && echo ready && exec >/dev/null 2>&1 \
    && while :; do sleep 86400 & wait $!; done";

/// The first process of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Holder {
    /// `unshare`, which is in all namespaces of the node but the one for process ids.
    outer: u32,
}

/// Starts the first process of a node.
///
/// It leads a namespace of process ids, so that its end is the end of everything on the node,
/// containers included.
pub(super) fn start(plan: &LabPlan, node: &str) -> Result<(Holder, Child)> {
    let file = namespace::path(&plan.node_namespace(node));
    let mut command = Command::new("nsenter");
    command
        .arg(format!("--net={}", file.display()))
        .args([
            "unshare",
            "--mount",
            "--uts",
            "--pid",
            "--mount-proc",
            "--kill-child",
            "--",
        ])
        .args(["sh", "-c", SCRIPT, "sh", node])
        // Ctrl-C is for whoever uses the lab, who takes it down in order.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|error| program::explain(&command, error))?;
    let mut said = String::new();
    let output = child.stdout.take().context("the output is piped")?;
    BufReader::new(output)
        .read_line(&mut said)
        .context("cannot hear from the node")?;
    if said != "ready\n" {
        let output = child
            .wait_with_output()
            .context("cannot wait for the node")?;
        let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        anyhow::bail!("cannot start node `{node}`: {complaint}");
    }
    Ok((Holder { outer: child.id() }, child))
}

impl Holder {
    /// Whether it is still the first process of this node, and not another one with its id.
    pub(super) fn is_alive(self, plan: &LabPlan, node: &str) -> bool {
        let inside = namespace::processes(&plan.node_namespace(node)).unwrap_or_default();
        Pid::from_raw(self.outer.cast_signed()).is_some_and(|pid| inside.contains(&pid))
    }

    /// A command that runs `program` where the node's other programs run.
    pub(super) fn command(self, program: &str) -> Result<Command> {
        let namespaces = format!("/proc/{}/ns", self.outer);
        ensure!(
            fs::exists(&namespaces).unwrap_or(false),
            "the node's first process is gone"
        );
        let mut command = Command::new("nsenter");
        command
            .args([
                "--target",
                &self.outer.to_string(),
                "--net",
                "--mount",
                "--uts",
            ])
            .arg(format!("--pid={namespaces}/pid_for_children"))
            .args(["--", program]);
        Ok(command)
    }
}
