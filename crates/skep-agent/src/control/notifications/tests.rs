use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant as Clock};

use skep_manifest::set::Source;
use skep_vip::configuration::RouterKey;
use skep_vip::message::{Authenticated, Counters};
use skep_vrrp::identity::{Priority, VirtualRouterId};
use tempfile::TempDir;

use super::*;
use crate::control::contents::Contents;
use crate::control::desired::DesiredState;
use crate::control::understand::Mode;

const MANIFEST: &str = "apiVersion: skep/v1
kind: VipGroup
metadata: {name: web}
spec:
  virtualRouterId: 51
  interface: eth0
  lease: forever
  addresses: [10.0.0.70]
  members: [{node: a, priority: 100}, {node: b, priority: 90}]
  notify: [{notifier: all}, {notifier: held, states: [active], every: 1h}]
---
apiVersion: skep/v1
kind: Notifier
metadata: {name: all}
spec: {exec: {argv: [/bin/sh, -c, 'echo all $SKEP_STATE $SKEP_NODE $SKEP_ADDRESSES >> FILE']}}
---
apiVersion: skep/v1
kind: Notifier
metadata: {name: held}
spec: {exec: {argv: [/bin/sh, -c, 'echo held $SKEP_STATE >> FILE']}}
";

/// Control at two moments of its life.
struct Site {
    directory: TempDir,
    file: PathBuf,
    desired: DesiredState,
}

impl Site {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("said");
        fs::write(&file, "").expect("written");
        let mode = Permissions::from_mode;
        fs::set_permissions(directory.path(), mode(0o777)).expect("open to all");
        fs::set_permissions(&file, mode(0o666)).expect("open to all");
        let text = MANIFEST.replace("FILE", file.to_str().expect("a path"));
        let source = Source {
            name: "skep.yaml".to_owned(),
            text: text.into(),
        };
        let node = "a".parse().expect("a name");
        let mut desired = DesiredState::new(Some(node), Mode::Standalone);
        let contents = Contents {
            sources: Ok(vec![source]),
            commit: None,
        };
        assert!(desired.offer(contents, at(1)), "it is accepted");
        desired.configure(&mut skep_plan::site::Site::default());
        Self {
            directory,
            file,
            desired,
        }
    }

    /// A control that starts in this second.
    fn start(&self, second: u64) -> Notifications {
        let mut notifications = Notifications::new(self.directory.path(), at(second));
        notifications.follow(self.desired.accepted().expect("it was accepted"));
        notifications
    }

    fn report(&self, notifications: &mut Notifications, transitions: &[(u64, State, State)]) {
        let accepted = self.desired.accepted().expect("it was accepted");
        notifications.handle_report(&report(transitions), accepted, at(1000));
    }

    /// Waits until so much was said, and returns all of it.
    async fn said(&self, lines: usize) -> String {
        let deadline = Clock::now() + Duration::from_secs(20);
        loop {
            let said = fs::read_to_string(&self.file).expect("it is there");
            if said.lines().count() >= lines {
                return said;
            }
            assert!(Clock::now() < deadline, "{lines} lines: {said}");
            tokio::task::yield_now().await;
        }
    }
}

const fn at(second: u64) -> Instant {
    Instant::from_boot(Duration::from_secs(second))
}

fn report(transitions: &[(u64, State, State)]) -> RouterReport {
    let transition = |(second, from, to): &(u64, State, State)| Transition {
        at: at(*second),
        from: *from,
        to: *to,
        reason: Reason::Silence,
    };
    let (since, _, state) = *transitions.last().expect("something happened");
    RouterReport {
        key: RouterKey {
            group: "web".to_owned(),
            family: Family::Ipv4,
        },
        revision: 1,
        virtual_router_id: VirtualRouterId::new(51).expect("an id"),
        interface: "eth0".to_owned(),
        source: None,
        state,
        reason: Reason::Silence,
        since: at(since),
        base_priority: Priority::new(100),
        effective_priority: Priority::new(100),
        inputs: Vec::new(),
        heard: None,
        holding: Vec::new(),
        transitions: transitions.iter().map(transition).collect(),
        counters: Counters::default(),
        authentication: Authenticated::None,
        keys: Vec::new(),
        anomalies: Vec::new(),
    }
}

use State::{Active, Backup, Fault, Leaving};

const FIRST: [(u64, State, State); 2] = [(11, Fault, Backup), (12, Backup, Active)];

#[tokio::test]
async fn every_transition_is_told_once_however_often_it_is_reported() {
    let site = Site::new();
    let mut control = site.start(10);
    for transitions in [&FIRST[..1], &FIRST, &FIRST] {
        site.report(&mut control, transitions);
    }
    let said = site.said(3).await;
    assert_eq!(
        said,
        "all backup a 10.0.0.70\nall active a 10.0.0.70\nheld active\n"
    );
    site.report(&mut control, &[FIRST[0], FIRST[1], (13, Active, Fault)]);
    assert_eq!(site.said(4).await, said + "all fault a 10.0.0.70\n");
}

#[tokio::test]
async fn leaving_is_told_as_backup_and_leaving_in_vain_is_told_as_nothing() {
    let site = Site::new();
    let mut control = site.start(10);
    let in_vain = [(13, Active, Leaving), (14, Leaving, Active)];
    let left = [(15, Active, Leaving), (16, Leaving, Backup)];
    site.report(&mut control, &[&FIRST[..], &in_vain, &left].concat());
    let said = site.said(3).await;
    let expected = "all backup a 10.0.0.70\nall active a 10.0.0.70\nall backup a 10.0.0.70\n";
    assert_eq!(said, expected);
}

#[tokio::test]
async fn a_control_that_starts_again_tells_what_happened_meanwhile_and_nothing_twice() {
    let site = Site::new();
    let mut control = site.start(10);
    site.report(&mut control, &FIRST);
    let before = site.said(3).await;
    drop(control);
    let mut control = site.start(20);
    site.report(&mut control, &FIRST);
    let repeated = before + "held active\n";
    assert_eq!(site.said(4).await, repeated, "the state lasts");
    drop(control);
    let mut control = site.start(40);
    site.report(&mut control, &[FIRST[0], FIRST[1], (30, Active, Backup)]);
    assert_eq!(site.said(5).await, repeated + "all backup a 10.0.0.70\n");
}

#[tokio::test]
async fn what_happened_before_anybody_was_to_be_told_is_not_told() {
    let site = Site::new();
    let mut control = site.start(20);
    site.report(&mut control, &FIRST);
    assert_eq!(site.said(1).await, "held active\n");
    let records = control.records(&"web".parse().expect("a name"));
    assert_eq!(records.len(), 2);
    assert_eq!((records[0].delivered, records[0].waiting), (0, 0));
}
