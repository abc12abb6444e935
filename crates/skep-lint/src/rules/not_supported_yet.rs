//! A field of the language is written whose behaviour comes with a later release.
//!
//! ## What it does
//!
//! Walks every field that is written, and reports those that this release reads and checks but
//! does not act on. For `skep lint` these are warnings; the agent refuses such a manifest, and
//! there nothing suppresses them.
//!
//! ## Why is this bad?
//!
//! The manifest would promise what nobody keeps: rules that are never set, secrets that never
//! arrive.
//!
//! ## Example
//!
//! ```yaml
//! kind: VipGroup
//! spec:
//!   addresses: [10.0.0.70]
//!   virtualMac: true
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: VipGroup
//! spec:
//!   addresses: [10.0.0.70]
//! ```

mod fields;

use serde_json::Value;
use skep_manifest::problem::Severity;
use skep_manifest::set::{Document, ManifestSet};
use skep_manifest::span::Span;

use crate::finding::Finding;
use crate::manifests::{Manifests, escaped};
use crate::rule::Rule;
use fields::{Field, Support};

pub(crate) const RULE: Rule = Rule {
    id: "not-supported-yet",
    severity: Severity::Warning,
    source: include_str!("not_supported_yet.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for document in &manifests.set.documents {
        inspect_document(manifests.set, document, findings);
    }
}

fn inspect_document(set: &ManifestSet, document: &Document, findings: &mut Vec<Finding>) {
    let fields = fields::of(document.object.kind());
    let mut walk = Walk {
        set,
        document,
        findings,
        pointer: "/spec".to_owned(),
    };
    let open: Vec<Known> = fields.iter().map(Known::from).collect();
    // The object with all its defaults is what the walk follows: no field of the language is
    // missing from it.
    let object = serde_json::to_value(&document.object).expect("all keys in an object are text");
    walk.visit_entries(&object["spec"], &open);
}

/// A field that is known here.
#[derive(Clone, Copy)]
struct Known {
    /// The rest of its path.
    rest: &'static str,
    support: &'static Support,
}

impl From<&'static Field> for Known {
    fn from(Field(path, support): &'static Field) -> Self {
        Self {
            rest: path,
            support,
        }
    }
}

/// What is known about the field `step` itself, and about the fields below it.
fn step_into(step: &str, open: &[Known]) -> (Option<&'static Support>, Vec<Known>) {
    let mut own = None;
    let mut below = Vec::new();
    for known in open {
        let (first, rest) = known.rest.split_once('/').unwrap_or((known.rest, ""));
        if first != step && first != "*" {
            continue;
        }
        if rest.is_empty() {
            own = Some(known.support);
        } else {
            below.push(Known { rest, ..*known });
        }
    }
    (own, below)
}

/// A walk over what is written, beside the fields of the language that are known here.
struct Walk<'a> {
    set: &'a ManifestSet,
    document: &'a Document,
    findings: &'a mut Vec<Finding>,
    pointer: String,
}

impl Walk<'_> {
    /// Visits the entries of a list or map that are written. `open` holds what is known about the
    /// fields below, by the rest of their paths.
    fn visit_entries(&mut self, value: &Value, open: &[Known]) {
        match value {
            Value::Object(entries) => entries
                .iter()
                .for_each(|(key, value)| self.visit_entry(&escaped(key), value, open)),
            Value::Array(entries) => (0_usize..)
                .zip(entries)
                .for_each(|(index, value)| self.visit_entry(&index.to_string(), value, open)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn visit_entry(&mut self, step: &str, value: &Value, open: &[Known]) {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(step);
        if !value.is_null() && self.document.span_of(&self.pointer).is_some() {
            self.visit(step, value, open);
        }
        self.pointer.truncate(length);
    }

    fn visit(&mut self, step: &str, value: &Value, open: &[Known]) {
        let (own, below) = step_into(step, open);
        match own {
            Some(Support::Full) => {}
            Some(Support::When(works, remedy)) if !works(value) => self.report(value, remedy),
            Some(Support::Later(remedy)) => self.report(value, remedy),
            Some(Support::When(..)) if below.is_empty() => {}
            None if below.is_empty() => self.report(value, "remove it"),
            Some(Support::When(..)) | None => self.visit_entries(value, &below),
        }
    }

    fn report(&mut self, value: &Value, remedy: &str) {
        let field = dotted(&self.pointer);
        let span = self.document.span(&self.pointer);
        let written = self
            .written(span)
            .filter(|_| !value.is_array() && !value.is_object());
        let (what, span) = match written {
            Some(written) => (format!("`{field}: {written}`"), span),
            None => (format!("`{field}`"), self.document.key_span(&self.pointer)),
        };
        let message = format!("{what} is not supported yet");
        self.findings
            .push(Finding::new(&RULE, span, message).help(remedy));
    }

    /// What stands at a place, if it is short enough to be repeated in a message.
    fn written(&self, span: Span) -> Option<&str> {
        const LENGTH_MAX: usize = 40;
        let source = self.set.text(span.source)?;
        let written = source.text().get(span.start..span.end)?;
        (written.len() <= LENGTH_MAX && !written.contains('\n')).then_some(written)
    }
}

/// `tracking[0].interface` for `/spec/tracking/0/interface`.
fn dotted(pointer: &str) -> String {
    let mut dotted = String::new();
    for step in pointer.split('/').skip(2) {
        if step.parse::<usize>().is_ok() {
            dotted.push_str(&format!("[{step}]"));
        } else {
            if !dotted.is_empty() {
                dotted.push('.');
            }
            dotted.push_str(step);
        }
    }
    dotted
}

#[cfg(test)]
mod tests;
