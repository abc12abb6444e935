//! What is still to be told, to whom and when next. Time comes in as an argument.
//!
//! Invariants: notices to one subscription are attempted one after the other in the order of their
//! events. A subscription with `every` has at most one notice, that of the newest event: an older
//! state is never told after a newer one began.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use skep_manifest::name::Name;

use crate::notify::event::Event;
use crate::notify::record::{Record, Trouble};
use crate::notify::subscription::Subscription;

/// How many notices may wait for one subscription. When there are more, the oldest is dropped:
/// whoever was away that long wants to know how it is, more than how it came.
const WAITING_MAX: usize = 16;

/// Before the second attempt; the time doubles with every further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest time between two attempts.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Which subscription: its notifier, and the how manieth of those with the same notifier.
pub(crate) type Key = (Name, usize);

/// Notices that are attempted one at a time.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// In the order of the manifest.
    entries: Vec<Entry>,
    waiting: VecDeque<Notice>,
    /// The subscription that is being told.
    under_way: Option<Key>,
    newest: Option<Arc<Event>>,
}

#[derive(Debug)]
struct Entry {
    key: Key,
    subscription: Arc<Subscription>,
    record: Record,
}

/// An event on its way to a subscription.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    key: Key,
    pub(crate) event: Arc<Event>,
    /// How often it was delivered before.
    pub(crate) repetition: u64,
    /// How many attempts failed.
    attempt: u32,
    not_before: Instant,
}

/// What to do next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Tell this, and then say how it went.
    Attempt(Notice, Arc<Subscription>),
    /// Ask again at this moment, or when something happens.
    Wait(Instant),
    /// Ask again when something happens.
    Idle,
}

/// Whether an event is a transition or only the state that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Novelty {
    /// The state was entered just now.
    Entered,
    /// The state lasts already; its beginning was told, or happened before anybody looked.
    Lasting,
}

impl Queue {
    /// Tells exactly these subscriptions from here on. Those that were there before keep what
    /// waits for them.
    pub(crate) fn follow(&mut self, subscriptions: Vec<(Key, Subscription)>, now: Instant) {
        let known = std::mem::take(&mut self.entries);
        let record = |key: &Key| {
            let entry = known.iter().find(|entry| entry.key == *key);
            entry.map_or_else(|| Record::new(key.0.clone()), |entry| entry.record.clone())
        };
        self.entries = subscriptions
            .into_iter()
            .map(|(key, subscription)| Entry {
                record: record(&key),
                key,
                subscription: Arc::new(subscription),
            })
            .collect();
        let entries = &self.entries;
        let is_wanted = |notice: &Notice| {
            let mut same = entries.iter().filter(|entry| entry.key == notice.key);
            same.any(|entry| entry.subscription.wants(&notice.event))
        };
        self.waiting.retain(is_wanted);
        if let Some(newest) = self.newest.clone() {
            let waiting = self.waiting.clone();
            let is_new = |entry: &Entry| {
                entry.is_repeated() && !waiting.iter().any(|notice| notice.key == entry.key)
            };
            self.push_to(is_new, &newest, now);
        }
    }

    /// Takes note of `event`, which is the newest.
    pub(crate) fn tell(&mut self, event: Arc<Event>, novelty: Novelty, now: Instant) {
        for entry in self.entries.iter_mut().filter(|entry| entry.is_repeated()) {
            self.waiting.retain(|notice| notice.key != entry.key);
            // Whatever failed was about a state that is over.
            entry.record.trouble = None;
        }
        let is_due = |entry: &Entry| entry.is_repeated() || novelty == Novelty::Entered;
        self.push_to(is_due, &event, now);
        self.newest = Some(event);
    }

    /// Lets `event` wait for those of these subscriptions that want it.
    fn push_to(&mut self, who: impl Fn(&Entry) -> bool, event: &Arc<Event>, now: Instant) {
        let entries = self.entries.iter();
        let wanting = entries.filter(|entry| who(entry) && entry.subscription.wants(event));
        let keys: Vec<Key> = wanting.map(|entry| entry.key.clone()).collect();
        for key in keys {
            self.push(Notice {
                key,
                event: Arc::clone(event),
                repetition: 0,
                attempt: 0,
                not_before: now,
            });
        }
    }

    fn push(&mut self, notice: Notice) {
        let is_same = |other: &Notice| other.key == notice.key;
        let waiting = self.waiting.iter().filter(|other| is_same(other)).count();
        if waiting >= WAITING_MAX
            && let Some(oldest) = self.waiting.iter().position(is_same)
        {
            self.waiting.remove(oldest);
            let entry = (self.entries.iter_mut()).find(|entry| entry.key == notice.key);
            if let Some(entry) = entry {
                entry.record.dropped += 1;
            }
        }
        self.waiting.push_back(notice);
    }

    /// What to do at the moment `now`. A notice that waits for its next attempt lets those of
    /// other subscriptions go first.
    pub(crate) fn next(&mut self, now: Instant) -> Next {
        let mut seen = BTreeSet::new();
        let mut first_of_each = (self.waiting.iter().enumerate())
            .filter(|(_, notice)| seen.insert(&notice.key))
            .map(|(at, notice)| (at, notice.not_before));
        let mut soonest: Option<Instant> = None;
        let due = first_of_each.find_map(|(at, due)| {
            soonest = Some(soonest.map_or(due, |soonest| soonest.min(due)));
            (due <= now).then_some(at)
        });
        let notice = due.and_then(|at| self.waiting.remove(at));
        let subscription = notice
            .as_ref()
            .and_then(|notice| self.entries.iter().find(|entry| entry.key == notice.key))
            .map(|entry| Arc::clone(&entry.subscription));
        match (notice, subscription, soonest) {
            (Some(notice), Some(subscription), _) => {
                self.under_way = Some(notice.key.clone());
                Next::Attempt(notice, subscription)
            }
            (_, _, Some(soonest)) => Next::Wait(soonest),
            (_, _, None) => Next::Idle,
        }
    }

    /// Takes note of how the attempt of `notice` went.
    pub(crate) fn finish(&mut self, notice: Notice, result: Result<(), String>, now: Instant) {
        self.under_way = None;
        let is_newest = (self.newest.as_ref()).is_some_and(|it| Arc::ptr_eq(it, &notice.event));
        // Its subscription is gone, and nobody waits for it any more.
        let mut entries = self.entries.iter_mut();
        let Some(Entry {
            subscription,
            record,
            ..
        }) = entries.find(|entry| entry.key == notice.key)
        else {
            return;
        };
        let is_wanted = is_newest && subscription.wants(&notice.event);
        // `follow` began again what seemed to be missing while it was under way.
        let twin = self
            .waiting
            .iter()
            .position(|other| other.key == notice.key && Arc::ptr_eq(&other.event, &notice.event));
        if let Some(twin) = twin {
            self.waiting.remove(twin);
        }
        match result {
            Ok(()) => {
                record.delivered += 1;
                record.trouble = None;
                if let Some(every) = subscription.every.filter(|_| is_wanted) {
                    self.waiting.push_back(notice.repeated(every, now));
                }
            }
            // The state is over; the next one has a notice of its own.
            Err(_) if subscription.every.is_some() && !is_wanted => record.failed_attempts += 1,
            Err(error) => {
                record.fail(error, now);
                let retries = subscription.retries();
                if subscription.every.is_some() || notice.attempt < u32::from(retries) {
                    self.waiting.push_front(notice.tried(now));
                } else {
                    record.given_up += 1;
                }
            }
        }
    }

    /// How telling goes, subscription by subscription.
    pub(crate) fn records(&self) -> impl Iterator<Item = (Key, Record)> {
        self.entries.iter().map(|entry| {
            let key = &entry.key;
            let is_open = |notice: &&Notice| {
                notice.key == *key && (notice.repetition == 0 || notice.attempt > 0)
            };
            let mut record = entry.record.clone();
            record.waiting = self.waiting.iter().filter(is_open).count()
                + usize::from(self.under_way.as_ref() == Some(key));
            (key.clone(), record)
        })
    }
}

impl Entry {
    fn is_repeated(&self) -> bool {
        self.subscription.every.is_some()
    }
}

impl Record {
    fn fail(&mut self, error: String, now: Instant) {
        self.failed_attempts += 1;
        let before = self.trouble.as_ref();
        self.trouble = Some(Trouble {
            error,
            attempts: before.map_or(1, |before| before.attempts.saturating_add(1)),
            since: before.map_or(now, |before| before.since),
        });
    }
}

impl Notice {
    /// The same once more after it was delivered.
    fn repeated(self, every: Duration, now: Instant) -> Self {
        Self {
            repetition: self.repetition + 1,
            attempt: 0,
            not_before: now + every,
            ..self
        }
    }

    /// The same once more after it failed.
    fn tried(self, now: Instant) -> Self {
        let pause = FIRST_PAUSE.saturating_mul(1 << self.attempt.min(16));
        Self {
            attempt: self.attempt.saturating_add(1),
            not_before: now + pause.min(PAUSE_MAX),
            ..self
        }
    }
}

#[cfg(test)]
mod tests;
