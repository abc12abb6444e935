//! Values that whoever submits a manifest reads: `fromFile` and `fromEnv` become `value` in the text
//! itself, so that what is submitted needs nothing beside it.

use std::collections::BTreeMap;

use crate::notifier::NotifierSpec;
use crate::object::Object;
use crate::set::{Document, ManifestSet};
use crate::span::Span;
use crate::value_source::{EnvironmentName, RelativePath, ValueSource};

/// A value that stands outside of its manifest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// Where the manifest says so: `fromFile: site.key`.
    pub span: Span,
    /// The word for it: `fromFile` or `fromEnv`.
    key: Span,
    /// Where the value is.
    pub place: Place,
}

/// Where a value is that stands outside of its manifest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a file, relative to the manifest.
    File(RelativePath),
    /// In the environment.
    Environment(EnvironmentName),
}

/// Every value of `set` that is still to be read, in the order of the text.
#[must_use]
pub fn unread(set: &ManifestSet) -> Vec<Unread> {
    let mut unread: Vec<Unread> = set.documents.iter().flat_map(unread_in).collect();
    unread.sort();
    // What an anchor names stands in the text once.
    unread.dedup();
    unread
}

/// `text`, the source `source` of its set, with the values that were read in place of where they
/// come from. Every line stays where it is.
#[must_use]
pub fn fill(text: &str, source: usize, values: &[(Unread, String)]) -> String {
    let here = values
        .iter()
        .filter(|(unread, _)| unread.span.source == source);
    let edits: BTreeMap<usize, (usize, String)> = here
        .flat_map(|(Unread { span, key, .. }, value)| {
            [
                (key.start, (key.end, "value".to_owned())),
                (span.start, (span.end, quoted(value))),
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

fn unread_in(document: &Document) -> Vec<Unread> {
    let unread = |(pointer, value): (String, &ValueSource)| {
        let (word, place) = match value {
            ValueSource::FromFile(path) => ("fromFile", Place::File(path.clone())),
            ValueSource::FromEnv(name) => ("fromEnv", Place::Environment(name.clone())),
            ValueSource::Value(_) | ValueSource::Sealed(_) | ValueSource::FromNodeFile(_) => {
                return None;
            }
        };
        let pointer = format!("{pointer}/{word}");
        Some(Unread {
            span: document.span_of(&pointer)?,
            key: document.key_span_of(&pointer)?,
            place,
        })
    };
    values(&document.object)
        .into_iter()
        .filter_map(unread)
        .collect()
}

/// The values of an object that may come from elsewhere, each with its place.
fn values(object: &Object) -> Vec<(String, &ValueSource)> {
    use crate::vip_group::authentication::Authentication;
    match object {
        Object::VipGroup(group) => match &group.spec.authentication {
            Some(Authentication::Simple(simple)) => {
                let pointer = "/spec/authentication/simple/password".to_owned();
                vec![(pointer, &simple.password)]
            }
            Some(Authentication::Hmac(hmac)) => {
                let keys = hmac.keys.iter().enumerate();
                keys.map(|(index, key)| {
                    let pointer = format!("/spec/authentication/hmac/keys/{index}/key");
                    (pointer, &key.key)
                })
                .collect()
            }
            Some(Authentication::None(_) | Authentication::Cluster(_)) | None => Vec::new(),
        },
        Object::Notifier(notifier) => match &notifier.spec {
            NotifierSpec::Email(email) => {
                let password = email.password.iter();
                password
                    .map(|password| ("/spec/email/password".to_owned(), password))
                    .collect()
            }
            NotifierSpec::Webhook(webhook) => {
                vec![("/spec/webhook/url".to_owned(), &webhook.url)]
            }
            NotifierSpec::Exec(_) => Vec::new(),
        },
        Object::Swarm(_)
        | Object::HealthCheck(_)
        | Object::Service(_)
        | Object::Stack(_)
        | Object::Network(_)
        | Object::Config(_)
        | Object::Secret(_) => Vec::new(),
    }
}

/// A text between double quotes, as YAML and JSON both read it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
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
