//! What a change of the desired state comes to, before it is submitted.

use skep_api::generation::Generation;
use skep_api::submit::{Submission, Submitted};
use skep_manifest::swarm::Availability;
use skep_plan::feeding::{Change, Kept, NodeOrder, Refused, change, orders};

use crate::control::cluster::{self, Cluster};
use crate::control::now;
use crate::control::question::{Answer, Trouble, answer};
use crate::control::sealing::sealed;
use crate::control::state::Control;
use crate::control::understand::Understood;
use crate::control::watched::Awaited;

/// A change that can be made.
pub(super) struct Prepared {
    /// What is kept then.
    pub(super) kept: Kept,
    /// What that means here.
    pub(super) understood: Understood,
}

impl Control {
    /// What `submission` makes of what is known.
    pub(super) fn prepare(&self, submission: &Submission) -> Result<Prepared, Refused> {
        let nothing = Kept::default();
        let held = self.cluster.as_ref().and_then(Cluster::held);
        let known = held.map_or(&nothing, |held| &held.generation.kept);
        self.prepare_from(known, submission)
    }

    /// What `submission` makes of what was `known`.
    pub(super) fn prepare_from(
        &self,
        known: &Kept,
        submission: &Submission,
    ) -> Result<Prepared, Refused> {
        let asked = match &self.cluster {
            Some(cluster) => {
                let keys = cluster.value_keys();
                let keys = keys.map_err(|Trouble(needs_key)| Refused::Errors(vec![needs_key]))?;
                &sealed(&submission.change, &keys)
            }
            None => &submission.change,
        };
        let mut kept = change(known, asked)?;
        let sources = cluster::sources(&kept.documents);
        let mut understood = self.desired.understand(sources).map_err(Refused::Errors)?;
        kept.forget_strangers(&understood.desired);
        kept.order(&mut understood.desired);
        if let (Change::SetAvailability(order), Some(cluster)) = (asked, &self.cluster) {
            self.check_not_moved_to(order)?;
            let observed = cluster.observed(understood.node.as_ref(), now());
            orders::check(order, &understood.desired, &observed)?;
        }
        Ok(Prepared { kept, understood })
    }

    /// A group that somebody moved to a node stays there, whatever becomes of the node.
    fn check_not_moved_to(&self, order: &NodeOrder) -> Result<(), Refused> {
        let moves = self.moves.in_force();
        let mut here = moves.iter().filter(|(_, to)| **to == order.node);
        match (here.next(), order.availability, order.force) {
            (Some((group, to)), Availability::Drain, false) => Err(Refused::Errors(vec![format!(
                "{to} is not drained: vipgroup/{group} is moved to it (`skep move {group} --back`, or \
                 say --force)"
            )])),
            _ => Ok(()),
        }
    }

    /// Answers why `submission` is not accepted; what somebody may confirm is remembered for that.
    pub(super) fn refuse(
        &mut self,
        submission: Submission,
        refused: Refused,
        to: Answer<Submitted>,
    ) {
        let generation = self.following_number();
        if let (Refused::AwaitsConfirmation(message), Change::Feed(feeding)) =
            (&refused, &submission.change)
            && feeding.source.is_none()
            && !submission.dry_run
        {
            self.awaited = Some(Awaited {
                message: format!("`skep apply`: {message}"),
                submission,
                generation,
                since: now(),
            });
        }
        answer(
            to,
            Ok(match refused {
                Refused::Errors(errors) => Submitted::Rejected(errors),
                Refused::SourceDiffers(message) => Submitted::SourceDiffers(message),
                Refused::AwaitsConfirmation(message) => Submitted::AwaitsConfirmation {
                    generation,
                    message,
                },
            }),
        );
    }

    /// The number of the generation that follows what is known.
    pub(super) fn following_number(&self) -> u64 {
        self.cluster.as_ref().map_or(0, Cluster::number) + 1
    }
}

/// The answer to who submitted `generation`, which counts from here on.
pub(super) fn accepted(generation: &Generation) -> Submitted {
    Submitted::Accepted {
        id: generation.id.clone(),
        paused: generation.kept.paused(),
    }
}

/// Why a change is not made, a line each.
pub(super) fn lines(refused: Refused) -> Vec<String> {
    match refused {
        Refused::Errors(lines) => lines,
        Refused::SourceDiffers(line) | Refused::AwaitsConfirmation(line) => vec![line],
    }
}
