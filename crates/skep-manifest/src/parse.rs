//! Sources to a set of objects: read, check, type.

use std::ops::ControlFlow;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::check;
use crate::compose;
use crate::name::Name;
use crate::object::{API_VERSION, Kind, Object, Resource};
use crate::problem::Problem;
use crate::schema::definition;
use crate::set::{Document, ManifestSet, Source, SourceText};
use crate::span::Span;
use crate::tree::{NodeId, Tree};
use crate::yaml::{self, Dialect, RawDocument};

/// The most problems that are reported per source: nobody reads more.
const PROBLEMS_MAX: usize = 2_000;
/// The most values of documents with problems: whoever corrects those comes back for the rest, and
/// what is no manifest at all is given up soon.
const REFUSED_VALUES_MAX: usize = 20_000;
/// The most places where bytes are no UTF-8: a file with more is no text.
const INVALID_MAX: usize = 100;

/// How a `keepalived.conf` begins.
const KEEPALIVED: [&str; 5] = [
    "global_defs",
    "vrrp_instance",
    "vrrp_script",
    "vrrp_sync_group",
    "! Configuration File",
];

/// Reads all sources. It never fails: what is wrong is among the problems of the set, and
/// [`ManifestSet::documents`] has what could be read in spite of it.
#[must_use]
pub fn parse(sources: Vec<Source>) -> ManifestSet {
    let mut set = ManifestSet::default();
    for source in sources {
        let index = set.sources.len();
        let (text, problem) = match yaml::too_long(index, &source.name, source.text.len()) {
            Some(problem) => (String::new(), Some(problem)),
            None => decode(index, &source.text),
        };
        set.problems.extend(problem);
        let source = SourceText::new(source.name, text);
        parse_source(index, &source, &mut set);
        set.sources.push(source);
    }
    compose::add_parts(&mut set);
    set
}

/// Adds what a source says, until there is more wrong with it than anybody reads.
fn parse_source(index: usize, source: &SourceText, set: &mut ManifestSet) {
    let mut problems = Vec::new();
    let mut refused = 0;
    let reading = yaml::read_each(index, source, Dialect::Manifest, &mut |raw| {
        let root = raw.tree.root();
        let (whole, values, span) = (raw.whole, raw.tree.size(root), raw.tree.span(root));
        let before = problems.len();
        parse_document(raw, set, &mut problems);
        if !whole || problems.len() > before {
            refused += values;
        }
        if problems.len() < PROBLEMS_MAX && refused < REFUSED_VALUES_MAX {
            return ControlFlow::Continue(());
        }
        problems.push(too_many(span));
        ControlFlow::Break(())
    });
    problems.extend(reading.problems);
    problems.sort_by_key(|problem| problem.span.start);
    set.problems.extend(problems);
    set.suppressions.extend(reading.suppressions);
}

fn too_many(span: Span) -> Problem {
    let message = "there is too much wrong up to here to go on";
    Problem::error("too-many-problems", span, message)
        .help("the rest is left out; one cause may have many consequences")
}

/// The text of a source. Bytes that are no UTF-8 become a `?` each, so that all places stay; with
/// too many of them there is no text.
fn decode(index: usize, bytes: &[u8]) -> (String, Option<Problem>) {
    let problem = |start, end, message: String| {
        let span = Span {
            source: index,
            start,
            end,
        };
        Problem::error("invalid-utf-8", span, message).help("save the file as UTF-8")
    };
    let mut text = String::with_capacity(bytes.len());
    let mut first = None;
    let mut places = 0;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            first.get_or_insert(text.len());
            text.extend(chunk.invalid().iter().map(|_| '?'));
            places += 1;
        }
        if places > INVALID_MAX {
            let message = format!("this is no text: more than {INVALID_MAX} places are no UTF-8");
            return (String::new(), Some(problem(0, 0, message)));
        }
    }
    let problem = first.map(|at| problem(at, at + 1, "this byte is no UTF-8".to_owned()));
    (text, problem)
}

fn parse_document(raw: RawDocument, set: &mut ManifestSet, problems: &mut Vec<Problem>) {
    let tree = raw.tree;
    let kind = match kind_of(&tree) {
        Ok(kind) => kind,
        Err(problem) => {
            // A document that was cut off may have lost the very field.
            if raw.whole {
                problems.push(*problem);
            }
            return;
        }
    };
    let found = if raw.whole {
        check::check(&tree, definition(kind.as_str()))
    } else {
        Vec::new()
    };
    match typed(kind, &tree) {
        // Whatever is asked of a list, it is asked of one that the language allows.
        Ok(object) if raw.whole && !found.iter().any(|it| it.id == "too-many-entries") => {
            problems.extend(of_stack(&object, &tree));
            set.documents.push(Document { object, tree });
        }
        Ok(_) => note_broken(kind, &tree, set),
        Err((pointer, message)) => {
            note_broken(kind, &tree, set);
            if raw.whole && found.is_empty() {
                problems.push(Problem::error(
                    "wrong-value",
                    tree.closest(&pointer),
                    message,
                ));
            }
        }
    }
    problems.extend(found);
}

/// Only stacks declare what is called after them.
fn of_stack(object: &Object, tree: &Tree) -> Option<Problem> {
    let name = object.name();
    name.is_of_stack().then(|| {
        let message = format!("`{name}` is the name of something that a stack declares");
        Problem::error("wrong-value", tree.closest("/metadata/name"), message)
            .help("lower-case letters, digits and `-`")
    })
}

/// The kind of a document, which decides what everything else in it means.
fn kind_of(tree: &Tree) -> Result<Kind, Box<Problem>> {
    let root = tree.root();
    let Some(entries) = tree.entries(root) else {
        let message = "a document must be a map with `apiVersion`, `kind`, `metadata` and `spec`";
        let problem = Problem::error("wrong-type", tree.span(root), message);
        let is_keepalived = tree
            .text(root)
            .is_some_and(|text| KEEPALIVED.iter().any(|word| text.starts_with(word)));
        return Err(if is_keepalived {
            let help = "`skep import keepalived` makes a manifest of keepalived's configuration";
            problem.help(help).into()
        } else {
            problem.into()
        });
    };
    let kinds = Kind::ALL.map(Kind::as_str);
    let Some(value) = tree.value(root, "kind") else {
        let head = entries.first().map_or(root, |(key, _)| *key);
        let help = match tree.value(root, "services") {
            Some(_) => {
                "a compose file is `kind: Stack` with `spec: {compose: {fromFile: …}}`".to_owned()
            }
            None => format!("allowed: {}", check::listed(&kinds)),
        };
        return Err(Problem::error(
            "missing-field",
            tree.span(head),
            "the document needs `kind`",
        )
        .help(help)
        .into());
    };
    let text = tree.text(value).unwrap_or_default();
    Kind::from_written(text).ok_or_else(|| {
        let foreign = tree
            .value(root, "apiVersion")
            .and_then(|version| tree.text(version));
        let message = match foreign {
            Some(version) if version != API_VERSION => format!(
                "`{}` of `{}` is none of skep's kinds",
                check::shortened(text),
                check::shortened(version)
            ),
            _ => format!("there is no kind `{}`", check::shortened(text)),
        };
        Problem::error("unknown-kind", tree.span(value), message)
            .help(check::remedy(text, &kinds))
            .into()
    })
}

/// The object of a document, or where and why the types refuse it.
pub(crate) fn typed(kind: Kind, tree: &Tree) -> Result<Object, (String, String)> {
    let value = tree.to_json(tree.root());
    Ok(match kind {
        Kind::Swarm => Object::Swarm(resource(value)?),
        Kind::VipGroup => Object::VipGroup(resource(value)?),
        Kind::HealthCheck => Object::HealthCheck(resource(value)?),
        Kind::Notifier => Object::Notifier(resource(value)?),
        Kind::Service => Object::Service(resource(value)?),
        Kind::Stack => Object::Stack(resource(value)?),
        Kind::Network => Object::Network(resource(value)?),
        Kind::Config => Object::Config(resource(value)?),
        Kind::Secret => Object::Secret(resource(value)?),
    })
}

fn resource<Spec: DeserializeOwned>(value: Value) -> Result<Resource<Spec>, (String, String)> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let steps = error.path().iter().map(|step| format!("/{step}"));
        (steps.collect(), error.inner().to_string())
    })
}

/// Remembers what a broken document says it is, so that who refers to it is not told that it does
/// not exist.
fn note_broken(kind: Kind, tree: &Tree, set: &mut ManifestSet) {
    let name = |metadata: NodeId| {
        tree.text(tree.value(metadata, "name")?)?
            .parse::<Name>()
            .ok()
    };
    if let Some(name) = tree.value(tree.root(), "metadata").and_then(name) {
        set.broken.push((kind, name));
    }
}

#[cfg(test)]
mod tests;
