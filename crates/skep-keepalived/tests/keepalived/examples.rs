//! The manifests that people start from.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The folders below `top`, which is `manifests/`, that hold a manifest, sorted.
pub(crate) fn below(top: &Path) -> BTreeSet<String> {
    let below = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(top.join(folder)).expect("the examples are there");
        let names = entries.map(|entry| entry.expect("it can be listed").file_name());
        names
            .map(|name| format!("{folder}{}", name.to_string_lossy()))
            .collect()
    };
    let all = [below(""), below("seeds/")].concat().into_iter();
    all.filter(|example| top.join(example).join("skep.yaml").is_file())
        .collect()
}
