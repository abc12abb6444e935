//! Values that need not stand in the manifest.

use std::path::Path;

use skep_manifest::value_source::ValueSource;

use crate::aside::Aside;
use crate::file::{read_regular, without_line_break};

/// A password or a URL is short; what is longer is the wrong file.
const VALUE_BYTES_MAX: usize = 4096;

/// The value at this moment. Errors never repeat it.
pub(crate) async fn read(source: &ValueSource, aside: &Aside) -> Result<String, String> {
    match source {
        ValueSource::Value(value) => Ok(value.clone()),
        ValueSource::FromNodeFile(path) => {
            let path = path.as_str().to_owned();
            aside.run(move || read_file(&path)).await?
        }
        ValueSource::FromFile(_) | ValueSource::FromEnv(_) => Err(
            "a value that whoever submits the manifest should have read did not arrive".to_owned(),
        ),
        ValueSource::Sealed(_) => Err("sealed values cannot be opened yet".to_owned()),
    }
}

fn read_file(path: &str) -> Result<String, String> {
    let content = read_regular(Path::new(path), VALUE_BYTES_MAX + 1)?;
    if content.len() > VALUE_BYTES_MAX {
        return Err(format!("{path} is longer than {VALUE_BYTES_MAX} bytes"));
    }
    let content = without_line_break(&content);
    if content.is_empty() {
        return Err(format!("{path} is empty"));
    }
    String::from_utf8(content.to_vec()).map_err(|_error| format!("{path} is not text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(source: serde_json::Value, expected: Result<&str, &str>) {
        let source: ValueSource = serde_json::from_value(source).expect("a value source");
        match (read(&source, &Aside::new()).await, expected) {
            (Ok(value), Ok(expected)) => assert_eq!(value, expected),
            (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
            (result, expected) => panic!("{source:?}: {result:?} instead of {expected:?}"),
        }
    }

    #[tokio::test]
    async fn a_value_stands_in_the_manifest_or_in_a_file_of_the_node() {
        use serde_json::json;
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("password");
        check(json!({"value": "open sesame"}), Ok("open sesame")).await;
        check(
            json!({"fromNodeFile": file}),
            Err("password cannot be read"),
        )
        .await;
        std::fs::write(&file, "open sesame\n").expect("written");
        check(json!({"fromNodeFile": file}), Ok("open sesame")).await;
        std::fs::write(&file, "\n").expect("written");
        check(json!({"fromNodeFile": file}), Err("is empty")).await;
        std::fs::write(&file, "x".repeat(5000)).expect("written");
        check(json!({"fromNodeFile": file}), Err("longer than")).await;
        check(json!({"fromFile": "password"}), Err("did not arrive")).await;
        check(json!({"fromEnv": "PASSWORD"}), Err("did not arrive")).await;
    }
}
