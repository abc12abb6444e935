//! Notifiers as notify scripts and mails.

use skep_manifest::duration::Interval;
use skep_manifest::name::Name;
use skep_manifest::notifier::{Email, ExecNotifier, NotifierSpec, Tls};
use skep_manifest::vip_group::{MemberState, Notification};

use super::page::{Page, seconds, word};
use super::{Own, Site};
use crate::program::Program;

/// The states that keepalived tells, with its keywords.
const STATES: [(MemberState, &str); 3] = [
    (MemberState::Active, "notify_master"),
    (MemberState::Backup, "notify_backup"),
    (MemberState::Fault, "notify_fault"),
];

fn mailer<'a>(site: &Site<'a>, notification: &Notification) -> Option<(&'a Name, &'a Email)> {
    let (name, notifier) = site
        .desired
        .notifiers
        .get_key_value(&notification.notifier)?;
    match &notifier.spec {
        NotifierSpec::Email(email) => Some((name, email)),
        NotifierSpec::Webhook(_) | NotifierSpec::Exec(_) => None,
    }
}

/// Whom to mail: keepalived has it once for all instances.
pub(super) fn mail(site: &Site<'_>, runs: &[Own<'_>], page: &mut Page) {
    let notifications = runs.iter().flat_map(|own| &own.group.declared.spec.notify);
    let mut mails = notifications.filter_map(|one| mailer(site, one));
    let Some((name, email)) = mails.next() else {
        return;
    };
    let to: Vec<String> = email.to.iter().filter_map(|to| word(to)).collect();
    let from = word(&email.from);
    let (Some(from), true) = (from, to.len() == email.to.len()) else {
        page.leave_out(format!(
            "Notifier {name}: keepalived cannot be given these addresses"
        ));
        return;
    };
    page.list("notification_email", &to);
    page.line(format!("notification_email_from {from}"));
    let (host, port) = email
        .server
        .as_str()
        .rsplit_once(':')
        .unwrap_or((email.server.as_str(), "25"));
    page.line(format!(
        "smtp_server {} {port}",
        host.trim_matches(['[', ']'])
    ));
    page.line(format!(
        "smtp_connect_timeout {}",
        seconds(email.timeout.time())
    ));
    if email.tls != Tls::Opportunistic || email.username.is_some() {
        page.leave_out(format!(
            "Notifier {name}: keepalived mails without encryption and without a user"
        ));
    }
    for (other, _) in mails {
        if other != name {
            page.leave_out(format!(
                "Notifier {other}: keepalived mails to one list only, that of {name}"
            ));
        }
    }
}

/// The notifications of one instance.
pub(super) fn write(site: &Site<'_>, own: &Own<'_>, page: &mut Page) {
    let mut taken = Vec::new();
    for notification in &own.group.declared.spec.notify {
        let name = &notification.notifier;
        let Some(notifier) = site.desired.notifiers.get(name) else {
            continue;
        };
        if notification.every.is_some() {
            page.leave_out(format!("VipGroup {}: `every` of notifier {name}", own.name));
        }
        match &notifier.spec {
            NotifierSpec::Email(_) => {
                page.line("smtp_alert");
                if !notification.states.is_empty() {
                    page.leave_out(format!(
                        "VipGroup {}: `states` of mails by {name}",
                        own.name
                    ));
                }
            }
            NotifierSpec::Webhook(_) => {
                page.leave_out(format!("Notifier {name}: keepalived asks no web server"));
            }
            NotifierSpec::Exec(exec) => program(notification, exec, &mut taken, page),
        }
    }
}

fn program(
    notification: &Notification,
    exec: &ExecNotifier,
    taken: &mut Vec<MemberState>,
    page: &mut Page,
) {
    let name = &notification.notifier;
    let Some(line) = Program::quoted(&Program::run_as(&exec.user, &exec.argv)) else {
        page.leave_out(format!(
            "Notifier {name}: keepalived cannot be given these arguments"
        ));
        return;
    };
    for (state, keyword) in STATES {
        if !notification.states.is_empty() && !notification.states.contains(&state) {
            continue;
        }
        if taken.contains(&state) {
            page.leave_out(format!(
                "Notifier {name}: keepalived runs one program for each state"
            ));
            continue;
        }
        taken.push(state);
        page.line(format!("{keyword} \"{line}\""));
    }
    page.leave_out(format!(
        "Notifier {name}: keepalived sets no SKEP_… variables"
    ));
    if exec.timeout != Interval::from_secs(30) {
        page.leave_out(format!(
            "Notifier {name}: keepalived has no `timeout` for programs"
        ));
    }
}
