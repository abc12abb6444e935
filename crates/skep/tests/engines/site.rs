//! A lab of real engines and agents, made and asked by the command.
//!
//! Nothing is slept for: a test waits until a condition holds, at most [`PATIENCE`]. Labs that only
//! wait for what comes about are up at the same time; what measures time has the machine to itself.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use serde_json::Value;
use skep_lab::Lab;
use tempfile::TempDir;

use crate::engine::Engine;
use crate::traces::Traces;

/// Never waited for when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at a condition that says nothing by itself.
const LOOK: Duration = Duration::from_millis(20);

/// Written by a lab that is up alone, read by the others.
static MACHINE: RwLock<()> = RwLock::new(());

/// A lab that goes down with the test and leaves nothing.
pub(crate) struct Site {
    name: String,
    directory: TempDir,
    up_since: Instant,
    _share: Share,
}

/// A lab's part of the machine.
enum Share {
    WithOthers {
        _reading: RwLockReadGuard<'static, ()>,
    },
    Alone {
        _writing: RwLockWriteGuard<'static, ()>,
    },
}

/// What a program said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) complaint: String,
}

impl Site {
    /// The nodes of manifests, each with an engine that has an image called `nginx`.
    pub(crate) fn up(test: &str, manifests: &Path) -> Self {
        let reading = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
        Self::found(test, manifests, Share::WithOthers { _reading: reading })
    }

    /// The same while no other lab is up: for what counts single requests or milliseconds, or looks
    /// at what is over in a moment.
    pub(crate) fn up_alone(test: &str, manifests: &Path) -> Self {
        let writing = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
        Self::found(test, manifests, Share::Alone { _writing: writing })
    }

    fn found(test: &str, manifests: &Path, share: Share) -> Self {
        let up_since = Instant::now();
        let name = format!("{test}-{}", std::process::id());
        Traces::of(&name).check_none();
        // From here on dropping it takes down what came up.
        let site = Self {
            name,
            directory: tempfile::tempdir().expect("there is room for files"),
            up_since,
            _share: share,
        };
        let path = manifests.display().to_string();
        skep(&["lab", "up", "-f", &path, "--name", &site.name])
            .arg("--image=nginx=@web")
            .said()
            .check_success();
        site
    }

    /// The nodes of a manifest that a test has as text.
    pub(crate) fn up_with(test: &str, manifest: &str) -> Self {
        with_file(manifest, |path| Self::up(test, path))
    }

    /// The same while no other lab is up.
    pub(crate) fn up_alone_with(test: &str, manifest: &str) -> Self {
        with_file(manifest, |path| Self::up_alone(test, path))
    }

    /// The lab, for the instruments that look at it.
    pub(crate) fn lab(&self) -> Lab {
        Lab::open(&self.name).expect("it is up")
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// A manifest in a file of this test.
    pub(crate) fn write(&self, manifest: &str) -> PathBuf {
        let path = self.directory().join("skep.yaml");
        fs::write(&path, manifest).expect("there is room for files");
        path
    }

    /// The directory of a node, as `skep lab status` shows it.
    pub(crate) fn disk(&self, node: &str) -> PathBuf {
        Path::new("/var/lib/skep-lab").join(&self.name).join(node)
    }

    pub(crate) fn socket(&self, node: &str) -> PathBuf {
        self.disk(node).join("agent.sock")
    }

    pub(crate) fn engine(&self, node: &str) -> Engine {
        Engine::at(self.disk(node).join("docker.sock"))
    }

    /// What `skep` says to somebody who talks to the agent of `node`.
    pub(crate) fn skep(&self, node: &str, words: &[&str]) -> Said {
        let socket = self.socket(node).display().to_string();
        skep(&[&["--socket", &socket], words].concat()).said()
    }

    /// `skep apply --wait` by the agent of `node`; everything must come to be as declared.
    pub(crate) fn apply(&self, node: &str, manifests: &Path) -> String {
        let path = manifests.display().to_string();
        let words = ["apply", "-f", &path, "--wait", "--timeout", "90s"];
        self.skep(node, &words).check_success()
    }

    /// The same where what was applied before and is not among the manifests goes.
    pub(crate) fn apply_all(&self, node: &str, manifests: &Path) -> String {
        let path = manifests.display().to_string();
        let words = [
            "apply",
            "-f",
            &path,
            "--prune",
            "--wait",
            "--timeout",
            "90s",
        ];
        self.skep(node, &words).check_success()
    }

    /// What `skep … -o json` says by the agent of `node`.
    pub(crate) fn json(&self, node: &str, words: &[&str]) -> Value {
        let said = self.skep(node, &[words, &["-o", "json"]].concat());
        serde_json::from_str(&said.output).unwrap_or_else(|_| panic!("{words:?}: {said:?}"))
    }

    /// The number of the desired state that the agent of `node` works towards, when it answers.
    pub(crate) fn generation(&self, node: &str) -> Option<u64> {
        let said = self.skep(node, &["status", "-o", "json"]);
        let status: Value = serde_json::from_str(&said.output).ok()?;
        status["desired"]["accepted"]["generation"].as_u64()
    }

    /// What `skep lab VERB …` says; it must succeed.
    pub(crate) fn run(&self, words: &[&str]) -> String {
        self.lab_command(words).said().check_success()
    }

    /// What a program on a node says.
    pub(crate) fn exec(&self, node: &str, program: &[&str]) -> Said {
        self.exec_command(node, program).said()
    }

    /// A command that runs a program on a node.
    pub(crate) fn exec_command(&self, node: &str, program: &[&str]) -> Command {
        self.lab_command(&[&["exec", node, "--"], program].concat())
    }

    /// The engine's own command line, as somebody uses it beside skep.
    pub(crate) fn docker(&self, node: &str, words: &[&str]) -> String {
        self.docker_said(node, words).check_success()
    }

    /// The same, also when it does not succeed.
    pub(crate) fn docker_said(&self, node: &str, words: &[&str]) -> Said {
        let host = format!("unix://{}", self.disk(node).join("docker.sock").display());
        let mut command = Command::new("docker");
        command.args(["--host", &host]).args(words);
        command.said()
    }

    /// Whether a node has an address on an interface, with this prefix length.
    pub(crate) fn has_address(&self, node: &str, interface: &str, address: &str) -> bool {
        let shown = self.exec(node, &["ip", "-4", "-o", "addr", "show", interface]);
        shown.output.contains(&format!("inet {address} "))
    }

    /// The name that the web server at `address` gives itself to `client`: of its container.
    pub(crate) fn page(&self, client: &str, address: &str) -> Option<String> {
        let url = format!("http://{address}");
        let fetch = ["timeout", "2", "busybox", "wget", "-q", "-O", "-", &url];
        let said = self.exec(client, &fetch);
        (said.code == Some(0)).then(|| said.output.trim().to_owned())
    }

    /// Checks that a container of `node` answers at `address`.
    pub(crate) fn check_web(&self, client: &str, address: &str, node: &str) {
        let page = self.page(client, address);
        let containers = self.engine(node).containers();
        let is_one = page.as_ref().is_some_and(|page| {
            !page.is_empty() && containers.iter().any(|id| id.starts_with(page))
        });
        assert!(
            is_one,
            "http://{address} shall be answered by one of {containers:?} on {node}, not by {page:?}"
        );
    }

    /// Waits until something is so.
    pub(crate) fn wait_until(&self, what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
        let started = Instant::now();
        while !is_so() {
            assert!(started.elapsed() < PATIENCE, "{what}: it is not so");
            // The looks themselves must not keep the machine busy.
            std::thread::sleep(LOOK);
        }
        started.elapsed()
    }

    fn lab_command(&self, words: &[&str]) -> Command {
        let (verb, rest) = words.split_first().expect("there is a verb");
        skep(&[&["lab", verb, "--name", &self.name], rest].concat())
    }

    fn print_logs(&self) {
        let disk = Path::new("/var/lib/skep-lab").join(&self.name);
        for entry in fs::read_dir(disk).into_iter().flatten().flatten() {
            let Ok(log) = fs::read_to_string(entry.path().join("agent.log")) else {
                continue;
            };
            let name = entry.file_name().display().to_string();
            let status = self.skep(&name, &["status"]);
            let told = format!(
                "--- agent of {name}\n{log}{}{}",
                status.output, status.complaint
            );
            let _closed = writeln!(io::stderr(), "{told}");
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.print_logs();
            let down = self.lab_command(&["down"]).said();
            let left = Traces::of(&self.name);
            let _closed = writeln!(io::stderr(), "down: {down:?}\nleft behind: {left:?}");
        } else {
            self.run(&["down"]);
            Traces::of(&self.name).check_none();
        }
        let test = std::thread::current();
        let name = test.name().unwrap_or(&self.name);
        let took = self.up_since.elapsed().as_secs_f64();
        tell("took", &format!("{took:.1} s  {name}"));
    }
}

impl Said {
    /// What it printed; it must have ended well.
    pub(crate) fn check_success(self) -> String {
        assert_eq!(self.code, Some(0), "{}\n{}", self.output, self.complaint);
        self.output
    }
}

/// Runs a command to its end.
pub(crate) trait Speak {
    fn said(&mut self) -> Said;
}

impl Speak for Command {
    fn said(&mut self) -> Said {
        let output = self.output().expect("it is installed");
        Said {
            code: output.status.code(),
            output: String::from_utf8_lossy(&output.stdout).into_owned(),
            complaint: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The command that is tested.
pub(crate) fn skep(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_skep"));
    command.args(words);
    command
}

fn with_file(manifest: &str, up: impl FnOnce(&Path) -> Site) -> Site {
    let directory = tempfile::tempdir().expect("there is room for files");
    let path = directory.path().join("skep.yaml");
    fs::write(&path, manifest).expect("there is room for files");
    up(&path)
}

/// The manifests of a seed.
pub(crate) fn seed(number: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../manifests/seeds")
        .join(number)
}

/// Prints what a person shall see, also of a test that passes.
pub(crate) fn tell(kind: &str, text: &str) {
    // `println!` would be kept back by the test harness.
    let _closed = writeln!(io::stdout().lock(), "{kind}  {text}");
}
