//! What an agent leaves beside its socket while its control cannot start: nobody answers then.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The longest words that are read: an error with its causes is far shorter.
const WORDS_BYTES_MAX: u64 = 4 << 10;

/// The file beside `socket`.
#[must_use]
pub fn file(socket: &Path) -> PathBuf {
    socket.with_extension("trouble")
}

/// Why the control of the agent at `socket` cannot start, if it said so.
#[must_use]
pub fn read(socket: &Path) -> Option<String> {
    let file = File::open(file(socket)).ok()?;
    let mut words = Vec::new();
    file.take(WORDS_BYTES_MAX).read_to_end(&mut words).ok()?;
    let words = String::from_utf8_lossy(&words).trim().to_owned();
    (!words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_agent_said_is_read_and_nothing_else_is() {
        let directory = tempfile::tempdir().expect("there is room for files");
        let socket = directory.path().join("agent.sock");
        assert_eq!(read(&socket), None);
        std::fs::write(file(&socket), "\n").expect("written");
        assert_eq!(read(&socket), None);
        std::fs::write(file(&socket), "the port is taken\n").expect("written");
        assert_eq!(read(&socket).as_deref(), Some("the port is taken"));
        std::fs::write(file(&socket), [b'x'; 10_000]).expect("written");
        assert_eq!(read(&socket).map(|words| words.len()), Some(4_096));
    }
}
