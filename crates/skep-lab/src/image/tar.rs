//! Tars in the POSIX ustar format: one of a few files is written, and one is asked for a file.

use anyhow::{Result, ensure};

const BLOCK: usize = 512;
/// The longest path that fits the first name field.
const PATH_LENGTH_MAX: usize = 100;
const MODE_DIRECTORY: u32 = 0o755;

/// Whether a tar has a file of this name at its top.
pub(super) fn contains(tar: &[u8], name: &str) -> bool {
    let mut rest = tar;
    while let Some((header, after)) = rest.split_at_checked(BLOCK) {
        let path = text(&header[..PATH_LENGTH_MAX]);
        if path.strip_prefix("./").unwrap_or(path) == name {
            return true;
        }
        let length = usize::from_str_radix(text(&header[124..136]).trim(), 8);
        let Some(next) = length
            .ok()
            .and_then(|length| length.checked_next_multiple_of(BLOCK))
            .and_then(|length| after.get(length..))
        else {
            return false;
        };
        rest = next;
    }
    false
}

/// A field of a header, which ends at its first zero.
fn text(field: &[u8]) -> &str {
    let end = field.iter().position(|byte| *byte == 0);
    std::str::from_utf8(&field[..end.unwrap_or(field.len())]).unwrap_or_default()
}

/// A tar that is being written.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn directory(&mut self, path: &str) -> Result<()> {
        self.header(path, MODE_DIRECTORY, 0, b'5')
    }

    pub(super) fn file(&mut self, path: &str, mode: u32, content: &[u8]) -> Result<()> {
        self.header(path, mode, content.len(), b'0')?;
        self.bytes.extend_from_slice(content);
        self.bytes
            .resize(self.bytes.len().next_multiple_of(BLOCK), 0);
        Ok(())
    }

    /// Two empty blocks end a tar.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.resize(self.bytes.len() + 2 * BLOCK, 0);
        self.bytes
    }

    fn header(&mut self, path: &str, mode: u32, length: usize, kind: u8) -> Result<()> {
        ensure!(
            path.len() <= PATH_LENGTH_MAX,
            "`{path}` is too long for a tar"
        );
        let mut header = [0; BLOCK];
        let mut put = |at: usize, text: &str| {
            header[at..at + text.len()].copy_from_slice(text.as_bytes());
        };
        put(0, path);
        put(100, &format!("{mode:07o}"));
        put(108, "0000000");
        put(116, "0000000");
        put(124, &format!("{length:011o}"));
        put(136, "00000000000");
        // The checksum is taken over the header with spaces in its own place.
        put(148, "        ");
        put(257, "ustar\x0000");
        header[156] = kind;
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.bytes.extend_from_slice(&header);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn the_system_s_tar_lists_what_was_written() {
        let mut tar = Writer::default();
        tar.directory("bin").unwrap();
        tar.file("bin/one", 0o755, &[7; 513]).unwrap();
        tar.file("bin/empty", 0o644, &[]).unwrap();
        let mut child = Command::new("tar")
            .args(["--list", "--verbose", "--numeric-owner"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(&tar.finish())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let listing = String::from_utf8(output.stdout).unwrap();
        let words = |line: &str| {
            let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
            (words[0].clone(), words[2].clone(), words[5].clone())
        };
        let entry = |mode: &str, length: &str, path: &str| {
            (mode.to_owned(), length.to_owned(), path.to_owned())
        };
        assert_eq!(
            listing.lines().map(words).collect::<Vec<_>>(),
            [
                entry("drwxr-xr-x", "0", "bin"),
                entry("-rwxr-xr-x", "513", "bin/one"),
                entry("-rw-r--r--", "0", "bin/empty"),
            ]
        );
    }
}
