//! Looks at which services have a task on this node's own engine, again and again. That needs no
//! manager and no quorum, so it also says whether the engine answers at all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use skep_swarm::engine::Client;
use skep_swarm::{event, observe};
use skep_vrrp::time::Instant;
use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};

use crate::control::now;

/// How often the engine is looked at when nothing says that something changed.
const LOOK: Duration = Duration::from_secs(1);
/// Hundreds of tasks that start at once are looked at together.
const TOGETHER: Duration = Duration::from_millis(100);
/// An engine tells of the end of a task before its list of containers knows it, by the time that a
/// write to its disk takes: this many looks follow the first one.
const LOOKS_AFTER_HINT: u32 = 5;

/// What one look saw: the services with a healthy task, unless the engine did not answer.
pub(in crate::control) struct TasksSeen {
    at: Instant,
    services: Option<BTreeSet<String>>,
}

/// What is known of the tasks on this node's engine.
pub(super) struct Tasks {
    /// Since when anything is.
    pub(super) known_since: Instant,
    /// When the engine last answered.
    pub(super) answered_at: Option<Instant>,
    /// Since when it does without a gap.
    pub(super) answering_since: Option<Instant>,
    /// The services with a healthy task, each since when.
    pub(super) running: BTreeMap<String, Instant>,
    /// The services that had one when the engine fell silent, and have had none since.
    pub(super) ran_before: BTreeSet<String>,
}

impl Tasks {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            known_since: now,
            answered_at: None,
            answering_since: None,
            running: BTreeMap::new(),
            ran_before: BTreeSet::new(),
        }
    }

    /// Takes note of a look. An engine that does not answer leaves what was known, which ages.
    pub(super) fn handle_seen(&mut self, seen: TasksSeen) {
        let Some(services) = seen.services else {
            self.answering_since = None;
            self.ran_before.extend(self.running.keys().cloned());
            return;
        };
        self.answered_at = Some(seen.at);
        self.answering_since.get_or_insert(seen.at);
        self.running.retain(|service, _| services.contains(service));
        for service in services {
            self.ran_before.remove(&service);
            self.running.entry(service).or_insert(seen.at);
        }
    }
}

/// Looks at the engine behind `socket` and sends what it sees, until the receiver is gone.
pub(super) async fn watch(socket: PathBuf, sights: mpsc::Sender<TasksSeen>) {
    let client = Client::new(&socket);
    let again = Arc::new(Notify::new());
    let listener = tokio::spawn(listen(Client::new(&socket), Arc::clone(&again)));
    let mut looks_due = 0;
    loop {
        let at = now();
        let services = observe::running(&client).await.ok();
        if sights.send(TasksSeen { at, services }).await.is_err() {
            listener.abort();
            return;
        }
        sleep(TOGETHER).await;
        looks_due = match looks_due {
            0 if timeout(LOOK, again.notified()).await.is_ok() => LOOKS_AFTER_HINT,
            0 => 0,
            due => due - 1,
        };
    }
}

/// Turns the engine's events into hints to look again.
async fn listen(client: Client, again: Arc<Notify>) {
    loop {
        if let Ok(mut events) = event::task_events(&client).await {
            while events.next().await.is_some() {
                again.notify_one();
            }
        }
        // An engine that hung up is looked at by the clock until it listens again.
        sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_boot(Duration::from_secs(seconds))
    }

    fn seen(seconds: u64, services: &[&str]) -> TasksSeen {
        let services = services.iter().map(|name| (*name).to_owned()).collect();
        TasksSeen {
            at: at(seconds),
            services: Some(services),
        }
    }

    #[test]
    fn a_gap_in_the_answers_is_no_gap_in_the_tasks() {
        let mut tasks = Tasks::new(at(1));
        tasks.handle_seen(seen(2, &["db", "web"]));
        tasks.handle_seen(seen(3, &["web"]));
        tasks.handle_seen(TasksSeen {
            at: at(4),
            services: None,
        });
        assert_eq!(
            (tasks.answered_at, tasks.answering_since),
            (Some(at(3)), None)
        );
        tasks.handle_seen(seen(5, &["db"]));
        assert_eq!(tasks.ran_before, ["web".to_owned()].into());
        tasks.handle_seen(seen(6, &["db", "web"]));
        assert_eq!(tasks.ran_before, [].into());
        assert_eq!(
            (tasks.answered_at, tasks.answering_since),
            (Some(at(6)), Some(at(5)))
        );
        let running = [("db", 5), ("web", 6)].map(|(name, since)| (name.to_owned(), at(since)));
        assert_eq!(tasks.running, running.into());
    }
}
