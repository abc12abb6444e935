//! The fields of a step.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use skep_manifest::duration;
use skep_manifest::plain::{Content, Plain, Value};
use skep_manifest::span::{Location, Span};

use super::Mistake;

/// A map whose keys are known, while it is read.
pub(super) struct Fields<'a> {
    plain: &'a Plain,
    span: Span,
    entries: Vec<(&'a str, &'a Value)>,
}

impl<'a> Fields<'a> {
    /// The fields of `value`, which is a map with these keys and no others.
    pub(super) fn of(plain: &'a Plain, value: &'a Value, known: &[&str]) -> Result<Self, Mistake> {
        let Content::Map(map) = &value.content else {
            let message = format!("a map is expected here, with {}", listed(known));
            return Err(mistake(plain, value.span, message));
        };
        let mut entries = Vec::new();
        for (key, of) in map {
            let Content::Text(name) = &key.content else {
                return Err(mistake(plain, key.span, "a key must be a word"));
            };
            if !known.contains(&name.as_str()) {
                let message = format!("there is no `{name}` here (allowed: {})", listed(known));
                return Err(mistake(plain, key.span, message));
            }
            entries.push((name.as_str(), of));
        }
        Ok(Self {
            plain,
            span: value.span,
            entries,
        })
    }

    pub(super) fn optional(&self, key: &str) -> Option<&'a Value> {
        let mut entries = self.entries.iter();
        entries.find(|(name, _)| *name == key).map(|(_, of)| *of)
    }

    pub(super) fn required(&self, key: &str) -> Result<&'a Value, Mistake> {
        let missing = || self.mistake(format!("`{key}` is missing"));
        self.optional(key).ok_or_else(missing)
    }

    /// The one field beside `beside`.
    pub(super) fn only_beside(&self, beside: &str) -> Result<(&'a str, &'a Value), Mistake> {
        let mut others = self.entries.iter().filter(|(name, _)| *name != beside);
        match (others.next(), others.next()) {
            (Some(one), None) => Ok(*one),
            (None, _) => Err(self.mistake("nothing happens in this step")),
            (Some((one, _)), Some((two, _))) => {
                let message = format!("a step is one thing: `{one}` or `{two}`");
                Err(self.mistake(message))
            }
        }
    }

    pub(super) fn mistake(&self, message: impl Into<String>) -> Mistake {
        mistake(self.plain, self.span, message)
    }
}

pub(super) fn mistake(plain: &Plain, span: Span, message: impl Into<String>) -> Mistake {
    Mistake {
        place: place(plain, span),
        message: message.into(),
    }
}

pub(super) fn place(plain: &Plain, span: Span) -> Location {
    plain.text.location(span.start)
}

pub(super) fn text<'a>(plain: &Plain, value: &'a Value) -> Result<&'a str, Mistake> {
    match &value.content {
        Content::Text(text) => Ok(text),
        Content::List(_) | Content::Map(_) => {
            Err(mistake(plain, value.span, "one word is expected here"))
        }
    }
}

pub(super) fn list<'a>(plain: &Plain, value: &'a Value) -> Result<&'a [Value], Mistake> {
    match &value.content {
        Content::List(entries) => Ok(entries),
        Content::Text(_) | Content::Map(_) => {
            Err(mistake(plain, value.span, "a list is expected here"))
        }
    }
}

/// A value that is written as a text.
pub(super) fn parsed<T>(plain: &Plain, value: &Value) -> Result<T, Mistake>
where
    T: FromStr,
    T::Err: Display,
{
    let parsed = text(plain, value)?.parse::<T>();
    parsed.map_err(|error| mistake(plain, value.span, error.to_string()))
}

pub(super) fn duration(plain: &Plain, value: &Value) -> Result<Duration, Mistake> {
    let duration: duration::Duration = parsed(plain, value)?;
    Ok(duration.time())
}

/// The index of a name among those that there are.
pub(super) fn index_of<'a>(
    plain: &Plain,
    value: &Value,
    what: &str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Result<usize, Mistake> {
    let name = text(plain, value)?;
    let found = names.clone().position(|known| known == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = names.collect();
        let message = format!(
            "there is no {what} `{name}` (there are: {})",
            listed(&names)
        );
        mistake(plain, value.span, message)
    })
}

pub(super) fn listed(words: &[&str]) -> String {
    if words.is_empty() {
        return "none".to_owned();
    }
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}
