//! Events to one tree.

use std::collections::BTreeMap;

use granit_parser::Tag;

use super::scalar::{self, Written};
use super::{DEPTH_MAX, DOCUMENT_NODES_MAX, Dialect, RawDocument};
use crate::check::{PROBLEMS_MAX, shortened};
use crate::problem::Problem;
use crate::span::Span;
use crate::tree::{Content, Meaning, NodeId, Scalar, Tree};

/// The longest single value: no Docker config or secret may be longer than a million bytes.
const SCALAR_BYTES_MAX: usize = 1_048_576;

/// Builds the tree of one document.
pub(super) struct Builder {
    dialect: Dialect,
    tree: Tree,
    frames: Vec<Frame>,
    root: Option<NodeId>,
    /// The anchors by the parser's number for them; a collection that is still open has no node.
    anchors: BTreeMap<usize, Option<NodeId>>,
    problems: Vec<Problem>,
    whole: bool,
}

/// What holds other nodes.
#[derive(Clone, Copy)]
pub(super) enum Collection {
    Sequence,
    Mapping,
}

struct Frame {
    collection: Collection,
    anchor: usize,
    start: Span,
    entries: Vec<NodeId>,
}

impl Builder {
    pub(super) const fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            tree: Tree::new(),
            frames: Vec::new(),
            root: None,
            anchors: BTreeMap::new(),
            problems: Vec::new(),
            whole: true,
        }
    }

    /// How many nodes there are so far.
    pub(super) const fn len(&self) -> usize {
        self.tree.len()
    }

    /// The document, unless it is empty.
    pub(super) fn finish(mut self) -> (Option<RawDocument>, Vec<Problem>) {
        let document = self.root.and_then(|root| {
            self.tree.set_root(root);
            let empty = matches!(
                self.tree.content(root),
                Content::Scalar(Scalar {
                    meaning: Meaning::Null,
                    ..
                })
            );
            (!empty).then_some(RawDocument {
                tree: self.tree,
                whole: self.whole,
            })
        });
        (document, self.problems)
    }

    /// What there is of a document that ends in a mistake.
    pub(super) fn abandon(mut self) -> (Option<RawDocument>, Vec<Problem>) {
        self.whole = false;
        while let Some(frame) = self.frames.last() {
            let end = frame.start;
            self.close(end);
        }
        self.finish()
    }

    /// The brackets or braces that are still open, the innermost.
    pub(super) fn open_bracket(&self) -> Option<Span> {
        let frame = self.frames.last()?;
        (frame.start.end > frame.start.start).then_some(frame.start)
    }

    pub(super) fn scalar(&mut self, written: Written<'_>, anchor: usize, span: Span) {
        if written.text.len() > SCALAR_BYTES_MAX {
            let message = "this value is longer than 1 MiB";
            self.refuse(Problem::error("too-large", span, message).help("read it with `fromFile`"));
            return self.hole(span, anchor);
        }
        let scalar = match scalar::read(&written) {
            Ok(scalar) => scalar,
            Err(tag) => {
                self.report_tag(&tag, span);
                return self.hole(span, anchor);
            }
        };
        let node = self.tree.add(Content::Scalar(scalar), span);
        self.attach(node, anchor);
    }

    pub(super) fn open(&mut self, collection: Collection, anchor: usize, span: Span) {
        if anchor != 0 {
            self.anchors.insert(anchor, None);
        }
        self.frames.push(Frame {
            collection,
            anchor,
            start: span,
            entries: Vec::new(),
        });
    }

    pub(super) fn close(&mut self, end: Span) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let (start, end) = self.extent(&frame, end);
        let span = Span {
            start,
            end,
            ..frame.start
        };
        let content = match frame.collection {
            Collection::Sequence => Content::Sequence(frame.entries),
            Collection::Mapping => Content::Mapping(self.pairs(&frame.entries)),
        };
        let node = self.tree.add(content, span);
        if self.tree.height(node) > DEPTH_MAX || self.tree.size(node) > DOCUMENT_NODES_MAX {
            let message = "its aliases, written out, make this too large";
            self.refuse(
                Problem::error("too-large", span, message).help("write it without aliases"),
            );
            return self.hole(span, frame.anchor);
        }
        self.attach(node, frame.anchor);
    }

    pub(super) fn alias(&mut self, anchor: usize, span: Span) {
        match self.anchors.get(&anchor) {
            Some(Some(node)) => {
                let node = *node;
                self.attach(node, 0);
            }
            Some(None) | None => {
                let message = "this alias stands inside what it refers to";
                self.refuse(Problem::error("recursive-alias", span, message));
                self.hole(span, 0);
            }
        }
    }

    pub(super) fn unknown_alias(&mut self, name: &str, span: Span) {
        let message = format!(
            "there is no anchor `&{}` before this alias in the document",
            shortened(name)
        );
        let help = "a text that begins with `*` needs quotes";
        self.refuse(Problem::error("unknown-anchor", span, message).help(help));
        self.hole(span, 0);
    }

    /// Refuses the tag of a collection unless it says what the collection is anyway.
    pub(super) fn check_tag(&mut self, tag: Option<&Tag>, expected: &str, span: Span) {
        if let Some(tag) = tag
            && !tag.is_yaml_core_schema_tag(expected)
        {
            self.report_tag(&tag.original(), span);
        }
    }

    fn report_tag(&mut self, tag: &str, span: Span) {
        let message = format!("the tag `{}` means nothing here", shortened(tag));
        self.refuse(
            Problem::error("unsupported-tag", span, message)
                .help("leave it out; a text is written in quotes"),
        );
    }

    /// Puts a node where the text has one: into the innermost open collection.
    fn attach(&mut self, node: NodeId, anchor: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, Some(node));
        }
        match self.frames.last_mut() {
            Some(frame) => frame.entries.push(node),
            None => self.root = Some(node),
        }
    }

    /// Takes the place of something that was refused.
    fn hole(&mut self, span: Span, anchor: usize) {
        let nothing = Scalar {
            text: String::new(),
            plain: true,
            meaning: Meaning::Null,
        };
        let node = self.tree.add(Content::Scalar(nothing), span);
        self.attach(node, anchor);
    }

    fn refuse(&mut self, problem: Problem) {
        self.whole = false;
        self.report(problem);
    }

    fn report(&mut self, problem: Problem) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }

    /// From where to where a collection reaches. The parser lets a block end where the next thing
    /// begins.
    fn extent(&self, frame: &Frame, end: Span) -> (usize, usize) {
        let inner = |node: Option<&NodeId>| node.map(|node| self.tree.span(*node));
        let flow = frame.start.end > frame.start.start;
        match (
            flow,
            inner(frame.entries.first()),
            inner(frame.entries.last()),
        ) {
            (false, Some(first), Some(last)) => {
                let start = frame.start.start.min(first.start);
                (start, last.end.max(start))
            }
            (_, _, _) => (frame.start.start, end.end.max(frame.start.start)),
        }
    }

    /// Keys with their values. A key without a value, the last of a broken document, is left out.
    fn pairs(&mut self, entries: &[NodeId]) -> Vec<(NodeId, NodeId)> {
        let pairs: Vec<_> = entries
            .chunks_exact(2)
            .map(|pair| (pair[0], pair[1]))
            .collect();
        for (key, _) in &pairs {
            let span = self.tree.span(*key);
            match self.tree.text(*key) {
                Some("<<") if self.dialect == Dialect::Manifest => self.refuse(
                    Problem::error(
                        "merge-key",
                        span,
                        "the merge key `<<` is not part of YAML 1.2",
                    )
                    .help("write the fields out"),
                ),
                Some(_) => {}
                None => self.refuse(
                    Problem::error("complex-key", span, "a key must be a single value")
                        .help("a text with `{` or `[` needs quotes"),
                ),
            }
        }
        if !self.report_seam(&pairs) {
            self.report_duplicates(&pairs);
        }
        pairs
    }

    /// Reports where a second document begins without the line that separates it from the first,
    /// and whether one does. All else that is wrong there is a consequence.
    fn report_seam(&mut self, pairs: &[(NodeId, NodeId)]) -> bool {
        let is_document = self.frames.is_empty() && self.dialect == Dialect::Manifest;
        let all = |name: &str| -> Vec<Span> {
            let named = pairs
                .iter()
                .filter(|(key, _)| self.tree.text(*key) == Some(name));
            named.map(|(key, _)| self.tree.span(*key)).collect()
        };
        let (versions, kinds) = (all("apiVersion"), all("kind"));
        let ([first, version, ..], [_, kind, ..]) = (versions.as_slice(), kinds.as_slice()) else {
            return false;
        };
        if !is_document {
            return false;
        }
        let begin = *version.min(kind);
        let message = "another document begins here, and no line `---` separates it";
        self.refuse(
            Problem::error("duplicate-key", begin, message)
                .help("write a line `---` above it")
                .related(*first, "the document before it begins here"),
        );
        true
    }

    fn report_duplicates(&mut self, pairs: &[(NodeId, NodeId)]) {
        let mut first = BTreeMap::new();
        let mut found = Vec::new();
        for (key, _) in pairs {
            let Some(text) = self.tree.text(*key) else {
                continue;
            };
            let span = self.tree.span(*key);
            match first.get(text) {
                Some(before) => found.push(
                    Problem::error(
                        "duplicate-key",
                        span,
                        format!("`{}` is given twice", shortened(text)),
                    )
                    .help("keep one of them")
                    .related(*before, "first given here"),
                ),
                None => {
                    first.insert(text, span);
                }
            }
        }
        found.into_iter().for_each(|problem| self.report(problem));
    }
}
