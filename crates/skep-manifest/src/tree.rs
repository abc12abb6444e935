//! The tree of one YAML document: every node with its span, aliases shared.

use crate::span::Span;

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
    span: Span,
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
    /// A tree without a node yet; the first one that is added becomes the root unless
    /// [`Tree::set_root`] says otherwise.
    pub(crate) const fn new() -> Self {
        Self {
            nodes: Vec::new(),
            root: NodeId(0),
        }
    }

    /// Adds a node.
    pub(crate) fn add(&mut self, content: Content, span: Span) -> NodeId {
        self.nodes.push(Node { content, span });
        NodeId(self.nodes.len() - 1)
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

    /// The text of a node that is a single value.
    pub(crate) fn text(&self, node: NodeId) -> Option<&str> {
        match self.content(node) {
            Content::Scalar(scalar) => Some(&scalar.text),
            Content::Sequence(_) | Content::Mapping(_) => None,
        }
    }

    /// The entry of `node` that `step` names (a key or an index): its key, if it has one, and its
    /// value.
    pub(crate) fn child(&self, node: NodeId, step: &str) -> Option<(Option<NodeId>, NodeId)> {
        match self.content(node) {
            Content::Scalar(_) => None,
            Content::Sequence(entries) => Some((None, *entries.get(step.parse::<usize>().ok()?)?)),
            Content::Mapping(entries) => entries
                .iter()
                .find(|(key, _)| self.text(*key) == Some(step))
                .map(|(key, value)| (Some(*key), *value)),
        }
    }
}
