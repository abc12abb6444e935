//! YAML that is no manifest, read by the reader of the manifests: with the place of everything,
//! duplicate keys refused, and a limit to everything.

use crate::problem::Problem;
use crate::set::{Source, SourceText};
use crate::span::Span;
use crate::tree::{self, NodeId, Tree};
use crate::yaml::{self, Dialect};

/// What a text says.
#[derive(Clone, Debug)]
pub struct Plain {
    /// The text, which knows its lines.
    pub text: SourceText,
    /// Its documents.
    pub documents: Vec<Value>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Value {
    /// Where.
    pub span: Span,
    /// What.
    pub content: Content,
}

/// What a value is.
#[derive(Clone, Debug)]
pub enum Content {
    /// A single value, as its text without quotes.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// Keys with their values, in the order of the text.
    Map(Vec<(Value, Value)>),
}

/// Reads a text. It never fails: what is wrong is among the problems.
#[must_use]
pub fn read(source: Source) -> Plain {
    let text = String::from_utf8_lossy(&source.text).into_owned();
    let text = SourceText::new(source.name, text);
    let (read, reading) = yaml::read(0, &text, Dialect::Manifest);
    let whole = read.iter().filter(|raw| raw.whole);
    let documents = whole.map(|raw| value(&raw.tree, raw.tree.root())).collect();
    Plain {
        text,
        documents,
        problems: reading.problems,
    }
}

/// No deeper than the reader allows.
fn value(tree: &Tree, node: NodeId) -> Value {
    let content = match tree.content(node) {
        tree::Content::Scalar(scalar) => Content::Text(scalar.text.clone()),
        tree::Content::Sequence(entries) => {
            Content::List(entries.iter().map(|entry| value(tree, *entry)).collect())
        }
        tree::Content::Mapping(entries) => {
            let both = |(key, of): &(NodeId, NodeId)| (value(tree, *key), value(tree, *of));
            Content::Map(entries.iter().map(both).collect())
        }
    };
    Value {
        span: tree.span(node),
        content,
    }
}
