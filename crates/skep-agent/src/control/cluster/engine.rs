//! Looks at this node's own engine, again and again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use skep_manifest::swarm::Role;
use skep_plan::observed::{Cluster, Membership};
use skep_swarm::engine::Client;
use skep_swarm::{event, observe};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use crate::control::understand::with_causes;

/// How often the engine is looked at when nothing says that something changed.
const LOOK: Duration = Duration::from_secs(1);

/// What was seen of the engine.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::control) struct Sight {
    pub(in crate::control) membership: Membership,
    /// The swarm, when the engine is a manager that can tell.
    pub(in crate::control) cluster: Option<Cluster>,
    /// Why it cannot be told, for people.
    pub(in crate::control) trouble: Option<String>,
}

/// Looks at the engine behind `socket` and sends what it sees, until the receiver is gone. `again`
/// makes it look at once.
pub(super) async fn watch(socket: PathBuf, again: Arc<Notify>, sights: mpsc::Sender<Sight>) {
    let client = Client::new(&socket);
    let hints = Arc::clone(&again);
    let listener = tokio::spawn(listen(Client::new(&socket), hints));
    loop {
        let sight = look(&client).await;
        if sights.send(sight).await.is_err() {
            listener.abort();
            return;
        }
        // Whether it was time or something changed makes no difference.
        let _elapsed = timeout(LOOK, again.notified()).await;
    }
}

async fn look(client: &Client) -> Sight {
    let membership = match observe::membership(client).await {
        Ok(membership) => membership,
        Err(error) => {
            let trouble = Some(with_causes(&error));
            return Sight {
                membership: Membership::Silent,
                cluster: None,
                trouble,
            };
        }
    };
    let Membership::Active(active) = &membership else {
        return Sight {
            membership,
            cluster: None,
            trouble: None,
        };
    };
    if active.role == Role::Worker {
        return Sight {
            membership,
            cluster: None,
            trouble: None,
        };
    }
    match observe::cluster(client).await {
        Ok(cluster) => Sight {
            membership,
            cluster: Some(cluster),
            trouble: None,
        },
        Err(error) => Sight {
            membership,
            cluster: None,
            trouble: Some(with_causes(&error)),
        },
    }
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
