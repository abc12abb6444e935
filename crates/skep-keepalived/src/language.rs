//! The language of `keepalived.conf`: lines with comments, includes, conditions, definitions and
//! sequences, and what they come to: statements of words and blocks.

mod definition;
mod limit;
mod line;
mod reader;
mod sequence;
mod tree;

use skep_manifest::problem::{Problem, Severity};
use skep_manifest::set::{Source, SourceText};
use skep_manifest::span::Span;

pub use tree::{Statement, Word};

/// A line that includes other files.
#[derive(Clone, Copy, Debug)]
pub struct Include<'a> {
    /// What it names, perhaps with wildcards.
    pub pattern: &'a str,
    /// The name of the file in which it stands.
    pub from: &'a str,
}

/// Who reads the files that are included.
pub trait Files {
    /// The files that `include` names, in order.
    ///
    /// # Errors
    ///
    /// Why there are none, in words.
    fn include(&mut self, include: Include<'_>) -> Result<Vec<Source>, String>;
}

/// The most problems that are told: who has more has another kind of file.
const PROBLEMS_MAX: usize = 1_000;

/// All texts that were read, and what is wrong with them.
#[derive(Debug, Default)]
pub struct Texts {
    /// The texts; spans point into them.
    pub sources: Vec<SourceText>,
    /// What is wrong, in the order it was found.
    pub problems: Vec<Problem>,
}

impl Texts {
    pub(crate) fn report(
        &mut self,
        severity: Severity,
        id: &'static str,
        span: Span,
    ) -> Report<'_> {
        // The last one is written over: the ledger has every keyword all the same.
        self.problems.truncate(PROBLEMS_MAX - 1);
        self.problems.push(Problem {
            id,
            severity,
            message: String::new(),
            span,
            help: None,
            related: Vec::new(),
            replacement: None,
        });
        Report(self.problems.last_mut().expect("it was just put there"))
    }
}

/// A problem that is being written down.
pub(crate) struct Report<'a>(&'a mut Problem);

impl Report<'_> {
    pub(crate) fn says(self, message: impl Into<String>) -> Self {
        self.0.message = message.into();
        self
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Ends it where an expression without a value is wanted.
    pub(crate) fn done(self) {}

    pub(crate) fn beside(self, span: Span, what: impl Into<String>) -> Self {
        self.0.related.push((span, what.into()));
        self
    }
}

/// Reads `source` as keepalived does that was started with the configuration id `id`.
pub fn read(source: Source, id: &str, files: &mut dyn Files, texts: &mut Texts) -> Vec<Statement> {
    let lines = reader::read(source, id, files, texts);
    tree::build(&lines, texts)
}
