//! The desired state in the swarm's own store, as this agent sees it, reads it and writes it.

use std::path::Path;
use std::sync::Arc;

use skep_api::generation::{Generation, GenerationId, Held, Rank};
use skep_api::submit::Submitted;
use skep_api::trust::key::ClusterKeys;
use skep_manifest::name::Name;
use skep_manifest::schema::REVISION;
use skep_plan::observed::Cluster as Swarm;
use skep_plan::ownership::SWARM;
use skep_swarm::engine::Client;
use skep_swarm::generations::{self, Entry, Generations, GenerationsError, Head, Next, Seal};
use skep_vrrp::time::Instant;

use crate::control::cluster::secrets::NEEDS_KEY;
use crate::control::cluster::{Cluster, Happening, history};
use crate::control::question::{Answer, Trouble, answer};
use crate::control::understand::with_causes;

/// What a manager's engine says of the desired state that the swarm keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::control) enum Shelf {
    /// None was ever kept there, or it is gone.
    Empty,
    /// This.
    Keeps(Head),
    /// It cannot be read, and why.
    Unreadable(String),
}

/// How the swarm's store is opened.
#[derive(Clone)]
pub(super) struct Opener {
    /// One for all calls: which version the engine speaks is asked once.
    client: Arc<Client>,
    /// None without the cluster's key.
    seal: Option<Arc<Seal>>,
}

/// What became of a generation that the swarm was to keep.
pub(in crate::control) struct Stored {
    generation: Generation,
    outcome: Result<generations::Submitted, GenerationsError>,
    /// Who waits for it; nobody when agents hand over what they kept before there was a swarm.
    to: Option<Answer<Submitted>>,
}

/// Whether the swarm's store is older than what agents already ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::control) struct WentBack {
    /// What is found instead.
    pub(in crate::control) message: String,
    /// Since when.
    pub(in crate::control) since: Instant,
}

impl Opener {
    /// With the engine behind `docker` and the keys of the cluster.
    pub(super) fn new(docker: &Path, keys: Option<&ClusterKeys>) -> Self {
        let seal = keys.map(|keys| {
            let mut keys = keys.store_keys();
            let sealing = keys.next().expect("a cluster has a key");
            let others: Vec<_> = keys.collect();
            Arc::new(Seal::new(&sealing, &others))
        });
        Self {
            client: Arc::new(Client::new(docker)),
            seal,
        }
    }

    fn open(&self, swarm: &Name) -> Option<Generations> {
        let seal = Arc::clone(self.seal.as_ref()?);
        Some(Generations::new(Arc::clone(&self.client), swarm, seal))
    }

    /// What `swarm` keeps, if it is skep's.
    pub(super) async fn look(&self, swarm: &Swarm) -> Option<Shelf> {
        let name: Name = swarm.labels.get(SWARM)?.parse().ok()?;
        let Some(store) = self.open(&name) else {
            return Some(Shelf::Unreadable(NEEDS_KEY.to_owned()));
        };
        Some(match store.head().await {
            Ok(None) => Shelf::Empty,
            // It was made, and what was to stand in it was not yet written.
            Ok(Some(head)) if head.number == 0 => Shelf::Empty,
            Ok(Some(head)) if head.schema_revision > REVISION => Shelf::Unreadable(format!(
                "the desired state in the swarm is written in revision {} of the language, and this \
                 agent reads {REVISION}: update skep on this node",
                head.schema_revision
            )),
            Ok(Some(head)) => Shelf::Keeps(head),
            Err(error) => Shelf::Unreadable(with_causes(&error)),
        })
    }
}

impl Cluster {
    /// Follows what the swarm keeps: takes a newer desired state from it, and notices an older one.
    pub(super) fn handle_shelf(&mut self, now: Instant) {
        let Some(sight) = &self.sight else { return };
        match sight.shelf.clone() {
            Some(Shelf::Keeps(head)) => {
                self.remember_store();
                let kept = Rank::new(head.number, true);
                let seen = self.newest_seen();
                let is_news = kept > seen || (kept == seen && !self.has_digest(&head.digest));
                if let Some(entry) = head.history.into_iter().next().filter(|_| is_news) {
                    self.read_from_shelf(entry);
                }
            }
            Some(Shelf::Empty | Shelf::Unreadable(_)) | None => {}
        }
        self.judge_shelf(now);
    }

    /// Whether the store is behind what this agent runs: only the engine that leads knows for
    /// certain what is the latest, and a look that began before a submission ended is no proof.
    fn judge_shelf(&mut self, now: Instant) {
        let Some(sight) = &self.sight else { return };
        if self.storing || !self.leads() {
            return;
        }
        if self.stored_at.is_some_and(|stored| sight.began < stored) {
            return;
        }
        let own = self.rank();
        let number = self.number();
        let went_back = match &sight.shelf {
            Some(Shelf::Keeps(head)) if Rank::new(head.number, true) < own => Some(format!(
                "the swarm keeps generation {}, the agents run {number}",
                head.number
            )),
            Some(Shelf::Empty) if self.has_store() => Some(format!(
                "the swarm keeps no desired state any more, the agents run generation {number}"
            )),
            Some(_) | None => None,
        };
        let before = self.went_back.take();
        self.went_back = went_back.map(|message| WentBack {
            message,
            since: before.map_or(now, |before| before.since),
        });
    }

    /// Gives the swarm what was kept on disks until there was one; on the agent that writes.
    pub(super) fn hand_over(&mut self, swarm: &Name) {
        let is_empty = self
            .sight
            .as_ref()
            .is_some_and(|sight| sight.shelf == Some(Shelf::Empty));
        if !is_empty || self.storing || self.has_store() {
            return;
        }
        if let Some(held) = self.held.clone() {
            self.store(swarm, held.generation, None, None);
        }
    }

    /// Has the swarm keep `next` after what this agent knows, and answers `to` what came of it.
    pub(in crate::control) fn submit_to_swarm(
        &mut self,
        swarm: &Name,
        next: Generation,
        to: Answer<Submitted>,
    ) {
        if let Some(WentBack { message, .. }) = &self.went_back {
            let trouble = format!("{message}: nothing is changed (look at `skep status`)");
            return answer(to, Err(Trouble(trouble)));
        }
        if let Some(trouble) = self.shelf_trouble() {
            return answer(to, Err(Trouble(trouble.to_owned())));
        }
        if self.storing {
            let known = self.held.as_ref().map(|held| held.generation.id.clone());
            return match known {
                Some(known) => answer(to, Ok(Submitted::Conflict(known))),
                None => answer(to, Err(Trouble(BUSY.to_owned()))),
            };
        }
        let latest = self.held.as_ref().filter(|held| held.is_stored);
        let expected = latest.map(|held| held.generation.id.clone());
        self.store(swarm, next, expected, Some(to));
    }

    /// Has a swarm whose store went back keep what the agents run, generation `number`.
    pub(in crate::control) fn confirm(&mut self, number: u64, to: Answer<Submitted>) {
        if self.storing {
            return answer(to, Err(Trouble(BUSY.to_owned())));
        }
        let (Some(_), Some(held), Some(swarm)) =
            (&self.went_back, self.held.clone(), self.swarm_name())
        else {
            let nothing = "nothing waits to be confirmed (look at `skep status`)";
            return answer(to, Err(Trouble(nothing.to_owned())));
        };
        if held.generation.id.number != number {
            let known = held.generation.id.number;
            let trouble = format!("the agents run generation {known}, not {number}");
            return answer(to, Err(Trouble(trouble)));
        }
        let found = match self.sight.as_ref().and_then(|sight| sight.shelf.clone()) {
            Some(Shelf::Keeps(head)) => Some(GenerationId {
                number: head.number,
                digest: head.digest,
            }),
            Some(Shelf::Empty | Shelf::Unreadable(_)) | None => None,
        };
        self.store(&swarm, held.generation, found, Some(to));
    }

    fn store(
        &mut self,
        swarm: &Name,
        generation: Generation,
        expected: Option<GenerationId>,
        to: Option<Answer<Submitted>>,
    ) {
        let Some(store) = self.opener.open(swarm) else {
            if let Some(to) = to {
                answer(to, Err(Trouble(NEEDS_KEY.to_owned())));
            }
            return;
        };
        self.storing = true;
        let happenings = self.happenings.clone();
        tokio::spawn(async move {
            let content =
                serde_json::to_vec(&generation).expect("what is kept has only string keys");
            let next = Next {
                number: generation.id.number,
                digest: &generation.id.digest,
                schema_revision: REVISION,
                content: &content,
            };
            let expected = expected.as_ref().map(|id| (id.number, id.digest.as_str()));
            let outcome = store.submit(expected, &next).await;
            let stored = Box::new(Stored {
                generation,
                outcome,
                to,
            });
            // The loop only goes away when the agent stops.
            let _stopping = happenings.send(Happening::Stored(stored)).await;
        });
    }

    /// What the swarm keeps from here on, if it took it, and who waits for that.
    pub(in crate::control) fn handle_stored(
        &mut self,
        stored: Stored,
        now: Instant,
    ) -> Option<(Held, Option<Answer<Submitted>>)> {
        self.storing = false;
        self.stored_at = Some(now);
        self.look_again.notify_one();
        let Stored {
            generation,
            outcome,
            to,
        } = stored;
        let result = match outcome {
            Ok(generations::Submitted::Accepted) => {
                self.remember_store();
                let held = Held {
                    generation,
                    is_stored: true,
                };
                return Some((held, to));
            }
            Ok(generations::Submitted::Conflict(head)) => Ok(Submitted::Conflict(GenerationId {
                number: head.number,
                digest: head.digest,
            })),
            Ok(generations::Submitted::Unknown) => Err(Trouble(UNKNOWN.to_owned())),
            Err(error) => {
                let why = with_causes(&error);
                match to {
                    Some(to) => {
                        let why = format!("nothing was accepted: {why} ({MAJORITY})");
                        answer(to, Ok(Submitted::Rejected(vec![why])));
                    }
                    None => {
                        tracing::warn!("the swarm does not keep the desired state yet: {why}");
                    }
                }
                return None;
            }
        };
        match (to, result) {
            (Some(to), result) => answer(to, result),
            (None, Err(Trouble(trouble))) => {
                tracing::warn!("the swarm does not keep the desired state yet: {trouble}");
            }
            // It is read with the next look.
            (None, Ok(_)) => {}
        }
        None
    }

    /// The generations that are kept, newest first, and a way to read them: only a manager's engine
    /// has one.
    pub(in crate::control) fn shelf(&self) -> Option<(Vec<Entry>, Generations)> {
        let name = self.swarm_name()?;
        match &self.sight.as_ref()?.shelf {
            Some(Shelf::Keeps(head)) => Some((head.history.clone(), self.opener.open(&name)?)),
            Some(Shelf::Empty | Shelf::Unreadable(_)) | None => None,
        }
    }

    /// Why what the swarm keeps cannot be read.
    pub(super) fn shelf_trouble(&self) -> Option<&str> {
        match self.sight.as_ref()?.shelf.as_ref()? {
            Shelf::Unreadable(trouble) => Some(trouble),
            Shelf::Empty | Shelf::Keeps(_) => None,
        }
    }

    fn read_from_shelf(&mut self, entry: Entry) {
        let Some(name) = self.swarm_name() else {
            return;
        };
        if self.fetching {
            return;
        }
        let Some(store) = self.opener.open(&name) else {
            return;
        };
        self.fetching = true;
        let happenings = self.happenings.clone();
        tokio::spawn(async move {
            let held = |generation| {
                Box::new(Held {
                    generation,
                    is_stored: true,
                })
            };
            let read = history::read(&store, &entry).await;
            let held = read.map(held).map_err(|Trouble(trouble)| trouble);
            // The loop only goes away when the agent stops.
            let _stopping = happenings.send(Happening::Fetched(held)).await;
        });
    }

    /// The name of the swarm that this node's engine tells of, if it is skep's.
    fn swarm_name(&self) -> Option<Name> {
        self.swarm()?.labels.get(SWARM)?.parse().ok()
    }

    fn has_digest(&self, digest: &str) -> bool {
        let held = self.held.as_ref();
        held.is_some_and(|held| held.generation.id.digest == digest)
    }

    /// Whether the swarm was seen to keep the desired state.
    fn has_store(&self) -> bool {
        let remembered = self.remembered.as_ref();
        remembered.is_some_and(|remembered| remembered.keeps_desired_state)
    }

    /// Why the store counts as having gone back, when it does.
    pub(in crate::control) const fn went_back(&self) -> Option<&WentBack> {
        self.went_back.as_ref()
    }
}

const BUSY: &str = "another desired state is being taken: look at `skep diff` and apply again";
const MAJORITY: &str =
    "the swarm takes changes while a majority of its managers answers: look at `skep status`";
const UNKNOWN: &str =
    "the swarm did not say whether it took it: look at `skep status` before you apply again";
