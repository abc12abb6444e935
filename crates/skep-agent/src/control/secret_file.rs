//! Files that hold one secret word.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Anybody else than the owner.
const OTHERS: u32 = 0o077;

/// Checks that `file` is one, and that others may not read it.
pub(super) fn check_private(file: &Path) -> Result<(), String> {
    let refuse = |what: &str| format!("{}: {what}", file.display());
    let metadata = fs::metadata(file);
    let metadata = metadata.map_err(|error| refuse(&format!("cannot be read: {error}")))?;
    if !metadata.is_file() {
        return Err(refuse("is no file"));
    }
    if metadata.permissions().mode() & OTHERS != 0 {
        return Err(refuse("others can read it (`chmod 600` it)"));
    }
    Ok(())
}

/// The word in `file`, which others may not read, without the line break at its end.
pub(super) fn read_secret(file: &Path, bytes_max: usize) -> Result<String, String> {
    check_private(file)?;
    let refuse = |what: &str| format!("{}: {what}", file.display());
    let cannot = |error: std::io::Error| refuse(&format!("cannot be read: {error}"));
    let mut text = String::new();
    let opened = File::open(file).map_err(cannot)?;
    opened
        .take(bytes_max as u64 + 1)
        .read_to_string(&mut text)
        .map_err(cannot)?;
    let word = text.trim_end();
    if word.is_empty() || word.len() > bytes_max || word.chars().any(char::is_control) {
        return Err(refuse("holds no single word"));
    }
    Ok(word.to_owned())
}
