//! The JSON Schema of what `skep diff -o json` prints, for programs that read it.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::diff::Diff;

/// The schema of a [`Diff`], in the draft that the schemas of the manifests have. It forbids no
/// further fields, for fields are added.
#[must_use]
pub fn schema() -> Value {
    let generator = SchemaSettings::draft07().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Diff>();
    schema.insert("title".to_owned(), "skep diff -o json".into());
    schema.to_value()
}
