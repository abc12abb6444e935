use skep_manifest::vip_group::MemberState::{self, Active, Backup, Fault};
use skep_manifest::vip_group::Notification;

use super::*;
use crate::notify::event::tests::event;

/// A queue on a clock of its own.
struct Desk {
    queue: Queue,
    begin: Instant,
    now: Instant,
}

impl Desk {
    /// With these subscriptions: an entry of `notify` and the notifier it names.
    fn new(subscriptions: &[(&str, &str)]) -> Self {
        let now = Instant::now();
        let mut desk = Self {
            queue: Queue::default(),
            begin: now,
            now,
        };
        desk.follow(subscriptions);
        desk
    }

    fn follow(&mut self, subscriptions: &[(&str, &str)]) {
        let subscriptions = subscriptions.iter().map(|(notification, notifier)| {
            let notification: Notification =
                serde_json::from_str(notification).expect("a notification");
            let notifier = serde_json::from_str(notifier).expect("a notifier");
            let key = (notification.notifier.clone(), 0);
            (key, Subscription::new(&notification, &notifier))
        });
        self.queue.follow(subscriptions.collect(), self.now);
    }

    fn tell(&mut self, state: MemberState, second: u32) {
        let event = Arc::new(event(state, second));
        self.queue.tell(event, Novelty::Entered, self.now);
    }

    /// Lets everything be attempted that comes up in so many seconds: what was attempted when, and
    /// `!` after it where `succeeds` says that it fails.
    fn run(&mut self, seconds: u64, succeeds: impl Fn(&str) -> bool) -> String {
        let end = self.now + Duration::from_secs(seconds);
        let mut done = Vec::new();
        loop {
            match self.queue.next(self.now) {
                Next::Attempt(notice, _) => {
                    let at = (self.now - self.begin).as_secs();
                    let (name, state) = (&notice.key.0, notice.event.state_word());
                    let what = format!("{name}:{state}");
                    let is_good = succeeds(&what);
                    let mark = if is_good { "" } else { "!" };
                    done.push(format!("{at}s {what}{mark}"));
                    let result = is_good.then_some(()).ok_or_else(|| "refused".to_owned());
                    self.queue.finish(notice, result, self.now);
                }
                Next::Wait(until) if until <= end => self.now = until,
                Next::Wait(_) | Next::Idle => {
                    self.now = end;
                    return done.join(", ");
                }
            }
        }
    }

    fn record(&self, at: usize) -> Record {
        let (_, record) = self.queue.records().nth(at).expect("it is there");
        record
    }
}

const EXEC: &str = r#"{"exec": {"argv": ["/bin/true"]}}"#;
const WEBHOOK: &str = r#"{"webhook": {"url": {"value": "http://x/"}, "retries": 3}}"#;
const ALL: &str = r#"{"notifier": "all"}"#;
const HELD: &str = r#"{"notifier": "held", "states": ["active"], "every": "60s"}"#;

#[test]
fn transitions_are_told_once_in_their_order_to_who_wants_them() {
    let faults = r#"{"notifier": "faults", "states": ["fault"]}"#;
    let mut desk = Desk::new(&[(faults, EXEC), (ALL, EXEC)]);
    for (second, state) in [Backup, Active, Fault, Backup].into_iter().enumerate() {
        desk.tell(state, u32::try_from(second).expect("few"));
    }
    let told = desk.run(1000, |_| true);
    let expected = "0s all:backup, 0s all:active, 0s faults:fault, 0s all:fault, 0s all:backup";
    assert_eq!(told, expected, "for one event in the order of the manifest");
    assert_eq!((desk.record(0).delivered, desk.record(1).delivered), (1, 4));
}

#[test]
fn a_program_that_failed_is_not_run_again_unless_every_says_so() {
    let mut desk = Desk::new(&[(ALL, EXEC)]);
    desk.tell(Active, 1);
    assert_eq!(desk.run(1000, |_| false), "0s all:active!");
    let record = desk.record(0);
    assert_eq!((record.given_up, record.delivered), (1, 0));
    assert!(record.keeps_failing(), "it was given up");
    desk.tell(Backup, 2);
    desk.run(1, |_| true);
    assert!(!desk.record(0).keeps_failing());
}

#[test]
fn requests_are_tried_again_with_growing_pauses_and_then_given_up() {
    let mut desk = Desk::new(&[(ALL, WEBHOOK)]);
    desk.tell(Active, 1);
    desk.tell(Backup, 2);
    let told = desk.run(0, |_| false);
    assert_eq!(told, "0s all:active!", "backup waits for active");
    assert_eq!(desk.record(0).waiting, 2);
    assert!(!desk.record(0).keeps_failing());
    let told = desk.run(7, |what| what == "all:backup");
    assert_eq!(
        told,
        "1s all:active!, 3s all:active!, 7s all:active!, 7s all:backup"
    );
    assert_eq!((desk.record(0).given_up, desk.record(0).delivered), (1, 1));
}

#[test]
fn a_state_is_told_until_it_succeeds_and_then_again_every_so_often_while_it_lasts() {
    let mut desk = Desk::new(&[(HELD, EXEC)]);
    desk.tell(Backup, 0);
    assert_eq!(desk.run(100, |_| true), "");
    desk.tell(Active, 1);
    let told = desk.run(8, |_| false);
    assert_eq!(
        told,
        "100s held:active!, 101s held:active!, 103s held:active!, 107s held:active!"
    );
    assert!(desk.record(0).keeps_failing());
    let told = desk.run(130, |_| true);
    assert_eq!(told, "115s held:active, 175s held:active, 235s held:active");
    assert_eq!(
        desk.record(0).waiting,
        0,
        "a repetition that is not due is no debt"
    );
    desk.tell(Backup, 2);
    assert_eq!(desk.run(1000, |_| true), "", "the state is over");
}

#[test]
fn pauses_end_at_a_minute() {
    let mut desk = Desk::new(&[(HELD, EXEC)]);
    desk.tell(Active, 1);
    let told = desk.run(3600, |_| false);
    let attempts = told.split(", ").count();
    assert!((60..=70).contains(&attempts), "{attempts}");
}

#[test]
fn an_older_state_is_never_told_after_a_newer_one_to_who_is_told_every_so_often() {
    let both = r#"{"notifier": "both", "every": "60s"}"#;
    let mut desk = Desk::new(&[(both, EXEC)]);
    desk.tell(Active, 1);
    let Next::Attempt(under_way, _) = desk.queue.next(desk.now) else {
        panic!("it is due");
    };
    desk.tell(Backup, 2);
    let failed = Err("too late".to_owned());
    desk.queue.finish(under_way, failed, desk.now);
    assert_eq!(desk.record(0).trouble, None, "the state is over");
    assert_eq!(desk.run(60, |_| true), "0s both:backup, 60s both:backup");
}

#[test]
fn who_waits_for_its_next_attempt_lets_the_others_go_first() {
    let mut desk = Desk::new(&[(HELD, EXEC), (ALL, EXEC)]);
    desk.tell(Active, 1);
    let told = desk.run(1, |what| what == "all:active");
    assert_eq!(told, "0s held:active!, 0s all:active, 1s held:active!");
}

#[test]
fn when_too_many_wait_the_oldest_are_dropped_and_the_newest_is_told() {
    let mut desk = Desk::new(&[(ALL, WEBHOOK), (HELD, EXEC)]);
    for second in 0..50 {
        desk.tell(if second % 2 == 0 { Backup } else { Active }, second);
    }
    assert_eq!(desk.record(0).waiting, 16);
    assert_eq!(desk.record(0).dropped, 34);
    let told = desk.run(0, |_| true);
    assert_eq!(told.matches("all:").count(), 16);
    assert!(told.contains("all:active, 0s held:active"), "{told}");
}

#[test]
fn a_lasting_state_is_told_only_to_who_is_told_every_so_often() {
    let mut desk = Desk::new(&[(HELD, EXEC), (ALL, EXEC)]);
    let event = Arc::new(event(Active, 1));
    desk.queue.tell(event, Novelty::Lasting, desk.now);
    assert_eq!(desk.run(60, |_| true), "0s held:active, 60s held:active");
}

#[test]
fn a_changed_manifest_keeps_what_waits_and_begins_what_is_new() {
    let mut desk = Desk::new(&[(ALL, WEBHOOK)]);
    desk.tell(Active, 1);
    assert_eq!(desk.run(0, |_| false), "0s all:active!");
    desk.follow(&[(ALL, EXEC), (HELD, EXEC)]);
    assert_eq!(desk.run(1, |_| true), "0s held:active, 1s all:active");
    let Next::Wait(_) = desk.queue.next(desk.now) else {
        panic!("held waits for its repetition");
    };
    desk.follow(&[(ALL, EXEC)]);
    assert_eq!(desk.run(1000, |_| true), "");
    assert_eq!(desk.record(0).delivered, 1);
}

#[test]
fn a_change_while_something_is_under_way_repeats_nothing() {
    let mut desk = Desk::new(&[(HELD, EXEC)]);
    desk.tell(Active, 1);
    let Next::Attempt(under_way, _) = desk.queue.next(desk.now) else {
        panic!("it is due");
    };
    assert_eq!(desk.record(0).waiting, 1);
    desk.follow(&[(HELD, EXEC), (ALL, EXEC)]);
    desk.queue.finish(under_way, Ok(()), desk.now);
    assert_eq!(desk.run(60, |_| true), "60s held:active");
}
