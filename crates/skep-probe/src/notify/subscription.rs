//! Who wants to be told what.

use std::time::Duration;

use skep_manifest::name::Name;
use skep_manifest::notifier::NotifierSpec;
use skep_manifest::vip_group::{MemberState, Notification};

use crate::notify::event::Event;

/// How often a mail is tried again: a mail server that is restarted is back in these minutes.
const EMAIL_RETRIES: u16 = 10;

/// A notifier with what a group wants it to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    pub(crate) notifier: Name,
    pub(crate) spec: NotifierSpec,
    states: Vec<MemberState>,
    pub(crate) every: Option<Duration>,
}

impl Subscription {
    /// What `notification` says, with the notifier that it names.
    #[must_use]
    pub fn new(notification: &Notification, spec: &NotifierSpec) -> Self {
        Self {
            notifier: notification.notifier.clone(),
            spec: spec.clone(),
            states: notification.states.clone(),
            every: notification.every.map(|every| every.time()),
        }
    }

    /// Whether `event` is to be told: without a list of states every one is.
    pub(crate) fn wants(&self, event: &Event) -> bool {
        self.states.is_empty() || self.states.contains(&event.state)
    }

    /// How often it is tried again to tell a transition that is not repeated anyway. A program
    /// may have done half of its work, so only `every` starts it again.
    pub(crate) const fn retries(&self) -> u16 {
        match &self.spec {
            NotifierSpec::Email(_) => EMAIL_RETRIES,
            NotifierSpec::Webhook(webhook) => webhook.retries,
            NotifierSpec::Exec(_) => 0,
        }
    }
}
