//! How a watched source stands to what it fed.

use super::{Feeder, Kept, Manifest};

/// How a source stands to the desired state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceState {
    /// What it holds is what it fed last, and that counts.
    InStep,
    /// It changed from what it fed last: that is to be fed.
    Changed,
    /// What it holds is what it fed last, and part of that was taken back or taken over since.
    Overruled,
    /// It is not what was fed last, or nothing was, and it did not change from that: somebody has to
    /// say what counts.
    Differs,
    /// It shall feed nothing.
    Paused,
}

/// A watched source, as it is and as it was.
#[derive(Clone, Copy, Debug)]
pub struct Watched<'a> {
    /// By which way it is fed.
    pub feeder: &'a str,
    /// What it holds.
    pub documents: &'a [Manifest],
    /// The digest of that; of a branch the commit.
    pub digest: &'a str,
    /// The digests of what it changed from: what a directory held when it was last in step, the
    /// commits that a branch's is made from.
    pub ancestors: &'a [String],
}

/// How a watched source stands to what is kept.
#[must_use]
pub fn source_state(kept: Option<&Kept>, watched: &Watched<'_>) -> SourceState {
    let Some(kept) = kept else {
        return SourceState::Changed;
    };
    let nothing = Feeder::default();
    let feeder = kept.feeders.get(watched.feeder).unwrap_or(&nothing);
    if feeder.paused {
        return SourceState::Paused;
    }
    match &feeder.digest {
        Some(recorded) if recorded == watched.digest => {
            if has_all(kept, watched) {
                SourceState::InStep
            } else {
                SourceState::Overruled
            }
        }
        Some(recorded) if watched.ancestors.contains(recorded) => {
            // A commit about something else in the repository is no new desired state.
            if has_all(kept, watched) {
                SourceState::InStep
            } else {
                SourceState::Changed
            }
        }
        Some(_) | None => SourceState::Differs,
    }
}

/// Whether everything that the source holds counts as it was fed, and nothing else of it.
fn has_all(kept: &Kept, watched: &Watched<'_>) -> bool {
    let own = kept.documents.iter();
    let own = own.filter(|fed| fed.feeder == watched.feeder);
    let mut own: Vec<&Manifest> = own.map(|fed| &fed.manifest).collect();
    let mut fed: Vec<&Manifest> = watched.documents.iter().collect();
    own.sort_by_key(|manifest| &manifest.name);
    fed.sort_by_key(|manifest| &manifest.name);
    own == fed
}
