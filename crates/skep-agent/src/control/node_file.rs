//! Files of this node that the desired state names with `fromNodeFile`: what they say never leaves
//! the node.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::string::FromUtf8Error;

use skep_manifest::value_source::AbsolutePath;

use crate::control::understand::with_causes;

/// The largest file that is read: keys and passwords are far shorter.
const BYTES_MAX: u64 = 64 << 10;

/// Why a file of this node says nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum NodeFileError {
    /// The system refuses.
    #[error("cannot read {path} on this node")]
    Unreadable {
        path: AbsolutePath,
        #[source]
        source: io::Error,
    },
    /// It is a directory, a device or a pipe.
    #[error("{path} on this node is no regular file")]
    NoFile { path: AbsolutePath },
    /// It is larger than any secret.
    #[error("{path} on this node has more than {BYTES_MAX} bytes")]
    TooLarge { path: AbsolutePath },
    /// It is no text.
    #[error("{path} on this node is not valid UTF-8")]
    NoText {
        path: AbsolutePath,
        #[source]
        source: FromUtf8Error,
    },
    /// Nothing stands in it.
    #[error("{path} on this node is empty")]
    Empty { path: AbsolutePath },
}

/// What the file at `path` says at present, without the line break at its end, which editors and
/// `echo` put there.
///
/// # Errors
///
/// [`NodeFileError`] when it cannot be read or says nothing.
pub(super) fn read(path: &AbsolutePath) -> Result<String, NodeFileError> {
    let unreadable = |source| NodeFileError::Unreadable {
        path: path.clone(),
        source,
    };
    // Before it is opened: opening a pipe that nobody writes to waits for ever.
    if !fs::metadata(path.as_str()).map_err(unreadable)?.is_file() {
        return Err(NodeFileError::NoFile { path: path.clone() });
    }
    let mut bytes = Vec::new();
    let file = File::open(path.as_str()).map_err(unreadable)?;
    file.take(BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(NodeFileError::TooLarge { path: path.clone() });
    }
    let text = String::from_utf8(bytes).map_err(|source| NodeFileError::NoText {
        path: path.clone(),
        source,
    })?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(NodeFileError::Empty { path: path.clone() });
    }
    Ok(text.to_owned())
}

/// The files that the virtual routers of this node need, each with what it says or why it says
/// nothing.
pub(super) fn read_all(
    paths: BTreeSet<AbsolutePath>,
) -> BTreeMap<AbsolutePath, Result<String, String>> {
    let look = |path: AbsolutePath| {
        let text = read(&path).map_err(|error| with_causes(&error));
        (path, text)
    };
    paths.into_iter().map(look).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn path(directory: &tempfile::TempDir, name: &str) -> AbsolutePath {
        let path = directory.path().join(name);
        path.to_str().expect("text").parse().expect("absolute")
    }

    #[test]
    fn a_secret_is_what_stands_in_the_file_without_the_last_line_break() {
        let directory = tempfile::tempdir().expect("a directory");
        for (written, read_back) in [
            ("secret", "secret"),
            ("secret\n", "secret"),
            ("secret\r\n", "secret"),
            (" se\ncret \n\n", " se\ncret \n"),
        ] {
            let file = path(&directory, "password");
            fs::write(file.as_str(), written).expect("written");
            assert_eq!(read(&file).expect("readable"), read_back);
        }
    }

    #[test]
    fn what_is_no_secret_is_named_and_never_waited_for() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("empty"), "\n").expect("written");
        fs::write(directory.path().join("binary"), [0xff, 0xfe]).expect("written");
        let large = vec![b'x'; usize::try_from(BYTES_MAX).expect("small") + 1];
        fs::write(directory.path().join("large"), large).expect("written");
        let _listener = UnixListener::bind(directory.path().join("socket")).expect("a socket");
        for (name, complaint) in [
            ("missing", "cannot read"),
            ("empty", "is empty"),
            ("binary", "is not valid UTF-8"),
            ("large", "has more than"),
            ("socket", "is no regular file"),
            ("", "is no regular file"),
        ] {
            let file = path(&directory, name);
            let error = read(&file).expect_err(name).to_string();
            assert!(error.contains(complaint), "{name}: {error}");
            assert!(error.contains(file.as_str()), "{name}: {error}");
        }
    }
}
