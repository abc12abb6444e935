//! What helps somebody whose map, list or field stands in another place than it should.

use std::collections::BTreeSet;

use serde_json::Value;

use super::words::listed;
use super::{Checker, Place, resolved};
use crate::tree::{Content, Meaning};

/// How far below a map a field is looked for that does not belong to it.
const DEPTH_MAX: usize = 3;

impl Checker<'_> {
    /// What helps where a map or list should be and nothing is: usually it stands too far left.
    pub(super) fn nothing_below(&self, at: Place) -> Option<String> {
        let is_nothing = match self.tree.content(at.node) {
            Content::Scalar(scalar) => scalar.meaning == Meaning::Null,
            Content::Mapping(_) | Content::Sequence(_) => false,
        };
        let key = self
            .tree
            .text(at.key.filter(|_| is_nothing && !at.entry)?)?;
        Some(format!(
            "what belongs to `{key}` stands below it, further to the right"
        ))
    }
}

/// What helps where a map should be and a text is: what must stand in the map.
pub(super) fn map_of(schema: &'static Value) -> Option<String> {
    let required = schema["required"].as_array()?.iter();
    let names: Vec<String> = required
        .filter_map(Value::as_str)
        .map(|name| format!("{name}: …"))
        .collect();
    (!names.is_empty()).then(|| format!("write it as a map: `{{{}}}`", names.join(", ")))
}

/// Where the field `name` stands that `schema` does not have: the place below it, if there is one.
pub(super) fn place_of(schema: &'static Value, name: &str) -> Option<String> {
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
            return Some(format!(
                "`{name}` belongs below {}, further to the right",
                listed(&found)
            ));
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
