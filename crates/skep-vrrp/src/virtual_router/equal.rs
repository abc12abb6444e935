//! An equal of a higher address: the standard lets an Active router yield at its first word.
//!
//! Priority 1 is said by two: by an Active router of that priority, which repeats it when it is
//! contradicted, and once, as a farewell, by a router that has left. And where something else decides
//! between equals, it is waited for: [`Configuration::forbearance`].
//!
//! [`Configuration::forbearance`]: crate::configuration::Configuration::forbearance

use std::net::IpAddr;

use super::VirtualRouter;
use super::backup::DOWN_INTERVALS;
use crate::identity::Priority;
use crate::time::Instant;

/// Equals of a higher address that were not yielded to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Equal {
    /// Who was heard last.
    from: IpAddr,
    heard_at: Instant,
    /// Since when one of them is heard.
    since: Instant,
}

impl VirtualRouter {
    /// Whether an Active router goes on although it hears this from an equal of a higher address.
    pub(super) fn bears_with(&mut self, from: IpAddr, priority: Priority, now: Instant) -> bool {
        if self.overslept(now) {
            return false;
        }
        let memory = self.configuration.dialect.interval() * DOWN_INTERVALS;
        let recent = |known: &Equal| now.saturating_duration_since(known.heard_at) < memory;
        let known = self.equal.filter(recent);
        let since = known.map_or(now, |known| known.since);
        self.equal = Some(Equal {
            from,
            heard_at: now,
            since,
        });
        if priority == Priority::FAREWELL {
            known.is_none_or(|known| known.from != from)
        } else {
            now < since + self.configuration.forbearance
        }
    }
}
