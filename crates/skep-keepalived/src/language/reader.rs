//! From files to lines that mean what they say: without comments, with includes, for this host,
//! with everything expanded.

use std::collections::BTreeSet;

use skep_manifest::problem::Severity;
use skep_manifest::set::{Source, SourceText};
use skep_manifest::span::Span;

use super::definition::Definitions;
use super::limit::{Allowance, INCLUDE_DEPTH_MAX, LINES_MAX, TooMuch};
use super::line::{Line, without_comment};
use super::{Files, Include, Texts, sequence};

/// The keywords that include files; they differ in what is an error for keepalived.
const INCLUDES: [&str; 6] = [
    "include", "includea", "includeb", "includem", "includer", "includew",
];

/// The parameters whose values only a running keepalived has.
const KNOWN_ON_THE_NODE: [&str; 3] = ["_PWD", "_RANDOM", "_ENV"];

/// The longest line that keepalived reads.
const LINE_BYTES_MAX: usize = 1_023;
/// The longest line that is read here.
const LINE_READ_MAX: usize = 64 << 10;

struct Reader<'a> {
    id: &'a str,
    files: &'a mut dyn Files,
    texts: &'a mut Texts,
    definitions: Definitions,
    allowance: Allowance,
    /// The definition of several lines that has begun: its name and what it says so far.
    begun: Option<(String, String)>,
    /// The conditions that kept lines out and were told.
    told: BTreeSet<String>,
    /// The parameters without a value that were told.
    undefined: BTreeSet<String>,
    /// The files that are being read, the innermost last.
    open: Vec<String>,
    lines: Vec<Line>,
}

pub(super) fn read(
    source: Source,
    id: &str,
    files: &mut dyn Files,
    texts: &mut Texts,
) -> Vec<Line> {
    let mut reader = Reader {
        id,
        files,
        definitions: Definitions::new(id),
        allowance: Allowance::new(),
        begun: None,
        told: BTreeSet::new(),
        undefined: BTreeSet::new(),
        open: Vec::new(),
        lines: Vec::new(),
        texts,
    };
    let source_index = reader.texts.sources.len();
    let name = source.name.clone();
    if reader.read_source(source).is_err() {
        if reader.texts.sources.len() == source_index {
            let empty = SourceText::new(name, String::new());
            reader.texts.sources.push(empty);
        }
        let span = Span {
            source: source_index,
            start: 0,
            end: 0,
        };
        reader
            .texts
            .report(Severity::Error, "too-much", span)
            .says(format!(
                "the configuration comes to more than is read: 8 MiB or {LINES_MAX} lines"
            ))
            .help("look for a definition or an include that repeats itself; the rest is not read");
    }
    reader.lines
}

impl Reader<'_> {
    fn read_source(&mut self, source: Source) -> Result<(), TooMuch> {
        self.allowance.file(source.text.len())?;
        let index = self.texts.sources.len();
        let (text, is_valid) = match String::from_utf8(source.text) {
            Ok(text) => (text, true),
            Err(error) => (
                String::from_utf8_lossy(error.as_bytes()).into_owned(),
                false,
            ),
        };
        self.texts
            .sources
            .push(SourceText::new(source.name.clone(), text.clone()));
        if !is_valid {
            let start = text.find('\u{fffd}').unwrap_or_default();
            let span = Span {
                source: index,
                start,
                end: start + '\u{fffd}'.len_utf8(),
            };
            self.texts
                .report(Severity::Warning, "not-utf-8", span)
                .says("the file is not valid UTF-8: the bytes that are not are read as `\u{fffd}`")
                .help("convert it first, such as with `iconv -f latin1 -t utf-8`");
        }
        self.open.push(source.name);
        let mut start = self.byte_order_mark(&text, index);
        for line in text[start..].split_inclusive('\n') {
            self.tell_unreadable(line, index, start);
            if line.len() <= LINE_READ_MAX {
                self.read_line(line, index, start)?;
            }
            start += line.len();
        }
        self.open.pop();
        Ok(())
    }

    /// How many bytes of a mark are before the text, which is told.
    fn byte_order_mark(&mut self, text: &str, source: usize) -> usize {
        const MARK: char = '\u{feff}';
        if !text.starts_with(MARK) {
            return 0;
        }
        let end = MARK.len_utf8();
        let span = Span {
            source,
            start: 0,
            end,
        };
        self.texts
            .report(Severity::Warning, "byte-order-mark", span)
            .says("the file begins with a byte order mark, which keepalived takes for a part of the first word")
            .help("save the file without it: keepalived does not know its first keyword; it is read here as it is meant");
        end
    }

    /// Says of a line that keepalived does not read it.
    fn tell_unreadable(&mut self, line: &str, source: usize, start: usize) {
        let (severity, what, here) = if line.len() > LINE_READ_MAX {
            (
                Severity::Error,
                "is far too long",
                "it is not read here either",
            )
        } else if line.trim_end().len() > LINE_BYTES_MAX {
            (
                Severity::Warning,
                "has more than 1023 bytes",
                "here all of it is read",
            )
        } else if line.contains('\0') {
            (Severity::Warning, "has a NUL", "here all of it is read")
        } else {
            return;
        };
        let span = Span {
            source,
            start,
            end: start + line.trim_end().len(),
        };
        self.texts
            .report(severity, "unreadable-line", span)
            .says(format!(
                "the line {what}: keepalived ignores it, or reads a part of it"
            ))
            .help(format!("write it as keepalived reads it; {here}"));
    }

    fn read_line(&mut self, line: &str, source: usize, start: usize) -> Result<(), TooMuch> {
        let (text, cut) = without_comment(line);
        let lead = text.len() - text.trim_start().len();
        let text = text.trim();
        if text.is_empty() && self.begun.is_none() {
            return Ok(());
        }
        let start = start + lead;
        let span = Span {
            source,
            start,
            end: start + text.len(),
        };
        if cut {
            let span = Span {
                start: span.end,
                end: span.end + 1,
                ..span
            };
            self.texts
                .report(Severity::Warning, "comment-inside-word", span)
                .says("a comment begins here, in the middle of a word")
                .help("put the word into double quotation marks; keepalived cuts it off as well");
        }
        if let Some((name, mut value)) = self.begun.take() {
            self.allowance.line(text.len())?;
            let (text, goes_on) = continued(text);
            value.push_str(text);
            if goes_on {
                value.push('\n');
                self.begun = Some((name, value));
            } else {
                self.definitions.define(name, value);
            }
            return Ok(());
        }
        self.expand(Line {
            text: text.to_owned(),
            span,
            at: Some(start),
        })
    }

    fn include(&mut self, pattern: &str, span: Span) -> Result<(), TooMuch> {
        let found = if self.open.len() > INCLUDE_DEPTH_MAX {
            Err(format!("includes nest deeper than {INCLUDE_DEPTH_MAX}"))
        } else {
            let from = self.open.last().cloned().unwrap_or_default();
            self.files.include(Include {
                pattern: pattern.trim_matches('"'),
                from: &from,
            })
        };
        match found {
            Ok(sources) if sources.is_empty() => {
                self.texts
                    .report(Severity::Warning, "include-without-match", span)
                    .says(format!("no file matches `{pattern}`"))
                    .help("keepalived goes on without it, too: look for a typing mistake, or for files that were not copied along");
                Ok(())
            }
            Ok(sources) => sources
                .into_iter()
                .try_for_each(|source| self.read_source(source)),
            Err(why) => {
                self.texts
                    .report(Severity::Error, "include-failed", span)
                    .says(format!("cannot include `{pattern}`: {why}"))
                    .help("what those files say is missing from the result");
                Ok(())
            }
        }
    }

    /// Follows conditions, definitions and sequences until only plain lines are left.
    fn expand(&mut self, line: Line) -> Result<(), TooMuch> {
        self.allowance.line(line.text.len())?;
        let mut open = vec![line];
        while let Some(line) = open.pop() {
            if line.text.starts_with('@') {
                self.allowance.line(line.text.len())?;
                open.extend(self.for_this_host(&line));
            } else if let Some((name, value)) = Definitions::definition(&line.text) {
                match continued(value) {
                    (value, true) if open.is_empty() => {
                        self.begun = Some((name.to_owned(), value.to_owned()));
                    }
                    (value, _) => self.definitions.define(name.to_owned(), value.to_owned()),
                }
            } else if let Some(made) = self.made_of(&line)? {
                self.allowance.lines(&made)?;
                open.extend(made.into_iter().rev());
            } else if let Some(pattern) = included(&line.text) {
                self.include(pattern, line.span)?;
            } else if !line.text.is_empty() {
                self.tell_undefined(&line);
                self.lines.push(line);
            }
        }
        Ok(())
    }

    /// The lines that stand for `line`, when it has a sequence or a parameter.
    fn made_of(&mut self, line: &Line) -> Result<Option<Vec<Line>>, TooMuch> {
        let sequence = sequence::expand(line, &self.definitions, self.allowance.bytes());
        if let Some(made) = sequence {
            return made.take_or_report(line, self.texts).map(Some);
        }
        let replaced = self.definitions.replace(&line.text);
        // What a parameter stands for may begin a comment: `${_HASH}`.
        let plain = |text: String| line.made(without_comment(&text).0.trim().to_owned());
        Ok(replaced.map(|made| made.into_iter().map(plain).collect()))
    }

    /// Says of a parameter without a value that it stays as it is.
    fn tell_undefined(&mut self, line: &Line) {
        let Some(name) = Definitions::undefined(&line.text) else {
            return;
        };
        if !self.undefined.insert(name.to_owned()) {
            return;
        }
        let report = self
            .texts
            .report(Severity::Warning, "undefined-parameter", line.span);
        if KNOWN_ON_THE_NODE.contains(&name) {
            report
                .says(format!(
                    "only keepalived on the node knows what `{name}` stands for"
                ))
                .help("put its value in its place, or define it in the file");
        } else {
            report
                .says(format!(
                    "nothing here says what `{name}` stands for: it stays as it is"
                ))
                .help(
                    "define it above, or write `${NAME}` where something follows the name at once",
                );
        }
    }

    /// What a line `@host …` says to this host, if anything.
    fn for_this_host(&mut self, line: &Line) -> Option<Line> {
        let text = &line.text[1..];
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let condition = &text[..end];
        let holds = match condition.strip_prefix('^') {
            Some(other) => other != self.id,
            None => condition == self.id,
        };
        if !holds && self.told.insert(condition.to_owned()) {
            self.texts
                .report(Severity::Note, "line-of-another-host", line.span)
                .says(format!(
                    "lines of `@{condition}` do not count on `{}`",
                    self.id
                ))
                .help("import the same file once for each node, under the name it has there");
        }
        holds.then(|| line.after(1 + end))
    }
}

/// The files that `text` includes, when it is such a line.
fn included(text: &str) -> Option<&str> {
    let (keyword, pattern) = text.split_once(char::is_whitespace)?;
    INCLUDES.contains(&keyword).then_some(pattern.trim())
}

/// `text` without the backslash at its end, and whether there was one.
fn continued(text: &str) -> (&str, bool) {
    match text.strip_suffix('\\') {
        Some(text) => (text.trim_end(), true),
        None => (text, false),
    }
}
