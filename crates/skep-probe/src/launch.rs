//! How programs are started.

use std::process::Command;

/// Lets a program start in a session of its own. That takes a call between fork and exec, which
/// this crate leaves to who may make it.
#[derive(Clone, Copy, Debug)]
pub struct Launch {
    /// Prepares the command, which has no process group of its own yet.
    pub in_own_session: fn(&mut Command),
}

#[cfg(test)]
pub(crate) mod tests {
    use skep_linux::process::session::in_own_session;

    use super::Launch;

    pub(crate) const LAUNCH: Launch = Launch { in_own_session };
}
