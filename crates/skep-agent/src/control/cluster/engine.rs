//! Looks at this node's own engine, again and again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use skep_plan::observed::{Cluster, Membership};
use skep_swarm::engine::{Client, EngineError};
use skep_swarm::raft_log::{self, Position};
use skep_swarm::unlock::{UnlockKey, unlock_key};
use skep_swarm::{event, observe, recovery};
use skep_vrrp::time::Instant;
use tokio::sync::{Notify, mpsc};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::control::cluster::digest;
use crate::control::cluster::shelf::{Opener, Shelf};
use crate::control::now;
use crate::control::understand::with_causes;

/// How often the engine is looked at when nothing says that something changed.
const LOOK: Duration = Duration::from_secs(1);

/// An engine that starts, joins or waits for managers that are away needs half of it.
const STUCK: Duration = Duration::from_secs(60);

/// What was seen of the engine.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::control) struct Sight {
    /// When the look began: what was done since may not be in it.
    pub(in crate::control) began: Instant,
    pub(in crate::control) membership: Membership,
    /// The swarm, when the engine is a manager that can tell.
    pub(in crate::control) cluster: Option<Cluster>,
    /// What tells that from another one.
    pub(in crate::control) cluster_digest: Option<String>,
    /// What the swarm keeps as desired state, when the engine can tell.
    pub(in crate::control) shelf: Option<Shelf>,
    /// How far the engine's own log of the swarm goes, when that is all there is to tell.
    pub(in crate::control) log: Option<Position>,
    /// What unlocks this manager after a restart, when managers lock and the engine can tell.
    pub(in crate::control) unlock_key: Option<UnlockKey>,
    /// Why it cannot be told, for people.
    pub(in crate::control) trouble: Option<String>,
}

impl super::Cluster {
    /// Whether the engine is in a swarm and will not work there again by itself.
    pub(super) fn judge_engine(&mut self, membership: &Membership, now: Instant) {
        self.idle_since = match membership {
            Membership::Pending | Membership::Error(_) => self.idle_since.or(Some(now)),
            Membership::Silent | Membership::Inactive => None,
            Membership::Locked | Membership::Active(_) => None,
        };
        self.is_stuck = self
            .idle_since
            .is_some_and(|since| now.saturating_duration_since(since) >= STUCK);
    }
}

/// Looks at the engine behind `socket` and sends what it sees, until the receiver is gone. `again`
/// makes it look at once.
pub(super) async fn watch(
    socket: PathBuf,
    opener: Opener,
    again: Arc<Notify>,
    sights: mpsc::Sender<Sight>,
) {
    let client = Client::new(&socket);
    let hints = Arc::clone(&again);
    let listener = tokio::spawn(listen(Client::new(&socket), hints));
    loop {
        let sight = look(&client, &opener).await;
        if sights.send(sight).await.is_err() {
            listener.abort();
            return;
        }
        // Whether it was time or something changed makes no difference.
        let _elapsed = timeout(LOOK, again.notified()).await;
    }
}

impl Sight {
    /// Of an engine that tells no more than its own part.
    pub(super) const fn of(membership: Membership, began: Instant) -> Self {
        Self {
            began,
            membership,
            cluster: None,
            cluster_digest: None,
            shelf: None,
            log: None,
            unlock_key: None,
            trouble: None,
        }
    }

    fn with_trouble(self, error: &EngineError) -> Self {
        Self {
            trouble: Some(with_causes(error)),
            ..self
        }
    }
}

async fn look(client: &Client, opener: &Opener) -> Sight {
    let began = now();
    let membership = match observe::membership(client).await {
        Ok(membership) => membership,
        Err(error) => return Sight::of(Membership::Silent, began).with_trouble(&error),
    };
    let sight = Sight::of(membership, began);
    if sight.membership == Membership::Pending {
        let log = log(client).await;
        return Sight { log, ..sight };
    }
    if !sight.membership.is_manager() {
        return sight;
    }
    match observe::cluster(client).await {
        Ok(cluster) => Sight {
            shelf: opener.look(&cluster).await,
            cluster_digest: Some(digest::of_swarm(&cluster)),
            unlock_key: look_for_key(client, &cluster).await,
            cluster: Some(cluster),
            ..sight
        },
        Err(error) => Sight {
            log: log(client).await,
            ..sight.with_trouble(&error)
        },
    }
}

/// How far the log of an engine goes that is no worker.
async fn log(client: &Client) -> Option<Position> {
    let directory = recovery::directory(client).await.ok()?;
    let read = spawn_blocking(move || raft_log::position(&directory)).await;
    read.ok()?.ok()?
}

/// The key, asked for only where there is one.
async fn look_for_key(client: &Client, cluster: &Cluster) -> Option<UnlockKey> {
    let spec = cluster.spec.as_ref()?;
    let locks = spec.pointer("/EncryptionConfig/AutoLockManagers")?;
    if !locks.as_bool()? {
        return None;
    }
    // What is not told now is asked for again with the next look.
    unlock_key(client).await.ok().flatten()
}

/// Turns the engine's events into hints to look again.
async fn listen(client: Client, again: Arc<Notify>) {
    loop {
        if let Ok(mut events) = event::events(&client).await {
            while events.next().await.is_some() {
                again.notify_one();
            }
        }
        // An engine that hung up is looked at by the clock until it listens again.
        tokio::time::sleep(LOOK).await;
    }
}
