//! The schemas as the YAML language server reads them: it knows draft 7, shows the innermost
//! `description` of what one stands on and no default, completes `const` and `enum`, follows local
//! references with a description beside them, and says "matches multiple schemas" where two branches
//! of a `oneOf` fit.

use std::collections::BTreeSet;

use serde_json::Value;
use skep_manifest::object::Kind;
use skep_manifest::parse::parse;
use skep_manifest::schema::{kind_schema, schema};
use skep_manifest::set::Source;

/// What it understands, and what it shows: nothing else has a meaning there.
const KEYWORDS: [&str; 32] = [
    "$ref",
    "$schema",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "default",
    "defaultSnippets",
    "definitions",
    "description",
    "enum",
    "enumDescriptions",
    "examples",
    "format",
    "if",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "not",
    "oneOf",
    "pattern",
    "properties",
    "required",
    "then",
    "title",
    "type",
    "uniqueItems",
];

/// A schema somewhere inside the schema, and the way to it.
struct Part<'a> {
    path: String,
    schema: &'a Value,
    /// Whether a person ever stands on it: conditions only decide.
    is_shown: bool,
}

/// The schema and all that it consists of.
fn parts(root: &Value) -> Vec<Part<'_>> {
    let mut open = vec![Part {
        path: "#".to_owned(),
        schema: root,
        is_shown: true,
    }];
    let mut parts = Vec::new();
    while let Some(part) = open.pop() {
        let fields = part.schema.as_object().into_iter().flatten();
        for (keyword, value) in fields {
            let inner = |name: &str, schema| Part {
                path: format!("{}/{keyword}{name}", part.path),
                schema,
                is_shown: part.is_shown && !["if", "not"].contains(&keyword.as_str()),
            };
            match (keyword.as_str(), value) {
                ("properties" | "definitions", Value::Object(named)) => {
                    open.extend(
                        named
                            .iter()
                            .map(|(name, it)| inner(&format!("/{name}"), it)),
                    );
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(branches)) => {
                    let numbered = branches.iter().enumerate();
                    open.extend(numbered.map(|(index, it)| inner(&format!("/{index}"), it)));
                }
                ("if" | "then" | "not" | "items" | "additionalProperties", Value::Object(_)) => {
                    open.push(inner("", value));
                }
                _ => {}
            }
        }
        parts.push(part);
    }
    parts
}

#[test]
fn the_language_server_knows_every_keyword_and_finds_every_reference() {
    let schema = schema();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    for part in parts(&schema) {
        for (keyword, value) in part.schema.as_object().into_iter().flatten() {
            assert!(
                KEYWORDS.contains(&keyword.as_str()),
                "{}/{keyword}",
                part.path
            );
            if keyword == "$ref" {
                let name = value
                    .as_str()
                    .and_then(|it| it.strip_prefix("#/definitions/"));
                let name = name.unwrap_or_else(|| panic!("{}: {value}", part.path));
                assert!(
                    schema["definitions"].get(name).is_some(),
                    "{}: {name}",
                    part.path
                );
            }
        }
    }
}

#[test]
fn every_field_and_every_word_says_what_it_means_where_one_stands_on_it() {
    let schema = schema();
    let (mut fields, mut words) = (0, 0);
    for part in parts(&schema).iter().filter(|part| part.is_shown) {
        let says = part.schema["description"].as_str().unwrap_or_default();
        let steps: Vec<&str> = part.path.rsplitn(3, '/').collect();
        // A further condition of a field stands beside what says what it means.
        let is_field = steps.get(1) == Some(&"properties") && !part.path.contains("metadata/allOf");
        fields += usize::from(is_field);
        let described = part.schema["enumDescriptions"].as_array();
        for (index, word) in described.into_iter().flatten().enumerate() {
            let of = &part.schema["enum"][index];
            assert!(
                word.as_str().is_some_and(|it| it.contains('.')) && of.is_string(),
                "{}: {of}",
                part.path
            );
            words += 1;
        }
        if is_field {
            assert!(
                says.ends_with(['.', '…']) || says.contains(". "),
                "{}: {says:?}",
                part.path
            );
        }
    }
    assert!(fields > 250 && words > 50, "{fields} {words}");
}

/// The language server shows the innermost description: a type's own would hide what a field is for.
#[test]
fn a_field_is_described_where_its_type_is_referred_to() {
    let schema = schema();
    let mut count = 0;
    for part in parts(&schema).iter().filter(|part| part.is_shown) {
        let description = &part.schema["description"];
        for list in ["allOf", "anyOf"] {
            let branches = part.schema[list].as_array().into_iter().flatten();
            let types: Vec<&Value> = branches.filter(|it| it.get("$ref").is_some()).collect();
            if let ([only], true) = (types.as_slice(), description.is_string()) {
                assert_eq!(&only["description"], description, "{}", part.path);
                count += 1;
            }
        }
        let default = &part.schema["default"];
        if default.is_string() || default.is_boolean() || default.is_number() {
            let said = format!(" Default: `{}`.", default.to_string().trim_matches('"'));
            let says = description.as_str().unwrap_or_default();
            assert!(
                says.ends_with(&said) || default == "",
                "{}: {says}",
                part.path
            );
        }
    }
    assert!(count > 40, "{count}");
}

#[test]
fn no_two_branches_of_a_choice_fit_at_once() {
    let schema = schema();
    for part in parts(&schema) {
        let Some(branches) = part.schema["oneOf"].as_array() else {
            continue;
        };
        // One word each, or one key each that excludes the others.
        let mut seen = BTreeSet::new();
        for branch in branches {
            let own = match (&branch["const"], branch["required"].as_array()) {
                (Value::Null, Some(keys)) if keys.len() == 1 => &keys[0],
                (word, None) if !word.is_null() => word,
                _ => panic!("{}: {branch}", part.path),
            };
            assert!(seen.insert(own.to_string()), "{}: {own} twice", part.path);
        }
    }
}

#[test]
fn every_default_is_what_the_field_takes() {
    let schema = schema();
    let mut count = 0;
    for part in parts(&schema) {
        let Some(default) = part.schema.get("default") else {
            continue;
        };
        let mut field = part.schema.clone();
        field["definitions"] = schema["definitions"].clone();
        let validator = jsonschema::draft7::new(&field).expect("it can be compiled");
        assert!(validator.is_valid(default), "{}: {default}", part.path);
        count += 1;
    }
    assert!(count > 100, "{count}");
}

/// What is offered to begin with is right.
#[test]
fn every_example_is_a_manifest() {
    let offered = schema();
    let offered = offered["defaultSnippets"].as_array().expect("snippets");
    assert_eq!(offered.len(), Kind::ALL.len());
    for (kind, snippet) in Kind::ALL.into_iter().zip(offered) {
        let schema = kind_schema(kind);
        assert_eq!(snippet["body"], schema["examples"][0], "{kind}");
        assert_eq!(snippet["label"], kind.as_str());
        let validator = jsonschema::draft7::new(&schema).expect("it can be compiled");
        assert!(validator.is_valid(&snippet["body"]), "{kind}");
        let source = Source {
            name: "skep.yaml".to_owned(),
            text: serde_yaml::to_string(&snippet["body"])
                .expect("YAML")
                .into_bytes(),
        };
        let set = parse(vec![source]);
        let errors: Vec<&str> = set.problems.iter().map(|problem| problem.id).collect();
        assert_eq!(errors, Vec::<&str>::new(), "{kind}");
    }
}
