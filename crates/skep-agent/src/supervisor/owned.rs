//! The copy of the journal outside of the memory: what was put in place is found there also when
//! all processes of an agent are gone and the kernel does not keep who added an address.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::memory::{Journal, Placed};

/// The file, in the directory of the socket: it is gone after a start of the machine, like the
/// addresses themselves.
const FILE: &str = "owned";

/// The file, and what it says.
#[derive(Debug)]
pub(crate) struct Owned {
    path: PathBuf,
    written: Option<u64>,
}

impl Owned {
    /// The file in `directory`.
    pub(crate) fn new(directory: &Path) -> Self {
        Self {
            path: directory.join(FILE),
            written: None,
        }
    }

    /// What it says; a line that is not understood says nothing.
    pub(crate) fn read(&self) -> Vec<Placed> {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// Writes what is new in the journal; whether there was something.
    pub(crate) fn follow(&mut self, journal: &Journal<'_>) -> bool {
        let changes = journal.changes();
        if self.written == Some(changes) {
            return false;
        }
        self.written = Some(changes);
        if let Err(error) = self.write(&journal.placed()) {
            tracing::warn!(path = %self.path.display(), %error, "cannot write which addresses are held");
        }
        true
    }

    fn write(&self, placed: &[Placed]) -> io::Result<()> {
        let lines: String = placed.iter().map(|placed| format!("{placed}\n")).collect();
        let new = self.path.with_extension("new");
        fs::write(&new, lines)?;
        // Whoever reads it finds the old or the new one, never half of it.
        fs::rename(new, &self.path)
    }

    /// Forgets what it says: nothing is in place any more.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            outcome => outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Owned;
    use crate::memory::{Memory, Placed};

    #[test]
    fn the_next_agent_reads_what_the_journal_said() {
        let directory = tempfile::tempdir().expect("there is room for files");
        let memory = Memory::create().expect("memory");
        let mut owned = Owned::new(directory.path());
        assert_eq!(owned.read(), []);
        let placed: Vec<Placed> = ["10.0.0.70/32 eth0", "fd00::70/128 eth0"]
            .map(|line| line.parse().expect("an address on an interface"))
            .into();
        for placed in &placed {
            memory.journal().enter(placed);
        }
        owned.follow(&memory.journal());
        assert_eq!(Owned::new(directory.path()).read(), placed);
        memory.journal().strike(&placed[0]);
        owned.follow(&memory.journal());
        assert_eq!(owned.read(), placed[1..]);
        owned.remove().expect("it is there");
        owned.remove().expect("it may be gone");
    }
}
