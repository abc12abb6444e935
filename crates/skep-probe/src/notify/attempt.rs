//! One attempt to tell somebody.

use std::collections::BTreeMap;
use std::time::Duration;

use skep_manifest::duration::Interval;
use skep_manifest::notifier::{ExecNotifier, NotifierSpec};
use tokio::time::timeout;

use crate::aside::Aside;
use crate::launch::Launch;
use crate::notify::event::Event;
use crate::notify::{email, webhook};
use crate::program::{self, Program};
use crate::tls::Trust;

/// Tells the notifier once; an error is why it was not told.
pub(crate) async fn attempt(
    notifier: &NotifierSpec,
    event: &Event,
    repetition: u64,
    launch: Launch,
    aside: &Aside,
) -> Result<(), String> {
    match notifier {
        NotifierSpec::Email(email) => {
            let sent = email::send(email, event, repetition, &Trust::System, aside);
            within(email.timeout, sent).await
        }
        NotifierSpec::Webhook(webhook) => {
            let posted = webhook::post(webhook, event, repetition, Trust::System, aside);
            within(webhook.timeout, posted).await
        }
        NotifierSpec::Exec(exec) => within(exec.timeout, run(exec, event, launch, aside)).await,
    }
}

async fn within(
    limit: Interval,
    told: impl Future<Output = Result<(), String>>,
) -> Result<(), String> {
    let limit: Duration = limit.time();
    timeout(limit, told)
        .await
        .unwrap_or_else(|_elapsed| Err(format!("no result within {} s", limit.as_secs_f64())))
}

async fn run(
    exec: &ExecNotifier,
    event: &Event,
    launch: Launch,
    aside: &Aside,
) -> Result<(), String> {
    let environment = [
        ("SKEP_GROUP", event.group.to_string()),
        ("SKEP_STATE", event.state_word().to_owned()),
        ("SKEP_NODE", event.node.to_string()),
        ("SKEP_PRIORITY", event.priority.to_string()),
        ("SKEP_ADDRESSES", event.addresses().join(" ")),
    ];
    let program = Program {
        argv: &exec.argv,
        user: &exec.user,
        environment: BTreeMap::from(environment.map(|(name, value)| (name.to_owned(), value))),
    };
    program::run(&program, launch, aside).await
}
