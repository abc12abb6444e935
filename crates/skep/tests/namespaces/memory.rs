//! The kernel ends vip because there is no memory left.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cluster::agent::{child, is_running};
use crate::cluster::wire::{adverts, wait_for_advert};
use crate::cluster::{self, measured, ms, wait_until};
use crate::pair::{self, A, CLIENT, ID, VIP, assert_none_lost};

/// Less than the program needs that wants too much, and more than vip does.
const LIMIT: &str = "33554432";

/// Joins the group and wants more than it has.
const GREEDY: &str =
    "echo $$ > \"$0\" && exec dd if=/dev/zero of=/dev/null bs=256M count=1 status=none";

/// What makes the kernel end this process before all others.
const FIRST: &str = "1000";

#[test]
fn a_vip_that_the_kernel_ends_for_want_of_memory_carries_on_and_nobody_takes_over() {
    let cluster = pair::running("memory", &pair::ingress());
    let supervisor = cluster.agent(A).supervisor();
    let ended = child(supervisor, "vip");
    let group = MemoryGroup::new("memory");
    group.take_in(ended);
    fs::write(format!("/proc/{ended}/oom_score_adj"), FIRST).expect("it lives");
    let prober = cluster.probe(CLIENT, VIP);

    let mut greedy = Command::new("sh");
    greedy
        .args(["-c", GREEDY])
        .arg(group.path.join("cgroup.procs"));
    let mut greedy = greedy.spawn().expect("it starts");
    let gone = wait_until(|| !is_running(ended));
    let at = cluster::now();
    // It is the next one that the kernel ends, or has what it wants by now.
    let _ended = greedy.kill();
    greedy.wait().expect("it is a child");
    assert!(gone, "the kernel ends nobody");
    assert!(group.kills() >= 1, "something else ended it");

    let next = wait_for_advert(&cluster.capture, ID, |advert| advert.at > at);
    let router = cluster.agent(A).wait_for_state("ingress", "Active");
    assert!(router.because.contains("the process before"), "{router:?}");
    assert_ne!(child(supervisor, "vip"), ended);
    cluster.wait_for_holder(VIP, A);
    let said = adverts(&cluster.capture, ID);
    assert!(
        said.iter()
            .all(|advert| advert.node == A && advert.priority() > 0),
        "{said:?}"
    );
    measured(
        "out of memory: vip ended by the kernel",
        &format!(
            "advertises again {} after it was seen, {}",
            ms(next.at - at),
            assert_none_lost(prober)
        ),
    );
}

/// Processes that share [`LIMIT`], of either version of the kernel's control groups.
struct MemoryGroup {
    path: PathBuf,
    kills: &'static str,
}

impl MemoryGroup {
    fn new(test: &str) -> Self {
        let (root, limit, kills) = if Path::new("/sys/fs/cgroup/cgroup.controllers").exists() {
            ("/sys/fs/cgroup", "memory.max", "memory.events")
        } else {
            (
                "/sys/fs/cgroup/memory",
                "memory.limit_in_bytes",
                "memory.oom_control",
            )
        };
        let path = Path::new(root).join(format!("skep-{test}-{}", std::process::id()));
        fs::create_dir(&path).expect("root may make control groups");
        let group = Self { path, kills };
        fs::write(group.path.join(limit), LIMIT).expect("the kernel limits memory");
        group
    }

    fn take_in(&self, process: u32) {
        let file = self.path.join("cgroup.procs");
        fs::write(file, process.to_string()).expect("it lives");
    }

    /// How many processes the kernel ended in it.
    fn kills(&self) -> u32 {
        let text = fs::read_to_string(self.path.join(self.kills)).expect("it counts");
        let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        count
            .and_then(|count| count.parse().ok())
            .expect("it counts what it ends")
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        // The last process may be a moment in leaving.
        let gone = wait_until(|| fs::remove_dir(&self.path).is_ok());
        assert!(gone || std::thread::panicking(), "{:?} stays", self.path);
    }
}
