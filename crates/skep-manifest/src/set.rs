//! A set of manifests that were read together.

use crate::name::Name;
use crate::object::{Kind, Object};
use crate::problem::Problem;
use crate::span::{Location, Span};
use crate::tree::Tree;

/// The most bytes that are read of one file with manifests: whatever a file of this length holds, it
/// was read and checked in a fifth of a second.
pub const SOURCE_BYTES_MAX: usize = 3 << 20;

/// One text with manifests, not yet read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What it is called in messages: the path of a file, `-` for standard input.
    pub name: String,
    /// What it says; bytes that are no UTF-8 are a finding.
    pub text: Vec<u8>,
}

/// What was read, with everything that is wrong about it.
#[derive(Clone, Debug, Default)]
pub struct ManifestSet {
    /// The sources, in the order they were given.
    pub sources: Vec<SourceText>,
    /// The documents that could be read, in the order of the sources.
    pub documents: Vec<Document>,
    /// The compose files of stacks; as sources they are counted after all others.
    pub compose_files: Vec<SourceText>,
    /// What the stacks declare, as documents that stand in their compose files.
    pub parts: Vec<Document>,
    /// The objects whose documents are too broken to be read, as far as they say what they are.
    pub broken: Vec<(Kind, Name)>,
    /// What is wrong, in the order of the sources.
    pub problems: Vec<Problem>,
    /// The comments that suppress findings.
    pub suppressions: Vec<Suppression>,
}

impl ManifestSet {
    /// The documents of the source `source` that could be read.
    #[must_use]
    pub fn documents_of(&self, source: usize) -> &[Document] {
        let before = |bound: usize| {
            self.documents
                .partition_point(|document| document.whole().source < bound)
        };
        self.documents
            .get(before(source)..before(source + 1))
            .unwrap_or_default()
    }

    /// Everything that is declared: the documents, and what their stacks declare.
    pub fn declarations(&self) -> impl Iterator<Item = &Document> {
        self.documents.iter().chain(&self.parts)
    }

    /// The text that `span.source` counts, of a source or of a compose file.
    #[must_use]
    pub fn text(&self, source: usize) -> Option<&SourceText> {
        self.texts().nth(source)
    }

    /// The texts of the sources and of the compose files, as spans count them.
    pub fn texts(&self) -> impl Iterator<Item = &SourceText> {
        self.sources.iter().chain(&self.compose_files)
    }

    /// The place where `span` begins, as people name it.
    ///
    /// A span of another set is nowhere: it is given the name `?`.
    #[must_use]
    pub fn location(&self, span: Span) -> Location {
        match self.text(span.source) {
            Some(source) => source.location(span.start),
            None => Location {
                file: "?".to_owned(),
                line: 1,
                column: 1,
            },
        }
    }
}

/// The text of one source, with the places of its lines.
#[derive(Clone, Debug)]
pub struct SourceText {
    name: String,
    text: String,
    line_starts: Vec<usize>,
    /// How many characters there are before every [`STRETCH`] bytes, when a line is longer.
    stretches: Vec<usize>,
}

/// The longest line in which the characters before a place are simply counted.
const STRETCH: usize = 4 << 10;

impl SourceText {
    /// The text `text`, which is called `name` in messages.
    #[must_use]
    pub fn new(name: String, text: String) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts: Vec<usize> = std::iter::once(0)
            .chain(after_breaks.map(|(at, _)| at + 1))
            .collect();
        let ends = line_starts.iter().skip(1).copied().chain([text.len()]);
        let lines = line_starts.iter().zip(ends);
        let stretches = match lines.into_iter().any(|(start, end)| end - start > STRETCH) {
            true => stretches(&text),
            false => Vec::new(),
        };
        Self {
            name,
            text,
            line_starts,
            stretches,
        }
    }

    /// What it is called in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its text; every byte that is no UTF-8 is a `?`, so that places stay what they are.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The place of the byte `offset`, as people name it; the end for an offset beyond it.
    #[must_use]
    pub fn location(&self, offset: usize) -> Location {
        let offset = floor(&self.text, offset.min(self.text.len()));
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts[line - 1];
        let column = match self.stretches.is_empty() {
            true => characters(&self.text[start..offset]),
            false => self.characters_before(offset) - self.characters_before(start),
        } + 1;
        Location {
            file: self.name.clone(),
            line,
            column,
        }
    }

    fn characters_before(&self, offset: usize) -> usize {
        let stretch = offset / STRETCH;
        let start = floor(&self.text, stretch * STRETCH);
        self.stretches[stretch] + characters(&self.text[start..offset])
    }
}

/// The characters before the beginning of each stretch.
fn stretches(text: &str) -> Vec<usize> {
    let mut before = 0;
    let mut counts = vec![before];
    let starts: Vec<usize> = (0..=text.len() / STRETCH)
        .map(|stretch| floor(text, stretch * STRETCH))
        .collect();
    for pair in starts.windows(2) {
        before += characters(&text[pair[0]..pair[1]]);
        counts.push(before);
    }
    counts
}

/// The beginning of the character at `offset`.
fn floor(text: &str, mut offset: usize) -> usize {
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// How many characters people see; a mark of the byte order is none.
fn characters(text: &str) -> usize {
    text.chars().filter(|c| *c != '\u{feff}').count()
}

/// One document: an object, and where each of its fields stands.
#[derive(Clone, Debug)]
pub struct Document {
    /// The object it declares.
    pub object: Object,
    pub(crate) tree: Tree,
}

impl Document {
    /// The whole document.
    #[must_use]
    pub fn whole(&self) -> Span {
        self.tree.span(self.tree.root())
    }

    /// The value that was written at `pointer` (`/spec/addresses/0`), or nothing when it was not
    /// written.
    #[must_use]
    pub fn span_of(&self, pointer: &str) -> Option<Span> {
        self.tree
            .find(pointer)
            .map(|(_, value)| self.tree.span(value))
    }

    /// The key that was written at `pointer`; for an entry of a list, the entry.
    #[must_use]
    pub fn key_span_of(&self, pointer: &str) -> Option<Span> {
        self.tree
            .find(pointer)
            .map(|(key, value)| self.tree.span(key.unwrap_or(value)))
    }

    /// The key at `pointer`, or the closest thing around it that was written.
    #[must_use]
    pub fn key_span(&self, pointer: &str) -> Span {
        self.key_span_of(pointer).unwrap_or_else(|| {
            let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
            if parent.is_empty() {
                self.whole()
            } else {
                self.key_span(parent)
            }
        })
    }

    /// Every text of the document, keys among them, with its place.
    pub fn texts(&self) -> impl Iterator<Item = (&str, Span)> {
        self.tree.texts()
    }

    /// The value at `pointer`, or the closest thing around it that was written.
    #[must_use]
    pub fn span(&self, pointer: &str) -> Span {
        self.tree.closest(pointer)
    }
}

/// A comment `# skep: ignore[rule-id] reason`: it suppresses the findings of a rule on its own
/// line, or, standing alone, on the next line that is no comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The rule.
    pub rule: String,
    /// Why; empty when the comment does not say.
    pub reason: String,
    /// The comment.
    pub span: Span,
    /// The source whose findings it suppresses.
    pub source: usize,
    /// The line whose findings it suppresses, counted from 1.
    pub line: usize,
}
