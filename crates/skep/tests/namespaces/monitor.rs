//! The addresses of a host as the kernel changes them.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Duration;

use crate::cluster::{self, Cluster, wait_until};

/// `ip monitor` on a host, from the moment it was started until the host goes.
pub(crate) struct Monitor {
    seen: PathBuf,
    prefix: String,
}

/// One change of the address that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// Since the Unix epoch.
    pub(crate) at: Duration,
    /// Whether it is there after the change; a renewal is a change, too.
    pub(crate) present: bool,
}

impl Monitor {
    /// Watches the address `prefix`, written as `10.0.0.70/32`, which is there.
    pub(crate) fn start(cluster: &mut Cluster, node: &str, prefix: &str) -> Self {
        let seen = cluster
            .directory(node)
            .join(format!("monitor-{}", prefix.replace('/', "-")));
        let mut command = cluster.lab.command(node, "ip").expect("the host lives");
        command.args(["-ts", "-o", "-4", "monitor", "address"]);
        command.env("TZ", "UTC");
        command.stdout(File::create(&seen).expect("there is room"));
        cluster.lab.spawn(command).expect("it starts");
        let monitor = Self {
            seen,
            prefix: prefix.to_owned(),
        };
        // It says nothing before something changes, so something does.
        let mut number = 0;
        let listens = wait_until(|| {
            number += 1;
            let witness = format!("192.0.2.{}/32", number % 250);
            let add = ["ip", "addr", "replace", &witness, "dev", "lo"];
            let output = cluster.lab.exec(node, &add).expect("the host lives");
            let delete = ["ip", "addr", "del", &witness, "dev", "lo"];
            cluster.lab.exec(node, &delete).expect("the host lives");
            output.status.success() && monitor.text().contains("192.0.2.")
        });
        assert!(listens, "ip monitor says nothing");
        monitor
    }

    /// What changed so far.
    pub(crate) fn changes(&self) -> Vec<Change> {
        let text = self.text();
        let lines = text.lines().filter(|line| line.contains(&self.prefix));
        let change = |line: &str| {
            Some(Change {
                at: time(line)?,
                present: !line.contains("Deleted"),
            })
        };
        lines.filter_map(change).collect()
    }

    /// Waits until the address is gone at a moment after `since`.
    pub(crate) fn wait_for_removal(&self, since: Duration) -> Change {
        self.wait_for(|change| !change.present && change.at > since)
    }

    /// Waits for a change.
    pub(crate) fn wait_for(&self, wanted: impl Fn(&Change) -> bool) -> Change {
        let mut found = None;
        let came = wait_until(|| {
            found = self.changes().into_iter().find(&wanted);
            found.is_some()
        });
        assert!(
            came,
            "no such change of {}: {:#?}",
            self.prefix,
            self.changes()
        );
        found.expect("it came")
    }

    /// How long the address was away each time.
    pub(crate) fn absences(&self) -> Vec<Duration> {
        let mut gone = None;
        let mut times = Vec::new();
        for change in self.changes() {
            if !change.present {
                gone = Some(change.at);
            } else if let Some(gone) = gone.take() {
                times.push(change.at.saturating_sub(gone));
            }
        }
        times
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.seen).unwrap_or_default()
    }
}

/// The moment of a line `[<date>T<time>] [Deleted] 2: eth0 inet …`, which is of today.
fn time(line: &str) -> Option<Duration> {
    const DAY: u64 = 24 * 3600;
    let time = line.split_once('T')?.1.split_once(']')?.0;
    let mut parts = time.splitn(3, ':');
    let mut next = || parts.next()?.parse::<f64>().ok();
    let (hours, minutes, seconds) = (next()?, next()?, next()?);
    let since_midnight = Duration::from_secs_f64(hours * 3600.0 + minutes * 60.0 + seconds);
    let now = cluster::now();
    let today = Duration::from_secs(now.as_secs() / DAY * DAY);
    let at = today + since_midnight;
    // A line from before midnight that is read after it.
    Some(if at > now + Duration::from_secs(DAY / 2) {
        at - Duration::from_secs(DAY)
    } else {
        at
    })
}
