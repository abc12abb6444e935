//! What a watched source holds.

use skep_manifest::condition::Reason;
use skep_manifest::set::Source;
use skep_plan::feeding::Origin;

use crate::control::understand::with_causes;
use crate::source::ReadError;

/// What a watched source holds, or why that cannot be said.
#[derive(Debug)]
pub struct Contents {
    /// Its manifests.
    pub sources: Result<Vec<Source>, Unread>,
    /// Which commit it is, when it is a branch.
    pub commit: Option<Commit>,
}

/// A commit that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The commit, for people.
    pub origin: Origin,
    /// What it is made from, itself first, as far as that is known here.
    pub line: Vec<String>,
}

/// Why a source does not say what it holds.
#[derive(Debug)]
pub enum Unread {
    /// Manifests or their values cannot be read.
    Manifests(ReadError),
    /// The repository cannot be reached or is no repository.
    Unreachable(String),
    /// The commit may not be fed.
    Refused(String),
}

impl Unread {
    /// In one word.
    pub(super) const fn reason(&self) -> Reason {
        match self {
            Self::Manifests(_) => Reason::InvalidManifest,
            Self::Unreachable(_) => Reason::SourceUnreachable,
            Self::Refused(_) => Reason::SourceRefused,
        }
    }

    /// For people.
    pub(super) fn message(&self) -> String {
        let message = match self {
            Self::Manifests(error) => with_causes(error),
            Self::Unreachable(message) | Self::Refused(message) => message.clone(),
        };
        // It names files as whoever may push called them.
        message.replace(char::is_control, "\u{fffd}")
    }
}
