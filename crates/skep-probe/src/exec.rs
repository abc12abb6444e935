//! `exec`: a program ends with exit code 0.

use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use skep_manifest::health_check::ExecProbe;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use crate::judge::Outcome;
use crate::user::User;

/// How much of what a program complains about is kept for people to read.
const COMPLAINT_BYTES_MAX: usize = 1024;

/// Runs the program and waits for its end. When the future is dropped, the program and everything
/// it started in its process group is ended.
pub(crate) async fn probe(exec: &ExecProbe) -> Outcome {
    match run(exec).await {
        Ok(()) => Outcome::Passed,
        Err(reason) => Outcome::Failed(reason),
    }
}

async fn run(exec: &ExecProbe) -> Result<(), String> {
    let program = exec.argv.first().map_or("", String::as_str);
    let mut child = start(exec).map_err(|reason| format!("`{program}` {reason}"))?;
    let group = Group::of(&child);
    let complaint = child.stderr.take();
    let (status, complaint) = tokio::join!(child.wait(), first_bytes(complaint));
    // What the program left running in the background must not outlive the look.
    drop(group);
    let status = status.map_err(|error| format!("`{program}` cannot be waited for: {error}"))?;
    if status.success() {
        return Ok(());
    }
    Err(format!(
        "`{program}` {}{}",
        ended(status),
        last_line(&complaint)
    ))
}

fn start(exec: &ExecProbe) -> Result<Child, String> {
    let [program, arguments @ ..] = exec.argv.as_slice() else {
        return Err("has no name".to_owned());
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        )
        .envs(&exec.environment)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    if rustix::process::geteuid().is_root() {
        let user = User::named(&exec.user)?;
        command.uid(user.id).gid(user.group);
    }
    command
        .spawn()
        .map_err(|error| format!("cannot be started: {error}"))
}

/// The process group of a child; it is ended as a whole when this is dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Nobody may be left in it.
            let _already_gone = kill_process_group(group, Signal::KILL);
        }
    }
}

/// The beginning of what `stream` says; the rest is read and forgotten, so that a program which
/// says much does not stand still.
async fn first_bytes(stream: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut stream) = stream else {
        return kept;
    };
    let mut buffer = [0; COMPLAINT_BYTES_MAX];
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        let room = COMPLAINT_BYTES_MAX - kept.len();
        kept.extend_from_slice(&buffer[..length.min(room)]);
    }
    kept
}

fn ended(status: ExitStatus) -> String {
    status.code().map_or_else(
        || "was ended by a signal".to_owned(),
        |code| format!("ended with exit code {code}"),
    )
}

/// `: ` and the last line of `complaint` that says something.
fn last_line(complaint: &[u8]) -> String {
    let text = String::from_utf8_lossy(complaint);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    line.map_or_else(String::new, |line| format!(": {line}"))
}

#[cfg(test)]
mod tests;
