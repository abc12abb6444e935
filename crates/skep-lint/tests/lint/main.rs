//! What a user of the linter sees, from YAML to text.

mod fixes;
mod formats;
mod growth;
mod json;
mod manifests;
mod reference;
mod rules;
mod stacks;
mod support;
mod suppressions;
