//! Earlier desired states: telling them, going back to one, and letting the swarm keep again what
//! the agents run.

use serde::Serialize;
use serde::de::DeserializeOwned;
use skep_api::generation::Past;
use skep_api::path;
use skep_api::submit::{Confirmation, Recall, Submission, Submitted};
use skep_plan::feeding::Change;

use crate::control::cluster::{Cluster, Recalled, Wanted};
use crate::control::question::{Answer, Hop, Trouble, answer};
use crate::control::state::Control;
use crate::control::state::passing::{PassedOn, pass_on};
use crate::control::state::submission::Answerer;

impl Control {
    pub(super) fn handle_history(&mut self, hop: Hop, to: Answer<Vec<Past>>) {
        if let Some((cluster, to)) = self.keeper_or_pass::<(), _>(path::HISTORY, None, hop, to) {
            cluster.answer_history(to);
        }
    }

    pub(super) fn handle_rollback(&mut self, recall: Recall, hop: Hop, to: Answer<Submitted>) {
        let passed = self.keeper_or_pass(path::ROLLBACK, Some(recall), hop, to);
        if let Some((cluster, to)) = passed {
            cluster.recall(recall.generation, Wanted::Again(to));
        }
    }

    /// Does what an earlier desired state was looked up for.
    pub(super) fn handle_recalled(&mut self, recalled: Recalled) {
        let Recalled { generation, wanted } = recalled;
        match wanted {
            Wanted::Again(to) => {
                let submission = Submission {
                    by: format!("rollback to {}", generation.id.number),
                    change: Change::Recall(generation.kept.documents),
                    dry_run: false,
                };
                self.handle_submission(submission, Hop::First, to);
            }
            Wanted::Compared(submission, to) => {
                answer(to, Ok(self.compare(&generation, &submission)));
            }
        }
    }

    /// Lets the swarm keep what the agents run where it keeps something older.
    pub(super) fn confirm_store(
        &mut self,
        confirmation: Confirmation,
        hop: Hop,
        to: Answer<Submitted>,
    ) {
        let passed = self.keeper_or_pass(path::CONFIRM, Some(confirmation), hop, to);
        if let Some((cluster, to)) = passed {
            cluster.confirm(confirmation.generation, to);
        }
    }

    /// The cluster and who waits, if this agent's engine has the swarm's store at hand; otherwise an
    /// agent that has is asked.
    pub(super) fn keeper_or_pass<Body, T>(
        &mut self,
        path: &'static str,
        body: Option<Body>,
        hop: Hop,
        to: Answer<T>,
    ) -> Option<(&mut Cluster, Answer<T>)>
    where
        Body: Serialize + Send + Sync + 'static,
        T: DeserializeOwned + Send + 'static,
    {
        let keeper = match &self.cluster {
            None => {
                answer(to, Err(self.standalone()));
                return None;
            }
            Some(cluster) if cluster.has_swarm() => self.manager_of(),
            Some(_) => Ok(Answerer::Here),
        };
        match keeper {
            Ok(Answerer::Here) => Some((self.cluster.as_mut()?, to)),
            Ok(Answerer::There(peer)) => {
                let part = "manages the swarm, which keeps the desired state";
                let question = PassedOn {
                    peer,
                    part,
                    path,
                    body,
                };
                pass_on(self.cluster.as_ref()?, question, hop, to);
                None
            }
            Err(trouble) => {
                answer(to, Err(Trouble(trouble)));
                None
            }
        }
    }
}
