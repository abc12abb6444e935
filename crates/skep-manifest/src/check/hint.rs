//! What helps somebody whose map, list or field stands in another place than it should.

use std::collections::BTreeSet;

use serde_json::Value;

use super::object::{choices, names};
use super::words::listed;
use super::{Checker, Place, habit, resolved, shortened};
use crate::problem::Problem;
use crate::tree::{Content, Meaning, NodeId};

/// How far below a map a field is looked for that does not belong to it.
const DEPTH_MAX: usize = 3;

impl Checker<'_> {
    /// What helps where a map or list should be and nothing is: usually it stands too far left.
    pub(super) fn nothing_below(&self, at: Place) -> Option<String> {
        let key = self
            .tree
            .text(at.key.filter(|_| self.is_nothing(at.node) && !at.entry)?)?;
        Some(format!(
            "what belongs to `{key}` stands below it, further to the right"
        ))
    }

    /// Whether there is no value.
    pub(super) fn is_nothing(&self, node: NodeId) -> bool {
        match self.tree.content(node) {
            Content::Scalar(scalar) => scalar.meaning == Meaning::Null,
            Content::Mapping(_) | Content::Sequence(_) => false,
        }
    }

    /// What helps where a map should be and something else is: what the map would look like.
    pub(super) fn as_map(&self, schema: &'static Value, at: Place) -> Option<String> {
        let Content::Scalar(scalar) = self.tree.content(at.node) else {
            let is_free = schema["additionalProperties"].is_object();
            return is_free.then(|| "write `KEY: VALUE` in each line, without `-`".to_owned());
        };
        let written = shortened(&scalar.text);
        if let Some((name, value)) = joined(&scalar.text, &names(schema)) {
            return Some(format!(
                "write a space after the colon: `{name}: {}`",
                shortened(value)
            ));
        }
        let key = self.key(at).unwrap_or_default();
        if let Some(map) = habit::entry(key, &scalar.text) {
            return Some(format!("write it as a map: `{map}`"));
        }
        let field = |name: &str| resolved(&schema["properties"][name]);
        if let (Meaning::Bool(_), "boolean") = (&scalar.meaning, type_of(field("enabled"))) {
            return Some(format!("write `{{enabled: {written}}}`"));
        }
        let value = |name: &str| match (&scalar.meaning, type_of(field(name))) {
            (Meaning::Text, "string") | (Meaning::Integer(_), "integer") => written.clone(),
            _ => "…".to_owned(),
        };
        if let Some(name) = choices(schema).first() {
            return Some(format!("write it as a map: `{{{name}: {}}}`", value(name)));
        }
        let required = schema["required"].as_array().into_iter().flatten();
        let given: Vec<&str> = required.filter_map(Value::as_str).collect();
        match given.as_slice() {
            [] => Some(format!("write it as a map of {}", listed(&names(schema)))),
            [only] => Some(format!("write it as a map: `{{{only}: {}}}`", value(only))),
            given => {
                let fields: Vec<String> = given.iter().map(|name| format!("{name}: …")).collect();
                Some(format!("write it as a map: `{{{}}}`", fields.join(", ")))
            }
        }
    }

    /// Reports a key that has swallowed its value for want of a space, as in `{node:cube01}`, and
    /// says which key it was meant to be.
    pub(super) fn without_space(
        &mut self,
        text: &str,
        names: &[&'static str],
        (key, node): (NodeId, NodeId),
    ) -> Option<&'static str> {
        let (name, value) = joined(text, names).filter(|_| self.is_nothing(node))?;
        let message = format!("a space is missing after the colon of `{name}`");
        let separate = format!("{name}: {value}");
        let help = format!("write `{}`", shortened(&separate));
        let problem = Problem::error("unknown-field", self.tree.span(key), message);
        self.report(problem.help(help).replacement(separate));
        Some(name)
    }
}

/// A field and its value with nothing but a colon between them, or with a space that YAML does not
/// take for one.
fn joined<'a>(text: &'a str, names: &[&'static str]) -> Option<(&'static str, &'a str)> {
    let (name, value) = text.split_once(':')?;
    let name = names.iter().find(|it| **it == name)?;
    let value = value.trim_start();
    let is_whole = !value.is_empty() && !value.contains(char::is_whitespace);
    is_whole.then_some((name, value))
}

/// The type of a schema's values, if it says one.
fn type_of(schema: &'static Value) -> &'static str {
    let schema = resolved(schema["allOf"].get(0).unwrap_or(schema));
    let types = schema["type"].as_array();
    let first = types.and_then(|types| types.first());
    first
        .unwrap_or(&schema["type"])
        .as_str()
        .unwrap_or_default()
}

/// Where a field belongs that is none here.
pub(super) struct Elsewhere {
    /// The fields beside it that it belongs to.
    pub(super) below: Vec<String>,
    pub(super) help: String,
}

/// Where the field `name` stands that `schema` does not have: the place below it, if there is one.
pub(super) fn place_of(schema: &'static Value, name: &str) -> Option<Elsewhere> {
    let mut level = vec![(String::new(), schema)];
    let mut seen = BTreeSet::new();
    for _ in 0..DEPTH_MAX {
        let mut below = Vec::new();
        for (path, schema) in level {
            for schema in parts(schema) {
                if !seen.insert(std::ptr::from_ref(schema)) {
                    continue;
                }
                let fields = schema["properties"].as_object().into_iter().flatten();
                for (field, inner) in fields {
                    let dot = if path.is_empty() { "" } else { "." };
                    below.push((format!("{path}{dot}{field}"), inner));
                }
                if let Some(items) = schema.get("items") {
                    below.push((format!("{path}[]"), items));
                }
            }
        }
        level = below;
        let of = |(path, schema): &(String, &'static Value)| {
            let has = |part: &&'static Value| part["properties"].get(name).is_some();
            parts(schema).iter().any(has).then(|| path.clone())
        };
        let found: Vec<String> = level.iter().filter_map(of).collect();
        if !found.is_empty() {
            let found: Vec<&str> = found.iter().map(String::as_str).collect();
            let first = |path: &&str| path.split(['.', '[']).next().map(str::to_owned);
            return Some(Elsewhere {
                below: found.iter().filter_map(first).collect(),
                help: format!(
                    "`{name}` belongs below {}, further to the right",
                    listed(&found)
                ),
            });
        }
    }
    None
}

/// The schemas that together describe one place.
fn parts(schema: &'static Value) -> Vec<&'static Value> {
    let mut parts = vec![resolved(schema)];
    for list in ["allOf", "anyOf"] {
        let branches = parts[0][list].as_array().into_iter().flatten();
        let branches: Vec<&'static Value> = branches
            .map(|branch| resolved(branch.get("then").unwrap_or(branch)))
            .collect();
        parts.extend(branches);
    }
    parts
}
