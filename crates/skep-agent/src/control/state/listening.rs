//! Which virtual router ids others use: what is listened to, and what waits until it was.

use std::collections::BTreeSet;
use std::num::NonZeroU8;
use std::time::Duration;

use skep_api::submit::{Submission, Submitted};
use skep_manifest::desired::Desired;
use skep_manifest::name::NodeName;
use skep_plan::decisions::chooses;
use skep_plan::segments::segments;
use skep_vip::message::Command;
use skep_vrrp::time::Instant;

use crate::control::cluster::Cluster;
use crate::control::now;
use crate::control::question::Answer;
use crate::control::state::Control;
use crate::control::understand::Understood;

/// Twice the usual interval and more: whoever advertises more slowly was heard before, or is told
/// of as foreign afterwards.
const LISTENED: Duration = Duration::from_millis(2_500);

/// Where nothing can be heard, nobody waits for it longer; less than the caller's patience.
pub(super) const WAIT_MAX: Duration = Duration::from_millis(3_500);

/// A set of manifests that waits for the segments to be heard.
pub(super) struct Waiting {
    submission: Submission,
    understood: Understood,
    to: Answer<Submitted>,
    until: Instant,
}

impl Control {
    /// The ids that others are heard to use, here and by the other agents.
    pub(super) fn taken(&self) -> BTreeSet<NonZeroU8> {
        let own = self.observed.overheard(now());
        let peers = self.cluster.iter().flat_map(Cluster::overheard);
        own.into_iter().chain(peers).collect()
    }

    /// Submits a set, at once or as soon as it is known which ids are free. What comes after one
    /// that waits waits behind it.
    pub(super) fn submit_in_order(
        &mut self,
        submission: Submission,
        understood: Understood,
        to: Answer<Submitted>,
    ) {
        let waits = !self.waiting.is_empty() || self.is_to_listen(&understood);
        if submission.dry_run || !waits {
            return self.submit(submission, to);
        }
        let until = now() + WAIT_MAX;
        self.waiting.push_back(Waiting {
            submission,
            understood,
            to,
            until,
        });
        self.listen();
    }

    /// Submits what has waited long enough.
    pub(super) fn submit_waiting(&mut self) {
        while let Some(next) = self.waiting.pop_front() {
            if now() < next.until && self.is_to_listen(&next.understood) {
                self.waiting.push_front(next);
                return;
            }
            self.submit(next.submission, next.to);
        }
    }

    /// Lets the data plane of a clustered agent listen where it may have to choose an id.
    pub(super) fn listen(&self) {
        if self.cluster.is_none() {
            return;
        }
        let accepted = self.desired.accepted().into_iter();
        let accepted = accepted.map(|known| (&known.desired, known.node.as_ref()));
        let waiting = self.waiting.iter().map(|waiting| &waiting.understood);
        let waiting = waiting.map(|set| (&set.desired, set.node.as_ref()));
        let interfaces = accepted
            .chain(waiting)
            .flat_map(|(desired, node)| self.segments(desired, node))
            .collect();
        self.send(&Command::Listen { interfaces });
    }

    /// Whether `understood` needs an id and some segment was not listened to for long enough.
    fn is_to_listen(&self, understood: &Understood) -> bool {
        let previous = self.desired.accepted().map(|accepted| &accepted.desired);
        if !chooses(previous, &understood.desired) {
            return false;
        }
        let segments = self.segments(&understood.desired, understood.node.as_ref());
        let was_heard = |interface: &String| {
            let since = self.observed.listening_since(interface);
            since.is_some_and(|since| now().saturating_duration_since(since) >= LISTENED)
        };
        !segments.iter().all(was_heard)
    }

    fn segments(&self, desired: &Desired, node: Option<&NodeName>) -> BTreeSet<String> {
        node.map_or_else(BTreeSet::new, |node| {
            segments(desired, node, &self.site.interfaces)
        })
    }
}
