//! The files of a commit, written where manifests can be read.
//!
//! They are written one by one as git lists them, not checked out: no filter, attribute or hook of
//! the repository has a part in it, and nothing lands or leads outside.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::{Component, Path};

/// The largest file: what no manifest and no value of one may exceed.
const FILE_BYTES_MAX: usize = 8 << 20;

/// The most that is written of one commit.
pub(super) const TREE_BYTES_MAX: usize = 64 << 20;

/// The most files of one commit.
const FILES_MAX: usize = 10_000;

/// What to do about files that are too many or too large.
const ELSEWHERE: &str = "keep manifests in a directory of their own and name it with --path";

/// A file of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its path.
    path: String,
    /// Its content, by name.
    object: String,
    bytes: usize,
    is_link: bool,
}

/// The files that `git ls-tree -r -z -l` lists, or why they may not be written.
pub(super) fn parse(listed: &[u8]) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    let mut total = 0;
    for line in listed.split(|byte| *byte == 0).filter(|it| !it.is_empty()) {
        let line = std::str::from_utf8(line).map_err(|_| "a path is no UTF-8".to_owned())?;
        let entry = parse_entry(line)?;
        total += entry.bytes;
        entries.push(entry);
        if entries.len() > FILES_MAX {
            return Err(format!(
                "there are more than {FILES_MAX} files: {ELSEWHERE}"
            ));
        }
        if total > TREE_BYTES_MAX {
            let most = TREE_BYTES_MAX >> 20;
            return Err(format!("the files have more than {most} MiB: {ELSEWHERE}"));
        }
    }
    Ok(entries)
}

fn parse_entry(line: &str) -> Result<Entry, String> {
    let unknown = || format!("git lists `{line}`");
    let (about, path) = line.split_once('\t').ok_or_else(unknown)?;
    let words: Vec<&str> = about.split_whitespace().collect();
    let [mode, _kind, object, bytes] = words[..] else {
        return Err(unknown());
    };
    let is_inside = |part| matches!(part, Component::Normal(_));
    if path.is_empty() || !Path::new(path).components().all(is_inside) {
        return Err(format!("`{path}` leads out of the repository"));
    }
    let is_link = match mode {
        "100644" | "100755" | "100664" => false,
        "120000" => true,
        "160000" => {
            return Err(format!(
                "{path} is a submodule, of which nothing is read: put the files themselves there"
            ));
        }
        _ => return Err(unknown()),
    };
    let bytes: usize = bytes.parse().map_err(|_| unknown())?;
    if bytes > FILE_BYTES_MAX {
        let most = FILE_BYTES_MAX >> 20;
        return Err(format!("{path} is larger than {most} MiB: {ELSEWHERE}"));
    }
    Ok(Entry {
        path: path.to_owned(),
        object: object.to_owned(),
        bytes,
        is_link,
    })
}

/// What `git cat-file --batch` is told to print what is in `entries`.
pub(super) fn wanted(entries: &[Entry]) -> String {
    entries
        .iter()
        .map(|it| format!("{}\n", it.object))
        .collect()
}

/// How much it prints at most.
pub(super) fn printed_max(entries: &[Entry]) -> usize {
    // A line before each, of an id, a word and a number, and a line break after it.
    let lines: usize = entries.iter().map(|it| it.object.len() + 32).sum();
    lines + entries.iter().map(|it| it.bytes).sum::<usize>()
}

/// Writes `entries`, of which `printed` has the contents, into the new directory `root`.
pub(super) fn write(root: &Path, entries: &[Entry], mut printed: &[u8]) -> Result<(), String> {
    let refuse = |path: &str, error: io::Error| format!("{path} cannot be written: {error}");
    fs::create_dir_all(root).map_err(|error| refuse(&root.display().to_string(), error))?;
    let mut links = Vec::new();
    for entry in entries {
        let content = take_content(&mut printed, entry)?;
        if entry.is_link {
            links.push((entry, content));
        } else {
            write_file(&root.join(&entry.path), content).map_err(|e| refuse(&entry.path, e))?;
        }
    }
    // After all files, so that none is written through one.
    for (entry, target) in &links {
        let path = root.join(&entry.path);
        let target = std::str::from_utf8(target).map_err(|_| leads_out(&entry.path))?;
        make_directory(&path)
            .and_then(|()| symlink(target, &path))
            .map_err(|error| refuse(&entry.path, error))?;
    }
    let root = root.canonicalize();
    let root = root.map_err(|error| format!("the files cannot be found again: {error}"))?;
    let links: BTreeSet<&str> = links.iter().map(|(entry, _)| entry.path.as_str()).collect();
    for path in links {
        let target = root.join(path).canonicalize();
        // Links to directories could multiply what is there without end.
        let is_inside = |target: &Path| target.starts_with(&root) && target.is_file();
        if !target.is_ok_and(|target| is_inside(&target)) {
            return Err(leads_out(path));
        }
    }
    Ok(())
}

fn leads_out(path: &str) -> String {
    format!("{path} is a symbolic link that leads to no file beside it: put the file itself there")
}

/// The content of `entry`, which stands at the beginning of `printed`.
fn take_content<'a>(printed: &mut &'a [u8], entry: &Entry) -> Result<&'a [u8], String> {
    let unlike = || format!("{}: git prints something else than it listed", entry.path);
    let end = printed.iter().position(|byte| *byte == b'\n');
    let (line, rest) = printed.split_at(end.ok_or_else(unlike)?);
    let expected = format!("{} blob {}", entry.object, entry.bytes);
    if line != expected.as_bytes() || rest.len() < entry.bytes + 2 {
        return Err(unlike());
    }
    let content = &rest[1..=entry.bytes];
    *printed = &rest[entry.bytes + 2..];
    Ok(content)
}

fn write_file(path: &Path, content: &[u8]) -> io::Result<()> {
    make_directory(path)?;
    let mut options = OpenOptions::new();
    let mut file: File = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content)?;
    // An agent that starts after a power cut may have nothing else to work towards.
    file.sync_all()
}

fn make_directory(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}
