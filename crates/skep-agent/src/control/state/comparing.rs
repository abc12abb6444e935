//! What a change would have done when an earlier desired state counted.

use skep_api::generation::Generation;
use skep_api::path;
use skep_api::submit::{Comparison, Differences, Submission};
use skep_plan::action::Plan;
use skep_plan::decisions::decide;
use skep_plan::imagined::plan_between;

use crate::control::cluster::{self, Wanted};
use crate::control::question::{Answer, Hop};
use crate::control::state::Control;
use crate::control::state::changing::lines;

impl Control {
    /// Says it, on an agent whose engine has the swarm's store at hand.
    pub(super) fn handle_comparison(
        &mut self,
        comparison: Comparison,
        hop: Hop,
        to: Answer<Differences>,
    ) {
        let asked = Some(comparison.clone());
        if let Some((cluster, to)) = self.keeper_or_pass(path::COMPARE, asked, hop, to) {
            let Comparison {
                generation,
                submission,
            } = comparison;
            cluster.recall(Some(generation), Wanted::Compared(Box::new(submission), to));
        }
    }

    /// What `submission` would have changed where `generation` had come about.
    pub(super) fn compare(&self, generation: &Generation, submission: &Submission) -> Differences {
        match self.plan_from(generation, submission) {
            Ok(plan) => Differences::Plan(Box::new(plan)),
            Err(errors) => Differences::Rejected(errors),
        }
    }

    fn plan_from(
        &self,
        generation: &Generation,
        submission: &Submission,
    ) -> Result<Plan, Vec<String>> {
        let Generation {
            kept, decisions, ..
        } = generation;
        let sources = cluster::sources(&kept.documents);
        let mut before = self.desired.understand(sources)?.desired;
        decisions.apply(&mut before);
        kept.order(&mut before);
        let prepared = self.prepare_from(kept, submission).map_err(lines)?;
        let mut after = prepared.understood.desired;
        decide(Some(&before), &after, &self.taken())?.apply(&mut after);
        Ok(plan_between(&before, &after))
    }
}
