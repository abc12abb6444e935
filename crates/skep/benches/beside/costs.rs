//! What it costs to run: memory and processor time.

use std::fmt::Write as _;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use skep_lab::Lab;
use skep_lab::plan::{LabNode, LabPlan};

use crate::SECOND as EVERY_SECOND;
use crate::cluster::agent::processes_of;
use crate::cluster::wait_until;
use crate::sample::Sample;
use crate::site::{FIRST, KINDS, Kind, SECOND, Site};
use crate::table::{Budget, Row, Table};

/// As many as a segment can have.
const ROUTERS: u8 = 255;
/// How long the processors are watched, and how often.
const WATCH: Duration = Duration::from_secs(3);
const WATCHES: usize = 3;
/// After that a member that took over does nothing but hold.
const REST: Duration = Duration::from_secs(8);
/// Clock ticks of a second in `/proc/PID/stat`; it is this on every Linux of today.
const TICKS: f64 = 100.0;

/// The memory of one running member with one group, of both kinds.
pub(crate) fn memory(table: &mut Table) {
    eprintln!("memory");
    let mut samples = [Sample::default(), Sample::default()];
    for (sample, kind) in samples.iter_mut().zip(KINDS) {
        // One at a time: who runs twice shares memory with himself.
        let mut site = Site::new(EVERY_SECOND);
        let [first, _] = kind.nodes();
        site.start(kind, first, FIRST);
        site.wait_for_holder(kind, first);
        // Nothing that could be waited for says that it is at rest.
        std::thread::sleep(REST);
        sample.push(memory_of(site.process(kind, first)));
    }
    let [keepalived, skep] = samples;
    table.push(Row {
        what: "memory of a standalone member at rest (PSS)".to_owned(),
        unit: "MB",
        keepalived,
        skep,
        budget: Budget::AtMost(8.0),
    });
}

/// The processor time of 255 virtual routers at 10 ms, of both kinds.
pub(crate) fn processor(table: &mut Table) {
    let [keepalived, skep] = KINDS.map(|kind| {
        eprintln!("processor: {kind:?}");
        Crowd::up(kind).watch()
    });
    let mut add = |what: &str, unit, keepalived, skep, budget| {
        table.push(Row {
            what: format!("{ROUTERS} virtual routers at 10 ms: {what}"),
            unit,
            keepalived,
            skep,
            budget,
        });
    };
    let half = if keepalived.kept_up() {
        Budget::Part(0.5)
    } else {
        Budget::PartOfNothing(0.5)
    };
    add(
        "processor, Active",
        "%",
        keepalived.active,
        skep.active,
        half,
    );
    add(
        "processor, Backup",
        "%",
        keepalived.backup,
        skep.backup,
        half,
    );
    let sent = "packets of the Active in a second";
    add(sent, "", keepalived.sent, skep.sent, Budget::Open);
    let (keepalived_memory, skep_memory) = (keepalived.memory, skep.memory);
    let (keepalived, skep) = (keepalived.held_by_both, skep.held_by_both);
    add("addresses held by both", "", keepalived, skep, Budget::None);
    let beside = "memory of the Active beside the Backup (PSS)";
    add(beside, "MB", keepalived_memory, skep_memory, Budget::Open);
}

/// What a crowd used: parts of one processor in percent, and packets in a second.
#[derive(Default)]
struct Use {
    active: Sample,
    backup: Sample,
    sent: Sample,
    held_by_both: Sample,
    memory: Sample,
}

impl Use {
    /// Whether the Active sent what it had to and the Backup let it.
    fn kept_up(&self) -> bool {
        let wanted = f64::from(ROUTERS) * 100.0;
        self.held_by_both.max() == 0.0 && self.sent.median() > 0.9 * wanted
    }
}

/// Two members with as many groups as there can be. Nobody watches the wire, which would cost
/// more than they do.
struct Crowd {
    lab: Lab,
    members: [u32; 2],
    _directory: tempfile::TempDir,
}

impl Crowd {
    fn up(kind: Kind) -> Self {
        let directory = tempfile::tempdir().expect("there is room for files");
        let nodes = kind.nodes();
        let node = |(name, last): (&str, u8)| LabNode {
            name: name.to_owned(),
            address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)),
            prefix_length: 16,
            interface: "eth0".to_owned(),
        };
        let plan = LabPlan {
            name: format!("bench-crowd-{}", std::process::id()),
            nodes: nodes.into_iter().zip(11..).map(node).collect(),
        };
        let mut lab = Lab::up(plan).expect("root may make a lab");
        let mut members = [0; 2];
        for ((member, node), priority) in members.iter_mut().zip(nodes).zip([FIRST, SECOND]) {
            *member = start(&mut lab, kind, node, priority, directory.path());
            // The first one holds all of them before the second one comes.
            wait_for_all(&lab, nodes[0]);
        }
        Self {
            lab,
            members,
            _directory: directory,
        }
    }

    /// The processor time of both.
    fn watch(mut self) -> Use {
        let processes = self.members.map(processes_of);
        let ticks = || processes.each_ref().map(|all| ticks_of(all));
        let mut seen = Use::default();
        // They are not yet at rest: nothing that could be waited for says so.
        std::thread::sleep(WATCH);
        for _ in 0..WATCHES {
            let (before, sent, at) = (ticks(), self.sent(), Instant::now());
            std::thread::sleep(WATCH);
            let (after, more, time) = (ticks(), self.sent(), at.elapsed().as_secs_f64());
            seen.active
                .push((after[0] - before[0]) / TICKS / time * 100.0);
            seen.backup
                .push((after[1] - before[1]) / TICKS / time * 100.0);
            seen.sent.push((more - sent) / time);
        }
        let second = self.lab.plan().nodes[1].name.clone();
        // Who cannot keep up holds what it should not; that is a result, too.
        seen.held_by_both.push(f64::from(held(&self.lab, &second)));
        seen.memory.push(memory_of(self.members[0]));
        self.lab.down().expect("the lab can be taken away");
        seen
    }

    /// The packets that the Active member has sent.
    fn sent(&self) -> f64 {
        let node = &self.lab.plan().nodes[0].name;
        let show = ["cat", "/proc/net/dev"];
        let output = self.lab.exec(node, &show).expect("the host lives");
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text
            .lines()
            .find_map(|line| line.trim().strip_prefix("eth0:"));
        // Eight numbers of what was received, then bytes and packets that were sent.
        let number = line.and_then(|line| line.split_whitespace().nth(9)?.parse().ok());
        number.expect("the kernel counts them")
    }
}

fn start(lab: &mut Lab, kind: Kind, node: &str, priority: u8, directory: &Path) -> u32 {
    let directory = directory.join(node);
    fs::create_dir_all(directory.join("manifests")).expect("there is room for files");
    let log = fs::File::create(directory.join("log")).expect("there is room for a log");
    let mut command = match kind {
        Kind::Skep => {
            let file = directory.join("manifests/skep.yaml");
            fs::write(file, manifests(node, priority)).expect("there is room for files");
            let mut command = lab
                .command(node, &crate::cluster::agent::skep())
                .expect("the host lives");
            command.args(["agent", "--node", node, "--manifests"]);
            command.arg(directory.join("manifests"));
            command.arg("--socket").arg(directory.join("socket"));
            command
        }
        Kind::Keepalived => {
            let file = directory.join("keepalived.conf");
            fs::write(&file, instances(priority)).expect("there is room for files");
            let mut command = lab.command(node, "chrt").expect("the host lives");
            // As skep, it shall not wait for its turn.
            command.args(["--fifo", "50", "keepalived", "--dont-fork", "--vrrp"]);
            command.arg("--log-console").arg("--use-file").arg(file);
            command.arg("--pid").arg(directory.join("pid"));
            command.arg("--vrrp_pid").arg(directory.join("vrrp_pid"));
            command
        }
    };
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(log);
    lab.spawn(command).expect("it is installed")
}

fn manifests(node: &str, priority: u8) -> String {
    let group = |id: u8| {
        format!(
            "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: group{id}}}\nspec:\n  \
             virtualRouterId: {id}\n  interface: eth0\n  addresses: [10.0.1.{id}]\n  \
             advertisementInterval: 10ms\n  members: [{{node: {node}, priority: {priority}}}]\n"
        )
    };
    (1..=ROUTERS).map(group).collect::<Vec<_>>().join("---\n")
}

fn instances(priority: u8) -> String {
    let mut text = String::new();
    for id in 1..=ROUTERS {
        let written = write!(
            text,
            "vrrp_instance V{id} {{\n state BACKUP\n interface eth0\n version 3\n \
             advert_int 0.01\n virtual_router_id {id}\n priority {priority}\n \
             virtual_ipaddress {{\n 10.0.1.{id}\n }}\n}}\n"
        );
        written.expect("a string can be written to");
    }
    text
}

fn wait_for_all(lab: &Lab, node: &str) {
    let all = wait_until(|| held(lab, node) == u32::from(ROUTERS));
    assert!(all, "{node} holds {} of {ROUTERS}", held(lab, node));
}

/// How many of the addresses a host has.
fn held(lab: &Lab, node: &str) -> u32 {
    let show = ["ip", "-4", "-o", "address", "show", "eth0"];
    let output = lab.exec(node, &show).expect("the host lives");
    let text = String::from_utf8_lossy(&output.stdout);
    let count = text.matches("inet 10.0.1.").count();
    u32::try_from(count).expect("they are few")
}

/// The proportional set size of a process and all that it started, in MiB.
fn memory_of(first: u32) -> f64 {
    let all = processes_of(first);
    all.into_iter().map(proportional_set).sum::<f64>() / 1024.0
}

/// The proportional set size of a process in KiB.
fn proportional_set(process: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup"));
    let text = text.expect("it runs");
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.expect("the kernel says it")
}

/// The clock ticks that processes used for themselves and in the kernel.
fn ticks_of(processes: &[u32]) -> f64 {
    let ticks = |process: &u32| {
        let text = fs::read_to_string(format!("/proc/{process}/stat")).expect("it runs");
        let (_, rest) = text.rsplit_once(") ").expect("its name is in brackets");
        // `state` is the third field of proc_pid_stat(5), `utime` and `stime` are 14 and 15.
        let times = rest.split(' ').skip(11).take(2);
        times
            .map(|time| time.parse::<f64>().expect("it is a number"))
            .sum::<f64>()
    };
    processes.iter().map(ticks).sum()
}
