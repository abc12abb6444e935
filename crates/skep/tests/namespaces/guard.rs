//! Addresses that somebody else removes.

use std::fs::{self, File};
use std::time::Duration;

use crate::cluster::wire::adverts;
use crate::cluster::{measured, ms, wait_until};
use crate::pair::{self, A, B, CLIENT, ID, VIP};

const TIMES: usize = 10;

#[test]
fn an_address_removed_by_hand_is_back_at_once_and_nobody_takes_over() {
    let mut cluster = pair::running("guard", &pair::ingress());
    let seen = cluster.directory(A).join("monitor");
    let mut monitor = cluster.lab.command(A, "ip").expect("the host lives");
    monitor.args(["-ts", "-o", "-4", "monitor", "address"]);
    monitor.stdout(File::create(&seen).expect("there is room"));
    cluster.lab.spawn(monitor).expect("it starts");
    let prober = cluster.probe(CLIENT, VIP);
    let mut times = Vec::new();
    for round in 1..=TIMES {
        cluster.say(A, &["ip", "addr", "del", "10.0.0.70/32", "dev", "eth0"]);
        let back = wait_until(|| {
            times = absences(&fs::read_to_string(&seen).unwrap_or_default());
            times.len() == round
        });
        assert!(back, "it is not back: {times:?}");
    }
    cluster.wait_for_holder(VIP, A);
    times.sort();
    let report = prober.stop().expect("it probed");
    measured(
        "address removed by hand: until it is back",
        &format!(
            "median {}, longest {} of {TIMES} (budget 5 ms), {} of {} probes lost",
            ms(times[TIMES / 2]),
            ms(times[TIMES - 1]),
            report.lost(),
            report.probes.len()
        ),
    );
    assert!(times[TIMES / 2] <= Duration::from_millis(5), "{times:?}");
    assert!(
        adverts(&cluster.capture, ID)
            .iter()
            .all(|advert| advert.node == A)
    );
    cluster.agent(B).wait_for_state("ingress", "Backup");
}

/// How long the address was away each time, from lines `[<date>T<time>] [Deleted] 2: eth0 inet …`.
fn absences(monitor: &str) -> Vec<Duration> {
    let mut gone = None;
    let mut times = Vec::new();
    for line in monitor.lines().filter(|line| line.contains("10.0.0.70/32")) {
        let Some(at) = time_of_day(line) else {
            continue;
        };
        if line.contains("Deleted") {
            gone = Some(at);
        } else if let Some(gone) = gone.take() {
            times.push(at.saturating_sub(gone));
        }
    }
    times
}

fn time_of_day(line: &str) -> Option<Duration> {
    let time = line.split_once('T')?.1.split_once(']')?.0;
    let mut parts = time.splitn(3, ':');
    let mut next = || parts.next()?.parse::<f64>().ok();
    let (hours, minutes, seconds) = (next()?, next()?, next()?);
    Some(Duration::from_secs_f64(
        hours * 3600.0 + minutes * 60.0 + seconds,
    ))
}
