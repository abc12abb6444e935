//! Reads keywords one after the other and writes down what became of each.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use skep_manifest::duration::Duration;
use skep_manifest::name::NodeName;
use skep_manifest::problem::Severity;
use skep_manifest::span::Span;

use super::model::At;
use crate::keyword::{self, Keywords, Treatment};
use crate::language::{Report, Statement, Texts, Word};
use crate::ledger::{Entry, Fate, Ledger};

/// A value, or why the keyword is left out.
pub(super) type Reading<T> = Result<T, String>;

/// Who reads the file of one node.
pub(super) struct Scribe<'a> {
    pub(super) node: &'a NodeName,
    pub(super) texts: &'a mut Texts,
    pub(super) ledger: &'a mut Ledger,
}

const WRONG: &str = "what it says is wrong";

impl Scribe<'_> {
    /// Reads the statements of a block with `read` as far as `table` says that they are fields,
    /// and enters every one of them into the ledger.
    pub(super) fn block(
        &mut self,
        path: &str,
        table: &[Keywords],
        statements: &[Statement],
        read: &mut dyn FnMut(&mut Self, &Statement) -> Reading<()>,
    ) {
        for statement in statements {
            let word = &statement.keyword;
            let path = join(path, &word.text);
            let entry = self.enter(path.clone(), word.span);
            let fate = match keyword::find(table, &word.text) {
                Some(Treatment::Field(field)) => match read(self, statement) {
                    Ok(()) => Fate::Taken(field.to_owned()),
                    Err(why) => Fate::LeftOut(why),
                },
                Some(Treatment::LeftOut(why)) => Fate::LeftOut(why.to_owned()),
                None => {
                    self.unknown(word, &path, statement.block.is_some());
                    Fate::Unknown
                }
            };
            if self.ledger.entries.len() == entry + 1 {
                let below = match &fate {
                    Fate::Taken(_) => self.unexpected_block(statement),
                    Fate::LeftOut(_) => Fate::LeftOut(format!("`{}` is left out", word.text)),
                    Fate::Unknown => Fate::Unknown,
                };
                self.enter_all(&path, statement.entries(), &below);
            }
            self.ledger.entries[entry].fate = fate;
        }
    }

    /// Enters the words behind a list's entry, each with its value, as `table` has them.
    ///
    /// `read` is given each word with what follows it, and says how many of those are its value. Ends
    /// with an error when one of the fields cannot be read.
    pub(super) fn options(
        &mut self,
        path: &str,
        table: &[Keywords],
        words: &[Word],
        mut read: impl FnMut(&mut Self, &str, &[Word]) -> Reading<usize>,
    ) -> Reading<()> {
        let mut outcome = Ok(());
        let mut at = 0;
        while let Some(word) = words.get(at) {
            let rest = &words[at + 1..];
            at += 1;
            let path = join(path, &word.text);
            let (fate, taken) = match keyword::find(table, &word.text) {
                Some(Treatment::Field(field)) => match read(self, &word.text, rest) {
                    Ok(taken) => (Fate::Taken(field.to_owned()), taken),
                    Err(why) => {
                        outcome = Err(why.clone());
                        (Fate::LeftOut(why), usize::from(!rest.is_empty()))
                    }
                },
                Some(Treatment::LeftOut(why)) => {
                    // Its value, if it has one, is the next word that is no option itself.
                    let has_value = rest
                        .first()
                        .is_some_and(|next| keyword::find(table, &next.text).is_none());
                    (Fate::LeftOut(why.to_owned()), usize::from(has_value))
                }
                None => {
                    self.unknown(word, &path, false);
                    (Fate::Unknown, 0)
                }
            };
            let entry = self.enter(path, word.span);
            self.ledger.entries[entry].fate = fate;
            at += taken;
        }
        outcome
    }

    fn unexpected_block(&mut self, statement: &Statement) -> Fate {
        if !statement.entries().is_empty() {
            let keyword = &statement.keyword;
            self.error("unexpected-brace", keyword.span)
                .says(format!("`{}` has no block", keyword.text))
                .help("remove the braces and what is between them");
        }
        Fate::Unknown
    }

    fn unknown(&mut self, word: &Word, path: &str, has_block: bool) {
        let within = path.rsplit_once('/').map_or_else(
            || "outside all blocks".to_owned(),
            |(of, _)| format!("in `{of}`"),
        );
        self.warning("unknown-keyword", word.span)
            .says(format!(
                "keepalived has no keyword `{}` {within}",
                word.text
            ))
            .help(if has_block {
                "look for a typing mistake; keepalived ignores the opening brace and takes the closing one for the end of the block around it: what follows is lost to it"
            } else {
                "look for a typing mistake or a missing brace above it; it is not taken over"
            });
    }

    /// Enters a keyword whose fate is not known yet.
    pub(super) fn enter(&mut self, keyword: String, span: Span) -> usize {
        self.ledger.entries.push(Entry {
            node: self.node.clone(),
            keyword,
            span,
            fate: Fate::Unknown,
        });
        self.ledger.entries.len() - 1
    }

    fn enter_all(&mut self, path: &str, statements: &[Statement], fate: &Fate) {
        for statement in statements {
            let path = join(path, &statement.keyword.text);
            let entry = self.enter(path.clone(), statement.keyword.span);
            self.ledger.entries[entry].fate = fate.clone();
            self.enter_all(&path, statement.entries(), fate);
        }
    }

    /// Enters an entry of a list, with what `read` makes of it.
    pub(super) fn list(
        &mut self,
        path: &str,
        field: &str,
        statements: &[Statement],
        read: &mut dyn FnMut(&mut Self, &Statement, &str) -> Reading<()>,
    ) {
        for statement in statements {
            let path = join(path, &statement.keyword.text);
            let entry = self.enter(path.clone(), statement.keyword.span);
            let fate = match read(self, statement, &path) {
                Ok(()) => Fate::Taken(field.to_owned()),
                Err(why) => {
                    let word = &statement.keyword.text;
                    self.leave_out_from(entry, &format!("`{word}` is left out"));
                    Fate::LeftOut(why)
                }
            };
            self.enter_all(&path, statement.entries(), &Fate::Unknown);
            self.ledger.entries[entry].fate = fate;
        }
    }

    /// Leaves out what was taken over since `entry`.
    fn leave_out_from(&mut self, entry: usize, why: &str) {
        let since = self.ledger.entries[entry..].iter_mut();
        let taken = since.filter(|entry| matches!(entry.fate, Fate::Taken(_)));
        taken.for_each(|entry| entry.fate = Fate::LeftOut(why.to_owned()));
    }

    pub(super) fn error(&mut self, id: &'static str, span: Span) -> Report<'_> {
        self.texts.report(Severity::Error, id, span)
    }

    pub(super) fn warning(&mut self, id: &'static str, span: Span) -> Report<'_> {
        self.texts.report(Severity::Warning, id, span)
    }

    pub(super) fn note(&mut self, id: &'static str, span: Span) -> Report<'_> {
        self.texts.report(Severity::Note, id, span)
    }

    /// The one value of a keyword.
    pub(super) fn value<'s>(&mut self, statement: &'s Statement) -> Reading<&'s Word> {
        if let Some(extra) = statement.words.get(1) {
            self.extra(&statement.keyword, extra);
        }
        self.first(statement)
    }

    /// The first value of a keyword that may have several.
    pub(super) fn first<'s>(&mut self, statement: &'s Statement) -> Reading<&'s Word> {
        let keyword = &statement.keyword;
        statement.words.first().ok_or_else(|| {
            self.error("missing-value", keyword.span)
                .says(format!("`{}` has no value", keyword.text))
                .help("keepalived ignores it or does not even start; give it a value or remove it");
            "it has no value".to_owned()
        })
    }

    pub(super) fn extra(&mut self, keyword: &Word, extra: &Word) {
        self.warning("extra-words", extra.span)
            .says(format!(
                "`{}` stands on the line of `{}`",
                extra.text, keyword.text
            ))
            .help("keepalived ignores it: a keyword begins a line of its own");
    }

    /// The one value of a keyword, as `what`.
    pub(super) fn parsed<T>(&mut self, statement: &Statement, what: &str) -> Reading<At<T>>
    where
        T: FromStr<Err: Display>,
    {
        let word = self.value(statement)?;
        let value = self.parse(word, what)?;
        Ok(At::new(value, statement.keyword.span))
    }

    /// `word` as `what`.
    pub(super) fn parse<T>(&mut self, word: &Word, what: &str) -> Reading<T>
    where
        T: FromStr<Err: Display>,
    {
        word.text.parse().map_err(|error: T::Err| {
            let is_placeholder = word.text.starts_with('<') || word.text.contains("{{");
            let id = if is_placeholder {
                "template-placeholder"
            } else {
                "invalid-value"
            };
            let said = error.to_string();
            let message = if said.contains(" is not ") {
                said
            } else {
                format!("`{}` is not {what}", word.text)
            };
            self.error(id, word.span)
                .says(message)
                .help(if is_placeholder {
                    "put the real value in its place: keepalived skips it and starts without"
                } else {
                    "correct it; keepalived skips it or takes its default"
                });
            WRONG.to_owned()
        })
    }

    /// The one value of a keyword, a whole number within `range`.
    pub(super) fn number(
        &mut self,
        statement: &Statement,
        range: RangeInclusive<u32>,
    ) -> Reading<At<u32>> {
        let number: At<u32> = self.parsed(statement, "a number")?;
        if range.contains(&number.value) {
            return Ok(number);
        }
        let (least, most) = range.into_inner();
        self.error("invalid-value", number.span)
            .says(format!(
                "`{}` is between {least} and {most}: {}",
                statement.keyword.text, number.value
            ))
            .help("give it one of these: it is left out");
        Err(WRONG.to_owned())
    }

    /// The same for a number that fits a byte.
    pub(super) fn byte(
        &mut self,
        statement: &Statement,
        range: RangeInclusive<u8>,
    ) -> Reading<At<u8>> {
        let (least, most) = range.into_inner();
        let number = self.number(statement, u32::from(least)..=u32::from(most))?;
        let value = u8::try_from(number.value).map_err(|_| WRONG.to_owned())?;
        Ok(At::new(value, number.span))
    }

    /// The one value of a keyword, in seconds.
    pub(super) fn seconds<T>(&mut self, statement: &Statement) -> Reading<At<T>>
    where
        T: FromStr<Err: Display>,
    {
        let word = self.value(statement)?;
        let seconds = self.parse_seconds(word)?;
        Ok(At::new(seconds, statement.keyword.span))
    }

    pub(super) fn parse_seconds<T>(&mut self, word: &Word) -> Reading<T>
    where
        T: FromStr<Err: Display>,
    {
        let is_number = |byte: u8| byte.is_ascii_digit() || byte == b'.';
        if !word.text.bytes().all(is_number) {
            self.error("invalid-value", word.span)
                .says(format!("`{}` is not a number of seconds", word.text))
                .help("correct it; keepalived takes its default");
            return Err(WRONG.to_owned());
        }
        let with_unit = Word {
            text: format!("{}s", word.text),
            span: word.span,
        };
        self.parse(&with_unit, "a number of seconds")
    }

    /// Zero seconds and more.
    pub(super) fn duration(&mut self, statement: &Statement) -> Reading<At<Duration>> {
        self.seconds(statement)
    }

    /// The truth a keyword says; alone it says yes.
    pub(super) fn truth(&mut self, statement: &Statement) -> Reading<At<bool>> {
        let span = statement.keyword.span;
        if statement.words.is_empty() {
            return Ok(At::new(true, span));
        }
        let word = self.value(statement)?;
        match word.text.as_str() {
            "on" | "true" | "yes" => Ok(At::new(true, span)),
            "off" | "false" | "no" => Ok(At::new(false, span)),
            other => {
                self.error("invalid-value", word.span)
                    .says(format!("`{other}` is neither yes nor no"))
                    .help("one of on, off, true, false, yes, no");
                Err(WRONG.to_owned())
            }
        }
    }
}

pub(super) fn join(path: &str, keyword: &str) -> String {
    if path.is_empty() {
        keyword.to_owned()
    } else {
        format!("{path}/{keyword}")
    }
}
