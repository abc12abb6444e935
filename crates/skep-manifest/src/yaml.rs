//! Text to trees: YAML as the manifests use it, with the place of everything, and with a limit to
//! everything.
//!
//! What stands in the documents is not this module's affair.

mod builder;
mod scalar;
mod suppression;
mod syntax;

use std::ops::ControlFlow;

use granit_parser::{Event, Parser, ScanError, options};

use crate::check::PROBLEMS_MAX;
use crate::problem::Problem;
use crate::set::{SourceText, Suppression};
use crate::span::Span;
use crate::tree::Tree;
use builder::{Builder, Collection};

/// The longest source: a file, and what it reads from others.
const SOURCE_BYTES_MAX: usize = 8 << 20;
/// The deepest nesting: the language itself needs fewer than ten levels.
const DEPTH_MAX: usize = 64;
/// The most documents of one source, empty ones among them: four times those of a large swarm.
const DOCUMENTS_MAX: usize = 4_000;
/// The most values of one source, its aliases written out: to read, check and resolve one takes
/// two or three microseconds.
pub(crate) const NODES_MAX: usize = 40_000;
/// The most values of one document, its aliases written out: more than those of a swarm of a
/// thousand nodes, and what a few aliases of aliases exceed at once.
const DOCUMENT_NODES_MAX: usize = 30_000;
/// The most syntax errors that are reported per source: each may be the consequence of another.
const SYNTAX_ERRORS_MAX: usize = 100;
/// The most lines of comment. The parser keeps them until it knows what they belong to.
const COMMENTS_MAX: usize = 100_000;
/// The most comments that suppress findings: each is compared with what rules find.
const SUPPRESSIONS_MAX: usize = 1_000;

/// What a source says beside its documents.
#[derive(Default)]
pub(crate) struct Reading {
    /// What is wrong with its YAML.
    pub(crate) problems: Vec<Problem>,
    /// The comments that suppress findings.
    pub(crate) suppressions: Vec<Suppression>,
    /// How many events of the parser it took: the work that reading was.
    pub(crate) events: usize,
    /// How many values it has, its aliases written out.
    pub(crate) values: usize,
}

/// Who takes the documents of a source in order, empty ones left out, and says whether to go on.
pub(crate) type Take<'a> = &'a mut dyn FnMut(RawDocument) -> ControlFlow<()>;

/// What a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// YAML 1.2, as manifests are.
    Manifest,
    /// With the merge key `<<`, as compose files are.
    Compose,
}

/// One YAML document.
pub(crate) struct RawDocument {
    pub(crate) tree: Tree,
    /// Whether it was read to its end without a mistake that leaves a hole in it.
    pub(crate) whole: bool,
}

/// Reads all documents of a source. A broken one does not hide the others.
pub(crate) fn read(
    index: usize,
    source: &SourceText,
    dialect: Dialect,
) -> (Vec<RawDocument>, Reading) {
    let mut documents = Vec::new();
    let reading = read_each(index, source, dialect, &mut |document| {
        documents.push(document);
        ControlFlow::Continue(())
    });
    (documents, reading)
}

/// The same for somebody who looks at each document as soon as it is read.
pub(crate) fn read_each(
    index: usize,
    source: &SourceText,
    dialect: Dialect,
    take: Take<'_>,
) -> Reading {
    let mut reader = Reader {
        source,
        dialect,
        index,
        base: 0,
        documents: 0,
        comments: 0,
        take,
        reading: Reading::default(),
    };
    match too_long(index, source.name(), source.text().len()) {
        Some(problem) => reader.reading.problems.push(problem),
        None => reader.read(),
    }
    reader.reading
}

/// What there is to say about a source of so many bytes, if that is too many to look at one.
pub(crate) fn too_long(index: usize, name: &str, bytes: usize) -> Option<Problem> {
    let start = Span {
        source: index,
        start: 0,
        end: 0,
    };
    let message = format!("`{name}` is larger than {} MiB", SOURCE_BYTES_MAX >> 20);
    (bytes > SOURCE_BYTES_MAX).then(|| {
        Problem::error("too-large", start, message).help("spread its documents over several files")
    })
}

struct Reader<'a> {
    source: &'a SourceText,
    dialect: Dialect,
    index: usize,
    /// Where the parser's text begins in the source: after a byte order mark.
    base: usize,
    documents: usize,
    comments: usize,
    take: Take<'a>,
    reading: Reading,
}

impl Reader<'_> {
    fn read(&mut self) {
        let text = self.source.text();
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        self.base = text.len() - body.len();
        let options = options! {
            emit_unresolved_aliases: true,
            max_buffered_comment_events: COMMENTS_MAX,
            flow_nesting_limit: DEPTH_MAX,
            block_nesting_limit: DEPTH_MAX,
        };
        let mut parser = Parser::new_from_str_with_options(body, options);
        let mut builder = None;
        let mut errors = 0;
        while let Some(next) = parser.next_event() {
            self.reading.events += 1;
            match next {
                Ok((event, span)) => {
                    let span = self.span(span);
                    if self.handle(event, span, &mut builder).is_break() {
                        return;
                    }
                    if let Some(excess) = self.excess(builder.as_ref(), span) {
                        self.reading.problems.push(excess);
                        self.reading.values += builder.as_ref().map_or(0, Builder::len);
                        return;
                    }
                }
                Err(error) => {
                    errors += 1;
                    let open = builder.as_ref().and_then(Builder::open_bracket);
                    self.report_syntax(&error, open);
                    let taken = match builder.take() {
                        Some(builder) => self.finish(builder, Ending::Broken),
                        None => ControlFlow::Continue(()),
                    };
                    let goes_on = taken.is_continue()
                        && errors < SYNTAX_ERRORS_MAX
                        && parser.proceed_next_document().is_ok();
                    if !goes_on {
                        return;
                    }
                }
            }
        }
    }

    fn handle(
        &mut self,
        event: Event<'_>,
        span: Span,
        builder: &mut Option<Builder>,
    ) -> ControlFlow<()> {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                *builder = Some(Builder::new(self.dialect));
            }
            Event::DocumentEnd => {
                if let Some(builder) = builder.take() {
                    return self.finish(builder, Ending::Complete);
                }
            }
            Event::Comment(text, _) => {
                self.comments += 1;
                suppression::read(&text, span, self.source, &mut self.reading);
            }
            event => {
                if let Some(builder) = builder {
                    build(builder, event, span);
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// What there is too much of to go on. A source that is refused for it takes no more memory and
    /// no more time.
    fn excess(&self, builder: Option<&Builder>, at: Span) -> Option<Problem> {
        let here = builder.map_or(0, Builder::len);
        let reading = &self.reading;
        let spread = "spread the documents over several files";
        let (what, help) = if here > DOCUMENT_NODES_MAX {
            let what = format!("{DOCUMENT_NODES_MAX} values in this document");
            (what, "make several documents of it")
        } else if reading.values + here > NODES_MAX {
            (format!("{NODES_MAX} values"), spread)
        } else if self.documents > DOCUMENTS_MAX {
            (format!("{DOCUMENTS_MAX} documents"), spread)
        } else if self.comments > COMMENTS_MAX {
            (format!("{COMMENTS_MAX} comments"), "leave some out")
        } else if reading.suppressions.len() > SUPPRESSIONS_MAX {
            let what = format!("{SUPPRESSIONS_MAX} comments that suppress findings");
            (what, "correct what they suppress")
        } else if reading.problems.len() > PROBLEMS_MAX {
            (format!("{PROBLEMS_MAX} problems"), "correct these first")
        } else {
            return None;
        };
        let message = format!("there are more than {what} up to here");
        Some(Problem::error("too-large", at, message).help(help))
    }

    fn finish(&mut self, builder: Builder, ending: Ending) -> ControlFlow<()> {
        let (document, problems) = match ending {
            Ending::Complete => builder.finish(),
            Ending::Broken => builder.abandon(),
        };
        self.reading.problems.extend(problems);
        let Some(document) = document else {
            return ControlFlow::Continue(());
        };
        self.reading.values += document.tree.size(document.tree.root());
        (self.take)(document)
    }

    fn report_syntax(&mut self, error: &ScanError, bracket: Option<Span>) {
        let at = self.base + error.marker().byte_offset().unwrap_or(0);
        let at = at.min(self.source.text().len());
        let place = |start, end| Span {
            source: self.index,
            start,
            end,
        };
        let message = format!("this is no YAML: {}", error.info());
        let mut problem = Problem::error("syntax", place(at, at), message);
        let cause = syntax::cause(self.source.text(), at, &error.info());
        problem = problem.help(cause.help);
        if let Some(quote) = cause.quote {
            problem = problem.related(place(quote, quote + 1), "this quote is not closed");
        } else if let Some(bracket) = bracket.filter(|_| cause.is_bracket) {
            problem = problem.related(bracket, "this bracket is open");
        }
        self.reading.problems.push(problem);
    }

    fn span(&self, span: granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or(0..0);
        Span {
            source: self.index,
            start: self.base + range.start,
            end: self.base + range.end,
        }
    }
}

#[derive(Clone, Copy)]
enum Ending {
    Complete,
    Broken,
}

fn build(builder: &mut Builder, event: Event<'_>, span: Span) {
    match event {
        Event::Scalar(text, style, anchor, tag) => {
            let tag = tag.as_deref();
            builder.scalar(scalar::Written { text, style, tag }, anchor, span);
        }
        Event::SequenceStart(_, anchor, tag) => {
            builder.check_tag(tag.as_deref(), "seq", span);
            builder.open(Collection::Sequence, anchor, span);
        }
        Event::MappingStart(_, anchor, tag) => {
            builder.check_tag(tag.as_deref(), "map", span);
            builder.open(Collection::Mapping, anchor, span);
        }
        Event::SequenceEnd | Event::MappingEnd => builder.close(span),
        Event::Alias(anchor) => builder.alias(anchor, span),
        Event::UnresolvedAlias(name) => builder.unknown_alias(&name, span),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
