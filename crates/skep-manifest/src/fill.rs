//! Values in the text of a manifest: whoever submits it reads `fromFile` and `fromEnv` into it, so
//! that what is submitted needs nothing beside it, and agents seal what is secret before they keep
//! it.

mod values;

use std::collections::BTreeMap;

use crate::compose::references;
use crate::object::Object;
use crate::set::{Document, ManifestSet};
use crate::span::Span;
use crate::stack::{ComposeSource, ReadCompose};
use crate::value_source::{EnvironmentName, RelativePath, Sealed, ValueSource};
use values::{Valued, values};

pub use values::Nature;

/// Where a manifest says where a value comes from: `fromFile: site.key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Written {
    /// What it says.
    pub span: Span,
    /// The word before it: `fromFile`.
    key: Span,
}

/// A value that stands outside of its manifest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// Where the manifest names it.
    pub at: Written,
    /// Where the value is.
    pub place: Place,
    /// How it is read.
    pub nature: Nature,
}

/// A compose file that is still to be read, or that refers to files which are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnreadStack {
    /// Where the manifest names it.
    pub at: Written,
    /// Where it is.
    pub compose: UnreadCompose,
    /// The variables that it may refer to.
    pub environment: BTreeMap<String, String>,
}

/// Where a compose file is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnreadCompose {
    /// In a file, relative to the manifest.
    File(RelativePath),
    /// In the manifest itself; the files that it refers to are beside that.
    Here(String),
}

/// Where a value is that stands outside of its manifest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a file, relative to the manifest.
    File(RelativePath),
    /// In the environment.
    Environment(EnvironmentName),
}

/// What stands in place of where a value came from.
#[derive(Clone)]
pub enum Filling {
    /// The value.
    Value(String),
    /// The value as nobody else reads it.
    Sealed(Sealed),
    /// A compose file with the files that it refers to.
    Compose(ReadCompose),
}

/// Every value of `set` that is still to be read, in the order of the text.
#[must_use]
pub fn unread(set: &ManifestSet) -> Vec<Unread> {
    let unread = |document: &Document, value: &Valued<'_>| {
        let place = match value.source {
            ValueSource::FromFile(path) => Place::File(path.clone()),
            ValueSource::FromEnv(name) => Place::Environment(name.clone()),
            ValueSource::Value(_) | ValueSource::Sealed(_) | ValueSource::FromNodeFile(_) => {
                return None;
            }
        };
        Some(Unread {
            at: written(document, value)?,
            place,
            nature: value.nature,
        })
    };
    let mut found = all(set, unread);
    found.sort();
    // What an anchor names stands in the text once.
    found.dedup();
    found
}

/// Every stack of `set` whose compose file, or what that refers to, is still to be read.
#[must_use]
pub fn unread_stacks(set: &ManifestSet) -> Vec<UnreadStack> {
    let unread = |document: &Document| {
        let Object::Stack(stack) = &document.object else {
            return None;
        };
        let environment = &stack.spec.environment;
        let (word, compose) = match &stack.spec.compose {
            ComposeSource::FromFile(path) => ("fromFile", UnreadCompose::File(path.clone())),
            ComposeSource::Value(text) if !references("", text, environment).is_empty() => {
                ("value", UnreadCompose::Here(text.clone()))
            }
            ComposeSource::Value(_) | ComposeSource::Read(_) => return None,
        };
        Some(UnreadStack {
            at: written_at(document, &format!("/spec/compose/{word}"))?,
            compose,
            environment: environment.clone(),
        })
    };
    let mut found: Vec<_> = set.documents.iter().filter_map(unread).collect();
    found.sort();
    found.dedup();
    found
}

/// Every sealed value of `set`.
#[must_use]
pub fn sealed(set: &ManifestSet) -> Vec<(Written, Sealed)> {
    sealed_of(set, |_object| true)
}

/// Every sealed value of the objects of `set` that are `wanted`.
#[must_use]
pub fn sealed_of(set: &ManifestSet, wanted: impl Fn(&Object) -> bool) -> Vec<(Written, Sealed)> {
    all(set, |document, value| match value.source {
        ValueSource::Sealed(sealed) if wanted(&document.object) => {
            Some((written(document, value)?, sealed.clone()))
        }
        ValueSource::Sealed(_) => None,
        ValueSource::Value(_)
        | ValueSource::FromFile(_)
        | ValueSource::FromEnv(_)
        | ValueSource::FromNodeFile(_) => None,
    })
}

/// Every value of `set` that is a secret and stands there for everyone to read.
#[must_use]
pub fn revealed(set: &ManifestSet) -> Vec<(Written, String)> {
    all(set, |document, value| match (value.source, value.nature) {
        (ValueSource::Value(text), Nature::Word | Nature::SecretFile) => {
            Some((written(document, value)?, text.clone()))
        }
        _ => None,
    })
}

/// `text`, the source `source` of its set, with what was read in place of where it comes from.
/// Every line stays where it is.
#[must_use]
pub fn fill(text: &str, source: usize, fillings: &[(Written, Filling)]) -> String {
    let here = fillings
        .iter()
        .filter(|(written, _)| written.span.source == source);
    let edits: BTreeMap<usize, (usize, String)> = here
        .flat_map(|(Written { span, key }, filling)| {
            let (word, value) = match filling {
                Filling::Value(value) => ("value", quoted(value)),
                Filling::Sealed(sealed) => ("sealed", quoted(sealed.as_str())),
                Filling::Compose(read) => ("read", compose(read)),
            };
            let (start, end, value) = in_place(text, *key, *span, &value);
            [
                (key.start, (key.end, word.to_owned())),
                (start, (end, value)),
            ]
        })
        .collect();
    let mut filled = String::with_capacity(text.len());
    let mut at = 0;
    for (start, (end, instead)) in edits {
        if start >= at {
            filled.push_str(text.get(at..start).unwrap_or_default());
            filled.push_str(&instead);
            at = end;
        }
    }
    filled.push_str(text.get(at..).unwrap_or_default());
    filled
}

/// From where to where a value reaches, and `instead` as it stands there on as many lines. The span
/// of a block leaves its mark (`|`) out and has the indentation of what follows.
fn in_place(text: &str, key: Span, span: Span, instead: &str) -> (usize, usize, String) {
    let gap = text.get(key.end..span.start).unwrap_or_default();
    let mark = gap
        .find(['|', '>', '#'])
        .filter(|at| !gap[*at..].starts_with('#'));
    let start = mark.map_or(span.start, |at| key.end + at);
    let old = text.get(start..span.end).unwrap_or_default();
    let is_block = mark.is_some() && old.trim_end_matches(' ').ends_with('\n');
    let old = if is_block {
        old.trim_end_matches(' ')
    } else {
        old
    };
    let end = start + old.len();
    let lines = old.matches('\n').count();
    let (before, after) = if is_block {
        (lines - 1, "\n")
    } else {
        (lines, "")
    };
    if before == 0 {
        return (start, end, format!("{instead}{after}"));
    }
    let line = text.get(..key.start).unwrap_or_default();
    let column = line.len() - line.rfind('\n').map_or(0, |at| at + 1);
    let (breaks, indent) = ("\n".repeat(before), " ".repeat(column + 1));
    (start, end, format!("{breaks}{indent}{instead}{after}"))
}

fn all<T>(set: &ManifestSet, of: impl Fn(&Document, &Valued<'_>) -> Option<T>) -> Vec<T> {
    let mut found = Vec::new();
    for document in &set.documents {
        let values = values(&document.object);
        found.extend(values.iter().filter_map(|value| of(document, value)));
    }
    found
}

fn written(document: &Document, value: &Valued<'_>) -> Option<Written> {
    let word = match value.source {
        ValueSource::Value(_) => "value",
        ValueSource::FromFile(_) => "fromFile",
        ValueSource::FromEnv(_) => "fromEnv",
        ValueSource::Sealed(_) => "sealed",
        ValueSource::FromNodeFile(_) => "fromNodeFile",
    };
    written_at(document, &format!("{}/{word}", value.pointer))
}

fn written_at(document: &Document, pointer: &str) -> Option<Written> {
    Some(Written {
        span: document.span_of(pointer)?,
        key: document.key_span_of(pointer)?,
    })
}

/// A compose file and what it refers to, on one line.
fn compose(read: &ReadCompose) -> String {
    let ReadCompose {
        name,
        text,
        files,
        secrets,
    } = read;
    let name = name.iter().map(|name| format!("name: {}, ", quoted(name)));
    let listed = |files: &BTreeMap<String, ValueSource>| {
        let entries = files.iter().filter_map(|(path, source)| {
            let (word, value) = match source {
                ValueSource::Value(text) => ("value", text.as_str()),
                ValueSource::Sealed(sealed) => ("sealed", sealed.as_str()),
                ValueSource::FromFile(_)
                | ValueSource::FromEnv(_)
                | ValueSource::FromNodeFile(_) => return None,
            };
            Some(format!("{}: {{{word}: {}}}", quoted(path), quoted(value)))
        });
        entries.collect::<Vec<_>>().join(", ")
    };
    format!(
        "{{{}text: {}, files: {{{}}}, secrets: {{{}}}}}",
        name.collect::<String>(),
        quoted(text),
        listed(files),
        listed(secrets),
    )
}

/// A text between double quotes, as YAML and JSON both read it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            ' '..='~' => quoted.push(letter),
            other => {
                let mut units = [0; 2];
                for unit in other.encode_utf16(&mut units) {
                    quoted.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;
