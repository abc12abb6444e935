//! Works on one queue.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::aside::Aside;
use crate::launch::Launch;
use crate::notify::attempt::attempt;
use crate::notify::event::Event;
use crate::notify::queue::{Key, Next, Novelty, Queue};
use crate::notify::record::Record;
use crate::notify::subscription::Subscription;

/// A queue and the task that works on it. Nobody who gives it something waits for it.
#[derive(Debug)]
pub(crate) struct Courier {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Notify,
}

impl Courier {
    pub(crate) fn start(launch: Launch) -> Self {
        let shared = Arc::new(Shared::default());
        let task = tokio::spawn(work(Arc::clone(&shared), launch));
        Self { shared, task }
    }

    pub(crate) fn follow(&self, subscriptions: Vec<(Key, Subscription)>) {
        self.shared.queue().follow(subscriptions, now());
        self.shared.changed.notify_one();
    }

    pub(crate) fn tell(&self, event: Arc<Event>, novelty: Novelty) {
        self.shared.queue().tell(event, novelty, now());
        self.shared.changed.notify_one();
    }

    pub(crate) fn records(&self) -> Vec<(Key, Record)> {
        self.shared.queue().records().collect()
    }
}

impl Drop for Courier {
    /// What is under way ends with everything it started.
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// The queue is whole between any two of its methods, also when one of them panicked.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn work(shared: Arc<Shared>, launch: Launch) {
    let aside = Aside::new();
    loop {
        let next = shared.queue().next(now());
        match next {
            Next::Attempt(notice, subscription) => {
                let event = &notice.event;
                let result =
                    attempt(&subscription.spec, event, notice.repetition, launch, &aside).await;
                log(&subscription, event, &result);
                shared.queue().finish(notice, result, now());
            }
            Next::Wait(until) => tokio::select! {
                () = sleep_until(Instant::from_std(until)) => {}
                () = shared.changed.notified() => {}
            },
            Next::Idle => shared.changed.notified().await,
        }
    }
}

fn log(subscription: &Subscription, event: &Event, result: &Result<(), String>) {
    let (notifier, group, state) = (&subscription.notifier, &event.group, event.state_word());
    match result {
        Ok(()) => tracing::info!(%notifier, %group, state, "notified"),
        Err(error) => tracing::warn!(%notifier, %group, state, error, "not notified"),
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}
