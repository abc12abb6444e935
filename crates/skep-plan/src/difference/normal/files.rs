//! The configs and secrets of a container.

use serde_json::Value;

use super::{Normal, count, elements, sorted, word};
use crate::action::FileKind;

pub(in super::super) fn configs(value: &Value) -> Normal {
    files(value, FileKind::Config)
}

pub(in super::super) fn secrets(value: &Value) -> Normal {
    files(value, FileKind::Secret)
}

/// The files by name and place: their ids follow from their names.
fn files(value: &Value, kind: FileKind) -> Normal {
    const MODE_DEFAULT: i64 = 0o444;
    sorted(elements(value).iter().map(|entry| {
        let file = entry.get("File").unwrap_or(&Value::Null);
        let id = |field: &str| match word(file, field, "0") {
            "" => "0".to_owned(),
            id => id.to_owned(),
        };
        format!(
            "{} as {} of {}:{} with {:04o}",
            word(entry, kind.name_field(), ""),
            word(file, "Name", ""),
            id("UID"),
            id("GID"),
            count(file, "Mode", MODE_DEFAULT),
        )
    }))
}
