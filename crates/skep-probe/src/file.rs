//! `file`: a file exists, or has a certain content.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;
use skep_manifest::health_check::FileProbe;

use crate::aside::Aside;
use crate::judge::Outcome;

/// Looks whether the file is there and says what it shall say.
pub(crate) async fn probe(file: &FileProbe, aside: &Aside) -> Outcome {
    let FileProbe { path, equals } = file.clone();
    let looked = aside.run(move || look(Path::new(path.as_str()), equals.as_deref()));
    looked.await.and_then(|looked| looked).into()
}

fn look(path: &Path, equals: Option<&str>) -> Result<(), String> {
    let Some(wanted) = equals else {
        return fs::metadata(path)
            .map(|_| ())
            .map_err(|error| format!("{} is not there: {error}", path.display()));
    };
    // One byte more than wanted, and a line break, tell a longer file from the wanted one.
    let content = read_regular(path, wanted.len() + "\r\n".len() + 1)?;
    if without_line_break(&content) == wanted.as_bytes() {
        Ok(())
    } else {
        Err(format!("{} has another content", path.display()))
    }
}

/// The first bytes of a regular file. Anything else, such as a pipe that nobody writes to or a
/// device, is not even opened.
pub(crate) fn read_regular(path: &Path, bytes_max: usize) -> Result<Vec<u8>, String> {
    let cannot = |error| format!("{} cannot be read: {error}", path.display());
    if !fs::metadata(path).map_err(cannot)?.is_file() {
        return Err(format!("{} is no regular file", path.display()));
    }
    let mut content = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut content))
        .map_err(cannot)?;
    Ok(content)
}

/// Opens without waiting: a pipe may have taken the place of the file meanwhile.
fn open(path: &Path) -> std::io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

pub(crate) fn without_line_break(content: &[u8]) -> &[u8] {
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    content.strip_suffix(b"\r").unwrap_or(content)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    async fn check(path: &Path, equals: Option<&str>, expected: Result<(), &str>) {
        let text = path.to_str().expect("a path").to_owned();
        let file = FileProbe {
            path: text.parse().expect("an absolute path"),
            equals: equals.map(str::to_owned),
        };
        match (probe(&file, &Aside::new()).await, expected) {
            (Outcome::Passed, Ok(())) => {}
            (Outcome::Failed(reason), Err(part)) => {
                assert!(reason.contains(part) && reason.contains(&text), "{reason}");
            }
            (outcome, expected) => panic!("{text}: {outcome:?} instead of {expected:?}"),
        }
    }

    #[tokio::test]
    async fn a_file_is_there_or_says_what_it_shall() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("role");
        check(&file, None, Err("not there")).await;
        check(&file, Some("primary"), Err("cannot be read")).await;
        for (content, expected) in [
            ("primary", Ok(())),
            ("primary\n", Ok(())),
            ("primary\r\n", Ok(())),
            ("primary\n\n", Err("another content")),
            ("primary2", Err("another content")),
            ("prim", Err("another content")),
            ("", Err("another content")),
        ] {
            fs::write(&file, content).expect("written");
            check(&file, None, Ok(())).await;
            check(&file, Some("primary"), expected).await;
        }
        check(directory.path(), None, Ok(())).await;
        check(directory.path(), Some("x"), Err("no regular file")).await;
    }

    #[tokio::test]
    async fn pipes_devices_and_huge_files_do_no_harm() {
        let directory = tempfile::tempdir().expect("a directory");
        let begun = Instant::now();
        let pipe = directory.path().join("pipe");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0)
            .expect("a pipe");
        check(&pipe, Some("x"), Err("no regular file")).await;
        check(Path::new("/dev/zero"), Some("x"), Err("no regular file")).await;
        let huge = directory.path().join("huge");
        let file = File::create(&huge).expect("created");
        file.set_len(1 << 40).expect("it has no content to store");
        check(&huge, Some("x"), Err("another content")).await;
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
}
