//! The Debian packages that the privileged rings and the demo need.

use std::process::{Command, Stdio};

use anyhow::bail;

use crate::run;

/// A Debian package and what it is needed for.
struct Package {
    name: &'static str,
    purpose: &'static str,
}

const PACKAGES: [Package; 8] = [
    package("docker.io", "the engines of the lab"),
    package("iproute2", "the namespaces and links of the lab"),
    package("iptables", "the engines' networks"),
    package("keepalived", "a peer of the interop tests and of the bench"),
    package(
        "frr",
        "another peer of the interop tests: its zebra and vrrpd",
    ),
    package("tcpdump", "a second opinion on what is on the wire"),
    package("busybox-static", "the root of the lab's images"),
    package("iputils-ping", "the clients of the lab"),
];

const fn package(name: &'static str, purpose: &'static str) -> Package {
    Package { name, purpose }
}

/// Whether this process runs as root.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self")
        .is_ok_and(|process| std::os::unix::fs::MetadataExt::uid(&process) == 0)
}

/// The names of the packages that are not installed.
pub(crate) fn missing() -> Vec<&'static str> {
    PACKAGES
        .iter()
        .filter(|package| !is_installed(package.name))
        .map(|package| package.name)
        .collect()
}

/// Installs what is missing, saying so.
pub(crate) fn ensure_installed() -> anyhow::Result<()> {
    let missing = missing();
    if missing.is_empty() {
        println!(
            "setup: all {} Debian packages are installed",
            PACKAGES.len()
        );
        return Ok(());
    }
    let install = format!("apt-get install -y {}", missing.join(" "));
    if !is_root() {
        bail!("packages are missing and only root can install them: sudo {install}");
    }
    println!("setup: installing from Debian:");
    for package in PACKAGES
        .iter()
        .filter(|package| missing.contains(&package.name))
    {
        println!("  {:<15} {}", package.name, package.purpose);
    }
    run::succeed(apt_get(&["update", "-q"]).stdout(Stdio::null()))?;
    let mut arguments = vec!["install", "-y", "-q", "--no-install-recommends"];
    arguments.extend(&missing);
    run::succeed(apt_get(&arguments).stdout(Stdio::null()))
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
