//! Where in a repository manifests come from.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Enough of a commit to find it by.
const COMMIT_SHOWN: usize = 7;

/// A commit of a branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The branch.
    pub branch: String,
    /// The whole id of the commit.
    pub commit: String,
    /// Who wrote it.
    pub author: String,
    /// The first line of what was said about it.
    pub message: String,
}

/// As people name it: `main@3f2a91c "web: 5 replicas" (Ada)`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let commit: String = self.commit.chars().take(COMMIT_SHOWN).collect();
        let Self {
            branch,
            message,
            author,
            ..
        } = self;
        write!(f, "{branch}@{commit} \"{message}\" ({author})")
    }
}
