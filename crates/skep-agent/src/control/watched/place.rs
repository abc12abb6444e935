//! Where a source is that is watched, and what is said about it.

use std::io;
use std::path::{Path, PathBuf};

use skep_manifest::condition::Reason;
use skep_plan::feeding::{DIRECTORY, GIT, Origin};

use crate::control::git::{GitOptions, Nudge};

/// Where a source is.
pub(in crate::control) enum Place {
    /// A directory.
    Directory(PathBuf),
    /// A branch of a repository, and who looks at it.
    Branch(Box<GitOptions>, Nudge),
}

impl Place {
    pub(super) const fn feeder(&self) -> &'static str {
        match self {
            Self::Directory(_) => DIRECTORY,
            Self::Branch(..) => GIT,
        }
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Directory(directory) => directory.display().to_string(),
            Self::Branch(options, _) => options.name(),
        }
    }

    /// Whether the directory itself is not there.
    pub(super) fn is_missing(&self, path: &Path, error: &io::Error) -> bool {
        let is_it = matches!(self, Self::Directory(directory) if directory == path);
        is_it && error.kind() == io::ErrorKind::NotFound
    }

    /// The name of a file within the directory: that is what two copies of it have in common.
    pub(super) fn name_of(&self, path: &str) -> String {
        let Self::Directory(directory) = self else {
            return path.to_owned();
        };
        let inside = Path::new(path).strip_prefix(directory);
        inside.map_or_else(|_| path.to_owned(), |inside| inside.display().to_string())
    }

    /// That what it holds, so many files, is not made from what was fed last, of which the commit is
    /// known.
    pub(super) fn difference(&self, fed: Option<&Origin>, count: usize) -> String {
        match (self, fed) {
            (Self::Branch(..), Some(fed)) => format!(
                "it is not made from what was fed last ({fed}): the branch was written anew, or this \
                 is a copy that lags behind; nothing is taken from it"
            ),
            (Self::Branch(..), None) => {
                "there is a desired state already, and no commit of it: nothing is taken from it"
                    .to_owned()
            }
            (Self::Directory(_), _) => format!(
                "what it holds ({}) is not what was fed last and did not change from that: \
                 nothing is taken from it",
                files(count)
            ),
        }
    }

    /// What helps against what is told for `reason`, when the generation that follows is `next`.
    pub(super) fn remedy(&self, reason: Reason, next: u64) -> String {
        match (self, reason) {
            (Self::Directory(directory), Reason::SourceDiffers) => format!(
                "`skep diff -f {} --prune --take-over` shows how it differs; make it what counts, \
                 or let it count with `skep confirm {next}`",
                directory.display()
            ),
            (Self::Branch(..), Reason::SourceDiffers) => format!(
                "`skep diff -f PATH --prune --take-over` in a clone of it shows how it differs; push \
                 what counts, or let it count with `skep confirm {next}`"
            ),
            (_, Reason::AwaitsConfirmation) => {
                format!("`skep confirm {next}` lets it; if it shall not, put back what is missing")
            }
            (Self::Directory(directory), Reason::InvalidManifest) => {
                format!("mend it: `skep lint {}`", directory.display())
            }
            (Self::Branch(..), Reason::InvalidManifest | Reason::SourceRefused) => {
                "what ran goes on; push a commit that mends it".to_owned()
            }
            _ => "it is tried again".to_owned(),
        }
    }
}

fn files(count: usize) -> String {
    match count {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    }
}
