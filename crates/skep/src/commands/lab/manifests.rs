//! The manifests a lab is made from.

use std::path::{Path, PathBuf};

use anyhow::bail;
use skep_agent::source::read_stacks;
use skep_lab::agent::ManifestFile;
use skep_lint::Audience;
use skep_manifest::desired::Desired;
use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;

use crate::commands::manifests;

/// What a lab without a swarm is called.
const NAME: &str = "lab";

/// Manifests without errors.
pub(super) struct Manifests {
    pub(super) desired: Desired,
    pub(super) files: Vec<ManifestFile>,
}

impl Manifests {
    /// What the lab is called unless somebody says otherwise.
    pub(super) fn name(&self) -> String {
        let swarm = self.desired.swarm.as_ref();
        swarm.map_or_else(|| NAME.to_owned(), |swarm| swarm.metadata.name.to_string())
    }
}

/// Reads a file, a directory or `-`; with errors in them nothing is to be made.
pub(super) fn read(path: &Path) -> anyhow::Result<Manifests> {
    let sources = read_stacks(manifests::read_some(&[path.to_owned()])?)?;
    let files = sources.iter().map(|source| file(source, path)).collect();
    let set = parse(sources);
    let (desired, _) = resolve(&set);
    let audience = match desired.swarm {
        Some(_) => Audience::Author,
        // Standalone agents get them at once, and what they refuse is not seen here.
        None => Audience::Agent,
    };
    if manifests::show_errors(&set, skep_lint::lint_for(&set, audience)) > 0 {
        bail!("the manifests have errors, no lab is made from them");
    }
    Ok(Manifests { desired, files })
}

/// The file a source becomes in a directory of manifests.
fn file(source: &Source, read_from: &Path) -> ManifestFile {
    let name = Path::new(&source.name);
    let inside = name
        .strip_prefix(read_from)
        .ok()
        .filter(|rest| !rest.as_os_str().is_empty());
    let path = match (inside, name.file_name()) {
        (Some(inside), _) => inside.to_owned(),
        (None, Some(last)) if last != "-" => PathBuf::from(last).with_extension("yaml"),
        (None, _) => PathBuf::from("manifest.yaml"),
    };
    ManifestFile {
        path,
        text: source.text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_keep_their_place_in_the_directory() {
        let check = |name: &str, read_from: &str, expected: &str| {
            let source = Source {
                name: name.to_owned(),
                text: Vec::new(),
            };
            let file = file(&source, Path::new(read_from));
            assert_eq!(file.path, Path::new(expected));
        };
        check("manifests/web/a.yaml", "manifests", "web/a.yaml");
        check("manifests/a.yml", "manifests/a.yml", "a.yaml");
        check("/tmp/group", "/tmp/group", "group.yaml");
        check("-", "-", "manifest.yaml");
    }
}
