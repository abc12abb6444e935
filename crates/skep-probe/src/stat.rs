//! What the kernel says of a process in one line.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::file::read_regular;

/// What is read of the line: the numbers of interest are at its beginning, and a name is short.
const STAT_BYTES_MAX: usize = 256;

/// A process as `/proc/PID/stat` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) id: i32,
    /// Its name, at most 15 bytes.
    pub(crate) name: Vec<u8>,
    pub(crate) is_alive: bool,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    pub(crate) session: i32,
}

impl Stat {
    /// What is said of the process whose directory this is, while it is there.
    pub(crate) fn read(directory: &Path) -> Option<Self> {
        let line = read_regular(&directory.join("stat"), STAT_BYTES_MAX).ok()?;
        Self::parse(&line)
    }

    /// Reads `PID (NAME) STATE PARENT GROUP SESSION …`; the name may hold any character.
    fn parse(line: &[u8]) -> Option<Self> {
        let open = line.iter().position(|byte| *byte == b'(')?;
        let close = line.iter().rposition(|byte| *byte == b')')?;
        let id = std::str::from_utf8(line.get(..open)?).ok()?;
        let rest = std::str::from_utf8(line.get(close + 1..)?).ok()?;
        let mut words = rest.split_ascii_whitespace();
        // Zombies and the dead have names too.
        let is_alive = !matches!(words.next()?, "Z" | "X" | "x");
        let mut number = || words.next()?.parse().ok();
        Some(Self {
            id: id.trim().parse().ok()?,
            name: line.get(open + 1..close)?.to_owned(),
            is_alive,
            parent: number()?,
            group: number()?,
            session: number()?,
        })
    }
}

/// The directories of all processes.
pub(crate) fn directories() -> io::Result<impl Iterator<Item = PathBuf>> {
    let is_number = |name: &OsStr| name.as_bytes().iter().all(u8::is_ascii_digit);
    let entries = fs::read_dir("/proc")?.flatten();
    Ok(entries
        .filter(move |entry| is_number(&entry.file_name()))
        .map(|entry| entry.path()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_brackets_are_read_whole() {
        let stat = Stat {
            id: 7,
            name: b"a) b".to_vec(),
            is_alive: true,
            parent: 1,
            group: 5,
            session: 3,
        };
        assert_eq!(Stat::parse(b"7 (a) b) S 1 5 3 0"), Some(stat.clone()));
        let dead = Stat {
            is_alive: false,
            ..stat
        };
        assert_eq!(Stat::parse(b"7 (a) b) Z 1 5 3 0"), Some(dead));
        for broken in [&b""[..], b"7", b"7 (", b"7 ()", b")(", b"7 (a) S 1 5"] {
            assert_eq!(Stat::parse(broken), None, "{broken:?}");
        }
    }
}
