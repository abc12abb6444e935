//! What this agent does for the swarm: one errand at a time, and what came of the last.

use skep_vrrp::time::Instant;

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    /// Creating the swarm.
    Init,
    /// Joining it.
    Join,
    /// Leaving it.
    Leave,
    /// Making this node's engine the only manager.
    Recover,
    /// Making the tokens worthless with which nodes joined.
    Rotate,
    /// Unlocking the engine, which is in it.
    Unlock,
    /// Changing it.
    Write,
}

impl Errand {
    /// Whether it brings this node's engine into the swarm.
    const fn enters(self) -> bool {
        match self {
            Self::Init | Self::Join => true,
            Self::Leave | Self::Recover | Self::Rotate | Self::Unlock | Self::Write => false,
        }
    }
}

/// The errand under way, and how the last ones ended.
#[derive(Debug, Default)]
pub(super) struct Errands {
    running: Option<Errand>,
    /// When the last one ended, until a look began after that: what is known is what was.
    stale: Option<Instant>,
    /// Why the last one failed.
    trouble: Option<String>,
    /// Why the last attempt to create or join the swarm failed.
    refused: Option<String>,
    /// Whether the engine was told to create a swarm, since this agent runs.
    has_begun_to_create: bool,
}

impl Errands {
    pub(super) const fn running(&self) -> Option<Errand> {
        self.running
    }

    /// Whether something is being done, or was and its outcome was not seen yet.
    pub(super) const fn is_busy(&self) -> bool {
        self.running.is_some() || self.stale.is_some()
    }

    /// Whether the engine was told to create a swarm, or may be at any moment.
    pub(super) fn may_be_creating(&self) -> bool {
        self.has_begun_to_create || self.running == Some(Errand::Init)
    }

    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    pub(super) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    pub(super) const fn begin(&mut self, errand: Errand) {
        self.running = Some(errand);
    }

    /// The errand that came back; whether it `has_begun_to_create` the swarm counts from here on.
    pub(super) const fn take(&mut self, has_begun_to_create: bool) -> Option<Errand> {
        self.has_begun_to_create |= has_begun_to_create;
        self.running.take()
    }

    /// `errand` ended at `now`, and with `trouble` it failed.
    pub(super) fn conclude(
        &mut self,
        errand: Option<Errand>,
        trouble: Option<String>,
        now: Instant,
    ) {
        if errand.is_some_and(Errand::enters) {
            self.refused.clone_from(&trouble);
        }
        self.trouble = trouble;
        self.stale = Some(now);
    }

    /// A look at the engine that `began` then has come to its end.
    pub(super) fn handle_look(&mut self, began: Instant, is_in_swarm: bool) {
        if self.stale.is_some_and(|since| since <= began) {
            self.stale = None;
        }
        if is_in_swarm {
            self.refused = None;
        }
    }

    /// Nothing is left to be done: what failed is no longer to be, or somebody else did it.
    pub(super) fn forget_trouble(&mut self) {
        self.trouble = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn nothing_is_begun_until_a_look_shows_what_the_last_errand_came_to() {
        let mut errands = Errands::default();
        let ended = Instant::default() + Duration::from_secs(9);
        assert!(!errands.is_busy());
        errands.begin(Errand::Write);
        assert!(errands.is_busy());
        let errand = errands.take(false);
        assert_eq!(errand, Some(Errand::Write));
        errands.conclude(errand, None, ended);
        assert!(errands.is_busy() && errands.running().is_none());
        errands.handle_look(Instant::default(), true);
        assert!(errands.is_busy(), "that look began before the errand ended");
        errands.handle_look(ended, true);
        assert!(!errands.is_busy());
    }

    #[test]
    fn why_the_engine_did_not_come_in_is_kept_until_it_is_in() {
        let mut errands = Errands::default();
        let now = Instant::default();
        errands.begin(Errand::Join);
        let errand = errands.take(false);
        errands.conclude(errand, Some("no route".to_owned()), now);
        errands.begin(Errand::Unlock);
        let errand = errands.take(false);
        errands.conclude(errand, None, now);
        assert_eq!(
            (errands.trouble(), errands.refused()),
            (None, Some("no route"))
        );
        errands.handle_look(now, false);
        assert_eq!(errands.refused(), Some("no route"));
        errands.handle_look(now, true);
        assert_eq!(errands.refused(), None);
    }

    #[test]
    fn an_engine_that_was_told_to_create_a_swarm_may_be_creating_it_for_ever() {
        let mut errands = Errands::default();
        errands.begin(Errand::Init);
        assert!(errands.may_be_creating(), "it may be told at any moment");
        let errand = errands.take(true);
        errands.conclude(errand, Some("timed out".to_owned()), Instant::default());
        errands.handle_look(Instant::default(), false);
        assert!(errands.may_be_creating());
    }
}
