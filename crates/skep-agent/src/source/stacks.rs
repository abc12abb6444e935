//! Reads the compose files of stacks and what those refer to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use skep_manifest::compose::{Reference, references};
use skep_manifest::fill::{self, Filling, Nature, UnreadCompose, UnreadStack};
use skep_manifest::parse::parse;
use skep_manifest::resolve::FILE_BYTES_MAX;
use skep_manifest::set::{ManifestSet, Source};
use skep_manifest::span::Location;
use skep_manifest::stack::ReadCompose;
use skep_manifest::value_source::ValueSource;

use super::ReadError;
use super::values::{Reach, Reading, read_text};

/// The longest compose file: no value of a manifest may be longer.
const COMPOSE_BYTES_MAX: usize = 1 << 20;

/// `sources` with the compose files of their stacks, and what those refer to, in place of where they
/// come from. A compose file that lies among the manifests is none of them.
///
/// # Errors
///
/// [`ReadError::NoValue`] for the first file that cannot be read.
pub fn read_stacks(sources: Vec<Source>) -> Result<Vec<Source>, ReadError> {
    read_from(sources, Reach::All)
}

/// The same from where they may come.
pub(super) fn read_from(sources: Vec<Source>, reach: Reach<'_>) -> Result<Vec<Source>, ReadError> {
    let set = parse(sources.clone());
    let stacks = fill::unread_stacks(&set);
    if stacks.is_empty() {
        return Ok(sources);
    }
    let mut compose_files = BTreeSet::new();
    let mut fillings = Vec::new();
    let mut reading = Reading::new(reach);
    for stack in stacks {
        let (read, path) = read_stack(&set, &stack, &mut reading)?;
        compose_files.extend(path.map(|path| plain(&path)));
        fillings.push((stack.at, Filling::Compose(read)));
    }
    let texts = set.sources.iter().enumerate();
    let filled = texts.map(|(index, source)| Source {
        name: source.name().to_owned(),
        text: fill::fill(source.text(), index, &fillings).into_bytes(),
    });
    Ok(filled
        .filter(|source| !compose_files.contains(&plain(Path::new(&source.name))))
        .collect())
}

/// What a stack's compose file says and refers to, and its path.
fn read_stack(
    set: &ManifestSet,
    stack: &UnreadStack,
    reading: &mut Reading<'_>,
) -> Result<(ReadCompose, Option<PathBuf>), ReadError> {
    let at = set.location(stack.at.span);
    let manifest = directory(Path::new(&at.file));
    let (name, text, path) = match &stack.compose {
        UnreadCompose::Here(text) => (None, text.clone(), None),
        UnreadCompose::File(path) => {
            let full = manifest.join(path.as_str());
            let text = read_text(&full, COMPOSE_BYTES_MAX, &at, reading)?;
            (Some(path.to_string()), text, Some(full))
        }
    };
    let beside = path.as_deref().map_or(manifest.clone(), directory);
    let called = path
        .as_ref()
        .map_or(at.file, |path| path.display().to_string());
    let mut files = BTreeMap::new();
    let mut secrets = BTreeMap::new();
    for Reference { path, nature, at } in references(&called, &text, &stack.environment) {
        let value = read_value(&beside.join(&path), &at, reading)?;
        match nature {
            Nature::File => files.insert(path, value),
            Nature::Word | Nature::SecretFile => secrets.insert(path, value),
        };
    }
    let read = ReadCompose {
        name,
        text,
        files,
        secrets,
    };
    Ok((read, path))
}

fn read_value(
    path: &Path,
    at: &Location,
    reading: &mut Reading<'_>,
) -> Result<ValueSource, ReadError> {
    read_text(path, FILE_BYTES_MAX, at, reading).map(ValueSource::Value)
}

fn directory(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).to_owned()
}

/// A path without what says nothing: two that are the same are written the same.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const STACK: &str = "apiVersion: skep/v1\nkind: Stack\nmetadata: {name: shop}\nspec:\n  compose:\n    fromFile: ./files/../files/shop.yaml\n  environment: {DIR: more}\n";
    const COMPOSE: &str = "services:\n  web:\n    image: nginx\n    env_file: [web.env]\nsecrets:\n  key: {file: '${DIR}/key.txt'}\nconfigs:\n  site: {file: ./site.conf}\n";

    fn read(directory: &Path) -> Result<Vec<Source>, ReadError> {
        let sources = super::super::read(&[directory.to_owned()])?.sources;
        read_stacks(sources)
    }

    fn written() -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        let write = |name: &str, text: &str| {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().expect("a directory")).expect("made");
            fs::write(path, text).expect("written");
        };
        write("skep.yaml", STACK);
        write("files/shop.yaml", COMPOSE);
        write("files/web.env", "A=1\n");
        write("files/more/key.txt", "hive");
        write("files/site.conf", "listen");
        directory
    }

    #[test]
    fn a_compose_file_is_read_with_what_it_refers_to_and_is_no_manifest_itself() {
        let directory = written();
        let sources = read(directory.path()).expect("all is there");
        assert_eq!(sources.len(), 1);
        let text = String::from_utf8(sources[0].text.clone()).expect("text");
        assert_eq!(text.lines().count(), STACK.lines().count());
        let set = parse(sources);
        assert!(set.problems.is_empty(), "{:?}", set.problems);
        let parts = set.parts.iter().map(|part| part.object.key().to_string());
        let parts: Vec<_> = parts.collect();
        let expected = [
            "service/shop_web",
            "network/shop_default",
            "config/shop_site",
            "secret/shop_key",
        ];
        assert_eq!(parts, expected);
        let revealed = fill::revealed(&set);
        assert_eq!(revealed.len(), 1, "what is secret, and nothing else");
        assert_eq!(revealed[0].1, "hive");
    }

    #[test]
    fn what_a_compose_file_in_the_manifest_refers_to_lies_beside_the_manifest() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("web.env"), "A=1\n").expect("written");
        let manifest = "apiVersion: skep/v1\nkind: Stack\nmetadata: {name: shop}\nspec:\n  compose:\n    value: |\n      services:\n        web:\n          image: nginx:$TAG\n          env_file: web.env\n  environment: {TAG: one}\n---\napiVersion: skep/v1\nkind: Network\nmetadata: {name: front}\nspec: {}\n";
        fs::write(directory.path().join("skep.yaml"), manifest).expect("written");
        let set = parse(read(directory.path()).expect("all is there"));
        assert!(set.problems.is_empty(), "{:?}", set.problems);
        assert_eq!(set.documents.len(), 2);
        let web = set.parts[0].object.to_yaml();
        assert!(web.contains("image: nginx:one"), "{web}");
        assert!(web.contains("A: '1'"), "{web}");
    }

    #[test]
    fn a_file_that_is_missing_is_named_with_its_place_in_the_compose_file() {
        let directory = written();
        fs::remove_file(directory.path().join("files/site.conf")).expect("it was there");
        let said = read(directory.path())
            .expect_err("it is missing")
            .to_string();
        assert!(said.contains("files/shop.yaml:8:16: cannot read"), "{said}");
        fs::remove_file(directory.path().join("files/shop.yaml")).expect("it was there");
        let said = read(directory.path())
            .expect_err("it is missing")
            .to_string();
        assert!(said.contains("skep.yaml:6:15: cannot read"), "{said}");
    }
}
