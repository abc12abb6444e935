//! Everything known about one thing.

pub(crate) mod objects;

use std::fmt::Write;

use skep_api::event::Event;
use skep_api::status::{NotificationStatus, RouterStatus, VipGroupStatus};

use crate::render::age::{age, ago};
use crate::render::table::Table;
use crate::render::{moves, vips};

/// The description of a VIP group.
pub(crate) fn group(group: &VipGroupStatus) -> String {
    let mut text = format!("vipgroup {}\n", group.name);
    field(&mut text, "addresses", &group.addresses.join(", "));
    let heard = group.active.as_ref().map_or_else(String::new, |active| {
        format!(" (heard {})", ago(active.heard_ms))
    });
    field(&mut text, "active", &(vips::active(group) + &heard));
    if let Some(order) = &group.moved {
        field(&mut text, "moved", &moves::sentence(order));
    }
    for condition in &group.conditions {
        let (kind, status) = (condition.condition_type, condition.status);
        let reason = condition.reason;
        field(
            &mut text,
            "condition",
            &format!("{kind} {status}, {reason:?}: {}", condition.message),
        );
    }
    text.push_str("\nmembers\n");
    let mut members = Table::new(["NAME", "PRIORITY"]);
    for member in &group.members {
        let priority = member
            .priority
            .map_or_else(String::new, |priority| priority.to_string());
        members.row([member.name.clone(), priority]);
    }
    indent(&mut text, &members.to_string());
    for router in &group.routers {
        describe_router(&mut text, router);
    }
    if !group.notifications.is_empty() {
        text.push_str("\nnotifications from this node\n");
    }
    for notification in &group.notifications {
        describe_notification(&mut text, notification);
    }
    text
}

/// What happened last, the oldest first.
pub(crate) fn events(events: &[&Event]) -> String {
    let mut text = "\nlast events, of all nodes\n".to_owned();
    if events.is_empty() {
        text.push_str("  none is remembered\n");
    }
    for event in events {
        let Event { node, message, .. } = event;
        let (when, kind) = (ago(event.age_ms), event.kind.word());
        let _infallible = writeln!(text, "  {when:<12} {node:<10} {kind:<10} {message}");
    }
    text
}

fn describe_notification(text: &mut String, known: &NotificationStatus) {
    let counts = [
        (known.delivered, "delivered"),
        (known.given_up, "given up"),
        (known.dropped, "dropped"),
    ];
    let happened = counts.iter().filter(|(count, _)| *count > 0);
    let mut counts: Vec<String> = happened
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if known.waiting > 0 || counts.is_empty() {
        counts.push(format!("{} waiting", known.waiting));
    }
    let error = known
        .error
        .as_ref()
        .map_or_else(String::new, |error| format!("; failing: {error}"));
    field(
        text,
        &known.notifier,
        &format!("{}{error}", counts.join(", ")),
    );
}

fn describe_router(text: &mut String, router: &RouterStatus) {
    let _infallible = writeln!(text, "\nvirtual router {} on this node", router.family);
    field(
        text,
        "state",
        &format!("{} for {}", router.state, age(router.since_ms)),
    );
    field(text, "because", &router.because);
    field(text, "id", &router.virtual_router_id.to_string());
    field(text, "interface", &router.interface);
    field(text, "priority", &vips::priority(router));
    field(text, "holding", &or_none(&router.holding.join(", ")));
    let heard = router.heard.as_ref().map_or_else(
        || "nobody".to_owned(),
        |heard| {
            let (from, priority) = (heard.from, heard.priority);
            format!(
                "{from}, priority {priority}, every {} ms, {}",
                heard.interval_ms,
                ago(heard.age_ms)
            )
        },
    );
    field(text, "heard", &heard);
    for input in &router.inputs {
        let confirmed = input
            .heard_ms
            .map_or_else(|| "never confirmed".to_owned(), ago);
        let complaint = input
            .complaint
            .as_ref()
            .map_or_else(String::new, |why| format!(": {why}"));
        field(
            text,
            "input",
            &format!("{} {}, {confirmed}{complaint}", input.name, input.health),
        );
    }
    field(text, "signed", &router.authentication);
    for anomaly in &router.anomalies {
        let message = &anomaly.message;
        let (since, last) = (age(anomaly.since_ms), ago(anomaly.last_ms));
        let how_often = format!("{} times in {since}, last {last}", anomaly.count);
        field(text, "noticed", &format!("{message} ({how_often})"));
    }
    let counters: Vec<String> = router
        .counters
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    field(text, "counters", &or_none(&counters.join(", ")));
    text.push_str("  last transitions\n");
    for transition in &router.transitions {
        let (from, to) = (&transition.from, &transition.to);
        let _infallible = writeln!(
            text,
            "    {:<12} {from} -> {to}: {}",
            ago(transition.age_ms),
            transition.because
        );
    }
}

fn field(text: &mut String, name: &str, value: &str) {
    let _infallible = writeln!(text, "  {name:<10} {value}");
}

fn or_none(value: &str) -> String {
    if value.is_empty() {
        "none".to_owned()
    } else {
        value.to_owned()
    }
}

fn indent(text: &mut String, block: &str) {
    for line in block.lines() {
        let _infallible = writeln!(text, "  {line}");
    }
}
