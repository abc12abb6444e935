//! What the desired state was before.

use skep_api::generation::{Generation, Past};
use skep_api::submit::{Differences, Submission, Submitted};
use skep_swarm::generations::{Entry, Generations};
use tokio::sync::mpsc;

use crate::control::cluster::{Cluster, Happening};
use crate::control::question::{Answer, Trouble, answer};
use crate::control::understand::with_causes;

/// An earlier desired state that was looked up, and what for.
pub(in crate::control) struct Recalled {
    pub(in crate::control) generation: Generation,
    pub(in crate::control) wanted: Wanted,
}

/// What an earlier desired state is looked up for, and who waits for that.
pub(in crate::control) enum Wanted {
    /// It shall be submitted again.
    Again(Answer<Submitted>),
    /// It is said what this would have changed.
    Compared(Box<Submission>, Answer<Differences>),
}

impl Wanted {
    fn refuse(self, trouble: Trouble) {
        match self {
            Self::Again(to) => answer(to, Err(trouble)),
            Self::Compared(_, to) => answer(to, Err(trouble)),
        }
    }
}

impl Cluster {
    /// Tells the generations that the swarm keeps, newest first; without a swarm the one that is
    /// known.
    pub(in crate::control) fn answer_history(&self, to: Answer<Vec<Past>>) {
        let Some((entries, store)) = self.shelf() else {
            let known = self.held().map(|held| past(&held.generation));
            return answer(to, Ok(known.into_iter().collect()));
        };
        tokio::spawn(async move {
            let mut all = Vec::new();
            for entry in &entries {
                match read(&store, entry).await {
                    Ok(generation) => all.push(past(&generation)),
                    Err(trouble) => return answer(to, Err(trouble)),
                }
            }
            answer(to, Ok(all));
        });
    }

    /// Looks up generation `number`, or the one before the latest. What runs is at hand without the
    /// swarm, too.
    pub(in crate::control) fn recall(&self, number: Option<u64>, wanted: Wanted) {
        let happenings = self.happenings.clone();
        let Some((entries, store)) = self.shelf() else {
            let held = self.held().map(|held| held.generation.clone());
            let none = match &held {
                None => "there is no desired state yet: begin with `skep apply`",
                Some(_) => {
                    "earlier generations are kept by the swarm, and this agent cannot read it: ask \
                     a manager, or wait until the swarm has a majority (`skep status`)"
                }
            };
            let Some(generation) = held.filter(|held| number == Some(held.id.number)) else {
                return wanted.refuse(Trouble(none.to_owned()));
            };
            tokio::spawn(deliver(happenings, Recalled { generation, wanted }));
            return;
        };
        let entry = match number {
            Some(number) => entries.into_iter().find(|entry| entry.number == number),
            None => entries.into_iter().nth(1),
        };
        let Some(entry) = entry else {
            let none = "it is not kept: `skep history` shows those that are";
            return wanted.refuse(Trouble(none.to_owned()));
        };
        tokio::spawn(async move {
            match read(&store, &entry).await {
                Ok(generation) => deliver(happenings, Recalled { generation, wanted }).await,
                Err(trouble) => wanted.refuse(trouble),
            }
        });
    }
}

async fn deliver(happenings: mpsc::Sender<Happening>, recalled: Recalled) {
    let recalled = Happening::Recalled(Box::new(recalled));
    // The loop only goes away when the agent stops.
    let _stopping = happenings.send(recalled).await;
}

/// The content of `entry`, as it was submitted.
pub(super) async fn read(store: &Generations, entry: &Entry) -> Result<Generation, Trouble> {
    let content = store.content(entry).await;
    let content = content.map_err(|error| Trouble(with_causes(&error)))?;
    serde_json::from_slice(&content)
        .map_err(|error| Trouble(format!("generation {}: {error}", entry.number)))
}

fn past(generation: &Generation) -> Past {
    Past {
        id: generation.id.clone(),
        feeder: generation.feeder.clone(),
        accepted_at: generation.accepted_at.clone(),
        files: generation.kept.documents.len(),
    }
}
