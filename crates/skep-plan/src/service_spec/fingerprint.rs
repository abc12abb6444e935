//! The fingerprint of a specification: whether the manifest says something else than when it was
//! last written.

use serde_json::Value;
use sha2::{Digest, Sha256};
use skep_manifest::hexadecimal;

/// How many bytes of the digest are kept: it recognises a change, it proves nothing.
const LENGTH: usize = 8;

/// The fingerprint of a value in hexadecimal; the order of an object's fields does not count.
pub(crate) fn fingerprint(value: &Value) -> String {
    let mut digest = Sha256::new();
    feed(&mut digest, value);
    hexadecimal::digits(&digest.finalize()[..LENGTH])
}

/// Feeds a value as canonical JSON, whatever order the map type of this build keeps.
fn feed(digest: &mut Sha256, value: &Value) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            digest.update(b"{");
            for (name, value) in fields {
                feed_text(digest, name);
                digest.update(b":");
                feed(digest, value);
                digest.update(b",");
            }
            digest.update(b"}");
        }
        Value::Array(values) => {
            digest.update(b"[");
            for value in values {
                feed(digest, value);
                digest.update(b",");
            }
            digest.update(b"]");
        }
        Value::String(text) => feed_text(digest, text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            digest.update(value.to_string().as_bytes());
        }
    }
}

/// Feeds a text with its length before it, so that no two values read alike.
fn feed_text(digest: &mut Sha256, text: &str) {
    digest.update(format!("\"{}:", text.len()).as_bytes());
    digest.update(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fingerprint_is_the_same_in_every_build() {
        let value = json!({"b": [1, true, null], "a": {"c": "text"}});
        assert_eq!(fingerprint(&value), "02715080a71ab8a8");
    }

    #[test]
    fn different_values_have_different_fingerprints() {
        let values = [
            json!({}),
            json!([]),
            json!(null),
            json!(""),
            json!("null"),
            json!(["a", "b"]),
            json!(["a,b"]),
            json!({"a": "b"}),
            json!({"a": {"b": null}}),
        ];
        for (index, value) in values.iter().enumerate() {
            for other in &values[index + 1..] {
                assert_ne!(fingerprint(value), fingerprint(other), "{value} {other}");
            }
        }
    }
}
