//! Asking one peer once a second, on a connection that is kept.

use std::sync::Arc;
use std::time::Duration;

use skep_api::call::CallError;
use skep_api::path;
use skep_api::peer::{Line, Peer, PeerClient};
use skep_api::told::{Known, Told};
use skep_api::trust::name::Standing;
use skep_plan::observed::Cluster as Swarm;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::control::cluster::peers::{Heard, complaint};

/// How often each peer is asked.
const ASK: Duration = Duration::from_secs(1);

/// How long no other swarm is wanted after one that has so many nodes and services, for each of
/// them: one of thousands is megabytes, and changes all the time.
const DIGESTION: Duration = Duration::from_millis(20);

/// What is wanted of a peer beside its report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wants {
    /// The swarm, when its engine can tell.
    pub(super) swarm: bool,
    /// What others told it.
    pub(super) relayed: bool,
}

/// What asks one peer, until it is dropped.
pub(super) struct Asking {
    again: Arc<Notify>,
    wants: watch::Sender<Wants>,
    task: JoinHandle<()>,
}

impl Asking {
    pub(super) fn start(
        client: &PeerClient,
        peer: &Peer,
        wants: Wants,
        heard: mpsc::Sender<Heard>,
    ) -> Self {
        let again = Arc::new(Notify::new());
        let (wants, wanted) = watch::channel(wants);
        let ask = Ask {
            line: Line::new(client.clone(), peer.clone()),
            peer: peer.clone(),
            again: Arc::clone(&again),
            wanted,
            heard,
            known: Known::default(),
            digested_at: None,
        };
        Self {
            again,
            wants,
            task: tokio::spawn(ask.run()),
        }
    }

    /// Asks at once.
    pub(super) fn ask_again(&self) {
        self.again.notify_one();
    }

    /// From here on this is wanted; what is wanted newly is asked for at once.
    pub(super) fn want(&self, wants: Wants) {
        self.wants.send_if_modified(|before| {
            let is_more = (wants.swarm && !before.swarm) || (wants.relayed && !before.relayed);
            *before = wants;
            is_more
        });
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The task.
struct Ask {
    line: Line,
    peer: Peer,
    again: Arc<Notify>,
    wanted: watch::Receiver<Wants>,
    heard: mpsc::Sender<Heard>,
    /// What was told.
    known: Known,
    /// From when on another swarm is wanted.
    digested_at: Option<Instant>,
}

impl Ask {
    /// Asks until nobody wants to know.
    async fn run(mut self) {
        let mut due = interval(ASK);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = due.tick() => {}
                () = self.again.notified() => {}
                Ok(()) = self.wanted.changed() => {}
            }
            let known = self.asks_for();
            let (standing, answer) = self.line.get::<Told>(&path::report(&known)).await;
            let answer = answer.map(|told| match standing {
                Some(Standing::KeyHolder) => told,
                Some(Standing::Certified) | None => told.of_certified(),
            });
            let dismissal = match &answer {
                Err(CallError::Dismissed(dismissal)) if standing == Some(Standing::KeyHolder) => {
                    Some(dismissal.clone())
                }
                Ok(_) | Err(_) => None,
            };
            if let Ok(told) = &answer {
                self.remember(told);
            }
            let told = answer.map(Box::new).map_err(|error| complaint(&error));
            let heard = Heard {
                node: self.peer.node.clone(),
                standing,
                told,
                dismissal,
            };
            if self.heard.send(heard).await.is_err() {
                return;
            }
        }
    }

    /// What it says that it knows; what it does not want it forgets.
    fn asks_for(&mut self) -> Known {
        let wants = *self.wanted.borrow_and_update();
        let keep = |wanted: bool, known: &mut Option<String>| {
            *known = wanted.then(|| known.take().unwrap_or_default());
        };
        keep(wants.swarm, &mut self.known.swarm);
        keep(wants.relayed, &mut self.known.relayed);
        let digests = self.digested_at.is_some_and(|at| Instant::now() < at);
        Known {
            swarm: self.known.swarm.clone().filter(|_| !digests),
            ..self.known.clone()
        }
    }

    fn remember(&mut self, told: &Told) {
        self.known.report = Some(told.digest.clone());
        if let Some(swarm) = &told.swarm {
            self.known.swarm.clone_from(&told.swarm_digest);
            self.digested_at = Some(Instant::now() + digestion(swarm));
        }
        if let Some(relayed) = &told.relayed {
            self.known.relayed = Some(relayed.position.clone());
        }
    }
}

/// How long it takes until another swarm is wanted after this one.
fn digestion(swarm: &Swarm) -> Duration {
    let things = swarm.nodes.len() + swarm.services.len();
    DIGESTION.saturating_mul(u32::try_from(things).unwrap_or(u32::MAX))
}
