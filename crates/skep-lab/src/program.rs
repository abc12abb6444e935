//! Running the system's programs, with errors that say what to do.

use std::io;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, anyhow, bail};

/// Runs `ip` with these arguments.
pub(crate) fn ip(arguments: &[&str]) -> Result<String> {
    succeed(Command::new("ip").args(arguments))
}

/// Runs a program to its end and returns what it said, or fails with what it complained about.
pub(crate) fn succeed(command: &mut Command) -> Result<String> {
    let output = run(command)?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{}` failed ({}): {}",
            shown(command),
            output.status,
            complaint.trim()
        );
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}` said no text", shown(command)))
}

/// Runs a program to its end, whatever that is.
pub(crate) fn run(command: &mut Command) -> Result<Output> {
    command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| explain(command, error))
}

/// Whether a program of this name is found where commands are looked for.
pub(crate) fn is_installed(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(name).is_file())
}

/// Why a program could not be started, and the package that has it.
pub(crate) fn explain(command: &Command, error: io::Error) -> anyhow::Error {
    let program = command.get_program().to_string_lossy();
    let package = match &*program {
        "ip" => "iproute2",
        "nsenter" | "unshare" | "mount" | "umount" => "util-linux",
        _ => return anyhow!(error).context(format!("cannot run `{}`", shown(command))),
    };
    if error.kind() == io::ErrorKind::NotFound {
        return anyhow!("`{program}` is missing: install {package}");
    }
    anyhow!(error).context(format!("cannot run `{}`", shown(command)))
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_names_its_package() {
        let mut command = Command::new("ip");
        command.env("PATH", "/nonexistent").arg("link");
        let error = run(&mut command).unwrap_err();
        assert_eq!(error.to_string(), "`ip` is missing: install iproute2");
    }

    #[test]
    fn a_failing_program_is_quoted() {
        let error = succeed(Command::new("sh").args(["-c", "echo why >&2; exit 3"])).unwrap_err();
        assert!(
            error.to_string().ends_with("failed (exit status: 3): why"),
            "{error}"
        );
    }
}
