//! What became of every keyword that was met.

use skep_manifest::name::NodeName;
use skep_manifest::span::Span;

/// What became of every keyword that was met, in the order they were met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// One entry for each.
    pub entries: Vec<Entry>,
}

/// A keyword, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The node whose file it stands in.
    pub node: NodeName,
    /// The keyword with the blocks around it: `vrrp_instance/authentication/auth_pass`.
    pub keyword: String,
    /// Where it stands.
    pub span: Span,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a keyword.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is this field of the manifest.
    Taken(String),
    /// It is left out, for this reason.
    LeftOut(String),
    /// keepalived has no such keyword there.
    Unknown,
}

impl Ledger {
    /// What is not in the manifest.
    pub fn left_out(&self) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(|entry| !matches!(entry.fate, Fate::Taken(_)))
    }
}
