//! Statements: words, and perhaps a block of further statements.

use std::ops::Range;

use skep_manifest::problem::Severity;
use skep_manifest::span::Span;

use super::Texts;
use super::limit::{BLOCK_DEPTH_MAX, STATEMENTS_MAX};
use super::line::{Line, Token, tokens};

/// A word, without the quotes around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// What it says.
    pub text: String,
    /// Where it stands: exactly, or the whole line when something in it was replaced.
    pub span: Span,
}

/// A keyword with what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The keyword.
    pub keyword: Word,
    /// The other words on its line.
    pub words: Vec<Word>,
    /// All of that as it is written: programs are taken apart in another way.
    pub line: String,
    /// Its block, if it has one.
    pub block: Option<Vec<Self>>,
}

impl Statement {
    /// The statements of its block; none when it has no block.
    #[must_use]
    pub fn entries(&self) -> &[Self] {
        self.block.as_deref().unwrap_or_default()
    }

    /// It and all statements below it.
    #[must_use]
    pub fn count(&self) -> usize {
        1 + self.entries().iter().map(Self::count).sum::<usize>()
    }
}

/// The statements of one level while they are read.
#[derive(Default)]
struct Level {
    statements: Vec<Statement>,
    /// The brace that opened it.
    opened: Option<Span>,
}

struct Builder<'a> {
    levels: Vec<Level>,
    /// How many statements were read.
    statements: usize,
    texts: &'a mut Texts,
}

pub(super) fn build(lines: &[Line], texts: &mut Texts) -> Vec<Statement> {
    let mut builder = Builder {
        levels: vec![Level::default()],
        statements: 0,
        texts,
    };
    for line in lines {
        if builder.take_line(line).is_none() {
            break;
        }
    }
    builder.finish()
}

impl Builder<'_> {
    /// Nothing when there are more statements or deeper blocks than are read.
    fn take_line(&mut self, line: &Line) -> Option<()> {
        if self.statements > STATEMENTS_MAX {
            self.texts
                .report(Severity::Error, "too-much", line.span)
                .says(format!("there are more than {STATEMENTS_MAX} keywords"))
                .help("what follows is not read: look for what repeats itself");
            return None;
        }
        let mut words = Vec::new();
        for token in tokens(line, self.texts) {
            match token {
                Token::Word(word, at) => words.push((word, at)),
                Token::Open(span) => {
                    self.end_statement(&mut words, line);
                    self.open(span)?;
                }
                Token::Close(span) => {
                    self.end_statement(&mut words, line);
                    self.close(span);
                }
            }
        }
        self.end_statement(&mut words, line);
        Some(())
    }

    fn level(&mut self) -> &mut Level {
        self.levels.last_mut().expect("the first is never closed")
    }

    fn end_statement(&mut self, words: &mut Vec<(Word, Range<usize>)>, line: &Line) {
        let (Some((_, first)), Some((_, last))) = (words.first(), words.last()) else {
            return;
        };
        let written = line.text[first.start..last.end].to_owned();
        let mut words = std::mem::take(words).into_iter().map(|(word, _)| word);
        if let Some(keyword) = words.next() {
            self.statements += 1;
            self.level().statements.push(Statement {
                keyword,
                words: words.collect(),
                line: written,
                block: None,
            });
        }
    }

    fn open(&mut self, span: Span) -> Option<()> {
        if self.levels.len() > BLOCK_DEPTH_MAX {
            self.texts
                .report(Severity::Error, "too-deep", span)
                .says(format!("blocks nest deeper than {BLOCK_DEPTH_MAX}"))
                .help("what follows is not read");
            return None;
        }
        let statements = &mut self.level().statements;
        if statements.last().is_none_or(|last| last.block.is_some()) {
            self.texts
                .report(Severity::Error, "unexpected-brace", span)
                .says("a block without a keyword before it")
                .help(
                    "remove the braces; keepalived ignores the first and is confused by the other",
                );
            let keyword = Word {
                text: "{".to_owned(),
                span,
            };
            self.statements += 1;
            self.level().statements.push(Statement {
                keyword,
                words: Vec::new(),
                line: String::new(),
                block: None,
            });
        }
        self.levels.push(Level {
            statements: Vec::new(),
            opened: Some(span),
        });
        Some(())
    }

    fn close(&mut self, span: Span) {
        if self.levels.len() == 1 {
            self.texts
                .report(Severity::Error, "unexpected-brace", span)
                .says("a closing brace that closes nothing")
                .help("remove it");
            return;
        }
        self.close_level();
    }

    fn close_level(&mut self) {
        let Some(closed) = self.levels.pop() else {
            return;
        };
        let of = self.level().statements.last_mut();
        of.expect("a level is opened by a statement").block = Some(closed.statements);
    }

    fn finish(mut self) -> Vec<Statement> {
        while self.levels.len() > 1 {
            if let Some(span) = self.level().opened {
                self.texts
                    .report(Severity::Error, "unclosed-block", span)
                    .says("this block is not closed")
                    .help(
                        "add the missing `}`: keepalived takes what follows as part of the block",
                    );
            }
            self.close_level();
        }
        self.levels
            .pop()
            .map(|level| level.statements)
            .unwrap_or_default()
    }
}
