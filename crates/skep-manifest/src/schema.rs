//! The JSON Schema of the language: for editors, for `skep explain`, and for the reader, which
//! checks documents against this very schema.
//!
//! It is generated from the types; `tidy` gives it the form that editors and the reader want, and
//! `editor` what it prints that of which editors show the most.
//! Draft 7, because that is what the YAML editors read.

mod editor;
mod example;
mod tidy;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::config::ConfigSpec;
use crate::health_check::HealthCheckSpec;
use crate::network::NetworkSpec;
use crate::notifier::NotifierSpec;
use crate::object::{API_VERSION, Kind, Metadata};
use crate::secret::SecretSpec;
use crate::service::ServiceSpec;
use crate::stack::StackSpec;
use crate::swarm::SwarmSpec;
use crate::vip_group::VipGroupSpec;

/// The revision of the language. It rises with whatever an older agent would refuse or not do; the
/// writer takes no desired state that some agent cannot read. Revision 2 has sealed values, stacks
/// and the orders of operators.
pub const REVISION: u32 = 2;

/// The name of a swarm is part of the names of Docker configs, which end at 64 characters.
const SWARM_NAME_LENGTH_MAX: usize = 40;

const DIALECT: &str = "http://json-schema.org/draft-07/schema#";

/// The schema of any document: `apiVersion` and `kind`, and by the kind everything else.
#[must_use]
pub fn schema() -> Value {
    let branches: Vec<Value> = Kind::ALL
        .iter()
        .map(|kind| {
            json!({
                "if": {"required": ["kind"], "properties": {"kind": {"const": kind.as_str()}}},
                "then": {"$ref": format!("#/definitions/{kind}")},
            })
        })
        .collect();
    let mut schema = json!({
        "$schema": DIALECT,
        "title": "skep manifest",
        "description": "One object of a skep manifest.",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {
            "apiVersion": {"description": "The version of the language.", "const": API_VERSION},
            "kind": {
                "description": "What kind of object this is.",
                "enum": Kind::ALL.map(Kind::as_str),
            },
        },
        "allOf": branches,
        "defaultSnippets": snippets(),
        "definitions": all_definitions(),
    });
    editor::for_editors(&mut schema);
    schema
}

/// What editors offer for a document that says nothing yet: one object of each kind.
fn snippets() -> Vec<Value> {
    let kinds = Kind::ALL.into_iter();
    kinds
        .map(|kind| {
            json!({
                "label": kind.as_str(),
                "description": spec_description(kind),
                "body": example::example(kind),
            })
        })
        .collect()
}

/// The schema of the documents of one kind.
#[must_use]
pub fn kind_schema(kind: Kind) -> Value {
    let document = definition(kind.as_str());
    let mut used = BTreeMap::new();
    collect_definitions(document, &mut used);
    let mut schema = document.clone();
    if let Value::Object(object) = &mut schema {
        object.insert("$schema".to_owned(), DIALECT.into());
        object.insert("title".to_owned(), format!("skep {kind}").into());
        object.insert("examples".to_owned(), json!([example::example(kind)]));
        object.insert("definitions".to_owned(), json!(used));
    }
    editor::for_editors(&mut schema);
    schema
}

/// The files of the folder `schemas/` about manifests: their names and what stands in them.
#[must_use]
pub fn generated_schemas() -> BTreeMap<String, String> {
    let print = |schema: &Value| format!("{schema:#}\n");
    let kinds = Kind::ALL.iter().map(|kind| {
        let name = format!("skep.v1.{}.json", kind.as_str().to_lowercase());
        (name, print(&kind_schema(*kind)))
    });
    kinds
        .chain([("skep.v1.json".to_owned(), print(&schema()))])
        .collect()
}

/// The definition that `name` stands for. Every name comes from the schema itself.
pub(crate) fn definition(name: &str) -> &'static Value {
    static NOTHING: Value = Value::Bool(false);
    if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.as_str() == name) {
        return definitions(kind).get(name).unwrap_or(&NOTHING);
    }
    // Whoever reads a document of a kind asked for that kind before.
    let mut known = OF_KINDS.iter().filter_map(OnceLock::get);
    known
        .find_map(|definitions| definitions.get(name))
        .or_else(|| all_definitions().remove(name))
        .unwrap_or(&NOTHING)
}

/// Where a `$ref` points to: the name of the definition.
pub(crate) fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix("#/definitions/")
}

/// The types below each kind by their name, and the kind. Constants that must be computed, and
/// large: an agent keeps only those of the kinds it reads.
static OF_KINDS: [OnceLock<Map<String, Value>>; Kind::ALL.len()] =
    [const { OnceLock::new() }; Kind::ALL.len()];

fn definitions(kind: Kind) -> &'static Map<String, Value> {
    OF_KINDS[kind as usize].get_or_init(|| {
        let mut generator = SchemaSettings::draft07().into_generator();
        generator.subschema_for::<Metadata>();
        let spec = spec_schema(kind, &mut generator);
        let mut definitions = generator.take_definitions(true);
        definitions.insert(kind.as_str().to_owned(), document_schema(kind, &spec));
        tidy::tidy(&mut definitions);
        definitions
    })
}

/// All types of the language, and the kinds.
fn all_definitions() -> BTreeMap<&'static str, &'static Value> {
    let all = Kind::ALL.into_iter().flat_map(definitions);
    all.map(|(name, schema)| (name.as_str(), schema)).collect()
}

fn spec_schema(kind: Kind, generator: &mut SchemaGenerator) -> Value {
    fn of<Spec: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
        generator.subschema_for::<Spec>().to_value()
    }
    match kind {
        Kind::Swarm => of::<SwarmSpec>(generator),
        Kind::VipGroup => of::<VipGroupSpec>(generator),
        Kind::HealthCheck => of::<HealthCheckSpec>(generator),
        Kind::Notifier => of::<NotifierSpec>(generator),
        Kind::Service => of::<ServiceSpec>(generator),
        Kind::Stack => of::<StackSpec>(generator),
        Kind::Network => of::<NetworkSpec>(generator),
        Kind::Config => of::<ConfigSpec>(generator),
        Kind::Secret => of::<SecretSpec>(generator),
    }
}

fn document_schema(kind: Kind, spec: &Value) -> Value {
    let mut metadata = vec![json!({"$ref": "#/definitions/Metadata"})];
    if kind == Kind::Swarm {
        metadata.push(json!({"properties": {"name": {"maxLength": SWARM_NAME_LENGTH_MAX}}}));
    }
    json!({
        "description": spec_description(kind),
        "type": "object",
        "additionalProperties": false,
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {
            "apiVersion": {"description": "The version of the language.", "const": API_VERSION},
            "kind": {"description": "What kind of object this is.", "const": kind.as_str()},
            "metadata": {"description": "What the object is called.", "allOf": metadata},
            "spec": {"description": "What is wanted of it.", "allOf": [spec]},
        },
    })
}

const fn spec_description(kind: Kind) -> &'static str {
    match kind {
        Kind::Swarm => "The Docker Swarm: its nodes and its settings. At most one.",
        Kind::VipGroup => "Addresses that move together, and the nodes among which they move.",
        Kind::HealthCheck => "Something a node looks at again and again; VIP groups track it.",
        Kind::Notifier => "Whom to tell about transitions.",
        Kind::Service => "Containers that the swarm keeps running.",
        Kind::Stack => "An existing compose file, unchanged.",
        Kind::Network => "A network between tasks of services.",
        Kind::Config => "A file that services get.",
        Kind::Secret => "A file that services get and that is kept secret.",
    }
}

fn collect_definitions<'a>(schema: &'a Value, used: &mut BTreeMap<&'a str, &'static Value>) {
    let mut open = vec![schema];
    let mut seen = BTreeSet::new();
    while let Some(value) = open.pop() {
        if let Some(name) = reference(value)
            && seen.insert(name)
        {
            used.insert(name, definition(name));
            open.push(definition(name));
        }
        match value {
            Value::Object(entries) => open.extend(entries.values()),
            Value::Array(entries) => open.extend(entries),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
