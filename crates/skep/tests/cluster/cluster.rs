//! Hosts on one segment with the real agent on them, and everything that sees what they do.
//!
//! Nothing is slept for: a test waits until a condition holds, at most [`PATIENCE`].

pub(crate) mod agent;
pub(crate) mod checksum;
pub(crate) mod lossless;
pub(crate) mod wire;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use skep_lab::Lab;
use skep_lab::capture::Capture;
use skep_lab::plan::{LabNode, LabPlan};
use skep_lab::prober::Prober;
use tempfile::TempDir;

use agent::Agent;

/// Never waited for when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Between two looks at a condition that says nothing by itself.
const LOOK: Duration = Duration::from_millis(5);

/// A lab of which some hosts run the agent.
pub(crate) struct Cluster {
    pub(crate) lab: Lab,
    pub(crate) capture: Capture,
    directory: TempDir,
    up_since: Instant,
    interface: String,
    agents: BTreeMap<String, Agent>,
    dead: Vec<String>,
}

impl Cluster {
    /// These hosts, each with its address on `interface`, and nothing running on them.
    pub(crate) fn up(test: &str, interface: &str, hosts: &[(&str, Ipv4Addr)]) -> Self {
        let node = |(name, address): &(&str, Ipv4Addr)| LabNode {
            name: (*name).to_owned(),
            address: IpAddr::V4(*address),
            prefix_length: 24,
            interface: interface.to_owned(),
        };
        let plan = LabPlan {
            name: format!("{test}-{}", std::process::id()),
            nodes: hosts.iter().map(node).collect(),
        };
        let up_since = Instant::now();
        let lab = Lab::up(plan).expect("root may make a lab");
        let capture = Capture::start(&lab).expect("root may capture");
        Self {
            lab,
            capture,
            directory: tempfile::tempdir().expect("there is room for files"),
            up_since,
            interface: interface.to_owned(),
            agents: BTreeMap::new(),
            dead: Vec::new(),
        }
    }

    /// A directory of the host `node`, outside of what a power cut empties.
    pub(crate) fn directory(&self, node: &str) -> PathBuf {
        let directory = self.directory.path().join(node);
        fs::create_dir_all(directory.join("manifests")).expect("there is room for files");
        directory
    }

    /// Where the agent of `node` finds its manifests.
    pub(crate) fn manifests(&self, node: &str) -> PathBuf {
        self.directory(node).join("manifests")
    }

    /// Saves a manifest as editors do: a new file that replaces the old one. Returns the moment
    /// before, since the Unix epoch.
    pub(crate) fn save(&self, node: &str, file: &str, text: &str) -> Duration {
        let new = self.directory(node).join("unsaved");
        fs::write(&new, text).expect("there is room for files");
        let at = now();
        fs::rename(&new, self.manifests(node).join(file)).expect("it replaces the old one");
        at
    }

    /// Starts the agent of a host with this manifest.
    pub(crate) fn start(&mut self, node: &str, manifest: &str) {
        self.start_under(node, manifest, &[]);
    }

    /// Starts the agent of a host with this manifest as an argument of another program.
    pub(crate) fn start_under(&mut self, node: &str, manifest: &str, program: &[&str]) {
        self.save(node, "skep.yaml", manifest);
        let directory = self.directory(node);
        let agent = Agent::start(&mut self.lab, node, &directory, program);
        self.agents.insert(node.to_owned(), agent);
    }

    /// The agent of a host.
    pub(crate) fn agent(&self, node: &str) -> &Agent {
        self.agents.get(node).expect("an agent was started there")
    }

    /// The hosts that live and have this address.
    pub(crate) fn holders(&self, address: Ipv4Addr) -> Vec<String> {
        let nodes = self.lab.plan().nodes.iter().map(|node| &node.name);
        let living = nodes.filter(|node| !self.dead.contains(node));
        let has = |node: &&String| self.addresses(node).contains(&format!("inet {address}/"));
        living.filter(has).cloned().collect()
    }

    /// The same of an IPv6 address.
    pub(crate) fn holders_ipv6(&self, address: Ipv6Addr) -> Vec<String> {
        let nodes = self.lab.plan().nodes.iter().map(|node| &node.name);
        let living = nodes.filter(|node| !self.dead.contains(node));
        let show = ["ip", "-6", "-o", "addr", "show", &self.interface];
        let has = |node: &&String| self.say(node, &show).contains(&format!("inet6 {address}/"));
        living.filter(has).cloned().collect()
    }

    /// What `ip -o addr` prints on a host.
    pub(crate) fn addresses(&self, node: &str) -> String {
        self.say(node, &["ip", "-4", "-o", "addr", "show", &self.interface])
    }

    /// What a program on a host prints; it must succeed.
    pub(crate) fn say(&self, node: &str, command: &[&str]) -> String {
        let output = self.lab.exec(node, command).expect("the host lives");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {complaint}");
        String::from_utf8(output.stdout).expect("programs print text")
    }

    /// Waits until `node` and nobody else has `address`.
    pub(crate) fn wait_for_holder(&self, address: Ipv4Addr, node: &str) {
        let mut seen = Vec::new();
        let held = wait_until(|| {
            seen = self.holders(address);
            seen == [node]
        });
        assert!(
            held,
            "{address} shall be on {node} alone, it is on {seen:?}"
        );
    }

    /// Cuts the power of a host: its link and all its processes.
    pub(crate) fn cut_power(&mut self, node: &str) {
        self.lab.kill(node).expect("the host lives");
        self.agents.remove(node);
        self.dead.push(node.to_owned());
    }

    /// Gives a host its power back; nothing runs on it.
    pub(crate) fn restore_power(&mut self, node: &str) {
        self.lab.mend(node).expect("the host is there");
        self.dead.retain(|dead| dead != node);
    }

    /// Asks `address` from `node` a thousand times a second, from its first answer on.
    pub(crate) fn probe(&self, node: &str, address: impl Into<IpAddr>) -> Prober {
        let address = address.into();
        assert!(self.answers(node, address), "{address} answers {node}");
        Prober::start(&self.lab, node, address).expect("the host lives")
    }

    /// Whether `address` answers a host.
    pub(crate) fn answers(&self, node: &str, address: impl Into<IpAddr>) -> bool {
        let address = address.into().to_string();
        let ping = ["ping", "-c", "1", "-W", "1", &address];
        let output = self.lab.exec(node, &ping).expect("the host lives");
        output.status.success()
    }

    fn check_nothing_is_left(&mut self) {
        let agents = std::mem::take(&mut self.agents);
        let processes: Vec<u32> = agents.values().flat_map(Agent::processes).collect();
        self.lab.down().expect("the lab can be taken away");
        let name = format!("skep-{}", self.lab.plan().name);
        for path in ["/run/netns", "/run/skep-lab"] {
            let left: Vec<_> = fs::read_dir(path).into_iter().flatten().flatten().collect();
            let is_ours = |entry: &fs::DirEntry| entry.path().to_string_lossy().contains(&name);
            assert!(!left.iter().any(is_ours), "the lab is left in {path}");
        }
        let mounts = fs::read_to_string("/proc/self/mountinfo").expect("/proc is mounted");
        assert!(!mounts.contains(&name), "a mount of the lab is left");
        for id in processes {
            assert!(!agent::is_running(id), "process {id} is left");
        }
    }

    fn print_logs(&self) {
        for entry in fs::read_dir(self.directory.path()).into_iter().flatten() {
            let Ok(entry) = entry else { continue };
            let log = fs::read_to_string(entry.path().join("log")).unwrap_or_default();
            let name = entry.file_name();
            let _closed = writeln!(io::stderr(), "--- log of {}\n{log}", name.display());
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.print_logs();
        } else {
            self.check_nothing_is_left();
        }
        let thread = std::thread::current();
        // A benchmark's thread is not named after a test.
        if let Some(test) = thread.name().filter(|name| name.contains("::")) {
            let took = self.up_since.elapsed().as_secs_f64();
            tell("took", &format!("{took:.1} s  {test}"));
        }
    }
}

/// Whether `condition` comes true in time.
pub(crate) fn wait_until(mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        if Instant::now() > deadline {
            return false;
        }
        // The looks themselves must not keep the machine busy that is being measured.
        std::thread::sleep(LOOK);
    }
    true
}

/// The present moment on the clock of what is seen on the wire.
pub(crate) fn now() -> Duration {
    skep_lab::capture::now()
}

/// Prints what was measured, also for a test that passes.
pub(crate) fn measured(what: &str, value: &str) {
    tell("measured", &format!("{what:<64} {value}"));
}

fn tell(kind: &str, text: &str) {
    // `println!` would be kept back by the test harness.
    let _closed = writeln!(io::stdout().lock(), "{kind}  {text}");
}

/// A duration in milliseconds, for people.
pub(crate) fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// The documents of this kind in a manifest of this repository.
pub(crate) fn documents(manifest: &str, kind: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join(manifest)).expect("the manifest is there");
    let wanted = format!("kind: {kind}\n");
    let documents: Vec<&str> = text
        .split("---\n")
        .filter(|document| document.contains(&wanted))
        .collect();
    documents.join("---\n")
}
