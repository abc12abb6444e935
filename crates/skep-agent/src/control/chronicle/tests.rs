use super::*;

const NOW: Instant = Instant::from_boot(std::time::Duration::from_secs(1));

fn event(kind: EventKind, object: &str, message: &str) -> Event {
    Event {
        at: String::new(),
        age_ms: 0,
        node: "cube01".to_owned(),
        kind,
        object: object.to_owned(),
        message: message.to_owned(),
    }
}

fn messages(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.message.as_str()).collect()
}

#[test]
fn who_asks_again_gets_what_is_new_and_all_of_it_after_a_restart() {
    let mut chronicle = Chronicle::new(7);
    let done = |message| event(EventKind::Done, "service/web", message);
    chronicle.record(done("create"), NOW);
    let (events, mark) = chronicle.after(None, NOW);
    assert_eq!(messages(&events), ["create"]);
    chronicle.record(done("update"), NOW);
    let (events, mark) = chronicle.after(Some(mark), NOW);
    assert_eq!(messages(&events), ["update"]);
    assert_eq!(messages(&chronicle.after(Some(mark), NOW).0), [""; 0]);

    let mut next = Chronicle::new(8);
    next.record(done("remove"), NOW);
    assert_eq!(messages(&next.after(Some(mark), NOW).0), ["remove"]);
}

#[test]
fn the_oldest_go_when_there_is_no_room_and_a_message_has_an_end() {
    let mut chronicle = Chronicle::new(7);
    for number in 0..=EVENTS_MAX {
        let message = format!("{number} {}", "x".repeat(MESSAGE_CHARS_MAX));
        chronicle.record(event(EventKind::Done, "service/web", &message), NOW);
    }
    let (events, mark) = chronicle.after(None, NOW);
    assert_eq!(events.len(), EVENTS_MAX);
    assert!(events[0].message.starts_with("1 x"));
    assert_eq!(events[0].message.chars().count(), MESSAGE_CHARS_MAX + 1);
    assert_eq!(mark.read, EVENTS_MAX as u64 + 1);
    // Who was away for long misses those that are gone.
    let old = Mark { life: 7, read: 0 };
    assert_eq!(chronicle.after(Some(old), NOW).0.len(), EVENTS_MAX);
}

#[test]
fn what_is_refused_again_is_told_once_until_something_else_happens() {
    let mut chronicle = Chronicle::new(7);
    let refused = event(EventKind::Refused, "service/web", "no such network");
    for event in [
        refused.clone(),
        event(EventKind::Done, "service/other", "update"),
        refused.clone(),
        event(EventKind::Done, "service/web", "update"),
        refused,
    ] {
        chronicle.record(event, NOW);
    }
    let expected = ["no such network", "update", "update", "no such network"];
    assert_eq!(messages(&chronicle.after(None, NOW).0), expected);
}
