//! What every part of the translation needs: values out of the compose file, nodes into the
//! documents that declare the same, and what is wrong.

use std::collections::BTreeMap;

use super::stack::Stack;
use crate::check::{listed, shortened, similar};
use crate::object::{API_VERSION, Kind};
use crate::problem::Problem;
use crate::span::Span;
use crate::tree::{Content, Meaning, NodeId, Scalar, Tree};

/// The kind of mistake that is a key which cannot be honoured.
pub const UNSUPPORTED: &str = "compose-unsupported";

/// The translation of one compose file.
pub(super) struct Translator<'a> {
    /// The file, prepared.
    pub(super) from: &'a Tree,
    /// The document that is being written.
    to: Tree,
    pub(super) stack: &'a Stack<'a>,
    pub(super) problems: Vec<Problem>,
}

/// An entry of a map, or of a list under a key.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) key: &'a str,
    pub(super) key_span: Span,
    pub(super) node: NodeId,
}

/// The fields of a map that is being written.
#[derive(Default)]
pub(super) struct Fields(Vec<(String, Span, NodeId)>);

impl Fields {
    pub(super) fn put(&mut self, name: &str, key_span: Span, value: Option<NodeId>) {
        self.0
            .extend(value.map(|value| (name.to_owned(), key_span, value)));
    }

    pub(super) fn find(&self, name: &str) -> Option<Span> {
        let mut fields = self.0.iter();
        fields
            .find(|(known, ..)| known == name)
            .map(|(_, span, _)| *span)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> Translator<'a> {
    pub(super) const fn new(from: &'a Tree, stack: &'a Stack<'a>) -> Self {
        Self {
            from,
            to: Tree::new(),
            stack,
            problems: Vec::new(),
        }
    }

    /// The document of an object, whose specification was written.
    pub(super) fn document(&mut self, kind: Kind, name: &str, spec: NodeId, span: Span) -> Tree {
        let mut metadata = Fields::default();
        let name = self.text(name, span);
        metadata.put("name", span, Some(name));
        let metadata = self.map(metadata, span);
        let mut document = Fields::default();
        for (field, value) in [("apiVersion", API_VERSION), ("kind", kind.as_str())] {
            let value = self.text(value, span);
            document.put(field, span, Some(value));
        }
        document.put("metadata", span, Some(metadata));
        document.put("spec", span, Some(spec));
        let root = self.map(document, span);
        let mut tree = std::mem::replace(&mut self.to, Tree::new());
        tree.set_root(root);
        tree
    }

    pub(super) fn text(&mut self, text: &str, span: Span) -> NodeId {
        let meaning = Meaning::Text;
        self.scalar(text, meaning, span)
    }

    pub(super) fn number(&mut self, number: i128, span: Span) -> NodeId {
        self.scalar(&number.to_string(), Meaning::Integer(number), span)
    }

    pub(super) fn fraction(&mut self, fraction: f64, span: Span) -> NodeId {
        self.scalar(&fraction.to_string(), Meaning::Float(fraction), span)
    }

    pub(super) fn flag(&mut self, flag: bool, span: Span) -> NodeId {
        self.scalar(&flag.to_string(), Meaning::Bool(flag), span)
    }

    fn scalar(&mut self, text: &str, meaning: Meaning, span: Span) -> NodeId {
        let scalar = Scalar {
            text: text.to_owned(),
            plain: meaning != Meaning::Text,
            meaning,
        };
        self.to.add(Content::Scalar(scalar), span)
    }

    pub(super) fn list(&mut self, entries: Vec<NodeId>, span: Span) -> NodeId {
        self.to.add(Content::Sequence(entries), span)
    }

    pub(super) fn map(&mut self, fields: Fields, span: Span) -> NodeId {
        let entries = fields
            .0
            .into_iter()
            .map(|(name, key_span, value)| (self.text(&name, key_span), value))
            .collect();
        self.to.add(Content::Mapping(entries), span)
    }

    /// A map with one field.
    pub(super) fn choice(&mut self, name: &str, value: NodeId, span: Span) -> NodeId {
        let mut fields = Fields::default();
        fields.put(name, span, Some(value));
        self.map(fields, span)
    }

    /// Texts as a list.
    pub(super) fn texts(&mut self, texts: &[String], span: Span) -> NodeId {
        let entries = texts.iter().map(|text| self.text(text, span)).collect();
        self.list(entries, span)
    }

    /// Texts by name as a map, each with the place of its value.
    pub(super) fn text_map(
        &mut self,
        texts: &BTreeMap<String, (String, Span)>,
        span: Span,
    ) -> NodeId {
        let mut fields = Fields::default();
        for (name, (text, span)) in texts {
            let value = self.text(text, *span);
            fields.put(name, *span, Some(value));
        }
        self.map(fields, span)
    }

    pub(super) fn span(&self, at: At<'_>) -> Span {
        self.from.span(at.node)
    }

    pub(super) fn is_null(&self, at: At<'_>) -> bool {
        matches!(
            self.from.content(at.node),
            Content::Scalar(Scalar {
                meaning: Meaning::Null,
                ..
            })
        )
    }

    /// The entries of a map, extensions left out; something else is reported.
    pub(super) fn entries(&mut self, at: At<'a>) -> Vec<At<'a>> {
        let from = self.from;
        let Some(entries) = from.entries(at.node) else {
            if !self.is_null(at) {
                self.report_type(at, "a map");
            }
            return Vec::new();
        };
        let entries = entries.iter().map(|(key, node)| At {
            key: from.text(*key).unwrap_or_default(),
            key_span: from.span(*key),
            node: *node,
        });
        entries.filter(|at| !at.key.starts_with("x-")).collect()
    }

    /// The entries of a map that say something.
    pub(super) fn said(&mut self, at: At<'a>) -> Vec<At<'a>> {
        let mut entries = self.entries(at);
        entries.retain(|entry| !self.is_null(*entry));
        entries
    }

    /// The entry of a map under a key.
    pub(super) fn entry(&self, node: NodeId, name: &str) -> Option<At<'a>> {
        let mut entries = self.from.entries(node)?.iter();
        let (key, node) = entries.find(|(key, _)| self.from.text(*key) == Some(name))?;
        Some(At {
            key: self.from.text(*key)?,
            key_span: self.from.span(*key),
            node: *node,
        })
    }

    /// The entries of a list; something else is reported.
    pub(super) fn items(&mut self, at: At<'a>) -> Vec<At<'a>> {
        let Content::Sequence(entries) = self.from.content(at.node) else {
            self.report_type(at, "a list");
            return Vec::new();
        };
        entries
            .iter()
            .map(|node| At { node: *node, ..at })
            .collect()
    }

    pub(super) fn is_list(&self, at: At<'_>) -> bool {
        matches!(self.from.content(at.node), Content::Sequence(_))
    }

    pub(super) fn is_map(&self, at: At<'_>) -> bool {
        self.from.entries(at.node).is_some()
    }

    /// A single value as text; something else is reported.
    pub(super) fn word(&mut self, at: At<'a>) -> Option<&'a str> {
        match self.from.text(at.node) {
            Some(text) if !self.is_null(at) => Some(text),
            Some(_) | None => {
                self.report_type(at, "a single value");
                None
            }
        }
    }

    /// A single value, as the text it is.
    pub(super) fn copied(&mut self, at: At<'a>) -> Option<NodeId> {
        let word = self.word(at)?;
        Some(self.text(word, self.span(at)))
    }

    /// A whole number, also one that a variable gave.
    pub(super) fn integer(&mut self, at: At<'a>) -> Option<i128> {
        let word = self.word(at)?;
        let number = word.parse().ok();
        if number.is_none() {
            self.report_type(at, "a whole number");
        }
        number
    }

    pub(super) fn copied_number(&mut self, at: At<'a>) -> Option<NodeId> {
        let number = self.integer(at)?;
        Some(self.number(number, self.span(at)))
    }

    pub(super) fn boolean(&mut self, at: At<'a>) -> Option<bool> {
        match self.word(at)? {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.report_type(at, "`true` or `false`");
                None
            }
        }
    }

    pub(super) fn copied_flag(&mut self, at: At<'a>) -> Option<NodeId> {
        let flag = self.boolean(at)?;
        Some(self.flag(flag, self.span(at)))
    }

    /// A list of single values.
    pub(super) fn copied_list(&mut self, at: At<'a>) -> Option<NodeId> {
        let items = self.items(at);
        let entries = items.into_iter().filter_map(|item| self.copied(item));
        let entries = entries.collect();
        Some(self.list(entries, self.span(at)))
    }

    /// A list of single values, or one of them alone.
    pub(super) fn copied_list_or_one(&mut self, at: At<'a>) -> Option<NodeId> {
        if self.is_list(at) {
            return self.copied_list(at);
        }
        let one = self.copied(at)?;
        Some(self.list(vec![one], self.span(at)))
    }

    /// Values by name: a map, or a list of `NAME=VALUE`. What has no value is handed to `missing`.
    pub(super) fn pairs(
        &mut self,
        at: At<'a>,
        mut missing: impl FnMut(&mut Self, &str, Span) -> Option<String>,
    ) -> BTreeMap<String, (String, Span)> {
        let mut pairs = BTreeMap::new();
        let mut insert = |name: &str, value: Option<String>, span| {
            pairs.extend(value.map(|value| (name.to_owned(), (value, span))));
        };
        if self.is_list(at) {
            for item in self.items(at) {
                let span = self.span(item);
                let Some(line) = self.word(item) else {
                    continue;
                };
                match line.split_once('=') {
                    Some((name, value)) => insert(name, Some(value.to_owned()), span),
                    None => insert(line, missing(self, line, span), span),
                }
            }
            return pairs;
        }
        for entry in self.entries(at) {
            let span = self.span(entry);
            if self.is_null(entry) {
                insert(entry.key, missing(self, entry.key, span), entry.key_span);
            } else if let Some(value) = self.word(entry) {
                insert(entry.key, Some(value.to_owned()), span);
            }
        }
        pairs
    }

    /// Values by name, of which those without a value are empty.
    pub(super) fn labels(&mut self, at: At<'a>) -> BTreeMap<String, (String, Span)> {
        self.pairs(at, |_, _, _| Some(String::new()))
    }

    /// The same as a map.
    pub(super) fn copied_pairs(&mut self, at: At<'a>) -> Option<NodeId> {
        let pairs = self.labels(at);
        Some(self.text_map(&pairs, self.span(at)))
    }

    /// Says that a key is none of those that compose files have.
    pub(super) fn report_unknown(&mut self, at: At<'_>, known: &[&str]) {
        let message = format!("compose files have no key `{}` here", shortened(at.key));
        let help = match similar(at.key, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known: {}", listed(known)),
        };
        self.report("unknown-field", at.key_span, message, &help);
    }

    /// Says that a key cannot be honoured.
    pub(super) fn report_unsupported(&mut self, at: At<'_>, remedy: &str) {
        let message = format!("`{}` cannot be honoured in a swarm", shortened(at.key));
        self.report(UNSUPPORTED, at.key_span, message, remedy);
    }

    pub(super) fn report_type(&mut self, at: At<'_>, expected: &str) {
        let message = format!("`{}` must be {expected}", shortened(at.key));
        let problem = Problem::error("wrong-type", self.span(at), message);
        self.problems.push(problem);
    }

    /// Says that a value is not what it should be.
    pub(super) fn report_value(&mut self, at: At<'_>, message: String, help: &str) {
        self.report("wrong-value", self.span(at), message, help);
    }

    pub(super) fn report(&mut self, id: &'static str, span: Span, message: String, help: &str) {
        self.problems
            .push(Problem::error(id, span, message).help(help));
    }
}
