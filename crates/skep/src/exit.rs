//! The exit codes of every command.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Success = 0,
    /// The command worked and what it looked at is not well: findings, something not Ready.
    Findings = 1,
    /// The command could not do its work: wrong usage, unreadable file, no agent.
    Usage = 2,
    /// What was asked for is under way and did not come about in time.
    NotConverged = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
