//! The directory that an agent of a cluster watches, and how it stands to the desired state.
//!
//! Nothing is submitted here: what is to be fed is told, and what came of it is remembered until
//! the directory or the desired state is another.

use std::path::{Path, PathBuf};

use skep_api::submit::{Submission, Submitted};
use skep_api::trust::value_keys::ValueKeys;
use skep_manifest::condition::Reason;
use skep_plan::feeding::{
    Change, DIRECTORY, Feeding, Kept, Manifest, SourceChange, Standing, digest, standing,
};
use skep_vrrp::time::Instant;

use crate::control::cluster::Store;
use crate::control::directory::Contents;
use crate::control::question::Trouble;
use crate::control::sealing::seal;
use crate::control::understand::with_causes;
use crate::source::ReadError;

/// A watched directory.
pub(super) struct Watched {
    directory: PathBuf,
    /// What it holds; nothing while it was not read, is missing or empty.
    held: Option<Held>,
    /// The digest of what it held when it was last in step with the desired state.
    in_step: Option<String>,
    /// Whether what it holds is being submitted.
    is_feeding: bool,
    /// Whether what it holds is to be submitted again although nothing changed.
    is_due: bool,
    complaint: Option<Complaint>,
}

/// What a directory holds.
struct Held {
    documents: Vec<Manifest>,
    digest: String,
}

/// Why what a directory holds does not count.
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
    pub(super) fn new(directory: &Path, store: &Store) -> Self {
        let in_step = store.in_step().unwrap_or_else(|error| {
            tracing::warn!("{}", with_causes(&error));
            None
        });
        Self {
            directory: directory.to_owned(),
            held: None,
            in_step,
            is_feeding: false,
            is_due: false,
            complaint: None,
        }
    }

    /// Takes note of what it holds; what is secret in it is sealed at once.
    pub(super) fn handle_read(&mut self, contents: Contents, keys: &ValueKeys, now: Instant) {
        self.complaint = None;
        match contents {
            // Whoever has nothing there feeds by other ways.
            Err(ReadError::Unreadable { path, source })
                if path == self.directory && source.kind() == std::io::ErrorKind::NotFound =>
            {
                self.held = None;
            }
            Err(error) => self.complain(Reason::InvalidManifest, &with_causes(&error), now),
            Ok(sources) if sources.is_empty() => self.held = None,
            Ok(sources) => {
                let manifest = |source: skep_manifest::set::Source| Manifest {
                    name: self.name_of(&source.name),
                    text: String::from_utf8_lossy(&source.text).into_owned(),
                };
                let documents = sources.into_iter().map(manifest).collect();
                // As it is kept: what is kept of it is compared with it.
                let documents = seal(documents, keys);
                let digest = digest(&documents);
                self.held = Some(Held { documents, digest });
            }
        }
        self.is_due = true;
    }

    /// What it holds, unless that is being submitted or nothing is to be done about it.
    pub(super) fn due(&self) -> Option<&[Manifest]> {
        let held = self
            .held
            .as_ref()
            .filter(|_| self.is_due && !self.is_feeding);
        held.map(|held| held.documents.as_slice())
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
    pub(super) fn judge(&mut self, kept: Option<&Kept>, store: &Store, now: Instant) -> Standing {
        self.is_due = false;
        let Some(held) = &self.held else {
            return Standing::InStep;
        };
        if kept.is_some_and(|kept| kept.has_fed(DIRECTORY, &held.digest)) {
            if self.in_step.as_ref() != Some(&held.digest)
                && let Err(error) = store.keep_in_step(&held.digest)
            {
                tracing::error!("{}", with_causes(&error));
            }
            self.in_step = Some(held.digest.clone());
        }
        let standing = standing(kept, &held.documents, self.in_step.as_deref());
        match standing {
            Standing::InStep | Standing::Paused => self.complaint = None,
            Standing::Changed => {}
            Standing::Overruled => self.complain(
                Reason::SourceDiffers,
                "it was fed, and part of it was rolled back or taken over since",
                now,
            ),
            Standing::Differs => {
                let told = format!(
                    "what it holds ({}) is not what was fed last and did not change from that: \
                     nothing is taken from it",
                    files(held.documents.len())
                );
                self.complain(Reason::SourceDiffers, &told, now);
            }
        }
        standing
    }

    /// What is to be submitted.
    pub(super) fn feeding(&mut self, confirmed: bool) -> Option<Change> {
        let held = self.held.as_ref()?;
        self.is_feeding = true;
        Some(Change::Feed(Feeding {
            feeder: DIRECTORY.to_owned(),
            documents: held.documents.clone(),
            prune: true,
            take_over: confirmed,
            source: Some(SourceChange {
                to: held.digest.clone(),
                from: self.in_step.clone(),
            }),
            confirmed,
        }))
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
    pub(super) const fn complaint(&self) -> Option<&Complaint> {
        self.complaint.as_ref()
    }

    /// Whether somebody can say that what it holds shall count all the same.
    pub(super) fn waits(&self) -> bool {
        let complaint = self.complaint.as_ref();
        self.held.is_some() && complaint.is_some_and(|it| may_be_confirmed(it.reason))
    }

    fn complain(&mut self, reason: Reason, message: &str, now: Instant) {
        let message = format!("{}: {message}", self.directory.display());
        let before = self.complaint.take();
        let before = before.filter(|before| before.reason == reason);
        if before
            .as_ref()
            .is_none_or(|before| before.message != message)
        {
            tracing::warn!("{reason:?}: {message}");
        }
        self.complaint = Some(Complaint {
            reason,
            message,
            since: before.map_or(now, |before| before.since),
        });
    }

    /// The name of a file within the directory: that is what two copies of it have in common.
    fn name_of(&self, path: &str) -> String {
        let inside = Path::new(path).strip_prefix(&self.directory);
        inside.map_or_else(|_| path.to_owned(), |inside| inside.display().to_string())
    }
}

fn files(count: usize) -> String {
    match count {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    }
}

/// Whether what is told for this reason can be allowed with a word.
pub(super) const fn may_be_confirmed(reason: Reason) -> bool {
    matches!(reason, Reason::SourceDiffers | Reason::AwaitsConfirmation)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use skep_api::trust::key::ClusterKeys;
    use skep_manifest::set::Source;
    use skep_plan::feeding::change;

    use super::*;
    use crate::control::sealing::sealed;

    const SECRET: &str =
        "apiVersion: skep/v1\nkind: Secret\nmetadata: {name: key}\nspec:\n  data: {value: hive}\n";

    fn keys() -> ValueKeys {
        let text = format!("# skep cluster.key, version 1\n{}\n", "01".repeat(32));
        let keys = ClusterKeys::parse(text.as_bytes()).expect("a key");
        keys.value_keys()
    }

    #[test]
    fn a_directory_with_a_secret_is_in_step_with_what_is_kept_of_it() {
        let state = tempfile::tempdir().expect("a directory");
        let store = Store::open(state.path()).expect("it can be written");
        let directory = Path::new("/manifests");
        let mut watched = Watched::new(directory, &store);
        let now = Instant::from_boot(Duration::ZERO);
        let source = Source {
            name: "/manifests/skep.yaml".to_owned(),
            text: SECRET.as_bytes().to_vec(),
        };
        watched.handle_read(Ok(vec![source]), &keys(), now);
        let fed = watched.feeding(false).expect("it holds something");
        let kept = change(&Kept::default(), &sealed(&fed, &keys())).expect("it is accepted");
        assert!(!kept.documents[0].manifest.text.contains("hive"));
        assert_eq!(watched.judge(Some(&kept), &store, now), Standing::InStep);
        assert_eq!(watched.complaint(), None);
    }
}
