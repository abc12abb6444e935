//! The tree of one YAML document: every node with its span, aliases shared.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::span::Span;

/// The most entries of a mapping that are looked through for a key.
const SEARCHED_MAX: usize = 32;

/// A node of a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NodeId(usize);

/// One YAML document. An alias is the very node it points to, so a tree is as small as its text;
/// no node is inside itself.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    root: NodeId,
}

#[derive(Clone, Debug)]
struct Node {
    content: Content,
    /// The entries of a large mapping by their keys, as indices.
    by_key: Vec<usize>,
    span: Span,
    /// How many nodes there are from here down, aliases written out.
    size: usize,
    /// How many nodes lie on the longest way down, this one included.
    height: usize,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// A single value.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<NodeId>),
    /// Keys with their values, in the order of the text.
    Mapping(Vec<(NodeId, NodeId)>),
}

/// A single value: its text and what that means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scalar {
    /// The text without quotes and escapes.
    pub(crate) text: String,
    /// Whether it stands without quotes.
    pub(crate) plain: bool,
    /// What it means.
    pub(crate) meaning: Meaning,
}

/// What a single value means in YAML 1.2's core schema.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Meaning {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// Another number.
    Float(f64),
    /// The text itself.
    Text,
}

impl Tree {
    /// A tree without a node yet.
    pub(crate) const fn new() -> Self {
        Self {
            nodes: Vec::new(),
            root: NodeId(0),
        }
    }

    /// Adds a node; what it holds has been added before.
    pub(crate) fn add(&mut self, content: Content, span: Span) -> NodeId {
        let (mut size, mut height) = (1usize, 0);
        let mut count = |child: NodeId| {
            size = size.saturating_add(self.size(child));
            height = height.max(self.height(child));
        };
        match &content {
            Content::Scalar(_) => {}
            Content::Sequence(entries) => entries.iter().for_each(|entry| count(*entry)),
            Content::Mapping(entries) => entries.iter().for_each(|(key, value)| {
                count(*key);
                count(*value);
            }),
        }
        let by_key = match &content {
            Content::Mapping(entries) if entries.len() > SEARCHED_MAX => {
                let mut by_key: Vec<usize> = (0..entries.len()).collect();
                // Stable: of equal keys the first stays the first.
                by_key.sort_by_key(|index| self.text(entries[*index].0));
                by_key
            }
            Content::Scalar(_) | Content::Sequence(_) | Content::Mapping(_) => Vec::new(),
        };
        self.nodes.push(Node {
            content,
            by_key,
            span,
            size,
            height: height + 1,
        });
        NodeId(self.nodes.len() - 1)
    }

    /// How many nodes it holds, an alias being none of its own.
    pub(crate) const fn len(&self) -> usize {
        self.nodes.len()
    }

    /// How many nodes there are from `node` down, aliases written out.
    pub(crate) fn size(&self, node: NodeId) -> usize {
        self.nodes[node.0].size
    }

    /// How many nodes lie on the longest way down from `node`.
    pub(crate) fn height(&self, node: NodeId) -> usize {
        self.nodes[node.0].height
    }

    /// Makes `node` the root.
    pub(crate) const fn set_root(&mut self, node: NodeId) {
        self.root = node;
    }

    /// The node that holds all others.
    pub(crate) const fn root(&self) -> NodeId {
        self.root
    }

    /// What a node is.
    pub(crate) fn content(&self, node: NodeId) -> &Content {
        &self.nodes[node.0].content
    }

    /// Where a node stands.
    pub(crate) fn span(&self, node: NodeId) -> Span {
        self.nodes[node.0].span
    }

    /// The entries of a node that is a mapping.
    pub(crate) fn entries(&self, node: NodeId) -> Option<&[(NodeId, NodeId)]> {
        match self.content(node) {
            Content::Mapping(entries) => Some(entries),
            Content::Scalar(_) | Content::Sequence(_) => None,
        }
    }

    /// The value of a mapping under a key; with a key twice, the first.
    pub(crate) fn value(&self, node: NodeId, key: &str) -> Option<NodeId> {
        self.entry(node, key).map(|(_, value)| value)
    }

    /// The entry of a mapping with a key; with a key twice, the first.
    fn entry(&self, node: NodeId, key: &str) -> Option<(NodeId, NodeId)> {
        let entries = self.entries(node)?;
        let by_key = &self.nodes[node.0].by_key;
        if by_key.is_empty() {
            let mut entries = entries.iter().copied();
            return entries.find(|(found, _)| self.text(*found) == Some(key));
        }
        let text = |index: &usize| self.text(entries[*index].0);
        let found = *by_key.get(by_key.partition_point(|index| text(index) < Some(key)))?;
        (text(&found) == Some(key)).then(|| entries[found])
    }

    /// The text of a node that is a single value.
    pub(crate) fn text(&self, node: NodeId) -> Option<&str> {
        match self.content(node) {
            Content::Scalar(scalar) => Some(&scalar.text),
            Content::Sequence(_) | Content::Mapping(_) => None,
        }
    }

    /// Every text in it, keys among them, with its place.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, Span)> {
        self.nodes.iter().filter_map(|node| match &node.content {
            Content::Scalar(scalar) if scalar.meaning == Meaning::Text => {
                Some((&*scalar.text, node.span))
            }
            Content::Scalar(_) | Content::Sequence(_) | Content::Mapping(_) => None,
        })
    }

    /// The entry of `node` that `step` names (a key or an index): its key, if it has one, and its
    /// value.
    pub(crate) fn child(&self, node: NodeId, step: &str) -> Option<(Option<NodeId>, NodeId)> {
        match self.content(node) {
            Content::Scalar(_) => None,
            Content::Sequence(entries) => Some((None, *entries.get(step.parse::<usize>().ok()?)?)),
            Content::Mapping(_) => {
                let (key, value) = self.entry(node, step)?;
                Some((Some(key), value))
            }
        }
    }

    /// What is at `pointer` (`/spec/addresses/0`): its key, if it has one, and its value.
    pub(crate) fn find(&self, pointer: &str) -> Option<(Option<NodeId>, NodeId)> {
        let mut found = (None, self.root);
        for step in pointer.split('/').skip(1) {
            found = self.child(found.1, &unescaped(step))?;
        }
        Some(found)
    }

    /// The span of the value at `pointer`, or of the closest thing around it that was written.
    pub(crate) fn closest(&self, pointer: &str) -> Span {
        let mut pointer = pointer;
        loop {
            if let Some((_, value)) = self.find(pointer) {
                return self.span(value);
            }
            match pointer.rsplit_once('/') {
                Some((parent, _)) => pointer = parent,
                None => return self.span(self.root),
            }
        }
    }

    /// The same as a JSON value. With a key twice the first counts; numbers that JSON does not
    /// know are nothing.
    pub(crate) fn to_json(&self, node: NodeId) -> Value {
        match self.content(node) {
            Content::Scalar(scalar) => match scalar.meaning {
                Meaning::Null => Value::Null,
                Meaning::Bool(value) => value.into(),
                Meaning::Integer(value) => integer_to_json(value),
                Meaning::Float(value) => value.into(),
                Meaning::Text => scalar.text.as_str().into(),
            },
            Content::Sequence(entries) => {
                entries.iter().map(|entry| self.to_json(*entry)).collect()
            }
            Content::Mapping(entries) => {
                let mut object = Map::new();
                for (key, value) in entries {
                    let key = self.text(*key).unwrap_or_default();
                    if !object.contains_key(key) {
                        object.insert(key.to_owned(), self.to_json(*value));
                    }
                }
                object.into()
            }
        }
    }
}

/// RFC 6901 §4: `~1` first, then `~0`. Hardly any step of the thousands has one.
fn unescaped(step: &str) -> Cow<'_, str> {
    if step.contains('~') {
        step.replace("~1", "/").replace("~0", "~").into()
    } else {
        step.into()
    }
}

fn integer_to_json(value: i128) -> Value {
    if let Ok(value) = i64::try_from(value) {
        return value.into();
    }
    u64::try_from(value).map_or(Value::Null, Into::into)
}
