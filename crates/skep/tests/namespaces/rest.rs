//! What an election needs is in memory before it is needed.

use std::fs;

use crate::cluster::agent::child;
use crate::cluster::wire::wait_for_takeover;
use crate::cluster::{measured, wait_until};
use crate::pair::{self, A, B, ID, VIP};

/// Without the rehearsal it was 27 to 33, with it 7 to 15, in a build that is not optimised.
const FAULTS_MAX: u64 = 22;

#[test]
fn a_backup_at_rest_takes_over_without_waiting_for_a_page() {
    let mut cluster = pair::running("rest", &pair::ingress());
    let vip = child(cluster.agent(B).supervisor(), "vip");
    assert!(wait_until(|| locked_kib(vip) > 0), "memory is not locked");
    let before = faults_of_wire(vip);
    cluster.cut_power(A);
    wait_for_takeover(&cluster.capture, ID, A, B);
    cluster.wait_for_holder(VIP, B);
    let after = faults_of_wire(vip);
    let [minor, major] = [0, 1].map(|kind| after[kind] - before[kind]);
    measured(
        "page faults of the wire thread that takes over",
        &format!("{minor} minor, {major} major"),
    );
    assert_eq!(major, 0, "it waited for the disk");
    assert!(minor <= FAULTS_MAX, "{minor} pages were missing");
}

/// How much of a process is locked.
fn locked_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmLck:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .expect("the kernel says it")
}

/// The minor and the major page faults of the thread that keeps the timers.
fn faults_of_wire(vip: u32) -> [u64; 2] {
    let threads = fs::read_dir(format!("/proc/{vip}/task")).expect("it runs");
    let stat = threads.flatten().find_map(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).ok()?;
        stat.contains("(wire)").then_some(stat)
    });
    let stat = stat.expect("there is such a thread");
    let (_, rest) = stat.rsplit_once(") ").expect("its name is in brackets");
    // `state` is the third field of proc_pid_stat(5), `minflt` and `majflt` are 10 and 12.
    let field = |number: usize| rest.split(' ').nth(number - 3)?.parse().ok();
    [10, 12].map(|number| field(number).expect("it is a number"))
}
