//! A program with its arguments, as keepalived starts it: directly, without a shell.

use std::iter::Peekable;
use std::str::Chars;

/// Who may run programs as anybody.
const ROOT: &str = "root";
const RUN_AS: &str = "/usr/sbin/runuser";
/// keepalived ignores a line of more than 1,023 bytes: room for a keyword is left.
const BYTES_MAX: usize = 960;

/// A program with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// What stands in the file.
    pub(crate) text: String,
    /// The program and its arguments.
    pub(crate) argv: Vec<String>,
}

/// What a line `KEYWORD "PROGRAM ARGUMENT …" WORD …` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) program: Program,
    /// The words behind the program.
    pub(crate) rest: Vec<String>,
    /// Whether every quotation mark is closed: otherwise keepalived runs nothing.
    pub(crate) is_closed: bool,
    /// Whether keepalived from 2.3.2 on reads its backslashes in another way.
    pub(crate) is_ambiguous: bool,
}

impl Call {
    /// Takes `line` apart twice, as keepalived does: into words, and the second of these into the
    /// program and its arguments. From 2.3.2 on it follows backslashes the second time only.
    pub(crate) fn parse(line: &str) -> Self {
        let (words, is_closed) = words(line, Backslash::Followed);
        let mut words = words.into_iter().skip(1);
        let text = words.next().unwrap_or_default();
        let (argv, is_closed_inside) = self::words(&text, Backslash::Followed);
        let kept = self::words(line, Backslash::Kept).0.into_iter().nth(1);
        let newer = self::words(&kept.unwrap_or_default(), Backslash::Followed).0;
        Self {
            is_ambiguous: newer != argv,
            program: Program { text, argv },
            rest: words.collect(),
            is_closed: is_closed && is_closed_inside,
        }
    }

    /// All words as one program: what is meant by a line without quotation marks.
    pub(crate) fn meant(self) -> Program {
        let text = std::iter::once(&self.program.text).chain(&self.rest);
        let text: Vec<&str> = text.map(String::as_str).collect();
        let text = text.join(" ");
        let (argv, _) = words(&text, Backslash::Followed);
        Program { text, argv }
    }
}

/// What is made of a backslash.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Backslash {
    /// It stays, with the character after it.
    Kept,
    /// It stands for a character together with what follows.
    Followed,
}

/// The words of `text`, which may be quoted with `"` or `'`, and whether all quotes are closed.
fn words(text: &str, backslash: Backslash) -> (Vec<String>, bool) {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match quote {
            _ if c == '\\' => {
                let word = word.get_or_insert_default();
                match backslash {
                    Backslash::Kept => {
                        word.push(c);
                        word.extend(chars.next());
                    }
                    Backslash::Followed => word.extend(escape(&mut chars)),
                }
            }
            Some(open) if c == open => quote = None,
            Some(_) => word.get_or_insert_default().push(c),
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c == ' ' || c == '\t' => words.extend(word.take()),
            None => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    (words, quote.is_none())
}

/// What a backslash and the characters after it stand for.
fn escape(chars: &mut Peekable<Chars<'_>>) -> Option<char> {
    let c = chars.next()?;
    let mut digits = |radix: u32, count: usize, first: u32| {
        let mut code = first;
        for _ in 0..count {
            let Some(digit) = chars.next_if(|c| c.is_digit(radix)) else {
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
        'x' => digits(16, 2, 0),
        '0'..='7' => digits(8, 2, c.to_digit(8).unwrap_or(0)),
        'c' => char::from_u32(u32::from(chars.next()?) & 0x1f),
        other => Some(other),
    }
}

impl Program {
    /// The word in it that only a shell would understand, if there is one.
    pub(crate) fn shell_word(&self) -> Option<&str> {
        let is_shell = |program: &String| {
            let name = program.rsplit('/').next().unwrap_or_default();
            matches!(name, "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh")
        };
        if self.argv.first().is_some_and(is_shell) {
            return None;
        }
        let means_something = |word: &&String| {
            matches!(
                word.as_str(),
                "|" | "||" | "&&" | "&" | ";" | ">" | "<" | ">>" | "2>&1"
            ) || word.starts_with("$(")
                || word.starts_with('`')
                || word.starts_with("2>")
                || word.starts_with(">/")
                || word.starts_with("</")
                || word.ends_with(';')
        };
        self.argv.iter().find(means_something).map(String::as_str)
    }

    /// `argv` as `user`, started by root: `keepalived --config-test` of 2.2 ends itself when it
    /// meets a script of anybody else.
    pub(crate) fn run_as(user: &str, argv: &[String]) -> Vec<String> {
        if user == ROOT {
            return argv.to_vec();
        }
        let words = [RUN_AS, "-u", user, "--"].map(str::to_owned);
        words.into_iter().chain(argv.iter().cloned()).collect()
    }

    /// The user that [`Self::run_as`] names, and the program without that.
    pub(crate) fn without_user(argv: &[String]) -> Option<(&str, &[String])> {
        match argv {
            [program, option, user, end, rest @ ..]
                if program == RUN_AS && option == "-u" && end == "--" && !rest.is_empty() =>
            {
                Some((user.as_str(), rest))
            }
            _ => None,
        }
    }

    /// As `argv` stands between the quotation marks of a `script`; nothing when it is too long for a
    /// line, or has what versions of keepalived read differently: a `'` or a backslash. What would
    /// end the quotation, the line or a block, or be replaced as a parameter, is written as a
    /// backslash and octal digits.
    pub(crate) fn quoted(argv: &[String]) -> Option<String> {
        let words = argv.iter().map(|word| {
            let stands_alone = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
            if !word.is_empty() && word.chars().all(stands_alone) {
                return word.clone();
            }
            // keepalived counts those of a line, whatever is before them.
            let is_even = word.matches('"').count() % 2 == 0;
            let inner: String = word.chars().map(|c| written(c, is_even)).collect();
            format!("'{}'", inner.replace("$_", "\\044_"))
        });
        let line = words.collect::<Vec<_>>().join(" ");
        let is_strange = |word: &String| word.contains(['\0', '\'', '\\']);
        (line.len() <= BYTES_MAX && !argv.iter().any(is_strange)).then_some(line)
    }
}

fn written(c: char, quotes_are_even: bool) -> String {
    match c {
        '"' if quotes_are_even => "\\\"".to_owned(),
        '"' | '{' | '}' => format!("\\{:03o}", u32::from(c)),
        c if c.is_ascii_control() => format!("\\{:03o}", u32::from(c)),
        c => c.to_string(),
    }
}
