//! The Debian packages that the privileged rings and the demo need.

use std::process::{Command, Stdio};

use anyhow::bail;

use crate::run;

/// What packages are needed for; who needs one thing does not get the packages of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Hosts as namespaces on this machine.
    Lab,
    /// An engine on each of them.
    Engines,
    /// A registry that the engines pull from.
    Registry,
    /// keepalived beside skep.
    Keepalived,
    /// FRR beside skep, and a second opinion on what is on the wire.
    Interop,
    /// Repositories that are reached by ssh, and signed commits in them.
    Ssh,
}

/// Everything there is.
pub(crate) const ALL: &[Need] = &[
    Need::Lab,
    Need::Engines,
    Need::Registry,
    Need::Keepalived,
    Need::Interop,
    Need::Ssh,
];

/// A Debian package and what it is needed for.
struct Package {
    name: &'static str,
    need: Need,
    purpose: &'static str,
}

const PACKAGES: [Package; 11] = [
    package("iproute2", Need::Lab, "the namespaces and links of the lab"),
    package("iputils-ping", Need::Lab, "the clients of the lab"),
    package(
        "busybox-static",
        Need::Lab,
        "its servers, and the root of its images",
    ),
    package("docker.io", Need::Engines, "the engines of the lab"),
    package("iptables", Need::Engines, "the engines' networks"),
    package(
        "docker-registry",
        Need::Registry,
        "a registry from which the engines of a test pull",
    ),
    package(
        "keepalived",
        Need::Keepalived,
        "a peer of the interop tests and of the bench",
    ),
    package(
        "frr",
        Need::Interop,
        "another peer of the interop tests: its zebra and vrrpd",
    ),
    package(
        "tcpdump",
        Need::Interop,
        "a second opinion on what is on the wire",
    ),
    package(
        "openssh-client",
        Need::Ssh,
        "how an agent reaches a repository by ssh, and the signatures of commits",
    ),
    // Unlike openssh-server it is only the program: it opens no port of the machine it is put on.
    package(
        "dropbear-bin",
        Need::Ssh,
        "the server of that repository, inside the lab",
    ),
];

const fn package(name: &'static str, need: Need, purpose: &'static str) -> Package {
    Package {
        name,
        need,
        purpose,
    }
}

/// Whether this process runs as root.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self")
        .is_ok_and(|process| std::os::unix::fs::MetadataExt::uid(&process) == 0)
}

/// Installs what is missing for `needs`; says so, and is silent when nothing is.
pub(crate) fn ensure_installed(needs: &[Need]) -> anyhow::Result<()> {
    let is_missing = |package: &&Package| !is_installed(package.name);
    let missing: Vec<_> = needed(needs).filter(is_missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|package| package.name).collect();
    if !is_root() {
        let install = format!("apt-get install -y {}", names.join(" "));
        bail!("packages are missing and only root can install them: sudo {install}");
    }
    eprintln!("setup: installing from Debian:");
    for package in missing {
        eprintln!("  {:<15} {}", package.name, package.purpose);
    }
    run::succeed(apt_get(&["update", "-q"]).stdout(Stdio::null()))?;
    let mut arguments = vec!["install", "-y", "-q", "--no-install-recommends"];
    arguments.extend(&names);
    run::succeed(apt_get(&arguments).stdout(Stdio::null()))
}

/// The packages that `needs` come to.
fn needed(needs: &[Need]) -> impl Iterator<Item = &'static Package> {
    let is_needed = |package: &&Package| needs.contains(&package.need);
    PACKAGES.iter().filter(is_needed)
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = run::command("apt-get", arguments);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status}", package])
        .output()
        .is_ok_and(|output| output.stdout == b"installed")
}

#[cfg(test)]
mod tests {
    use super::{ALL, Need, PACKAGES, needed};

    fn names(needs: &[Need]) -> Vec<&'static str> {
        needed(needs).map(|package| package.name).collect()
    }

    #[test]
    fn engines_need_no_peer_and_all_of_it_is_every_package() {
        assert_eq!(
            names(&[Need::Lab, Need::Engines]),
            [
                "iproute2",
                "iputils-ping",
                "busybox-static",
                "docker.io",
                "iptables"
            ]
        );
        assert_eq!(names(ALL).len(), PACKAGES.len());
    }
}
