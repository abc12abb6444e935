//! Who feeds what into the desired state: whose each object is, what a feeder may change, and what
//! waits for somebody's word.
//!
//! A *feeder* is a way by which manifests come in: `skep apply`, a watched directory or a branch of
//! a repository. An object belongs to the feeder that fed it. Each change is decided against what is
//! kept at that moment, by the agent that submits it.

mod feed;
pub mod orders;
mod origin;
mod pruning;
mod shelf;
mod source_state;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use skep_manifest::hexadecimal;
use skep_manifest::name::NodeName;
use skep_manifest::object::ObjectKey;
use skep_manifest::set::Source;
use skep_manifest::swarm::Availability;

use feed::feed;
pub use origin::Origin;
use shelf::Shelf;
pub use source_state::{SourceState, Watched, source_state};

/// The feeder that is a person with `skep apply`.
pub const APPLY: &str = "apply";
/// The feeder that is a directory which agents watch.
pub const DIRECTORY: &str = "directory";
/// The feeder that is a branch of a git repository which agents watch.
pub const GIT: &str = "git";

/// One manifest file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Its name in messages.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl Manifest {
    /// The file as the reader wants it.
    #[must_use]
    pub fn source(&self) -> Source {
        Source {
            name: self.name.clone(),
            text: self.text.clone().into_bytes(),
        }
    }
}

/// A manifest file in the desired state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fed {
    /// Whose it is.
    #[serde(default = "apply")]
    pub feeder: String,
    /// The file, without the objects that were replaced or removed since.
    #[serde(flatten)]
    pub manifest: Manifest,
}

/// What is known of a feeder that watches a source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Feeder {
    /// The digest of the source when it was fed last; of a branch the commit.
    pub digest: Option<String>,
    /// The commit that was fed last, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Whether somebody said that it shall feed nothing.
    #[serde(default)]
    pub paused: bool,
}

/// The desired state as it was fed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its manifests, by feeder.
    pub documents: Vec<Fed>,
    /// What is known of the feeders that watch a source or are paused.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub feeders: BTreeMap<String, Feeder>,
    /// The nodes that operators paused or drained, until they take it back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub availability: BTreeMap<NodeName, Availability>,
}

impl Kept {
    /// The feeders that feed nothing until somebody resumes them.
    #[must_use]
    pub fn paused(&self) -> Vec<String> {
        let paused = self.feeders.iter().filter(|(_, feeder)| feeder.paused);
        paused.map(|(name, _)| name.clone()).collect()
    }

    /// Whether the source of `feeder` had this digest when it was fed last.
    #[must_use]
    pub fn has_fed(&self, feeder: &str, digest: &str) -> bool {
        let known = self.feeders.get(feeder);
        known.and_then(|known| known.digest.as_deref()) == Some(digest)
    }
}

/// How the desired state shall change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    /// A feeder feeds manifests.
    Feed(Feeding),
    /// Somebody removes objects by name.
    Delete(Deletion),
    /// A feeder shall feed nothing; all that watch a source when none is named.
    Pause(Option<String>),
    /// It shall feed again.
    Resume(Option<String>),
    /// An earlier desired state shall count again; what watches a source is paused.
    Recall(Vec<Fed>),
    /// A node shall get tasks, or not.
    SetAvailability(NodeOrder),
}

/// What an operator orders about a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeOrder {
    /// The node.
    pub node: NodeName,
    /// Whether it gets tasks; active takes back what was ordered before.
    pub availability: Availability,
    /// Whether that counts also where something is left without a place.
    #[serde(default)]
    pub force: bool,
}

/// Manifests that a feeder feeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Feeding {
    /// Who feeds.
    pub feeder: String,
    /// All it has.
    pub documents: Vec<Manifest>,
    /// Whether objects of this feeder that are not among them go.
    pub prune: bool,
    /// Whether objects of other feeders become this one's.
    pub take_over: bool,
    /// The source as it is and as it was; nothing when a person feeds.
    pub source: Option<SourceChange>,
    /// Whether somebody confirmed it, whatever it removes and wherever it starts from.
    #[serde(default)]
    pub confirmed: bool,
}

/// How a source changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceChange {
    /// The digest of what it holds.
    pub to: String,
    /// The digest of what it held when it was last in step with the desired state.
    pub from: Option<String>,
    /// The commit that it is, when a branch is watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// Objects that somebody removes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deletion {
    /// Which.
    pub objects: Vec<ObjectKey>,
    /// Whether that may be objects of any feeder.
    pub take_over: bool,
}

/// Why a change is not made. Each line says what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It cannot be.
    Errors(Vec<String>),
    /// The source is not what was fed last, and did not change from that.
    SourceDiffers(String),
    /// It removes so much that somebody has to confirm it.
    AwaitsConfirmation(String),
}

/// What is kept after `change`.
///
/// # Errors
///
/// [`Refused`]: then everything stays as it is.
pub fn change(kept: &Kept, change: &Change) -> Result<Kept, Refused> {
    match change {
        Change::Feed(feeding) => feed(kept, feeding),
        Change::Delete(deletion) => delete(kept, deletion),
        Change::Pause(feeder) => set_paused(kept, feeder.as_deref(), true),
        Change::Resume(feeder) => set_paused(kept, feeder.as_deref(), false),
        Change::Recall(documents) => Ok(recall(kept, documents)),
        Change::SetAvailability(order) => {
            require_any(kept)?;
            Ok(orders::set_availability(kept, order))
        }
    }
}

/// SHA-256 of manifests with their names, in hex: whether a source changed.
#[must_use]
pub fn digest(documents: &[Manifest]) -> String {
    let mut hash = Sha256::new();
    for part in documents.iter().flat_map(|it| [&it.name, &it.text]) {
        // The lengths keep apart what would be the same when joined.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hexadecimal::digits(&hash.finalize())
}

fn delete(kept: &Kept, deletion: &Deletion) -> Result<Kept, Refused> {
    let old = Shelf::read(&kept.documents);
    let refused = deletion
        .objects
        .iter()
        .filter_map(|key| match old.find(key) {
            None => Some(format!(
                "there is no {key} in the desired state: it is not skep's, or its name is another"
            )),
            Some(document) if old.owner(document) != APPLY && !deletion.take_over => {
                Some(old.refusal(document))
            }
            Some(_) => None,
        });
    let errors: Vec<String> = refused.collect();
    if !errors.is_empty() {
        return Err(Refused::Errors(errors));
    }
    Ok(Kept {
        documents: old.without(&deletion.objects.iter().collect()),
        ..kept.clone()
    })
}

fn set_paused(kept: &Kept, named: Option<&str>, paused: bool) -> Result<Kept, Refused> {
    require_any(kept)?;
    let mut feeders = kept.feeders.clone();
    match named {
        Some(name) if [APPLY, DIRECTORY, GIT].contains(&name) || feeders.contains_key(name) => {
            feeders.entry(name.to_owned()).or_default().paused = paused;
        }
        Some(name) => {
            return Err(Refused::Errors(vec![format!(
                "there is no feeder `{name}`: name {APPLY}, {DIRECTORY} or {GIT}, or none for all \
                 that watch a source"
            )]));
        }
        None if paused => {
            feeders.entry(DIRECTORY.to_owned()).or_default().paused = true;
            feeders
                .entry(GIT.to_owned())
                .and_modify(|it| it.paused = true);
        }
        None => feeders.values_mut().for_each(|it| it.paused = false),
    }
    feeders.retain(|_, it| it.paused || it.digest.is_some());
    Ok(Kept {
        feeders,
        ..kept.clone()
    })
}

/// Refuses what says something about a desired state where there is none.
fn require_any(kept: &Kept) -> Result<(), Refused> {
    if kept.documents.is_empty() {
        let none = "there is no desired state yet: begin with `skep apply`";
        return Err(Refused::Errors(vec![none.to_owned()]));
    }
    Ok(())
}

/// What watches a source would feed again what was just taken back.
fn recall(kept: &Kept, documents: &[Fed]) -> Kept {
    let mut feeders = kept.feeders.clone();
    let watching = feeders.values_mut().filter(|it| it.digest.is_some());
    watching.for_each(|it| it.paused = true);
    Kept {
        documents: documents.to_vec(),
        feeders,
        availability: kept.availability.clone(),
    }
}

fn apply() -> String {
    APPLY.to_owned()
}

#[cfg(test)]
mod tests;
