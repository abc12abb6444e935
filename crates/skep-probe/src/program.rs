//! Running a program that may hang, flood or fork.

use std::collections::BTreeMap;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::aside::{Aside, Turn};
use crate::family;
use crate::launch::Launch;
use crate::user::User;

/// How much of what a program complains about is kept for people to read.
const COMPLAINT_BYTES_MAX: usize = 1024;

/// How much a program may complain: more is a loop that only costs time to read.
const OUTPUT_BYTES_MAX: usize = 1 << 20;

/// How long the end of a program's complaint is waited for when the program itself has ended:
/// something that left its session may keep the pipe open for ever.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Where programs are found.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A program with all that it is given.
pub(crate) struct Program<'a> {
    pub(crate) argv: &'a [String],
    pub(crate) user: &'a str,
    pub(crate) environment: BTreeMap<String, String>,
}

/// Runs `program` and waits for its end; an error is why it did not succeed. When the future is
/// dropped, the program and everything that came from it is ended. As long as one that was ended
/// is still there, no other is started in its place.
pub(crate) async fn run(
    program: &Program<'_>,
    launch: Launch,
    aside: &Aside,
) -> Result<(), String> {
    let name = program.argv.first().map_or("", String::as_str);
    let turn = aside.turn().await;
    let mut running =
        Running::start(program, launch, turn).map_err(|reason| format!("`{name}` {reason}"))?;
    match running.end().await {
        Ok((status, _)) if status.success() => Ok(()),
        Ok((status, complaint)) => Err(format!(
            "`{name}` {}{}",
            ended(status),
            last_line(&complaint)
        )),
        Err(reason) => Err(format!("`{name}` {reason}")),
    }
}

/// A process with its session. Dropping it ends them all, and gives the turn back when it is gone.
struct Running {
    /// Until it has ended.
    child: Option<Child>,
    leader: Option<Pid>,
    turn: Option<Turn>,
}

impl Running {
    fn start(program: &Program<'_>, launch: Launch, turn: Turn) -> Result<Self, String> {
        let child = command(program, launch)?
            .spawn()
            .map_err(|error| format!("cannot be started: {error}"))?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Ok(Self {
            child: Some(child),
            leader: id.and_then(Pid::from_raw),
            turn: Some(turn),
        })
    }

    /// How it ends, and the beginning of what it complains about.
    async fn end(&mut self) -> Result<(ExitStatus, Vec<u8>), String> {
        let Some(child) = &mut self.child else {
            return Err("has ended before".to_owned());
        };
        let mut complaint = Complaint::new(child.stderr.take());
        let status = tokio::select! {
            status = child.wait() => status,
            () = complaint.overflow() => {
                return Err(format!("complains without end: {} bytes and more", OUTPUT_BYTES_MAX));
            }
        };
        // What the program left running in the background must not outlive it. It ends too often
        // to look for what is in other groups.
        if let Some(leader) = self.leader {
            // Nobody may be left in it.
            let _already_gone = kill_process_group(leader, Signal::KILL);
        }
        self.child = None;
        let _cut_off = timeout(LAST_WORDS, complaint.read_to_end()).await;
        let status = status.map_err(|error| format!("cannot be waited for: {error}"))?;
        Ok((status, complaint.kept))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        if let Some(leader) = self.leader {
            family::end(leader);
        }
        let turn = self.turn.take();
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                let _gone = child.wait().await;
                drop(turn);
            });
        }
    }
}

fn command(program: &Program<'_>, launch: Launch) -> Result<Command, String> {
    let [name, arguments @ ..] = program.argv else {
        return Err("has no name".to_owned());
    };
    let mut command = Command::new(name);
    command
        .args(arguments)
        .env_clear()
        .env("PATH", PATH)
        .envs(&program.environment)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    if rustix::process::geteuid().is_root() {
        let user = User::named(program.user)?;
        command.uid(user.id).gid(user.group);
    }
    (launch.in_own_session)(command.as_std_mut());
    Ok(command)
}

/// The beginning of what a stream says; the rest is read and forgotten, so that a program which
/// says much does not stand still.
struct Complaint<Stream> {
    stream: Option<Stream>,
    kept: Vec<u8>,
    length: usize,
}

impl<Stream: AsyncRead + Unpin> Complaint<Stream> {
    const fn new(stream: Option<Stream>) -> Self {
        Self {
            stream,
            kept: Vec::new(),
            length: 0,
        }
    }

    /// Reads for ever; ends only when there was too much.
    async fn overflow(&mut self) {
        self.read_to_end().await;
        if self.length <= OUTPUT_BYTES_MAX {
            std::future::pending().await
        }
    }

    /// Reads until there is no more, or too much.
    async fn read_to_end(&mut self) {
        let mut buffer = [0; 4 * COMPLAINT_BYTES_MAX];
        while let Some(stream) = &mut self.stream {
            match stream.read(&mut buffer).await {
                Ok(length @ 1..) if self.length <= OUTPUT_BYTES_MAX => {
                    self.length += length;
                    let room = COMPLAINT_BYTES_MAX - self.kept.len();
                    self.kept.extend_from_slice(&buffer[..length.min(room)]);
                }
                Ok(_) | Err(_) => self.stream = None,
            }
        }
    }
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
