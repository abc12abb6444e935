//! The schema in the form of which the YAML language server shows the most.
//!
//! Of all that describes a place it shows what is innermost: without this, what a field's type is
//! and never what the field is for. It shows no defaults, and of words only those of an `enum`.

use serde_json::{Map, Value, json};

/// What holds values, and no schemas.
const VALUES: [&str; 5] = ["const", "default", "defaultSnippets", "enum", "examples"];

/// Gives a schema, and all that it consists of, that form. What it allows stays the same.
pub(super) fn for_editors(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            enumerate(object);
            say_default(object);
            describe_type(object);
            let below = object.iter_mut();
            below
                .filter(|(key, _)| !VALUES.contains(&key.as_str()))
                .for_each(|(_, value)| for_editors(value));
        }
        Value::Array(entries) => entries.iter_mut().for_each(for_editors),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `oneOf` words becomes an `enum` whose words are described beside it.
fn enumerate(object: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = object.get("oneOf") else {
        return;
    };
    let described = |branch: &Value| {
        let word = branch.get("const").filter(|word| word.is_string())?;
        Some((word.clone(), branch.get("description")?.clone()))
    };
    let words: Option<(Vec<Value>, Vec<Value>)> = branches.iter().map(described).collect();
    if let Some((words, descriptions)) = words {
        object.remove("oneOf");
        object.insert("type".to_owned(), json!("string"));
        object.insert("enum".to_owned(), words.into());
        object.insert("enumDescriptions".to_owned(), descriptions.into());
    }
}

/// What counts when nothing is said, if that is one value.
fn say_default(object: &mut Map<String, Value>) {
    let default = match object.get("default") {
        Some(Value::String(text)) if !text.is_empty() => text.clone(),
        Some(value @ (Value::Bool(_) | Value::Number(_))) => value.to_string(),
        _ => return,
    };
    if let Some(Value::String(description)) = object.get_mut("description") {
        description.push_str(&format!(" Default: `{default}`."));
    }
}

/// A field's description stands beside the reference to its type, where it counts instead of that
/// of the type.
fn describe_type(object: &mut Map<String, Value>) {
    let Some(description @ Value::String(_)) = object.get("description").cloned() else {
        return;
    };
    if let Some([only]) = object
        .get("allOf")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        && let Some(reference) = only.get("$ref").cloned()
    {
        object.remove("allOf");
        object.insert("$ref".to_owned(), reference);
    }
    for list in ["allOf", "anyOf"] {
        let branches = object.get_mut(list).and_then(Value::as_array_mut);
        let types = branches.into_iter().flatten();
        let mut types: Vec<&mut Value> = types.filter(|it| it.get("$ref").is_some()).collect();
        if let [Value::Object(only)] = types.as_mut_slice() {
            only.insert("description".to_owned(), description.clone());
        }
    }
}
