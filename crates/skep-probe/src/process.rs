//! `process`: a program runs.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use skep_manifest::health_check::ProcessProbe;

use crate::aside::Aside;
use crate::file::read_regular;
use crate::judge::Outcome;
use crate::stat::{self, Stat};

/// The kernel keeps this much of a process's name.
const COMM_BYTES_MAX: usize = 15;

/// As long as a path can be.
const COMMAND_BYTES_MAX: usize = 4096;

/// Looks whether enough processes with the name run.
pub(crate) async fn probe(process: &ProcessProbe, aside: &Aside) -> Outcome {
    let ProcessProbe { name, minimum } = process.clone();
    let looked = aside.run(move || look(&name, minimum));
    looked.await.and_then(|looked| looked).into()
}

fn look(name: &str, minimum: u16) -> Result<(), String> {
    let processes =
        stat::directories().map_err(|error| format!("/proc cannot be read: {error}"))?;
    let minimum = usize::from(minimum);
    let running = processes
        .filter(|directory| is_called(directory, name))
        .take(minimum)
        .count();
    if running >= minimum {
        return Ok(());
    }
    Err(match (running, minimum) {
        (0, _) => format!("no process `{name}` runs"),
        (running, minimum) => format!("{running} of {minimum} processes `{name}` run"),
    })
}

/// Whether the living process at `directory` is called `name`, or runs a program of that name.
fn is_called(directory: &Path, name: &str) -> bool {
    // A process that ended meanwhile has no files any more.
    let Some(stat) = Stat::read(directory).filter(|stat| stat.is_alive) else {
        return false;
    };
    stat.name == name.as_bytes()
        || is_program(directory, name)
        || is_longer_name(directory, &stat.name, name)
}

/// Whether the program's file has the name. Those of other users cannot always be read.
fn is_program(directory: &Path, name: &str) -> bool {
    let Ok(program) = fs::read_link(directory.join("exe")) else {
        return false;
    };
    let file = program.file_name().unwrap_or_default().as_bytes();
    // An upgrade replaced it while it runs.
    file.strip_suffix(b" (deleted)").unwrap_or(file) == name.as_bytes()
}

/// Whether `comm` is the beginning of the name, as the kernel cuts it, and the command line has
/// the whole of it.
fn is_longer_name(directory: &Path, comm: &[u8], name: &str) -> bool {
    if name.len() <= COMM_BYTES_MAX || comm != &name.as_bytes()[..COMM_BYTES_MAX] {
        return false;
    }
    let command = read_regular(&directory.join("cmdline"), COMMAND_BYTES_MAX).unwrap_or_default();
    let program = command.split(|byte| *byte == 0).next().unwrap_or_default();
    Path::new(OsStr::from_bytes(program)).file_name() == Some(OsStr::new(name))
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use tempfile::TempDir;

    use super::*;

    async fn outcome(name: &str, minimum: u16) -> Outcome {
        let process = ProcessProbe {
            name: name.to_owned(),
            minimum,
        };
        probe(&process, &Aside::new()).await
    }

    /// Looks until it comes out as wanted: a process has its name some time after its start.
    async fn assert_comes(name: &str, minimum: u16, wanted: Result<(), String>) {
        let wanted: Outcome = wanted.into();
        let deadline = Instant::now() + Duration::from_secs(10);
        while outcome(name, minimum).await != wanted {
            assert!(
                Instant::now() < deadline,
                "{:?}",
                outcome(name, minimum).await
            );
        }
    }

    /// A process that runs a copy of `sleep` under this name.
    fn start(directory: &TempDir, name: &str) -> Child {
        let program = directory.path().join(name);
        fs::copy("/bin/sleep", &program).expect("copied");
        Command::new(program)
            .arg("600")
            .stdout(Stdio::null())
            .spawn()
            .expect("started")
    }

    #[tokio::test]
    async fn processes_are_counted_by_name_until_they_end() {
        let directory = tempfile::tempdir().expect("a directory");
        let short = format!("p{}", std::process::id());
        let long = format!("a-name-beyond-fifteen-{}", std::process::id());
        for name in [&short, &long] {
            assert_comes(name, 1, Err(format!("no process `{name}` runs"))).await;
            let mut first = start(&directory, name);
            assert_comes(name, 1, Ok(())).await;
            let two = Err(format!("1 of 2 processes `{name}` run"));
            assert_comes(name, 2, two).await;
            first.kill().expect("it runs");
            // It is a zombie now: nobody has waited for it.
            assert_comes(name, 1, Err(format!("no process `{name}` runs"))).await;
            first.wait().expect("it has ended");
        }
        assert_eq!(
            outcome("a-name-beyond-f", 1).await,
            Outcome::Failed("no process `a-name-beyond-f` runs".to_owned())
        );
    }
}
