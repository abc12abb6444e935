//! One line: where it stands, and its words.

use std::ops::Range;

use skep_manifest::problem::Severity;
use skep_manifest::span::Span;

use super::Texts;
use super::tree::Word;

/// A line of the configuration, as it stands in a file or as an expansion made it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) text: String,
    /// The line in the file.
    pub(super) span: Span,
    /// Where in the file the text begins; nothing once something in it was replaced.
    pub(super) at: Option<usize>,
}

impl Line {
    /// The line with `text`, which an expansion made of this one.
    pub(super) fn made(&self, text: String) -> Self {
        Self {
            text,
            span: self.span,
            at: None,
        }
    }

    /// The line without its first `bytes`, and without the space around what is left.
    pub(super) fn after(&self, bytes: usize) -> Self {
        let rest = &self.text[bytes..];
        let space = rest.len() - rest.trim_start().len();
        Self {
            text: rest.trim().to_owned(),
            span: self.span,
            at: self.at.map(|at| at + bytes + space),
        }
    }

    fn span_of(&self, start: usize, end: usize) -> Span {
        match self.at {
            Some(at) => Span {
                source: self.span.source,
                start: at + start,
                end: at + end,
            },
            None => self.span,
        }
    }
}

/// A word or a brace.
#[derive(Clone, Debug)]
pub(super) enum Token {
    /// A word, and where it stands in the line's text.
    Word(Word, Range<usize>),
    Open(Span),
    Close(Span),
}

/// `text` up to its comment, and whether the comment cut a word. Only `"` protects a `#` or `!`. A
/// backslash does not, as keepalived takes it away and reads what is left once more.
pub(super) fn without_comment(text: &str) -> (&str, bool) {
    let mut is_quoted = false;
    let mut before = ' ';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let is_comment = match c {
            '#' | '!' => !is_quoted,
            '\\' => {
                let next = chars.next_if(|(_, next)| is_quoted || !matches!(next, '#' | '!'));
                next.is_none() && chars.peek().is_some()
            }
            '"' => {
                is_quoted = !is_quoted;
                false
            }
            _ => false,
        };
        if is_comment {
            return (&text[..at], !before.is_whitespace() && before != '{');
        }
        before = c;
    }
    (text, false)
}

/// The words and braces of `line`: a word ends at a space, a brace or a `"`, but for what stands
/// between two `"`. A `'` or a backslash is a letter like others.
pub(super) fn tokens(line: &Line, texts: &mut Texts) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = line.text[at..].chars().next() {
        let rest = &line.text[at..];
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (text, length) = if rest.starts_with("{{") {
            let end = rest.find("}}").map_or(rest.len(), |end| end + 2);
            placeholder(&rest[..end], line.span_of(at, at + end), texts);
            (&rest[..end], end)
        } else if c == '{' || c == '}' {
            let span = line.span_of(at, at + 1);
            tokens.push(if c == '{' {
                Token::Open(span)
            } else {
                Token::Close(span)
            });
            at += 1;
            continue;
        } else if let Some(quoted) = rest.strip_prefix('"') {
            match quoted.find('"') {
                Some(end) => (&quoted[..end], end + 2),
                None => {
                    unclosed(line.span_of(at, line.text.len()), texts);
                    (quoted, rest.len())
                }
            }
        } else {
            let end = end_of_word(rest);
            (&rest[..end], end)
        };
        let word = Word {
            text: text.to_owned(),
            span: line.span_of(at, at + length),
        };
        tokens.push(Token::Word(word, at..at + length));
        at += length;
    }
    tokens
}

/// Where the word ends that is at the beginning of `text`.
fn end_of_word(text: &str) -> usize {
    let mut from = 0;
    while let Some(end) = text[from..].find(|c: char| c.is_whitespace() || "{}\"".contains(c)) {
        let end = from + end;
        // A parameter that is not defined stays as it is, with its braces.
        match text[end..].strip_prefix('{').and_then(closed_name) {
            Some(length) if text[..end].ends_with('$') => from = end + 1 + length,
            _ => return end,
        }
    }
    text.len()
}

/// How long the name at the beginning of `text` is with the brace that closes it.
fn closed_name(text: &str) -> Option<usize> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ' ';
    let end = text.find(|c| !is_part(c))?;
    text[end..].starts_with('}').then_some(end + 1)
}

fn unclosed(span: Span, texts: &mut Texts) {
    texts
        .report(Severity::Error, "unclosed-quote", span)
        .says("a quotation mark is not closed on its line")
        .help("close it on the same line");
}

fn placeholder(text: &str, span: Span, texts: &mut Texts) {
    texts
        .report(Severity::Error, "template-placeholder", span)
        .says(format!("the placeholder `{text}` was not replaced"))
        .help(
            "import the file as it lies on the node: keepalived reads these braces as the ends of \
             blocks, and everything after them as unknown keywords",
        );
}
