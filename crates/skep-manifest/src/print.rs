//! Objects as their authors would write them: what equals a default is left out.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::object::{API_VERSION, Object};
use crate::schema::{definition, reference};

impl Object {
    /// The document that declares this object, without the fields that have their default.
    #[must_use]
    pub fn to_document(&self) -> Value {
        let mut document = Map::new();
        document.insert("apiVersion".to_owned(), API_VERSION.into());
        document.insert("kind".to_owned(), self.kind().as_str().into());
        let whole = match serde_json::to_value(Written(self)) {
            Ok(Value::Object(whole)) => whole,
            Ok(_) | Err(_) => Map::new(),
        };
        document.extend(whole);
        let mut document = Value::Object(document);
        prune(&mut document, definition(self.kind().as_str()));
        document
    }
}

/// An object without its kind, which is not a field of it.
struct Written<'a>(&'a Object);

impl Serialize for Written<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Object::Swarm(resource) => resource.serialize(serializer),
            Object::VipGroup(resource) => resource.serialize(serializer),
            Object::HealthCheck(resource) => resource.serialize(serializer),
            Object::Notifier(resource) => resource.serialize(serializer),
            Object::Service(resource) => resource.serialize(serializer),
            Object::Stack(resource) => resource.serialize(serializer),
            Object::Network(resource) => resource.serialize(serializer),
            Object::Config(resource) => resource.serialize(serializer),
            Object::Secret(resource) => resource.serialize(serializer),
        }
    }
}

/// Removes what says nothing: fields that are null, and fields that equal their default.
fn prune(value: &mut Value, schema: &'static Value) {
    let schemas = parts(schema, value);
    match value {
        Value::Object(object) => {
            let field = |name: &str| {
                schemas
                    .iter()
                    .find_map(|schema| schema.get("properties")?.get(name))
            };
            object.retain(|name, value| {
                let default = field(name).and_then(|schema| schema.get("default"));
                !value.is_null() && Some(&*value) != default
            });
            for (name, value) in object {
                if let Some(schema) = field(name) {
                    prune(value, schema);
                }
            }
        }
        Value::Array(entries) => {
            let items = schemas.iter().find_map(|schema| schema.get("items"));
            if let Some(items) = items {
                entries.iter_mut().for_each(|entry| prune(entry, items));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The schemas that together describe `value`: through references, and the branches it is in.
fn parts(schema: &'static Value, value: &Value) -> Vec<&'static Value> {
    let mut open = vec![schema];
    let mut found = Vec::new();
    while let Some(schema) = open.pop() {
        open.extend(reference(schema).map(definition));
        for list in ["allOf", "anyOf"] {
            open.extend(
                schema
                    .get(list)
                    .and_then(Value::as_array)
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
