//! A lab made by the command, and what one could leave behind.

use std::fs;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Never waited for when all is well.
const PATIENCE: Duration = Duration::from_secs(30);

/// The command that is tested.
pub(crate) fn skep(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_skep"));
    command.args(words);
    command
}

/// One VIP group, advertised ten times a second, whose members prefer the first node.
pub(crate) fn standalone(address: &str, nodes: &[&str]) -> String {
    format!(
        "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: web}}\nspec:\n  \
         virtualRouterId: 51\n  interface: eth0\n  advertisementInterval: 100ms\n  \
         addresses: [{address}]\n  members: [{}]\n",
        nodes.join(", ")
    )
}

/// The name of a test's lab, which no other run of the test has.
pub(crate) fn full_name(test: &str) -> String {
    format!("{test}-{}", std::process::id())
}

/// The command that makes a test's lab of a manifest, and the directory the manifest lies in.
pub(crate) fn up_command(test: &str, manifest: &str, words: &[&str]) -> (TempDir, Command) {
    let directory = tempfile::tempdir().expect("there is room");
    let path = directory.path().join("manifest.yaml");
    fs::write(&path, manifest).expect("there is room");
    let mut command = skep(&["lab", "up", "--name", &full_name(test), "-f"]);
    command.arg(directory.path()).args(words);
    (directory, command)
}

/// A lab that goes down with the test.
pub(crate) struct TryLab {
    name: String,
}

impl TryLab {
    pub(crate) fn up(test: &str, manifest: &str) -> Self {
        Self::up_with(test, manifest, &[])
    }

    pub(crate) fn up_with(test: &str, manifest: &str, words: &[&str]) -> Self {
        let lab = Self {
            name: full_name(test),
        };
        let (_directory, mut command) = up_command(test, manifest, words);
        let output = command.output().expect("it runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{complaint}");
        lab
    }

    /// What comes of making a lab that shall not be made.
    pub(crate) fn try_up(name: &str, manifest: &str) -> Output {
        let test = name
            .strip_suffix(&format!("-{}", std::process::id()))
            .unwrap_or(name);
        let (_directory, mut command) = up_command(test, manifest, &[]);
        command.output().expect("it runs")
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What `skep lab VERB …` says; it must succeed.
    pub(crate) fn run(&self, words: &[&str]) -> String {
        let output = self.try_run(words);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {complaint}");
        String::from_utf8(output.stdout).expect("it says text")
    }

    pub(crate) fn try_run(&self, words: &[&str]) -> Output {
        let (verb, rest) = words.split_first().expect("there is a verb");
        let words = [&["lab", verb, "--name", &self.name], rest].concat();
        skep(&words).output().expect("it runs")
    }

    /// The line of a node in `skep lab status`, its cells with one space between them.
    pub(crate) fn status(&self, node: &str) -> String {
        let said = self.run(&["status"]);
        let mut lines = said
            .lines()
            .map(|line| Vec::from_iter(line.split_whitespace()).join(" "));
        lines
            .find(|line| line.starts_with(&format!("{node} ")))
            .expect("each node has a line")
    }

    /// Waits until `address` answers a node.
    pub(crate) fn wait_for_answer(&self, node: &str, address: &str) {
        let ping = ["exec", node, "--", "ping", "-c", "1", "-W", "1", address];
        self.wait_until("it answers", |lab| lab.try_run(&ping).status.success());
    }

    /// Waits until something is so.
    pub(crate) fn wait_until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            assert!(
                Instant::now() < deadline,
                "{what}: {}",
                self.run(&["status"])
            );
        }
    }
}

impl Drop for TryLab {
    fn drop(&mut self) {
        // A failure to clean up shows in the next run; this one has its own failure to tell.
        let _ = self.try_run(&["down"]);
    }
}

/// Fails unless a command failed and said this.
pub(crate) fn check_failure(output: &Output, expected: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(expected), "{said}");
}

/// What on this machine carries a lab's name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Traces {
    namespaces: Vec<String>,
    links: Vec<String>,
    mounts: Vec<String>,
    processes: Vec<String>,
    directories: Vec<String>,
}

impl Traces {
    pub(crate) fn of(name: &str) -> Self {
        let naming = |text: String| -> Vec<String> {
            let lines = text.lines().filter(|line| line.contains(name));
            lines.map(str::to_owned).collect()
        };
        Self {
            namespaces: naming(listing("ip", &["netns", "list"])),
            // Cables never pass through the machine's own namespace.
            links: listing("ip", &["-brief", "link"])
                .lines()
                .filter(|line| line.starts_with("port") || line.starts_with("bridge"))
                .map(str::to_owned)
                .collect(),
            mounts: naming(fs::read_to_string("/proc/self/mounts").expect("it is there")),
            processes: naming(listing("ps", &["-eo", "args"]))
                .into_iter()
                .filter(|line| line.contains("/skep-lab/"))
                .collect(),
            directories: ["/run/skep-lab", "/var/lib/skep-lab"]
                .map(|parent| format!("{parent}/{name}"))
                .into_iter()
                .filter(|path| fs::exists(path).unwrap_or(true))
                .collect(),
        }
    }
}

fn listing(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .expect("it is installed");
    String::from_utf8(output.stdout).expect("it says text")
}
