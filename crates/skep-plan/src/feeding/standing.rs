//! How a watched source stands to what it fed.

use super::{DIRECTORY, Feeder, Kept, Manifest, digest};

/// How a source stands to the desired state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
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

/// How the watched directory, which holds `documents`, stands to what is kept. `last` is the digest
/// of what it held when it was last in step.
#[must_use]
pub fn standing(kept: Option<&Kept>, documents: &[Manifest], last: Option<&str>) -> Standing {
    let Some(kept) = kept else {
        return Standing::Changed;
    };
    let nothing = Feeder::default();
    let feeder = kept.feeders.get(DIRECTORY).unwrap_or(&nothing);
    let recorded = feeder.digest.as_deref();
    if feeder.paused {
        Standing::Paused
    } else if recorded == Some(&digest(documents)) {
        if has_all(kept, documents) {
            Standing::InStep
        } else {
            Standing::Overruled
        }
    } else if recorded.is_some() && last == recorded {
        Standing::Changed
    } else {
        Standing::Differs
    }
}

/// Whether everything that the directory fed counts as it was fed.
fn has_all(kept: &Kept, documents: &[Manifest]) -> bool {
    let own = kept.documents.iter().filter(|fed| fed.feeder == DIRECTORY);
    let mut own: Vec<&Manifest> = own.map(|fed| &fed.manifest).collect();
    let mut fed: Vec<&Manifest> = documents.iter().collect();
    own.sort_by_key(|manifest| &manifest.name);
    fed.sort_by_key(|manifest| &manifest.name);
    own == fed
}
