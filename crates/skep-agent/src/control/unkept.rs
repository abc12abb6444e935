//! What the disk did not take: a restart would begin with what it has from before.

use skep_vrrp::time::Instant;

use crate::control::cluster::StoreError;
use crate::control::understand::with_causes;

/// Why the disk lacks something, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unkept {
    pub(super) message: String,
    pub(super) since: Instant,
}

impl Unkept {
    /// What is so at `now`, after `what` was `written` and `before` was so.
    pub(super) fn after(
        before: Option<Self>,
        what: &str,
        written: Result<(), StoreError>,
        now: Instant,
    ) -> Option<Self> {
        let Err(error) = written else {
            if before.is_some() {
                tracing::info!("{what} is kept again");
            }
            return None;
        };
        let message = format!("{what} is not kept: {}", with_causes(&error));
        if before
            .as_ref()
            .is_none_or(|before| before.message != message)
        {
            tracing::error!("{message}");
        }
        let since = before.map_or(now, |before| before.since);
        Some(Self { message, since })
    }
}
