//! What is done to the schema that the types generate.

use serde_json::{Map, Value, json};

use crate::schema::reference;

/// Formats of numbers are the types' affair, editors do not know them.
const NUMBER_FORMATS: [&str; 7] = [
    "uint8", "uint16", "uint32", "uint64", "int16", "int64", "double",
];

/// Gives all definitions the form that editors and the reader want.
pub(super) fn tidy(definitions: &mut Map<String, Value>) {
    for schema in definitions.values_mut() {
        tidy_schema(schema);
    }
    let unions: Vec<(String, Value)> = definitions
        .iter()
        .filter_map(|(name, schema)| Some((name.clone(), union(schema, definitions)?)))
        .collect();
    definitions.extend(unions);
}

fn tidy_schema(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            merge_choice(object);
            drop_noise(object);
            object.values_mut().for_each(tidy_schema);
        }
        Value::Array(entries) => entries.iter_mut().for_each(tidy_schema),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `oneOf` objects with one key each becomes one object that has all the keys and must have
/// exactly one of them: an editor offers them all, and a mistake inside one is not reported for
/// the others too.
fn merge_choice(object: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = object.get("oneOf") else {
        return;
    };
    let Some(branches) = branches.iter().map(single_key).collect::<Option<Vec<_>>>() else {
        return;
    };
    let required: Vec<Value> = branches
        .iter()
        .map(|(key, _)| json!({"required": [key]}))
        .collect();
    object.insert("oneOf".to_owned(), required.into());
    object.insert("type".to_owned(), "object".into());
    object.insert("additionalProperties".to_owned(), false.into());
    let properties = object.entry("properties").or_insert_with(|| json!({}));
    if let Value::Object(properties) = properties {
        properties.extend(branches);
    }
}

/// The key and the described schema of a branch that is an object with one required key.
fn single_key(branch: &Value) -> Option<(String, Value)> {
    let properties = branch.get("properties")?.as_object()?;
    let required = branch.get("required")?.as_array()?;
    let (key, value) = properties.iter().next()?;
    if properties.len() != 1 || required.len() != 1 {
        return None;
    }
    let mut value = match reference(value) {
        Some(_) => json!({"allOf": [value]}),
        None => value.clone(),
    };
    if let (Value::Object(object), Some(description)) = (&mut value, branch.get("description")) {
        object.insert("description".to_owned(), description.clone());
    }
    Some((key.clone(), value))
}

/// The line breaks of doc comments inside a paragraph, the formats of numbers, defaults of nothing.
fn drop_noise(object: &mut Map<String, Value>) {
    if let Some(Value::String(description)) = object.get_mut("description") {
        let paragraphs = description
            .split("\n\n")
            .map(|paragraph| paragraph.replace('\n', " "));
        *description = paragraphs.collect::<Vec<_>>().join("\n\n");
    }
    if object
        .get("format")
        .and_then(Value::as_str)
        .is_some_and(|f| NUMBER_FORMATS.contains(&f))
    {
        object.remove("format");
    }
    if object.get("default") == Some(&Value::Null) {
        object.remove("default");
    }
}

/// `anyOf` several objects becomes one object: the key that only one of them has says which of
/// them the rest is checked against.
fn union(schema: &Value, definitions: &Map<String, Value>) -> Option<Value> {
    let names: Vec<&str> = schema
        .get("anyOf")?
        .as_array()?
        .iter()
        .map(referred)
        .collect::<Option<_>>()?;
    let branches: Vec<&Value> = names
        .iter()
        .filter_map(|name| definitions.get(*name))
        .collect();
    let keys: Vec<&str> = branches
        .iter()
        .map(|branch| own_key(branch, &branches))
        .collect::<Option<_>>()?;
    let properties: Map<String, Value> = keys
        .iter()
        .zip(&branches)
        .map(|(key, branch)| ((*key).to_owned(), branch["properties"][*key].clone()))
        .collect();
    let conditions: Vec<Value> = keys
        .iter()
        .zip(&names)
        .map(|(key, name)| {
            json!({
                "if": {"required": [key]},
                "then": {"$ref": format!("#/definitions/{name}")},
            })
        })
        .collect();
    let required: Vec<Value> = keys.iter().map(|key| json!({"required": [key]})).collect();
    Some(json!({
        "description": schema.get("description"),
        "type": "object",
        "properties": properties,
        "oneOf": required,
        "allOf": conditions,
    }))
}

fn referred(schema: &Value) -> Option<&str> {
    reference(schema).or_else(|| reference(schema.get("allOf")?.get(0)?))
}

/// The required key of `branch` that no other branch knows.
fn own_key<'a>(branch: &'a Value, all: &[&'a Value]) -> Option<&'a str> {
    let required = branch.get("required")?.as_array()?;
    required.iter().filter_map(Value::as_str).find(|key| {
        let knowing = all
            .iter()
            .filter(|other| other["properties"].get(*key).is_some());
        knowing.count() == 1
    })
}
