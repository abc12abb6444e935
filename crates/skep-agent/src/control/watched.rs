//! What an agent of a cluster watches, a directory or a branch of a repository, and how it stands to
//! the desired state.
//!
//! Nothing is submitted here: what is to be fed is told, and what came of it is remembered until
//! the source or the desired state is another.

mod place;

use skep_api::submit::{Submission, Submitted};
use skep_api::trust::value_keys::ValueKeys;
use skep_manifest::condition::Reason;
use skep_plan::feeding::{
    self, Change, Feeding, GIT, Kept, Manifest, Origin, SourceChange, SourceState, digest,
    source_state,
};
use skep_vrrp::time::Instant;

use crate::control::cluster::Store;
use crate::control::contents::{Commit, Contents, Unread};
use crate::control::question::Trouble;
use crate::control::sealing::seal;
use crate::control::understand::with_causes;
use crate::source::ReadError;

pub(in crate::control) use place::Place;

/// What is watched.
pub(super) struct Watched {
    place: Place,
    /// What it holds; nothing while it was not read, is missing or empty.
    held: Option<Held>,
    /// The digest of what it held when it was last in step with the desired state.
    in_step: Option<String>,
    /// What was fed last when the branch was asked for because it was made from something else.
    asked_after: Option<String>,
    /// Whether what it holds is being submitted.
    is_feeding: bool,
    /// Whether what it holds is to be submitted again although nothing changed.
    is_due: bool,
    /// Why it cannot be said what it holds.
    unread: Option<Complaint>,
    complaint: Option<Complaint>,
}

/// What a source holds.
struct Held {
    documents: Vec<Manifest>,
    digest: String,
    commit: Option<Commit>,
}

/// Why what a source holds does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) reason: Reason,
    pub(super) message: String,
    pub(super) since: Instant,
}

/// What somebody applied and somebody has to confirm.
pub(super) struct Awaited {
    pub(super) submission: Submission,
    /// The number of the generation that it would be.
    pub(super) generation: u64,
    /// What it would do.
    pub(super) message: String,
    pub(super) since: Instant,
}

impl Watched {
    /// Of which nothing was read yet; what it was in step with is known from before.
    pub(super) fn new(place: Place, store: &Store) -> Self {
        let in_step = store.in_step().unwrap_or_else(|error| {
            tracing::warn!("{}", with_causes(&error));
            None
        });
        Self {
            place,
            held: None,
            in_step,
            asked_after: None,
            is_feeding: false,
            is_due: false,
            unread: None,
            complaint: None,
        }
    }

    /// Takes note of what it holds; what is secret in it is sealed at once.
    pub(super) fn handle_read(&mut self, contents: Contents, keys: &ValueKeys, now: Instant) {
        let Contents { sources, commit } = contents;
        self.complaint = None;
        self.is_due = true;
        let sources = match sources {
            // Whoever has nothing there feeds by other ways.
            Err(Unread::Manifests(ReadError::Unreadable { path, source }))
                if self.place.is_missing(&path, &source) =>
            {
                Vec::new()
            }
            Err(unread) => {
                let named = commit.map_or_else(String::new, |it| format!("{}: ", it.origin));
                let message = format!("{named}{}", unread.message());
                let before = self.unread.take();
                self.unread = Some(self.complaint_of(unread.reason(), &message, before, now));
                return;
            }
            Ok(sources) => sources,
        };
        self.unread = None;
        let manifest = |source: skep_manifest::set::Source| Manifest {
            name: self.place.name_of(&source.name),
            text: String::from_utf8_lossy(&source.text).into_owned(),
        };
        let documents: Vec<Manifest> = sources.into_iter().map(manifest).collect();
        // As it is kept: what is kept of it is compared with it.
        let documents = seal(documents, keys);
        let digest = match &commit {
            Some(commit) => commit.origin.commit.clone(),
            None => digest(&documents),
        };
        self.held = (!documents.is_empty()).then_some(Held {
            documents,
            digest,
            commit,
        });
    }

    /// What it holds, unless that is being submitted or nothing is to be done about it.
    pub(super) fn due(&self) -> Option<&[Manifest]> {
        let held = self
            .held
            .as_ref()
            .filter(|_| self.is_due && !self.is_feeding);
        held.map(|held| held.documents.as_slice())
    }

    /// Says so when there is nothing any more of what was fed from it and is `kept`.
    pub(super) fn handle_emptiness(&mut self, kept: Option<&Kept>, now: Instant) {
        if self.held.is_some() || !self.is_due {
            return;
        }
        self.is_due = false;
        let feeder = self.place.feeder();
        let was_fed = |kept: &Kept| {
            let in_step = self.in_step.as_deref();
            in_step.is_some_and(|digest| kept.has_fed(feeder, digest))
        };
        if kept.is_some_and(was_fed) && self.unread.is_none() {
            let told = "there are no manifests in it: nothing is removed because of that";
            self.complain(Reason::SourceRefused, told, now);
        }
    }

    /// Compares it with what is kept again.
    pub(super) const fn look_again(&mut self) {
        self.is_due = true;
    }

    /// Leaves it alone until something changes.
    pub(super) fn set_aside(&mut self) {
        self.is_due = false;
        self.complaint = None;
    }

    /// How it stands to what is kept; what it was in step with is written down.
    pub(super) fn judge(
        &mut self,
        kept: Option<&Kept>,
        store: &Store,
        now: Instant,
    ) -> SourceState {
        self.is_due = false;
        let Some(held) = &self.held else {
            return SourceState::InStep;
        };
        let feeder = self.place.feeder();
        let has_fed = kept.is_some_and(|kept| kept.has_fed(feeder, &held.digest));
        if has_fed && self.in_step.as_ref() != Some(&held.digest) {
            if let Err(error) = store.keep_in_step(&held.digest) {
                tracing::error!("{}", with_causes(&error));
            }
            self.in_step = Some(held.digest.clone());
        }
        let last: Vec<String> = self.in_step.iter().cloned().collect();
        let watched = feeding::Watched {
            feeder,
            documents: &held.documents,
            digest: &held.digest,
            ancestors: held.commit.as_ref().map_or(&last, |commit| &commit.line),
        };
        let state = source_state(kept, &watched);
        match state {
            SourceState::InStep | SourceState::Paused => self.complaint = None,
            SourceState::Changed => {}
            SourceState::Overruled => self.complain(
                Reason::SourceDiffers,
                "it was fed, and part of it was rolled back or taken over since",
                now,
            ),
            SourceState::Differs => self.handle_difference(kept, now),
        }
        state
    }

    /// Says that it is not made from what was fed last; a branch is looked at again first, for it
    /// may be another agent that looked later, or be further back than this one knows.
    fn handle_difference(&mut self, kept: Option<&Kept>, now: Instant) {
        let known = kept.and_then(|kept| kept.feeders.get(self.place.feeder()));
        let recorded = known.and_then(|known| known.digest.clone());
        if let Place::Branch(_, nudge) = &self.place
            && let Some(commit) = &recorded
            && self.asked_after != recorded
        {
            nudge.look_for(commit);
            self.asked_after = recorded;
            return;
        }
        let origin = known.and_then(|known| known.origin.as_ref());
        let count = self.held.as_ref().map_or(0, |held| held.documents.len());
        let told = self.place.difference(origin, count);
        self.complain(Reason::SourceDiffers, &told, now);
    }

    /// What is to be submitted, when `kept` is what is kept.
    pub(super) fn feeding(&mut self, kept: Option<&Kept>, confirmed: bool) -> Option<Change> {
        let held = self.held.as_ref()?;
        let feeder = self.place.feeder();
        let from = match &held.commit {
            None => self.in_step.clone(),
            Some(commit) => {
                let known = kept.and_then(|kept| kept.feeders.get(feeder));
                let recorded = known.and_then(|known| known.digest.clone());
                recorded.filter(|recorded| commit.line.contains(recorded))
            }
        };
        self.is_feeding = true;
        Some(Change::Feed(Feeding {
            feeder: feeder.to_owned(),
            documents: held.documents.clone(),
            prune: true,
            take_over: confirmed,
            source: Some(SourceChange {
                to: held.digest.clone(),
                from,
                origin: self.origin().cloned(),
            }),
            confirmed,
        }))
    }

    /// Who submits it, as `skep history` tells it, when it is watched on `node`.
    pub(super) fn by(&self, node: &str) -> String {
        match self.origin() {
            Some(origin) => format!("{GIT} {origin}"),
            None => format!("{}{node}", self.place.feeder()),
        }
    }

    /// The commit that it holds.
    fn origin(&self) -> Option<&Origin> {
        let commit = self.held.as_ref()?.commit.as_ref();
        commit.map(|commit| &commit.origin)
    }

    /// Remembers what came of the submission.
    pub(super) fn handle_submitted(&mut self, outcome: &Result<Submitted, Trouble>, now: Instant) {
        self.is_feeding = false;
        match outcome {
            Ok(Submitted::Accepted { .. } | Submitted::Unchanged(_) | Submitted::Acceptable) => {
                self.is_due = true;
                self.complaint = None;
            }
            Ok(Submitted::Conflict(_)) => self.is_due = true,
            Ok(Submitted::Rejected(errors)) => {
                let count = match errors.len() {
                    0 | 1 => String::new(),
                    count => format!(" (and {} more)", count - 1),
                };
                let first = errors.first().map_or("", String::as_str);
                self.complain(Reason::InvalidManifest, &format!("{first}{count}"), now);
            }
            Ok(Submitted::SourceDiffers(message)) => {
                self.complain(Reason::SourceDiffers, message, now);
            }
            Ok(Submitted::AwaitsConfirmation { message, .. }) => {
                self.complain(Reason::AwaitsConfirmation, message, now);
            }
            // Whoever keeps the desired state is asked again with the next heartbeat.
            Err(Trouble(trouble)) => {
                self.is_due = true;
                self.complain(Reason::InProgress, trouble, now);
            }
        }
    }

    /// Why what it holds does not count, if it does not.
    pub(super) fn complaint(&self) -> Option<&Complaint> {
        self.unread.as_ref().or(self.complaint.as_ref())
    }

    /// What helps against `complaint`, when the generation that follows is `next`.
    pub(super) fn remedy(&self, complaint: &Complaint, next: u64) -> String {
        self.place.remedy(complaint.reason, next)
    }

    /// Whether somebody can say that what it holds shall count all the same.
    pub(super) fn waits(&self) -> bool {
        let complaint = self.complaint.as_ref();
        self.held.is_some() && complaint.is_some_and(|it| may_be_confirmed(it.reason))
    }

    fn complain(&mut self, reason: Reason, message: &str, now: Instant) {
        let named = self
            .origin()
            .map_or_else(String::new, |it| format!("{it}: "));
        let before = self.complaint.take();
        let message = format!("{named}{message}");
        self.complaint = Some(self.complaint_of(reason, &message, before, now));
    }

    /// A complaint, which goes on if the one `before` it was the same.
    fn complaint_of(
        &self,
        reason: Reason,
        message: &str,
        before: Option<Complaint>,
        now: Instant,
    ) -> Complaint {
        let message = format!("{}: {message}", self.place.name());
        let before = before.filter(|before| before.reason == reason);
        if before
            .as_ref()
            .is_none_or(|before| before.message != message)
        {
            tracing::warn!("{reason:?}: {message}");
        }
        Complaint {
            reason,
            message,
            since: before.map_or(now, |before| before.since),
        }
    }
}

/// Whether what is told for this reason can be allowed with a word.
pub(super) const fn may_be_confirmed(reason: Reason) -> bool {
    matches!(reason, Reason::SourceDiffers | Reason::AwaitsConfirmation)
}

#[cfg(test)]
mod tests;
