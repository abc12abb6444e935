//! From the files of all nodes to one manifest.

mod check;
mod entry;
mod globals;
mod group;
mod instance;
mod member;
mod model;
mod names;
mod notify;
mod number;
mod root;
mod scribe;
mod write;

use std::collections::BTreeMap;

use skep_manifest::name::NodeName;
use skep_manifest::object::Object;
use skep_manifest::problem::Severity;
use skep_manifest::set::{SOURCE_BYTES_MAX, Source};
use skep_manifest::span::Span;

use crate::language::{self, Files, Statement, Texts};
use crate::ledger::{Fate, Ledger};
use model::Node;
use scribe::Scribe;

/// The `keepalived.conf` of one node.
#[derive(Clone, Debug)]
pub struct NodeFile {
    /// The node; the first part of its name is the configuration id that `@` lines ask for.
    pub node: NodeName,
    /// The file.
    pub source: Source,
}

/// What an import comes to.
#[derive(Debug)]
pub struct Import {
    /// The objects, groups first.
    pub objects: Vec<Object>,
    /// The manifest: the same objects, with comments that say where each line comes from.
    pub text: String,
    /// The files that were read, and what is wrong with them.
    pub texts: Texts,
    /// What became of every keyword.
    pub ledger: Ledger,
}

/// Makes one manifest of the files of all nodes. It never fails: what cannot be taken over stands
/// among the problems and in the ledger.
pub fn import(files: Vec<NodeFile>, included: &mut dyn Files) -> Import {
    let mut texts = Texts::default();
    let mut ledger = Ledger::default();
    let mut nodes = Vec::new();
    for NodeFile { node, source } in files {
        let id = node.as_str().split('.').next().unwrap_or_default();
        let statements = language::read(source, id, included, &mut texts);
        let mut scribe = Scribe {
            node: &node,
            texts: &mut texts,
            ledger: &mut ledger,
        };
        let read = root::read(&statements, &mut scribe);
        nodes.push(Node { name: node, ..read });
    }
    let mut documents = group::merge(&nodes, &mut texts);
    settle(&texts, &mut ledger);
    let text = match write::manifest(&nodes, &documents, &texts, &ledger) {
        Some(text) => text,
        None => {
            refuse(&mut texts, &mut ledger);
            documents.clear();
            write::head(&nodes, &texts, &ledger)
        }
    };
    Import {
        objects: documents.into_iter().map(|one| one.object).collect(),
        text,
        texts,
        ledger,
    }
}

/// Leaves everything out: a part of a manifest would release what the rest of it holds.
fn refuse(texts: &mut Texts, ledger: &mut Ledger) {
    const WHY: &str = "the manifest would be larger than one file may be";
    let taken = ledger.entries.iter_mut();
    let taken = taken.filter(|entry| matches!(entry.fate, Fate::Taken(_)));
    taken.for_each(|entry| entry.fate = Fate::LeftOut(WHY.to_owned()));
    let Some(first) = ledger.entries.first() else {
        return;
    };
    texts
        .report(Severity::Error, "too-much", first.span)
        .says(format!("{WHY}: {} MiB, or as many values", SOURCE_BYTES_MAX >> 20))
        .help("import the instances in parts, each into a file of its own: all files of a directory are one manifest");
}

/// What keepalived ignores itself, or a manifest cannot say: its keyword was read all the same.
const NOT_TAKEN: [&str; 9] = [
    "authentication-ignored",
    "ignored-with-master",
    "mail-incomplete",
    "name-twice",
    "not-expressible",
    "priority-255-twice",
    "sync-group-twice",
    "unknown-check",
    "unknown-instance",
];

/// Enters what was found to be left out when all files were known.
fn settle(texts: &Texts, ledger: &mut Ledger) {
    let left_out = texts
        .problems
        .iter()
        .filter(|problem| NOT_TAKEN.contains(&problem.id));
    let why: BTreeMap<Span, &str> = left_out
        .map(|problem| (problem.span, problem.message.as_str()))
        .collect();
    let mut above: Option<String> = None;
    for entry in &mut ledger.entries {
        let Fate::Taken(_) = &entry.fate else {
            continue;
        };
        if let Some(why) = why.get(&entry.span) {
            entry.fate = Fate::LeftOut((*why).to_owned());
            above = Some(entry.keyword.clone());
        } else if let Some(above) = above
            .as_deref()
            .filter(|above| is_below(&entry.keyword, above))
        {
            entry.fate = Fate::LeftOut(format!("`{above}` is left out"));
        } else {
            above = None;
        }
    }
}

/// Whether `keyword` stands in the block of `above`.
fn is_below(keyword: &str, above: &str) -> bool {
    let rest = keyword.strip_prefix(above);
    rest.is_some_and(|rest| rest.starts_with('/'))
}

/// How many keywords `statements` have.
#[must_use]
pub fn count(statements: &[Statement]) -> usize {
    statements.iter().map(Statement::count).sum()
}
