//! A document against the schema: every mistake at once, each at its place and with its remedy.
//!
//! It knows the part of JSON Schema that [`crate::schema`] produces, nothing more. Values that are
//! written as text are checked by their own types, whose words are better than a pattern's.

mod habit;
mod hint;
mod object;
mod scalar;
mod text;
mod words;

use serde_json::Value;

use crate::problem::Problem;
use crate::schema::{definition, reference};
use crate::span::Span;
use crate::tree::{Content, Meaning, NodeId, Scalar, Tree};
use text::CheckedText;
pub(crate) use words::{listed, remedy, similar};

/// The most problems that are reported per document: who made more made one mistake many times.
pub(crate) const PROBLEMS_MAX: usize = 1000;

/// Everything that is wrong with the document `tree` by the schema of its kind.
pub(crate) fn check(tree: &Tree, kind_schema: &'static Value) -> Vec<Problem> {
    let mut checker = Checker {
        tree,
        problems: Vec::new(),
    };
    checker.check(
        kind_schema,
        Place {
            node: tree.root(),
            key: None,
            entry: false,
        },
    );
    checker.problems
}

struct Checker<'a> {
    tree: &'a Tree,
    problems: Vec<Problem>,
}

/// A node and where it is found.
#[derive(Clone, Copy)]
struct Place {
    node: NodeId,
    /// The closest key above it.
    key: Option<NodeId>,
    /// Whether it is an entry of the list under that key.
    entry: bool,
}

impl Checker<'_> {
    fn check(&mut self, schema: &'static Value, at: Place) {
        if self.problems.len() >= PROBLEMS_MAX {
            return;
        }
        if let Some(name) = reference(schema) {
            if let Some(checked) = CheckedText::of(name) {
                return self.check_text(checked, at);
            }
            return self.check(definition(name), at);
        }
        if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
            match self.branch(branches, at.node) {
                Some(branch) => self.check(branch, at),
                None => self.warn_of_nothing(at),
            }
            return;
        }
        if let Some(words) = words::words(schema) {
            return self.check_word(&words, at);
        }
        if is_object(schema) {
            return self.check_object(schema, at);
        }
        self.check_plain(schema, at);
        for part in schema
            .get("allOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            self.check(part, at);
        }
    }

    /// The branch of `anyOf` that a node is meant for, or nothing when nothing is allowed and
    /// there is nothing.
    fn branch(&self, branches: &'static [Value], node: NodeId) -> Option<&'static Value> {
        let is_null = |branch: &&Value| branch["type"] == "null";
        let nothing = matches!(
            self.tree.content(node),
            Content::Scalar(Scalar {
                meaning: Meaning::Null,
                ..
            })
        );
        if nothing && branches.iter().any(|branch| is_null(&branch)) {
            return None;
        }
        let mapping = matches!(self.tree.content(node), Content::Mapping(_));
        let mut some = branches.iter().filter(|branch| !is_null(branch));
        some.clone()
            .find(|branch| is_object(resolved(branch)) == mapping)
            .or_else(|| some.next())
    }

    fn check_plain(&mut self, schema: &'static Value, at: Place) {
        match self.tree.content(at.node) {
            Content::Sequence(entries) => self.check_list(schema, entries, at),
            Content::Mapping(_) => {
                if schema.get("type").is_some() {
                    self.report_type(&expected(schema), at);
                }
            }
            Content::Scalar(scalar) => self.check_scalar(schema, scalar, at),
        }
    }

    fn check_list(&mut self, schema: &'static Value, entries: &[NodeId], at: Place) {
        let Some(items) = schema.get("items") else {
            if schema.get("type").is_some() {
                self.report_type(&expected(schema), at);
            }
            return;
        };
        let bound = |name: &str| schema.get(name).and_then(Value::as_u64);
        let count = entries.len() as u64;
        if bound("minItems").is_some_and(|least| count < least) {
            let message = format!("{} must have at least one entry", self.name(at));
            self.report(Problem::error(
                "too-few-entries",
                self.tree.span(at.node),
                message,
            ));
        }
        if let Some(most) = bound("maxItems").filter(|most| count > *most) {
            let message = format!(
                "{} must have at most {most} entries: {count}",
                self.name(at)
            );
            self.report(Problem::error(
                "too-many-entries",
                self.tree.span(at.node),
                message,
            ));
        }
        for entry in entries {
            self.check(
                items,
                Place {
                    node: *entry,
                    key: at.key,
                    entry: true,
                },
            );
        }
    }

    fn report_type(&mut self, expected: &str, at: Place) {
        let message = format!(
            "{} must be {expected}, found {}",
            self.name(at),
            self.found(at.node)
        );
        let problem = Problem::error("wrong-type", self.tree.span(at.node), message);
        let is_map = matches!(self.tree.content(at.node), Content::Mapping(_));
        self.report(match expected {
            "a list" if is_map && self.is_between_braces(at.node) => {
                problem.help("write it as a list: `[{…}]`")
            }
            "a list" if is_map => problem.help("begin each entry with `- `"),
            _ => problem,
        });
    }

    fn report(&mut self, problem: Problem) {
        if self.problems.len() >= PROBLEMS_MAX {
            return;
        }
        self.problems.push(problem);
        if self.problems.len() == PROBLEMS_MAX {
            let span = self.tree.span(self.tree.root());
            let message = format!("this document has {PROBLEMS_MAX} problems or more");
            let help = "the rest is left out; one cause may have many consequences";
            self.problems
                .push(Problem::error("too-many-problems", span, message).help(help));
        }
    }

    /// What a place is called in messages.
    fn name(&self, at: Place) -> String {
        match at.key.and_then(|key| self.tree.text(key)) {
            Some(key) if at.entry => format!("an entry of `{}`", shortened(key)),
            Some(key) => format!("`{}`", shortened(key)),
            None => "a document".to_owned(),
        }
    }

    /// The closest key above a place.
    fn key(&self, at: Place) -> Option<&str> {
        self.tree.text(at.key?)
    }

    /// Whether a map is written as `{key: value}`: then it begins before its first key.
    fn is_between_braces(&self, node: NodeId) -> bool {
        let entries = self.tree.entries(node).unwrap_or_default();
        let begin = |node: NodeId| self.tree.span(node).start;
        entries
            .first()
            .is_none_or(|(key, _)| begin(node) < begin(*key))
    }

    /// What a node is called when something else was expected.
    fn found(&self, node: NodeId) -> String {
        match self.tree.content(node) {
            Content::Sequence(_) => "a list".to_owned(),
            Content::Mapping(_) => "a map".to_owned(),
            Content::Scalar(scalar) => match scalar.meaning {
                Meaning::Null => "nothing".to_owned(),
                Meaning::Bool(_) => format!("`{}`", scalar.text),
                Meaning::Integer(_) | Meaning::Float(_) => {
                    format!("the number {}", shortened(&scalar.text))
                }
                Meaning::Text => format!("the text `{}`", shortened(&scalar.text)),
            },
        }
    }

    /// Where to point at when something is missing inside a place: its key, else its first key.
    fn head(&self, at: Place) -> Span {
        let first = self
            .tree
            .entries(at.node)
            .and_then(<[_]>::first)
            .map(|(key, _)| *key);
        let key = if at.entry { None } else { at.key };
        self.tree.span(key.or(first).unwrap_or(at.node))
    }
}

/// The schema a reference stands for, or the schema itself.
fn resolved(schema: &'static Value) -> &'static Value {
    reference(schema).map_or(schema, definition)
}

fn is_object(schema: &Value) -> bool {
    schema["type"] == "object" || schema.get("properties").is_some()
}

/// What a schema wants, in words.
fn expected(schema: &'static Value) -> String {
    let schema = resolved(schema);
    let names: Vec<&str> = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(name)) => vec![name],
        _ => Vec::new(),
    };
    let phrases = names.iter().filter_map(|name| match *name {
        "string" => Some("a text"),
        "integer" => Some("a whole number"),
        "number" => Some("a number"),
        "boolean" => Some("`true` or `false`"),
        "array" => Some("a list"),
        "object" => Some("a map"),
        _ => None,
    });
    phrases.collect::<Vec<_>>().join(" or ")
}

/// A text from a manifest, short enough for a message.
pub(crate) fn shortened(text: &str) -> String {
    const CHARACTERS_MAX: usize = 60;
    let printable = text
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c });
    let mut short: String = printable.take(CHARACTERS_MAX).collect();
    if text.chars().nth(CHARACTERS_MAX).is_some() {
        short.push('…');
    }
    short
}
