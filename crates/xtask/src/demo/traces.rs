//! What the demo's lab could leave on this machine. Other labs may come and go meanwhile.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::demo::skep::LAB;

/// The machine's links, and the namespaces, mounts and processes that carry the lab's name.
pub(super) struct Traces(BTreeSet<String>);

impl Traces {
    /// Looks for them.
    pub(super) fn look() -> anyhow::Result<Self> {
        let mounts = std::fs::read_to_string("/proc/self/mounts").context("cannot read mounts")?;
        let namespace = format!("skep-{LAB}-");
        let disk = format!("/skep-lab/{LAB}/");
        let links = said("ip", &["-brief", "link"])?;
        let links = links.lines().filter_map(|line| line.split(' ').next());
        let mut traces: BTreeSet<String> = links.map(|name| format!("link {name}")).collect();
        let mut note = |what: &str, text: &str, mark: &str| {
            let lines = text.lines().filter(|line| line.contains(mark));
            traces.extend(lines.map(|line| format!("{what} {line}")));
        };
        note("namespace", &said("ip", &["netns", "list"])?, &namespace);
        note("mount", &mounts, &disk);
        note("process", &said("ps", &["-eo", "args"])?, &disk);
        Ok(Self(traces))
    }

    /// Fails when there are others than these.
    pub(super) fn ensure_no_others(&self) -> anyhow::Result<()> {
        let after = Self::look()?;
        let others: Vec<_> = after.0.difference(&self.0).map(String::as_str).collect();
        ensure!(others.is_empty(), "the lab left {}", others.join(", "));
        Ok(())
    }
}

fn said(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("cannot run `{program}`"))?;
    String::from_utf8(output.stdout).with_context(|| format!("`{program}` says no text"))
}
