//! Reads a directory that somebody else may be writing to, as it was at one moment.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{BackupError, Kept, refused};

/// How often the directory is read before it is given up: once takes some tens of milliseconds, and
/// a swarm that nothing happens to writes a few times a minute.
const READS_MAX: usize = 100;

/// How much is read at once; files of the log are zeros for the most part.
const CHUNK: usize = 64 << 10;

/// All files below `directory`, in the order of their names, as they were at one moment.
///
/// # Errors
///
/// [`BackupError`] when it cannot be read, or is written to all the time.
pub fn collect(directory: &Path) -> Result<Vec<Kept>, BackupError> {
    let mut before = read(directory);
    for _ in 0..READS_MAX {
        let after = read(directory);
        match (before, after) {
            (Ok(one), Ok(other)) if one == other => return Ok(other),
            // A file that goes between being listed and being read is a change like any other.
            (Err(_), Err(error)) if !is_gone(&error) => return Err(error),
            (_, after) => before = after,
        }
    }
    before?;
    let directory = directory.to_owned();
    Err(BackupError::Restless { directory })
}

/// Those of `names` that are in `directory`.
pub(super) fn named(directory: &Path, names: &[&str]) -> Result<Vec<Kept>, BackupError> {
    let mut files = Vec::new();
    for name in names {
        match read_file(directory, &directory.join(name)) {
            Ok(file) => files.push(file),
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(files)
}

fn is_gone(error: &BackupError) -> bool {
    match error {
        BackupError::Refused { source, .. } => source.kind() == io::ErrorKind::NotFound,
        BackupError::Restless { .. }
        | BackupError::NoSwarm { .. }
        | BackupError::NoBackup { .. }
        | BackupError::Damaged { .. }
        | BackupError::LeadsOut { .. } => false,
    }
}

fn read(directory: &Path) -> Result<Vec<Kept>, BackupError> {
    let mut files = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(next) = directories.pop() {
        for entry in fs::read_dir(&next).map_err(refused("read", &next))? {
            let path = entry.map_err(refused("read", &next))?.path();
            let kind = fs::symlink_metadata(&path).map_err(refused("read", &path))?;
            if kind.is_dir() {
                directories.push(path);
            } else if kind.is_file() && path.extension().is_none_or(|ends| ends != "tmp") {
                files.push(read_file(directory, &path)?);
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

fn read_file(directory: &Path, path: &Path) -> Result<Kept, BackupError> {
    let refused = |source| refused("read", path)(source);
    let mut file = File::open(path).map_err(refused)?;
    let mode = file.metadata().map_err(refused)?.permissions().mode() & 0o7777;
    let (mut length, mut content) = (0, Vec::new());
    let mut chunk = vec![0; CHUNK];
    let zeros = vec![0; CHUNK];
    loop {
        let read = file.read(&mut chunk).map_err(refused)?;
        if read == 0 {
            break;
        }
        if chunk[..read] != zeros[..read] {
            content.resize(length, 0);
            content.extend_from_slice(&chunk[..read]);
        }
        length += read;
    }
    let end = content.iter().rposition(|byte| *byte != 0);
    content.truncate(end.map_or(0, |last| last + 1));
    Ok(Kept {
        path: path.strip_prefix(directory).unwrap_or(path).to_owned(),
        mode,
        length: u64::try_from(length).unwrap_or(u64::MAX),
        content,
    })
}
