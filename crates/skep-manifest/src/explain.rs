//! What a field of the language or a condition means, read from the schema that its documentation
//! comment became.

use std::collections::BTreeMap;

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

use crate::condition::{ConditionType, Reason};
use crate::object::Kind;
use crate::schema::{definition, reference};

/// What stands at a path of the language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The path as the language writes it: `VipGroup.spec.tracking`.
    pub path: String,
    /// What is written there.
    pub field: Field,
    /// What can stand below, by name; `*` is any name.
    pub fields: BTreeMap<String, Field>,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What is written: `text`, `list of objects`.
    pub form: String,
    /// What it means.
    pub description: String,
    /// What counts when nothing is written.
    pub default: Option<Value>,
    /// The words of which one is written, each with its meaning.
    pub words: Vec<Word>,
    /// Whether it must be given.
    pub required: bool,
}

/// A word that can be written, or a condition's type or reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub word: String,
    /// What it means.
    pub meaning: String,
}

/// A step that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotThere {
    /// There are other fields.
    #[error("there is no `{step}` in {place}: one of {}", known.join(", "))]
    Unknown {
        /// The step.
        step: String,
        /// Where it was looked for.
        place: String,
        /// What is there.
        known: Vec<String>,
    },
    /// There are no fields.
    #[error("there is no `{step}` in {place}, which has no fields")]
    NoFields {
        /// The step.
        step: String,
        /// Where it was looked for.
        place: String,
    },
}

/// Explains `steps` below `kind`, each the name of a field; case does not count.
///
/// # Errors
///
/// [`NotThere`] at the first step that leads nowhere.
pub fn explain<'a>(
    kind: Kind,
    steps: impl IntoIterator<Item = &'a str>,
) -> Result<Explanation, NotThere> {
    let mut path = kind.to_string();
    let mut place = Place {
        schema: definition(kind.as_str()),
        required: true,
    };
    for step in steps {
        let fields = place.fields();
        let (name, next) = find(&fields, step).ok_or_else(|| not_there(step, &path, &fields))?;
        path = format!("{path}.{name}");
        place = next;
    }
    let fields = place.fields().into_iter();
    Ok(Explanation {
        path,
        field: place.describe(),
        fields: fields
            .map(|(name, place)| (name.to_owned(), place.describe()))
            .collect(),
    })
}

/// The types of conditions.
#[must_use]
pub fn condition_types() -> Vec<Word> {
    words_of::<ConditionType>()
}

/// Every reason that a condition can have, with its cause and its remedy.
#[must_use]
pub fn reasons() -> Vec<Word> {
    words_of::<Reason>()
}

fn words_of<T: JsonSchema>() -> Vec<Word> {
    words(&T::json_schema(&mut SchemaGenerator::default()).to_value())
}

/// A place in the schema.
#[derive(Clone, Copy)]
struct Place {
    schema: &'static Value,
    required: bool,
}

impl Place {
    /// The fields below it, whichever of its alternatives is chosen. The elements of a list and the
    /// values of a map stand for themselves.
    fn fields(self) -> BTreeMap<&'static str, Self> {
        let mut fields = BTreeMap::new();
        for schema in alternatives(self.schema, Lists::Entered) {
            let required = schema.get("required").and_then(Value::as_array);
            let is_required = |name: &str| {
                required.is_some_and(|names| names.iter().any(|required| required == name))
            };
            let properties = schema.get("properties").and_then(Value::as_object);
            for (name, property) in properties.into_iter().flatten() {
                fields.entry(name.as_str()).or_insert_with(|| Self {
                    schema: property,
                    required: is_required(name),
                });
            }
            // Plain values are told with the map that holds them.
            let values = values(schema).map(|schema| Self {
                schema,
                required: false,
            });
            if let Some(values) = values.filter(|values| !values.fields().is_empty()) {
                fields.entry("*").or_insert(values);
            }
        }
        fields
    }

    fn describe(self) -> Field {
        let alternatives = alternatives(self.schema, Lists::Closed);
        let text = |schema: &&'static Value| Some(schema.get("description")?.as_str()?.to_owned());
        Field {
            form: form(&alternatives),
            description: alternatives.iter().find_map(text).unwrap_or_default(),
            default: self.schema.get("default").cloned(),
            words: distinct(alternatives.iter().copied().flat_map(words)),
            required: self.required,
        }
    }
}

fn find(fields: &BTreeMap<&'static str, Place>, step: &str) -> Option<(String, Place)> {
    let named = fields
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(step));
    match named {
        Some((name, place)) => Some(((*name).to_owned(), *place)),
        None => fields.get("*").map(|place| (step.to_owned(), *place)),
    }
}

fn not_there(step: &str, place: &str, fields: &BTreeMap<&str, Place>) -> NotThere {
    let (step, place) = (step.to_owned(), place.to_owned());
    if fields.is_empty() {
        return NotThere::NoFields { step, place };
    }
    let known = fields.keys().map(|name| (*name).to_owned()).collect();
    NotThere::Unknown { step, place, known }
}

/// Whether a list stands for its elements.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lists {
    Closed,
    Entered,
}

/// Every schema that `schema` consists of or leaves to choose from, itself first.
fn alternatives(schema: &'static Value, lists: Lists) -> Vec<&'static Value> {
    let mut all: Vec<&'static Value> = Vec::new();
    let mut open = vec![schema];
    while let Some(schema) = open.pop() {
        if all.iter().any(|known| std::ptr::eq(*known, schema)) {
            continue;
        }
        all.push(schema);
        let mut below: Vec<&'static Value> = Vec::new();
        below.extend(reference(schema).map(definition));
        for key in ["allOf", "anyOf", "oneOf"] {
            below.extend(
                schema
                    .get(key)
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten(),
            );
        }
        below.extend(schema.get("then"));
        if lists == Lists::Entered {
            below.extend(schema.get("items"));
        }
        // The last one is looked at first.
        open.extend(below.into_iter().rev());
    }
    all
}

/// What is written, in a word or two for each way to write it.
fn form(alternatives: &[&'static Value]) -> String {
    let mut forms: Vec<String> = Vec::new();
    for schema in alternatives {
        let types: Vec<&str> = match schema.get("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        for known in types {
            let form = match known {
                "string" => "text".to_owned(),
                "integer" | "number" => "number".to_owned(),
                "array" => list(schema),
                "null" => continue,
                "object" => object(schema),
                other => other.to_owned(),
            };
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms.join(" or ")
}

/// What the values of a map are, when any name may stand in it.
fn values(schema: &'static Value) -> Option<&'static Value> {
    schema
        .get("additionalProperties")
        .filter(|values| values.is_object())
}

fn object(schema: &'static Value) -> String {
    values(schema).map_or_else(
        || "object".to_owned(),
        |values| format!("map to {}", form(&alternatives(values, Lists::Closed))),
    )
}

fn list(schema: &'static Value) -> String {
    let Some(items) = schema.get("items") else {
        return "list".to_owned();
    };
    let of = form(&alternatives(items, Lists::Closed));
    let of = if of.contains(" or ") {
        format!("({of})")
    } else {
        of
    };
    format!("list of {of}")
}

/// The words that `schema` itself lists.
fn words(schema: &Value) -> Vec<Word> {
    let mut words = Vec::new();
    let described = schema.get("oneOf").and_then(Value::as_array);
    for branch in described.into_iter().flatten() {
        let meaning = branch.get("description").and_then(Value::as_str);
        words.extend(listed(branch, meaning.unwrap_or_default()));
    }
    words.extend(listed(schema, ""));
    words
}

/// Each word once, as it is told first: with its meaning.
fn distinct(words: impl Iterator<Item = Word>) -> Vec<Word> {
    let mut distinct: Vec<Word> = Vec::new();
    for word in words {
        if !distinct.iter().any(|known| known.word == word.word) {
            distinct.push(word);
        }
    }
    distinct
}

fn listed(schema: &Value, meaning: &str) -> Vec<Word> {
    let constant = schema.get("const").into_iter();
    let several = schema.get("enum").and_then(Value::as_array);
    let written = constant.chain(several.into_iter().flatten());
    let word = |written: &Value| Word {
        word: written
            .as_str()
            .map_or_else(|| written.to_string(), str::to_owned),
        meaning: meaning.to_owned(),
    };
    written.map(word).collect()
}

#[cfg(test)]
mod tests;
