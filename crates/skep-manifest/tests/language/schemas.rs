//! The committed schemas: fresh, valid, and of one mind with the reader.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::fixture::read_all;
use jsonschema::{Draft, Validator};
use serde_json::Value;
use skep_manifest::object::Kind;
use skep_manifest::parse::parse;
use skep_manifest::problem::Severity;
use skep_manifest::schema::{generated_schemas, kind_schema, schema};
use skep_manifest::set::Source;

#[test]
fn the_committed_schemas_are_fresh() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    let entries = fs::read_dir(&folder).expect("the folder of the schemas exists");
    let committed: BTreeMap<String, String> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .map(|path| {
            let name = path
                .file_name()
                .expect("a file")
                .to_string_lossy()
                .into_owned();
            (
                name,
                String::from_utf8(fs::read(&path).expect("a schema can be read")).expect("UTF-8"),
            )
        })
        // Those of what commands print are held elsewhere.
        .filter(|(name, _)| name.starts_with("skep.v1."))
        .collect();
    let generated = generated_schemas();
    assert!(
        committed.keys().eq(generated.keys()),
        "run `cargo xtask regenerate`"
    );
    for (name, text) in generated {
        assert!(
            committed[&name] == text,
            "{name} is stale: run `cargo xtask regenerate`"
        );
    }
}

#[test]
fn every_schema_is_valid_draft_7() {
    for (name, text) in generated_schemas() {
        let schema: Value = serde_json::from_str(&text).expect("a schema is JSON");
        assert!(jsonschema::draft7::meta::is_valid(&schema), "{name}");
    }
}

#[test]
fn the_schemas_accept_every_everyday_manifest() {
    for source in read_all("manifests")
        .iter()
        .filter(|file| file.name != "language.yaml")
    {
        for (document, verdict) in verdicts(source) {
            assert!(verdict, "{}: {document:#}", source.name);
        }
    }
}

/// What is wrong in a single document the schemas must refuse too; what they accept the reader
/// must accept. Only what no schema can see is left out: twice the same key, YAML itself, and
/// values whose pattern is looser than their type.
#[test]
fn the_schemas_refuse_what_the_reader_refuses() {
    const BEYOND_SCHEMA: [&str; 11] = [
        "duplicate-key",
        "syntax",
        "recursive-alias",
        "unknown-anchor",
        "merge-key",
        "complex-key",
        "unsupported-tag",
        "invalid-utf-8",
        "too-large",
        "ambiguous-number",
        "malformed-suppression",
    ];
    for source in read_all("broken") {
        let set = parse(vec![source.clone()]);
        let errors = set
            .problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error);
        let ids: Vec<&str> = errors.map(|problem| problem.id).collect();
        if ids.iter().any(|id| BEYOND_SCHEMA.contains(id)) {
            continue;
        }
        let accepted = verdicts(&source).iter().all(|(_, verdict)| *verdict);
        assert_eq!(accepted, ids.is_empty(), "{}: {ids:?}", source.name);
    }
}

#[test]
fn the_combined_schema_and_the_one_of_the_kind_agree() {
    let combined = validator(&schema());
    for source in read_all("manifests").into_iter().chain(read_all("broken")) {
        for (document, verdict) in verdicts(&source) {
            assert_eq!(
                combined.is_valid(&document),
                verdict,
                "{}: {document:#}",
                source.name
            );
        }
    }
}

/// Each document, as another reader of YAML understands it, with what the schema of its kind says.
fn verdicts(source: &Source) -> Vec<(Value, bool)> {
    let text = String::from_utf8_lossy(&source.text);
    let documents = serde_yaml::Deserializer::from_str(&text);
    let values = documents.map_while(|one| <Value as serde::Deserialize>::deserialize(one).ok());
    values
        .filter(|value| !value.is_null())
        .map(|value| {
            let kind = value["kind"].as_str().and_then(Kind::from_written);
            let valid = kind.is_some_and(|kind| validator(&kind_schema(kind)).is_valid(&value));
            (value, valid)
        })
        .collect()
}

fn validator(schema: &Value) -> Validator {
    jsonschema::options()
        .with_draft(Draft::Draft7)
        .build(schema)
        .expect("the schema can be compiled")
}
