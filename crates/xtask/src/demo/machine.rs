//! What a lab could leave on this machine.

use std::process::Command;

use anyhow::{Context, ensure};

/// The machine's namespaces, links and mounts.
#[derive(PartialEq, Eq)]
pub(super) struct Machine {
    namespaces: String,
    links: String,
    mounts: String,
}

impl Machine {
    /// Looks at it.
    pub(super) fn look() -> anyhow::Result<Self> {
        Ok(Self {
            namespaces: ip(&["netns", "list"])?,
            links: ip(&["-brief", "link"])?,
            mounts: std::fs::read_to_string("/proc/self/mounts").context("cannot read mounts")?,
        })
    }

    /// Fails when it looks different from this.
    pub(super) fn ensure_unchanged(&self) -> anyhow::Result<()> {
        let after = Self::look()?;
        let pairs = [
            ("ip netns", &self.namespaces, &after.namespaces),
            ("ip link", &self.links, &after.links),
            ("mounts", &self.mounts, &after.mounts),
        ];
        for (what, before, after) in pairs {
            ensure!(
                before == after,
                "{what} changed, before:\n{before}after:\n{after}"
            );
        }
        Ok(())
    }
}

fn ip(arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("ip")
        .args(arguments)
        .output()
        .context("cannot run `ip`")?;
    String::from_utf8(output.stdout).context("`ip` says no text")
}
