//! Reads manifests from files and directories.

mod stacks;
mod values;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use skep_manifest::set::{SOURCE_BYTES_MAX, Source};
use skep_manifest::span::Location;

pub use stacks::read_stacks;
pub use values::{fill, fill_within};

/// The most files one directory tree may hold.
const FILES_MAX: usize = 10_000;

/// Why manifests could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file or directory cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// The file is no manifest.
    #[error("{} is larger than {} MiB: is it a manifest?", path.display(), SOURCE_BYTES_MAX >> 20)]
    TooLarge {
        /// Which.
        path: PathBuf,
    },
    /// The file is called something that cannot be shown as it is.
    #[error("{path:?} has line breaks or other control characters in its name: give it another")]
    StrangeName {
        /// Which.
        path: PathBuf,
    },
    /// A value that the manifest names cannot be read.
    #[error("{location}: {what}")]
    NoValue {
        /// Where the manifest names it.
        location: Location,
        /// What is wrong with it.
        what: String,
        /// The system's words.
        #[source]
        source: Option<io::Error>,
    },
    /// The directory tree is no collection of manifests.
    #[error("{} holds more than {FILES_MAX} manifests", path.display())]
    TooMany {
        /// Which.
        path: PathBuf,
    },
}

/// The manifests of a tree and the directories that decide about them.
#[derive(Debug, Default)]
pub struct Tree {
    /// The manifests, sorted by path.
    pub sources: Vec<Source>,
    /// Every directory that was entered or that holds a symbolic link that was followed.
    pub directories: BTreeSet<PathBuf>,
}

/// Reads every manifest of `paths`: files as they are, directories recursively.
///
/// # Errors
///
/// [`ReadError`] for the first path that cannot be read.
pub fn read(paths: &[PathBuf]) -> Result<Tree, ReadError> {
    let mut reader = Reader::default();
    for path in paths {
        reader.read_path(path)?;
    }
    Ok(reader.tree)
}

/// Reads every manifest of `directory`, and says also when that fails which directories decide
/// about it.
pub(crate) fn read_followed(
    directory: &Path,
) -> (Result<Vec<Source>, ReadError>, BTreeSet<PathBuf>) {
    let mut reader = Reader::default();
    let outcome = reader.read_path(directory);
    let Tree {
        sources,
        directories,
    } = reader.tree;
    (outcome.map(|()| sources), directories)
}

/// Reads one file.
///
/// # Errors
///
/// [`ReadError`] when it cannot be read or is too large.
pub fn read_file(path: &Path) -> Result<Source, ReadError> {
    let file = fs::File::open(path).map_err(|source| unreadable(path, source))?;
    Ok(Source {
        name: path.display().to_string(),
        text: read_limited(file, path)?,
    })
}

/// Reads standard input as one manifest named `-`.
///
/// # Errors
///
/// [`ReadError::Unreadable`] when it ends with an error.
pub fn read_standard_input() -> Result<Source, ReadError> {
    let path = Path::new("-");
    let text = read_limited(io::stdin().lock(), path)?;
    Ok(Source {
        name: "-".to_owned(),
        text,
    })
}

#[derive(Default)]
struct Reader {
    tree: Tree,
    /// Device and inode of the directories above the current one: a symbolic link to one of them
    /// would be read for ever.
    ancestors: Vec<(u64, u64)>,
}

impl Reader {
    fn read_path(&mut self, path: &Path) -> Result<(), ReadError> {
        if metadata(path)?.is_dir() {
            self.read_directory(path, path)
        } else {
            self.read_file(path)
        }
    }

    fn read_directory(&mut self, root: &Path, directory: &Path) -> Result<(), ReadError> {
        let metadata = metadata(directory)?;
        let identity = (metadata.dev(), metadata.ino());
        if self.ancestors.contains(&identity) {
            return Ok(());
        }
        self.ancestors.push(identity);
        self.note_directory(directory);
        for path in sorted_entries(directory)? {
            self.read_entry(root, &path)?;
        }
        self.ancestors.pop();
        Ok(())
    }

    fn read_entry(&mut self, root: &Path, path: &Path) -> Result<(), ReadError> {
        let metadata = match metadata(path) {
            Ok(metadata) => metadata,
            // Editors and checkouts delete files while we look.
            Err(ReadError::Unreadable { source, .. }) if is_gone(&source) => return Ok(()),
            Err(error) => return Err(error),
        };
        if metadata.is_dir() {
            return self.read_directory(root, path);
        }
        if !metadata.is_file() || !is_manifest(path) {
            return Ok(());
        }
        if self.tree.sources.len() == FILES_MAX {
            return Err(ReadError::TooMany {
                path: root.to_owned(),
            });
        }
        self.read_file(path)
    }

    fn read_file(&mut self, path: &Path) -> Result<(), ReadError> {
        // Whatever is said about it begins with its name.
        if path.to_string_lossy().chars().any(char::is_control) {
            return Err(ReadError::StrangeName {
                path: path.to_owned(),
            });
        }
        self.note_link(path);
        self.tree.sources.push(read_file(path)?);
        Ok(())
    }

    fn note_directory(&mut self, directory: &Path) {
        self.note_link(directory);
        self.tree.directories.insert(directory.to_owned());
    }

    /// Notes where `path` leads when it is a symbolic link: replacing the link or what it leads to
    /// changes what is read.
    fn note_link(&mut self, path: &Path) {
        if let Some(parent) = parent(path) {
            self.tree.directories.insert(parent);
        }
        if path.is_symlink()
            && let Ok(target) = path.canonicalize()
            && let Some(parent) = parent(&target)
        {
            self.tree.directories.insert(parent);
        }
    }
}

/// The entries of `directory` that are not hidden, sorted by name.
fn sorted_entries(directory: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let unreadable = |source| unreadable(directory, source);
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        // `.git`, the `..data` of a mounted ConfigMap, an editor's swap file.
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn read_limited(file: impl Read, path: &Path) -> Result<Vec<u8>, ReadError> {
    let mut text = Vec::new();
    file.take(SOURCE_BYTES_MAX as u64 + 1)
        .read_to_end(&mut text)
        .map_err(|source| unreadable(path, source))?;
    if text.len() > SOURCE_BYTES_MAX {
        return Err(ReadError::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(text)
}

/// Whether the name of a file is that of a manifest.
pub(crate) fn is_manifest(path: &Path) -> bool {
    path.extension()
        .and_then(OsStr::to_str)
        .is_some_and(|extension| matches!(extension, "yaml" | "yml"))
}

fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// The directory that holds `path`, `.` for a bare name.
fn parent(path: &Path) -> Option<PathBuf> {
    let parent = path.parent()?;
    if parent.as_os_str().is_empty() {
        return Some(PathBuf::from("."));
    }
    Some(parent.to_owned())
}

fn metadata(path: &Path) -> Result<fs::Metadata, ReadError> {
    fs::metadata(path).map_err(|source| unreadable(path, source))
}

fn unreadable(path: &Path, source: io::Error) -> ReadError {
    ReadError::Unreadable {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests;
