use std::collections::BTreeSet;

use serde_json::Value;
use skep_manifest::object::Kind;
use skep_manifest::schema::kind_schema;

use super::fields::{self, Field, Support};
use super::{Known, step_into};

/// Follows the schema of a kind beside the table, as the rule follows a document.
struct Comparison {
    definitions: Value,
    unlisted: Vec<String>,
    met: BTreeSet<*const Support>,
}

impl Comparison {
    fn follow(&mut self, schema: &Value, path: &str, open: &[Known]) {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.trim_start_matches("#/definitions/");
            let definition = self.definitions[name].clone();
            self.follow(&definition, path, open);
        }
        if schema["then"].is_object() {
            self.follow(&schema["then"], path, open);
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for branch in schema[keyword].as_array().into_iter().flatten() {
                self.follow(branch, path, open);
            }
        }
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            self.enter(name, field, path, open);
        }
        for entries in ["items", "additionalProperties"] {
            if schema[entries].is_object() {
                self.enter("*", &schema[entries], path, open);
            }
        }
    }

    fn enter(&mut self, step: &str, schema: &Value, path: &str, open: &[Known]) {
        let path = format!("{path}/{step}");
        let (own, below) = step_into(step, open);
        self.met.extend(own.map(std::ptr::from_ref));
        match own {
            Some(Support::Full | Support::Later(_)) => {}
            Some(Support::When(..)) if below.is_empty() => {}
            None if below.is_empty() => self.unlisted.push(path),
            Some(Support::When(..)) | None => self.follow(schema, &path, &below),
        }
    }
}

#[test]
fn the_table_lists_every_field_of_the_language_and_no_other() {
    for kind in Kind::ALL {
        let fields = fields::of(kind);
        let schema = kind_schema(kind);
        let mut comparison = Comparison {
            definitions: schema["definitions"].clone(),
            unlisted: Vec::new(),
            met: BTreeSet::new(),
        };
        let open: Vec<Known> = fields.iter().map(Known::from).collect();
        comparison.follow(&schema["properties"]["spec"], "", &open);
        assert_eq!(comparison.unlisted, Vec::<String>::new(), "{kind}");
        for Field(path, support) in fields {
            let met = comparison.met.contains(&std::ptr::from_ref(support));
            assert!(met, "{kind}: there is no field {path}");
        }
    }
}
