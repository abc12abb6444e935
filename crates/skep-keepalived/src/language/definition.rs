//! Parameters: `$NAME=VALUE`, `$NAME` and `${NAME}`.

use std::collections::BTreeMap;

/// The values of the parameters that are defined at a line.
#[derive(Debug)]
pub(super) struct Definitions {
    values: BTreeMap<String, String>,
}

impl Definitions {
    /// Those that keepalived defines itself for the host `id`.
    pub(super) fn new(id: &str) -> Self {
        let predefined = [("_INSTANCE", id), ("_HASH", "#"), ("_BANG", "!")];
        let values = predefined.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            values: values.into(),
        }
    }

    pub(super) fn define(&mut self, name: String, value: String) {
        self.values.insert(name, value);
    }

    /// The name and the value of a line `$NAME=VALUE`.
    pub(super) fn definition(text: &str) -> Option<(&str, &str)> {
        let (name, value) = text.strip_prefix('$')?.split_once('=')?;
        is_name(name).then(|| (name, value.trim()))
    }

    /// `text` with its first defined parameter replaced, as lines; nothing when there is none.
    pub(super) fn replace(&self, text: &str) -> Option<Vec<String>> {
        let mut from = 0;
        while let Some(at) = text[from..].find('$').map(|at| from + at) {
            if let Some((name, end)) = parameter(&text[at..])
                && let Some(value) = self.values.get(name)
            {
                let whole = format!("{}{value}{}", &text[..at], &text[at + end..]);
                return Some(
                    whole
                        .split('\n')
                        .map(|line| line.trim().to_owned())
                        .collect(),
                );
            }
            from = at + 1;
        }
        None
    }

    /// What `text` stands for, when it is a parameter and nothing else.
    pub(super) fn value(&self, text: &str) -> Option<&str> {
        let (name, end) = text.starts_with('$').then(|| parameter(text)).flatten()?;
        let value = self.values.get(name).filter(|_| end == text.len())?;
        Some(value)
    }

    /// The first parameter in `text`, when all that have a value were replaced.
    pub(super) fn undefined(text: &str) -> Option<&str> {
        let mut places = text.match_indices('$').map(|(at, _)| &text[at + 1..]);
        places.find_map(|rest| {
            let inner = rest.strip_prefix('{').unwrap_or(rest);
            let end = inner.find(|c: char| !is_letter(c)).unwrap_or(inner.len());
            Some(&inner[..end]).filter(|name| is_name(name))
        })
    }
}

/// The parameter that `text` begins with, and how many bytes it takes. It looks no further than the
/// name, so that a text full of `$` is read once.
fn parameter(text: &str) -> Option<(&str, usize)> {
    let rest = &text[1..];
    let braced = rest.strip_prefix('{');
    let inner = braced.unwrap_or(rest);
    let end = inner.find(|c: char| !is_letter(c)).unwrap_or(inner.len());
    let (name, behind) = inner.split_at(end);
    let (is_whole, bytes) = match braced {
        Some(_) => (behind.starts_with('}'), end + 3),
        None => (
            behind
                .chars()
                .next()
                .is_none_or(|c| c.is_whitespace() || matches!(c, ',' | ')')),
            end + 1,
        ),
    };
    (is_whole && is_name(name)).then_some((name, bytes))
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_name(text: &str) -> bool {
    text.bytes()
        .next()
        .is_some_and(|byte| !byte.is_ascii_digit())
        && text.chars().all(is_letter)
}
