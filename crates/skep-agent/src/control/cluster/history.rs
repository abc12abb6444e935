//! What the desired state was before.

use skep_api::generation::{Generation, Past};
use skep_api::submit::{Submission, Submitted};
use skep_plan::feeding::Change;
use skep_swarm::generations::{Entry, Generations};

use crate::control::cluster::{Cluster, Happening};
use crate::control::question::{Answer, Trouble, answer};
use crate::control::understand::with_causes;

/// An earlier desired state that shall be submitted again, and who waits for that.
pub(in crate::control) struct Recalled {
    pub(in crate::control) submission: Submission,
    pub(in crate::control) to: Answer<Submitted>,
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

    /// Looks up generation `number`, or the one before the latest, to submit it again.
    pub(in crate::control) fn recall(&self, number: Option<u64>, to: Answer<Submitted>) {
        let Some((entries, store)) = self.shelf() else {
            let none = "earlier generations are kept by the swarm, and this agent cannot read it";
            return answer(to, Err(Trouble(none.to_owned())));
        };
        let wanted = match number {
            Some(number) => entries.into_iter().find(|entry| entry.number == number),
            None => entries.into_iter().nth(1),
        };
        let Some(entry) = wanted else {
            let none = "it is not kept: `skep history` shows those that are";
            return answer(to, Err(Trouble(none.to_owned())));
        };
        let happenings = self.happenings.clone();
        tokio::spawn(async move {
            let generation = match read(&store, &entry).await {
                Ok(generation) => generation,
                Err(trouble) => return answer(to, Err(trouble)),
            };
            let submission = Submission {
                by: format!("rollback to {}", generation.id.number),
                change: Change::Recall(generation.kept.documents),
                dry_run: false,
            };
            let recalled = Box::new(Recalled { submission, to });
            // The loop only goes away when the agent stops.
            let _stopping = happenings.send(Happening::Recalled(recalled)).await;
        });
    }
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
