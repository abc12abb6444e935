//! The `skep` that was just built, and the demo's lab.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::run;

/// What the demo's lab is called.
pub(super) const LAB: &str = "demo";
/// How long to wait before an agent is asked again.
pub(super) const POLL: Duration = Duration::from_millis(100);

/// The program.
pub(super) struct Skep {
    binary: PathBuf,
}

impl Skep {
    /// Builds it, and says how to call it.
    pub(super) fn build() -> anyhow::Result<Self> {
        run::succeed(&mut run::cargo(&["build", "--package", "skep"]))?;
        let task = std::env::current_exe().context("cannot find this program")?;
        let binary = task.with_file_name("skep");
        ensure!(binary.is_file(), "{} is missing", binary.display());
        println!("alias skep={}", binary.display());
        Ok(Self { binary })
    }

    /// Shows a command, runs it with its output shown, and fails when it fails.
    pub(super) fn run(&self, words: &[&str]) -> anyhow::Result<()> {
        println!("$ {}", shown(words));
        run::succeed(&mut self.command(words))
    }

    /// As [`Skep::run`], showing only the lines with one of these words.
    pub(super) fn run_and_show(&self, words: &[&str], shown_words: &[&str]) -> anyhow::Result<()> {
        println!("$ {} | grep -E '{}'", shown(words), shown_words.join("|"));
        let mut child = self
            .command(words)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run `{}`", shown(words)))?;
        let output = child.stdout.take().context("the output is piped")?;
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if shown_words.iter().any(|word| line.contains(word)) {
                println!("{line}");
            }
        }
        let status = child.wait().context("cannot wait for it")?;
        ensure!(status.success(), "`{}` ended with {status}", shown(words));
        Ok(())
    }

    /// As [`Skep::run`], out of the reach of Ctrl-C.
    pub(super) fn run_to_the_end(&self, words: &[&str]) -> anyhow::Result<()> {
        println!("$ {}", shown(words));
        run::succeed(self.command(words).process_group(0))
    }

    /// What a command says on standard output.
    pub(super) fn say(&self, words: &[&str]) -> anyhow::Result<String> {
        let output = self
            .command(words)
            .output()
            .with_context(|| format!("cannot run `{}`", shown(words)))?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "`{}` ended with {}: {}",
            shown(words),
            output.status,
            complaint.trim()
        );
        String::from_utf8(output.stdout).context("it says no text")
    }

    /// What a program on a node says.
    pub(super) fn on_node(&self, node: &str, program: &[&str]) -> anyhow::Result<String> {
        self.say(&[&["lab", "exec", "--name", LAB, node, "--"], program].concat())
    }

    /// A command of the program, which believes to be called `skep`, as in what it prints.
    pub(super) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .arg0("skep")
            .args(words)
            .current_dir(run::workspace());
        command
    }
}

/// A command as a person would type it.
pub(super) fn shown(words: &[&str]) -> String {
    format!("skep {}", words.join(" "))
}

/// Where the agent of a node answers, as `skep lab status` says.
pub(super) fn socket(node: &str) -> String {
    format!("/var/lib/skep-lab/{LAB}/{node}/agent.sock")
}
