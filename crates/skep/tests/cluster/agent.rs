//! The agent of a host, and the command line that asks it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use skep_api::status::{AgentStatus, RouterStatus};
use skep_lab::Lab;

use super::wait_until;

/// The program as built with the tests.
pub(crate) const SKEP: &str = env!("CARGO_BIN_EXE_skep");

/// Names another build of the program, such as the one that is shipped.
const SKEP_PROGRAM: &str = "SKEP_PROGRAM";

/// Runs the agent and writes down how it ended.
const SCRIPT: &str = "\"$@\"; echo $? > \"$0\"";

/// An agent that was started.
pub(crate) struct Agent {
    shell: u32,
    socket: PathBuf,
    exit: PathBuf,
}

impl Agent {
    /// Starts it on `node`, with its manifests, socket and log in `directory`.
    pub(super) fn start(lab: &mut Lab, node: &str, directory: &Path, program: &[&str]) -> Self {
        let (socket, exit) = (directory.join("socket"), directory.join("exit"));
        let _none = fs::remove_file(&exit);
        let mut command = lab.command(node, "sh").expect("the host lives");
        command.args(["-c", SCRIPT]).arg(&exit);
        command.args(program).arg(skep());
        command.args(["agent", "--node", node, "--manifests"]);
        command.arg(directory.join("manifests"));
        command.arg("--socket").arg(&socket);
        let log = File::options()
            .create(true)
            .append(true)
            .open(directory.join("log"));
        command.stderr(log.expect("there is room for a log"));
        command.stdout(Stdio::null());
        let shell = lab.spawn(command).expect("it starts");
        Self {
            shell,
            socket,
            exit,
        }
    }

    /// The command line, asking this agent.
    pub(crate) fn ask(&self, arguments: &[&str]) -> (i32, String) {
        let output = Command::new(skep())
            .arg("--socket")
            .arg(&self.socket)
            .args(arguments)
            .output()
            .expect("it is built");
        let code = output.status.code().expect("it was not killed");
        let text = [output.stdout, output.stderr].concat();
        (code, String::from_utf8(text).expect("it prints text"))
    }

    /// What `skep status -o json` says, when the agent answers.
    pub(crate) fn status(&self) -> Option<AgentStatus> {
        let (code, text) = self.ask(&["status", "-o", "json"]);
        (code < 2).then(|| serde_json::from_str(&text).expect("it prints JSON"))
    }

    /// Waits until the status is as wanted.
    pub(crate) fn wait_for_status(
        &self,
        what: &str,
        wanted: impl Fn(&AgentStatus) -> bool,
    ) -> AgentStatus {
        let mut last = None;
        let came = wait_until(|| {
            last = self.status();
            last.as_ref().is_some_and(&wanted)
        });
        assert!(came, "{what} never came: {last:#?}");
        last.expect("it came")
    }

    /// Waits until the virtual router of `group` is in `state`.
    pub(crate) fn wait_for_state(&self, group: &str, state: &str) -> RouterStatus {
        let is_there = |status: &AgentStatus| {
            router(status, group).is_some_and(|router| router.state == state)
        };
        let status = self.wait_for_status(&format!("{group} {state}"), is_there);
        router(&status, group).cloned().expect("it is there")
    }

    /// Waits until the virtual router of `group` is Backup of somebody that it hears.
    pub(crate) fn wait_until_it_hears(&self, group: &str) {
        self.wait_for_status(&format!("{group} Backup"), |status| {
            router(status, group)
                .is_some_and(|router| router.state == "Backup" && router.heard.is_some())
        });
    }

    /// The process that started the others.
    pub(crate) fn supervisor(&self) -> u32 {
        child(self.shell, "agent")
    }

    /// All that is known to run for this agent.
    pub(crate) fn processes(&self) -> Vec<u32> {
        processes_of(self.shell)
    }

    /// How the agent ended, once it has.
    pub(crate) fn wait_for_exit(&self) -> i32 {
        let mut code = None;
        let ended = wait_until(|| {
            let text = fs::read_to_string(&self.exit).unwrap_or_default();
            code = text.trim().parse().ok();
            code.is_some()
        });
        assert!(ended, "the agent does not end");
        code.expect("it ended")
    }
}

/// The program that is tested.
pub(crate) fn skep() -> String {
    std::env::var(SKEP_PROGRAM).unwrap_or_else(|_| SKEP.to_owned())
}

/// Waits for the child of a process that has this word on its command line.
pub(crate) fn child(parent: u32, word: &str) -> u32 {
    let mut found = None;
    let there = wait_until(|| {
        found = children(parent).into_iter().find(|id| says(*id, word));
        found.is_some()
    });
    assert!(there, "process {parent} has no child `{word}`");
    found.expect("it is there")
}

/// The virtual router of `group`.
pub(crate) fn router<'a>(status: &'a AgentStatus, group: &str) -> Option<&'a RouterStatus> {
    let mut groups = status.vip_groups.iter();
    groups.find(|known| known.name == group)?.routers.first()
}

/// Sends a signal to a process of the lab.
pub(crate) fn signal(id: u32, signal: Signal) {
    let id = Pid::from_raw(id.cast_signed()).expect("it is a process id");
    kill_process(id, signal).expect("it is there");
}

/// A process with its children and theirs.
pub(crate) fn processes_of(first: u32) -> Vec<u32> {
    let mut all = vec![first];
    let mut next = 0;
    while let Some(id) = all.get(next) {
        all.extend(children(*id));
        next += 1;
    }
    all
}

/// Whether a process runs: any of its threads, for until the last one has ended it keeps its
/// sockets.
pub(crate) fn is_running(id: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{id}/task"));
    let mut threads = threads.into_iter().flatten().flatten();
    threads.any(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ")
            .is_some_and(|(_, rest)| !rest.starts_with('Z'))
    })
}

fn children(id: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
    let ids = text.unwrap_or_default();
    ids.split_whitespace()
        .filter_map(|id| id.parse().ok())
        .collect()
}

/// Whether a word stands on the command line of a process.
fn says(id: u32, word: &str) -> bool {
    let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0)
        .any(|said| said == word.as_bytes())
}
