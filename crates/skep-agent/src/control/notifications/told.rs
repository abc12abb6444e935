//! Which transitions were told, in a file that outlives control.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use skep_vrrp::time::Instant;

/// Its name, beside the socket: like the data plane it need not outlive the machine.
const FILE: &str = "told.json";

/// Another boot has another clock.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// The last transition of each group that was told.
pub(super) struct Told {
    file: PathBuf,
    content: Content,
    /// What a group did before that, it did before anybody was to be told.
    begin: Instant,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    boot: String,
    last: BTreeMap<String, Instant>,
}

impl Told {
    /// What stands in the file of `directory`, if it was written since the machine started.
    pub(super) fn read(directory: &Path, now: Instant) -> Self {
        let file = directory.join(FILE);
        let boot = fs::read_to_string(BOOT).unwrap_or_default();
        let known = fs::read(&file)
            .ok()
            .and_then(|text| serde_json::from_slice::<Content>(&text).ok())
            .filter(|content| content.boot == boot);
        let content = known.unwrap_or(Content {
            boot,
            last: BTreeMap::new(),
        });
        Self {
            file,
            content,
            begin: now,
        }
    }

    /// The last transition of `group` that was told.
    pub(super) fn last(&self, group: &str) -> Instant {
        self.content.last.get(group).copied().unwrap_or(self.begin)
    }

    /// Remembers that the transition at this moment is told.
    pub(super) fn remember(&mut self, group: &str, at: Instant) {
        self.content.last.insert(group.to_owned(), at);
        if let Err(error) = self.write() {
            let file = self.file.display();
            tracing::warn!(%file, %error, "what was told is not remembered");
        }
    }

    /// In one step: a control that is killed leaves the old file or the new one.
    fn write(&self) -> io::Result<()> {
        let new = self.file.with_extension("new");
        fs::write(&new, serde_json::to_vec(&self.content)?)?;
        fs::rename(&new, &self.file)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const fn at(seconds: u64) -> Instant {
        Instant::from_boot(Duration::from_secs(seconds))
    }

    #[test]
    fn what_was_told_is_known_to_the_next_life_of_the_same_boot_only() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut told = Told::read(directory.path(), at(100));
        assert_eq!(told.last("web"), at(100));
        told.remember("web", at(107));
        let next = Told::read(directory.path(), at(120));
        assert_eq!((next.last("web"), next.last("other")), (at(107), at(120)));
        let file = directory.path().join(FILE);
        let text = fs::read_to_string(&file).expect("it is there");
        fs::write(&file, text.replace("\"boot\":\"", "\"boot\":\"x")).expect("written");
        assert_eq!(Told::read(directory.path(), at(7)).last("web"), at(7));
        fs::write(&file, "{").expect("written");
        assert_eq!(Told::read(directory.path(), at(7)).last("web"), at(7));
    }
}
