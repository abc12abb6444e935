//! Everything that is to be told about one group.

use std::collections::BTreeMap;
use std::sync::Arc;

use skep_manifest::name::Name;
use skep_manifest::notifier::NotifierSpec;

use crate::launch::Launch;
use crate::notify::courier::Courier;
use crate::notify::event::Event;
use crate::notify::queue::Key;
pub use crate::notify::queue::Novelty;
use crate::notify::record::Record;
use crate::notify::subscription::Subscription;

/// The queues of one group.
///
/// Programs change the world, so all programs of a group share one queue: one at a time, in the
/// order of the events. Mails and requests only tell people, and a mail server that does not
/// answer must not hold up a program, so every such notifier has a queue of its own.
#[derive(Debug)]
pub struct Outbox {
    launch: Launch,
    couriers: BTreeMap<Lane, Courier>,
    /// Everybody in the order of the manifest.
    order: Vec<Key>,
    newest: Option<Arc<Event>>,
}

/// Which queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    Programs,
    Notifier(Name),
}

impl Outbox {
    /// Nobody is told anything; programs are started by `launch`.
    #[must_use]
    pub const fn new(launch: Launch) -> Self {
        Self {
            launch,
            couriers: BTreeMap::new(),
            order: Vec::new(),
            newest: None,
        }
    }

    /// Tells exactly these from here on, in this order; must be called on a tokio runtime.
    pub fn follow(&mut self, subscriptions: Vec<Subscription>) {
        self.order.clear();
        let mut lanes: BTreeMap<Lane, Vec<(Key, Subscription)>> = BTreeMap::new();
        for subscription in subscriptions {
            let name = subscription.notifier.clone();
            let ordinal = self.order.iter().filter(|key| key.0 == name).count();
            let key = (name, ordinal);
            self.order.push(key.clone());
            let lane = Lane::of(&subscription);
            lanes.entry(lane).or_default().push((key, subscription));
        }
        self.couriers.retain(|lane, _| lanes.contains_key(lane));
        for (lane, subscriptions) in lanes {
            let launch = self.launch;
            let newest = self.newest.as_ref();
            let courier = self.couriers.entry(lane).or_insert_with(|| {
                let courier = Courier::start(launch);
                if let Some(newest) = newest {
                    courier.tell(Arc::clone(newest), Novelty::Lasting);
                }
                courier
            });
            courier.follow(subscriptions);
        }
    }

    /// Tells everybody who wants to know. Nothing is waited for.
    pub fn tell(&mut self, event: Event, novelty: Novelty) {
        let event = Arc::new(event);
        for courier in self.couriers.values() {
            courier.tell(Arc::clone(&event), novelty);
        }
        self.newest = Some(event);
    }

    /// How telling goes, in the order of the manifest.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        let records: BTreeMap<Key, Record> =
            self.couriers.values().flat_map(Courier::records).collect();
        let ordered = self.order.iter().filter_map(|key| records.get(key));
        ordered.cloned().collect()
    }
}

impl Lane {
    fn of(subscription: &Subscription) -> Self {
        match subscription.spec {
            NotifierSpec::Exec(_) => Self::Programs,
            NotifierSpec::Email(_) | NotifierSpec::Webhook(_) => {
                Self::Notifier(subscription.notifier.clone())
            }
        }
    }
}

#[cfg(test)]
mod tests;
