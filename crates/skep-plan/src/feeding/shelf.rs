//! Manifests that were read, and whose each object is.

use std::collections::{BTreeMap, BTreeSet};

use skep_manifest::object::ObjectKey;
use skep_manifest::parse::parse;
use skep_manifest::problem::Severity;
use skep_manifest::set::{Document, ManifestSet};
use skep_manifest::without::without;

use super::{APPLY, Fed, Manifest};

/// Manifests that were read, each with its feeder.
pub(super) struct Shelf {
    pub(super) set: ManifestSet,
    feeders: Vec<String>,
    /// The documents by what they declare; of two that declare the same, the last.
    pub(super) index: BTreeMap<ObjectKey, usize>,
}

impl Shelf {
    pub(super) fn read(documents: &[Fed]) -> Self {
        let feeders = documents.iter().map(|fed| fed.feeder.clone()).collect();
        Self::new(documents.iter().map(|fed| &fed.manifest), feeders)
    }

    pub(super) fn of(feeder: &str, documents: &[Manifest]) -> Self {
        Self::new(documents, vec![feeder.to_owned(); documents.len()])
    }

    fn new<'a>(manifests: impl IntoIterator<Item = &'a Manifest>, feeders: Vec<String>) -> Self {
        let set = parse(manifests.into_iter().map(Manifest::source).collect());
        let documents = set.documents.iter().enumerate();
        let index = documents
            .map(|(at, document)| (document.object.key(), at))
            .collect();
        Self {
            set,
            feeders,
            index,
        }
    }

    /// Whether there is something in them that cannot be used.
    pub(super) fn has_errors(&self) -> bool {
        let mut problems = self.set.problems.iter();
        problems.any(|problem| problem.severity == Severity::Error)
    }

    pub(super) fn find(&self, key: &ObjectKey) -> Option<&Document> {
        self.set.documents.get(*self.index.get(key)?)
    }

    pub(super) fn owner(&self, document: &Document) -> &str {
        let source = document.whole().source;
        self.feeders.get(source).map_or(APPLY, String::as_str)
    }

    pub(super) fn owned_by(&self, feeder: &str) -> BTreeSet<&ObjectKey> {
        let is_own = |key: &&ObjectKey| {
            let document = self.find(key);
            document.is_some_and(|document| self.owner(document) == feeder)
        };
        self.index.keys().filter(is_own).collect()
    }

    /// That `document` is not for anybody else to change.
    pub(super) fn refusal(&self, document: &Document) -> String {
        let place = self.set.location(document.whole());
        format!(
            "{} was fed by `{}` ({}:{}): change it there, or take it over with --take-over",
            document.object.key(),
            self.owner(document),
            place.file,
            place.line
        )
    }

    /// The manifests without some objects; files that hold nothing more are left out.
    pub(super) fn without(&self, gone: &BTreeSet<&ObjectKey>) -> Vec<Fed> {
        let is_gone = |document: &Document| gone.contains(&document.object.key());
        let files = self.set.sources.iter().zip(&self.feeders).enumerate();
        let left = files.filter_map(|(index, (source, feeder))| {
            let here = self.set.documents_of(index);
            // A file without any object stays, so that what is wrong with it is said.
            if !here.is_empty() && here.iter().all(is_gone) {
                return None;
            }
            Some(Fed {
                feeder: feeder.clone(),
                manifest: Manifest {
                    name: source.name().to_owned(),
                    text: without(&self.set, index, is_gone),
                },
            })
        });
        left.collect()
    }
}
