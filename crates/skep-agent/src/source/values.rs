//! Reads the values that manifests leave to whoever submits them.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use skep_manifest::fill::{self, Filling, Nature, Place, Unread};
use skep_manifest::parse::parse;
use skep_manifest::resolve::FILE_BYTES_MAX;
use skep_manifest::set::{ManifestSet, Source};
use skep_manifest::span::Location;

use crate::source::{ReadError, stacks};

/// The longest word: keys and passwords are far shorter.
const WORD_BYTES_MAX: usize = 64 << 10;

/// The most bytes that are read from other files for one set, all together: twice what it may have.
const READ_BYTES_MAX: usize = 16 << 20;

/// `sources` with the values of `fromFile` and `fromEnv` in place of where they come from, and with
/// their stacks as [`super::read_stacks`] reads them.
///
/// # Errors
///
/// [`ReadError::NoValue`] for the first one that cannot be read.
pub fn fill(sources: Vec<Source>) -> Result<Vec<Source>, ReadError> {
    fill_from(sources, Reach::All)
}

/// The same of manifests that others wrote: all that they refer to lies in `root`, which holds them,
/// and nothing comes from the environment of this process.
///
/// # Errors
///
/// [`ReadError::NoValue`] for the first one that cannot be read.
pub fn fill_within(sources: Vec<Source>, root: &Path) -> Result<Vec<Source>, ReadError> {
    fill_from(sources, Reach::Within(root))
}

/// What may be read, and how much of it is left.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    reach: Reach<'a>,
    bytes: usize,
}

impl<'a> Reading<'a> {
    pub(super) const fn new(reach: Reach<'a>) -> Self {
        Self {
            reach,
            bytes: READ_BYTES_MAX,
        }
    }
}

/// Which files manifests may refer to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reach<'a> {
    /// All that this process can read.
    All,
    /// Those of a directory.
    Within(&'a Path),
}

impl Reach<'_> {
    /// Checks that `path`, which exists, is one of them.
    fn check(self, path: &Path) -> io::Result<()> {
        let Self::Within(root) = self else {
            return Ok(());
        };
        if path.canonicalize()?.starts_with(root.canonicalize()?) {
            return Ok(());
        }
        Err(io::Error::other("it lies outside of what is watched"))
    }
}

fn fill_from(sources: Vec<Source>, reach: Reach<'_>) -> Result<Vec<Source>, ReadError> {
    let sources = stacks::read_from(sources, reach)?;
    let set = parse(sources.clone());
    let unread = fill::unread(&set);
    if unread.is_empty() {
        return Ok(sources);
    }
    let mut values = Vec::new();
    let mut reading = Reading::new(reach);
    for unread in unread {
        let value = value(&set, &unread, &mut reading)?;
        values.push((unread.at, Filling::Value(value)));
    }
    let texts = set.sources.iter().enumerate();
    let filled: Vec<Source> = texts
        .map(|(index, source)| Source {
            name: source.name().to_owned(),
            text: fill::fill(source.text(), index, &values).into_bytes(),
        })
        .collect();
    // A manifest so unusual that the values found no place in it is not submitted half filled.
    let again = parse(filled.clone());
    match fill::unread(&again).first() {
        Some(left) => Err(no_value(
            &again,
            left,
            "the value finds no place here: write it plainly".to_owned(),
        )),
        None => Ok(filled),
    }
}

fn value(
    set: &ManifestSet,
    unread: &Unread,
    reading: &mut Reading<'_>,
) -> Result<String, ReadError> {
    match &unread.place {
        Place::Environment(_) if matches!(reading.reach, Reach::Within(_)) => Err(no_value(
            set,
            unread,
            "what comes from the environment is not the same on every node: write it sealed \
             (`skep seal`), or let each node read a file of its own (`fromNodeFile`)"
                .to_owned(),
        )),
        Place::Environment(name) => env::var(name.as_str()).map_err(|error| {
            let what = match error {
                env::VarError::NotPresent => "is not set in the environment",
                env::VarError::NotUnicode(_) => "is not valid UTF-8",
            };
            no_value(set, unread, format!("`{name}` {what}"))
        }),
        Place::File(path) => {
            let manifest = set.location(unread.at.span).file;
            let directory = Path::new(&manifest).parent().unwrap_or(Path::new(""));
            let path = directory.join(path.as_str());
            let bytes_max = match unread.nature {
                Nature::Word => WORD_BYTES_MAX,
                Nature::SecretFile | Nature::File => FILE_BYTES_MAX,
            };
            let text = read_text(&path, bytes_max, &set.location(unread.at.span), reading)?;
            Ok(match unread.nature {
                // The line break at the end is the editor's.
                Nature::Word => {
                    let text = text.strip_suffix('\n').unwrap_or(&text);
                    text.strip_suffix('\r').unwrap_or(text).to_owned()
                }
                Nature::SecretFile | Nature::File => text,
            })
        }
    }
}

/// The text of a file that is named at `at`.
pub(super) fn read_text(
    path: &Path,
    bytes_max: usize,
    at: &Location,
    reading: &mut Reading<'_>,
) -> Result<String, ReadError> {
    let refuse = |what: &str, source| ReadError::NoValue {
        location: at.clone(),
        what: format!("{what} {}", path.display()),
        source,
    };
    let text = reading
        .reach
        .check(path)
        .and_then(|()| read(path, bytes_max));
    let text = text.map_err(|error| refuse("cannot read", Some(error)))?;
    if text.len() > bytes_max {
        let what = format!("there are more than {bytes_max} bytes in");
        return Err(refuse(&what, None));
    }
    reading.bytes = reading.bytes.checked_sub(text.len()).ok_or_else(|| {
        let what = format!(
            "all files come to more than {} MiB with",
            READ_BYTES_MAX >> 20
        );
        refuse(&what, None)
    })?;
    String::from_utf8(text).map_err(|_| refuse("there is no valid UTF-8 in", None))
}

fn read(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    // Before it is opened: opening a pipe that nobody writes to waits for ever.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut text = Vec::new();
    File::open(path)?
        .take(bytes_max as u64 + 1)
        .read_to_end(&mut text)?;
    Ok(text)
}

fn no_value(set: &ManifestSet, unread: &Unread, what: String) -> ReadError {
    ReadError::NoValue {
        location: set.location(unread.at.span),
        what,
        source: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str = "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {name: ingress}\nspec:\n  virtualRouterId: 51\n  version: 2\n  addresses: [10.0.0.70]\n  members: [a, b]\n  authentication: {simple: {password: {fromFile: secret}}}\n";

    fn source(directory: &tempfile::TempDir) -> Source {
        let name = directory.path().join("skep.yaml");
        Source {
            name: name.display().to_string(),
            text: GROUP.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_file_beside_the_manifest_is_read_into_it() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("secret"), "hive\n").expect("written");
        let filled = fill(vec![source(&directory)]).expect("filled");
        let text = String::from_utf8(filled[0].text.clone()).expect("text");
        assert_eq!(text, GROUP.replace("fromFile: secret", "value: \"hive\""));
    }

    #[test]
    fn who_wrote_a_manifest_in_a_watched_repository_reads_nothing_of_the_machine() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().join("root");
        fs::create_dir_all(root.join("deep")).expect("made");
        fs::write(directory.path().join("secret"), "hive\n").expect("written");
        fs::write(root.join("own"), "hive\n").expect("written");
        let fill = |value: &str| {
            let name = root.join("deep/skep.yaml").display().to_string();
            let text = GROUP.replace("fromFile: secret", value).into_bytes();
            fill_within(vec![Source { name, text }], &root).map_err(|error| error.to_string())
        };
        assert!(fill("fromFile: ../own").is_ok());
        for value in ["fromFile: ../../secret", "fromFile: /etc/hostname"] {
            let said = fill(value).expect_err("it lies outside");
            assert!(said.contains("skep.yaml:9:"), "{said}");
        }
        let said = fill("fromEnv: HOME").expect_err("it is this process's");
        assert!(said.contains("skep seal"), "{said}");
    }

    #[test]
    fn all_files_together_have_a_bound() {
        let directory = tempfile::tempdir().expect("a directory");
        let large = "x".repeat(FILE_BYTES_MAX);
        fs::write(directory.path().join("large"), large).expect("written");
        let config = |number: usize| {
            format!(
                "apiVersion: skep/v1\nkind: Config\nmetadata: {{name: c{number}}}\nspec: {{data: {{fromFile: large}}}}\n---\n"
            )
        };
        let fill = |count: usize| {
            fill(vec![Source {
                text: (0..count).map(config).collect::<String>().into_bytes(),
                ..source(&directory)
            }])
        };
        let said = fill(40).expect_err("it is too much").to_string();
        assert!(said.contains("more than 16 MiB"), "{said}");
        assert!(fill(10).is_ok());
    }

    #[test]
    fn a_value_that_cannot_be_read_is_named_with_its_place() {
        let directory = tempfile::tempdir().expect("a directory");
        let error = fill(vec![source(&directory)]).expect_err("there is no file");
        let said = error.to_string();
        assert!(said.contains("skep.yaml:9:"), "{said}");
        assert!(said.contains("cannot read"), "{said}");
        let variable = GROUP.replace("fromFile: secret", "fromEnv: SKEP_TEST_NOT_SET");
        let source = Source {
            text: variable.into_bytes(),
            ..source(&directory)
        };
        let said = fill(vec![source]).expect_err("it is not set").to_string();
        assert!(said.contains("`SKEP_TEST_NOT_SET` is not set"), "{said}");
    }
}
