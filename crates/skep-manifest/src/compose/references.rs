//! The files that a compose file refers to.

use std::collections::BTreeMap;

use super::prepare::prepare;
use crate::fill::Nature;
use crate::set::SourceText;
use crate::span::Location;
use crate::tree::{Content, NodeId, Tree};
use crate::yaml::{self, Dialect};

/// A file that a compose file refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its path, relative to the compose file.
    pub path: String,
    /// What it is for.
    pub nature: Nature,
    /// Where the compose file names it.
    pub at: Location,
}

/// The files that the compose file `text`, called `name`, refers to. What is wrong with it is not
/// said here.
#[must_use]
pub fn references(
    name: &str,
    text: &str,
    environment: &BTreeMap<String, String>,
) -> Vec<Reference> {
    let source = SourceText::new(name.to_owned(), text.to_owned());
    let (documents, _) = yaml::read(0, &source, Dialect::Compose);
    let mut found = Vec::new();
    for raw in documents {
        let (tree, _) = prepare(&raw.tree, environment);
        let mut add = |node: NodeId, nature| {
            found.extend(tree.text(node).map(|path| Reference {
                path: path.to_owned(),
                nature,
                at: source.location(tree.span(node).start),
            }));
        };
        for node in below(&tree, "configs", "file") {
            add(node, Nature::File);
        }
        for node in below(&tree, "secrets", "file") {
            add(node, Nature::SecretFile);
        }
        for node in below(&tree, "services", "env_file") {
            match tree.content(node) {
                Content::Sequence(entries) => {
                    entries.iter().for_each(|entry| add(*entry, Nature::File));
                }
                Content::Scalar(_) | Content::Mapping(_) => add(node, Nature::File),
            }
        }
    }
    found
}

/// What stands under `key` in the entries of a section.
fn below(tree: &Tree, section: &str, key: &str) -> Vec<NodeId> {
    let section = tree.value(tree.root(), section);
    let entries = section.and_then(|section| tree.entries(section));
    let entries = entries.into_iter().flatten();
    entries
        .filter_map(|(_, entry)| tree.value(*entry, key))
        .collect()
}
