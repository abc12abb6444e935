//! The processes of a node's agent, as this machine counts them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::site::{Site, Speak as _};

/// A process of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Supervisor,
    Control,
}

impl Site {
    /// The process of the agent of `node`, when it runs.
    pub(crate) fn process(&self, node: &str, part: Part) -> Option<u32> {
        let socket = self.socket(node).display().to_string();
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let mut ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        ids.find(|id| part.is(&words(*id), &socket))
    }

    /// The process of the engine of `node`.
    pub(crate) fn engine_process(&self, node: &str) -> u32 {
        let socket = self.disk(node).join("docker.sock");
        let listens = format!("--host=unix://{}", socket.display());
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let mut ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        // What started it has the same words behind its own.
        let is_engine = |words: &[String]| words.first().is_some_and(|it| it.ends_with("dockerd"));
        let is_it = |words: Vec<String>| is_engine(&words) && words.contains(&listens);
        ids.find(|id| is_it(words(*id)))
            .expect("an engine runs there")
    }

    /// Tells the agent of `node` to stop, and waits until it did.
    pub(crate) fn stop_agent(&self, node: &str) {
        let process = self
            .process(node, Part::Supervisor)
            .expect("an agent runs there");
        signal("-TERM", process);
        self.wait_until("the agent stops", || !is_running(process));
    }
}

impl Part {
    fn is(self, words: &[String], socket: &str) -> bool {
        let is_agent = words.get(1).is_some_and(|word| word == "agent");
        let role = words
            .iter()
            .position(|word| word == "--process")
            .and_then(|at| words.get(at + 1));
        let is_part = match self {
            Self::Supervisor => role.is_none(),
            Self::Control => role.is_some_and(|role| role == "control"),
        };
        is_agent && is_part && words.iter().any(|word| word == socket)
    }
}

/// Sends a signal to a process, which must run.
pub(crate) fn signal(signal: &str, process: u32) {
    Command::new("kill")
        .args([signal, &process.to_string()])
        .said()
        .check_success();
}

pub(crate) fn is_running(process: u32) -> bool {
    Path::new("/proc").join(process.to_string()).exists()
}

fn words(process: u32) -> Vec<String> {
    let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let words = line.split(|byte| *byte == 0);
    words
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}
