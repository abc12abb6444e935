//! One line: where it stands, and its words.

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
    Word(Word),
    Open(Span),
    Close(Span),
}

/// `text` up to its comment, and whether the comment cut a word.
pub(super) fn without_comment(text: &str) -> (&str, bool) {
    let mut quote = None;
    let mut escaped = false;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '#' | '!') => return (&text[..at], !before.is_whitespace() && before != '{'),
            (None, _) => {}
        }
        before = c;
    }
    (text, false)
}

/// The words and braces of `line`.
pub(super) fn tokens(line: &Line, texts: &mut Texts) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = line.text[at..].chars().next() {
        let rest = &line.text[at..];
        if c.is_whitespace() {
            at += c.len_utf8();
        } else if rest.starts_with("{{") {
            let end = rest.find("}}").map_or(rest.len(), |end| end + 2);
            let span = line.span_of(at, at + end);
            placeholder(&rest[..end], span, texts);
            tokens.push(Token::Word(Word {
                text: rest[..end].to_owned(),
                span,
            }));
            at += end;
        } else if c == '{' || c == '}' {
            let span = line.span_of(at, at + 1);
            tokens.push(if c == '{' {
                Token::Open(span)
            } else {
                Token::Close(span)
            });
            at += 1;
        } else {
            let (text, length) = word(rest, || {
                texts
                    .report(
                        Severity::Error,
                        "unclosed-quote",
                        line.span_of(at, line.text.len()),
                    )
                    .says("a quotation mark is not closed on its line")
                    .help("close it on the same line");
            });
            let span = line.span_of(at, at + length);
            tokens.push(Token::Word(Word { text, span }));
            at += length;
        }
    }
    tokens
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

/// The word at the beginning of `text` without its quotes, and how many bytes it takes.
fn word(text: &str, unclosed: impl FnOnce()) -> (String, usize) {
    let mut word = String::new();
    let mut quote = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) if c == '\\' => word.extend(escape(&mut chars)),
            Some(_) => word.push(c),
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == '$' && text[at..].starts_with("${") => {
                word.push(c);
                // A parameter that is not defined stays as it is, with its braces.
                let end = text[at..].find('}').map_or(text.len(), |end| at + end + 1);
                while let Some((_, c)) = chars.next_if(|(next, _)| *next < end) {
                    word.push(c);
                }
            }
            None if c.is_whitespace() || c == '{' || c == '}' => return (word, at),
            None => word.push(c),
        }
    }
    if quote.is_some() {
        unclosed();
    }
    (word, text.len())
}

/// What a backslash and the characters after it stand for.
fn escape(chars: &mut std::iter::Peekable<std::str::CharIndices<'_>>) -> Option<char> {
    let (_, c) = chars.next()?;
    let mut digits = |radix: u32, count: usize, first: u32| {
        let mut code = first;
        for _ in 0..count {
            let Some((_, digit)) = chars.next_if(|(_, c)| c.is_digit(radix)) else {
                break;
            };
            code = (code * radix + digit.to_digit(radix).unwrap_or(0)) & 0xff;
        }
        char::from_u32(code)
    };
    match c {
        'a' => Some('\u{7}'),
        'b' => Some('\u{8}'),
        'E' => Some('\u{1b}'),
        'f' => Some('\u{c}'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\u{b}'),
        'x' => digits(16, usize::MAX, 0),
        '0'..='7' => digits(8, 2, c.to_digit(8).unwrap_or(0)),
        'c' => {
            let (_, control) = chars.next()?;
            char::from_u32(u32::from(control) & 0x1f)
        }
        other => Some(other),
    }
}
