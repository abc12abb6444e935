//! The package for Debian and what is made from it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};

use crate::dist::Release;
use crate::dist::tree::{self, Tree};
use crate::run;

/// What runs when the package comes and goes.
const SCRIPTS: [(&str, &str); 3] = [
    (
        "postinst",
        include_str!("../../../skep/assets/debian/postinst"),
    ),
    ("prerm", include_str!("../../../skep/assets/debian/prerm")),
    ("postrm", include_str!("../../../skep/assets/debian/postrm")),
];

/// What an upgrade leaves as somebody changed it.
const KEPT: &str = "/etc/default/skep\n";

/// Makes the package of `tree`, if this machine can.
pub(super) fn package(tree: &Tree, release: &Release<'_>) -> anyhow::Result<Option<PathBuf>> {
    let asked = Command::new("dpkg-deb")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if asked.is_err() {
        return Ok(None);
    }
    let about = tree.top().with_file_name("deb");
    tree::clear(&about)?;
    run::succeed(
        Command::new("cp")
            .arg("--archive")
            .arg(tree.top().join("."))
            .arg(&about),
    )?;
    let control = control(release, &needs(release)?)?;
    tree::write(&about.join("DEBIAN/control"), control.as_bytes(), 0o644)?;
    tree::write(&about.join("DEBIAN/conffiles"), KEPT.as_bytes(), 0o644)?;
    for (name, text) in SCRIPTS {
        tree::write(&about.join("DEBIAN").join(name), text.as_bytes(), 0o755)?;
    }
    let name = format!(
        "skep_{}_{}.deb",
        release.version,
        architecture(release.processor())?
    );
    let package = about.with_file_name(name);
    let mut build = Command::new("dpkg-deb");
    build.args(["--root-owner-group", "-Zxz", "--build"]);
    run::succeed(build.arg(&about).arg(&package))?;
    Ok(Some(package))
}

fn control(release: &Release<'_>, needs: &str) -> anyhow::Result<String> {
    Ok(format!(
        "Package: skep\n\
         Version: {}\n\
         Architecture: {}\n\
         Section: admin\n\
         Priority: optional\n\
         Maintainer: The skep authors <skep@example.com>\n\
         {needs}\
         Suggests: docker.io | docker-ce, git\n\
         Description: Docker Swarm and floating IPs as one declared state\n \
         One manifest says which nodes form a swarm, which services run and which\n \
         virtual IPs exist. An agent on every node makes it so; VRRP is inside.\n",
        release.version,
        architecture(release.processor())?,
    ))
}

/// What must be installed beside it: a program that is not static needs at least the C library it
/// was linked with.
fn needs(release: &Release<'_>) -> anyhow::Result<String> {
    if release.is_static() {
        return Ok(String::new());
    }
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output()?;
    let said = String::from_utf8(output.stdout).context("getconf says no text")?;
    let version = said.split_whitespace().nth(1);
    let version = version.context("getconf does not say which C library this machine has")?;
    ensure!(
        output.status.success(),
        "getconf ended with {}",
        output.status
    );
    Ok(format!("Depends: libc6 (>= {version})\n"))
}

/// What Debian calls a processor.
fn architecture(processor: &str) -> anyhow::Result<&'static str> {
    Ok(match processor {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "armv7" => "armhf",
        "riscv64gc" => "riscv64",
        other => bail!("what Debian calls {other} is not known here"),
    })
}

#[cfg(test)]
mod tests {
    use super::{Release, SCRIPTS, control};

    #[test]
    fn the_package_says_what_it_is_and_for_which_machines() {
        let release = Release {
            version: "0.1.0",
            target: "aarch64-unknown-linux-musl",
        };
        let text = control(&release, "").expect("it is known");
        assert!(text.starts_with("Package: skep\nVersion: 0.1.0\nArchitecture: arm64\n"));
        assert!(!text.contains("Depends"), "{text}");
        assert!(text.contains("\n One manifest"), "{text}");
        assert!(text.lines().all(|line| !line.trim().is_empty()), "{text}");
    }

    #[test]
    fn no_script_of_the_package_starts_an_agent() {
        for (name, text) in SCRIPTS {
            let mut commands = text.lines().filter(|line| {
                let line = line.trim();
                !line.starts_with('#') && !line.starts_with("echo")
            });
            let starts = |line: &str| {
                let verbs = ["start", "restart", "enable", "reload-or-restart"];
                line.contains("systemctl")
                    && line.split_whitespace().any(|word| verbs.contains(&word))
            };
            assert!(!commands.any(starts), "{name}");
            assert!(text.starts_with("#!/bin/sh\n"), "{name}");
        }
    }
}
