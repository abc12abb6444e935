//! Objects as their authors would write them: what equals a default is left out, and the fields
//! stand in the order of the language.

use serde::Serialize;
use serde_json::Value as Json;
use serde_yaml::{Mapping, Value};

use crate::object::{API_VERSION, Object, Resource};
use crate::schema::{definition, reference};

impl Object {
    /// The document that declares this object, as YAML.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        serde_yaml::to_string(&self.document()).expect("a value of YAML is YAML")
    }

    /// The document that declares this object, as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        serde_json::to_value(self.document()).expect("all keys of a document are text")
    }

    fn document(&self) -> Value {
        match self {
            Self::Swarm(resource) => document(self, resource),
            Self::VipGroup(resource) => document(self, resource),
            Self::HealthCheck(resource) => document(self, resource),
            Self::Notifier(resource) => document(self, resource),
            Self::Service(resource) => document(self, resource),
            Self::Stack(resource) => document(self, resource),
            Self::Network(resource) => document(self, resource),
            Self::Config(resource) => document(self, resource),
            Self::Secret(resource) => document(self, resource),
        }
    }
}

fn document<Spec: Serialize>(object: &Object, resource: &Resource<Spec>) -> Value {
    let kind = object.kind();
    let mut document = Mapping::new();
    document.insert("apiVersion".into(), API_VERSION.into());
    document.insert("kind".into(), kind.as_str().into());
    let spec = serde_yaml::to_value(&resource.spec).expect("all keys of a spec are text");
    let metadata = serde_yaml::to_value(&resource.metadata).expect("all keys are text");
    document.insert("metadata".into(), metadata);
    document.insert("spec".into(), spec);
    let mut document = untagged(Value::Mapping(document));
    prune(&mut document, definition(kind.as_str()));
    document
}

/// A choice is a map with one key in the language, and a tag in the words of the serializer.
fn untagged(value: Value) -> Value {
    match value {
        Value::Tagged(tagged) => {
            let key = tagged.tag.to_string();
            let key = key.trim_start_matches('!').to_owned();
            Value::Mapping(Mapping::from_iter([(
                Value::from(key),
                untagged(tagged.value),
            )]))
        }
        Value::Mapping(mapping) => {
            let entries = mapping
                .into_iter()
                .map(|(key, value)| (key, untagged(value)));
            Value::Mapping(entries.collect())
        }
        Value::Sequence(entries) => entries.into_iter().map(untagged).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

/// Removes what says nothing: fields that are null, and fields that equal their default.
fn prune(value: &mut Value, schema: &'static Json) {
    let schemas = parts(schema, value);
    match value {
        Value::Mapping(mapping) => {
            let field = |name: &Value| {
                let name = name.as_str()?;
                schemas
                    .iter()
                    .find_map(|schema| schema.get("properties")?.get(name))
            };
            mapping.retain(|name, value| {
                let default = field(name).and_then(|schema| schema.get("default"));
                !value.is_null() && !default.is_some_and(|default| equals(value, default))
            });
            for (name, value) in mapping {
                if let Some(schema) = field(name) {
                    prune(value, schema);
                }
            }
        }
        Value::Sequence(entries) => {
            if let Some(items) = schemas.iter().find_map(|schema| schema.get("items")) {
                entries.iter_mut().for_each(|entry| prune(entry, items));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Tagged(_) => {}
    }
}

fn equals(value: &Value, default: &Json) -> bool {
    serde_json::to_value(value).is_ok_and(|value| value == *default)
}

/// The schemas that together describe `value`: through references, and the branches it is in.
fn parts(schema: &'static Json, value: &Value) -> Vec<&'static Json> {
    let mut open = vec![schema];
    let mut found = Vec::new();
    while let Some(schema) = open.pop() {
        open.extend(reference(schema).map(definition));
        for list in ["allOf", "anyOf"] {
            open.extend(
                schema
                    .get(list)
                    .and_then(Json::as_array)
                    .into_iter()
                    .flatten(),
            );
        }
        if let (Some(key), Some(then)) = (schema["if"]["required"][0].as_str(), schema.get("then"))
            && value.get(key).is_some()
        {
            open.push(then);
        }
        found.push(schema);
    }
    found.reverse();
    found
}
