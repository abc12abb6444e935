//! Which virtual router ids others use on the segments of this node that no router of it uses.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use skep_vrrp::identity::VirtualRouterId;
use skep_vrrp::time::Instant;

use crate::message::{Overheard, SegmentReport};

/// That an id is still heard is worth a report this often.
const REFRESH: Duration = Duration::from_secs(30);

/// The segments by the interface that is on them.
///
/// There are at most as many entries as interfaces are listened on and ids exist: whoever invents
/// senders fills the table and makes it grow no further.
#[derive(Debug, Default)]
pub(crate) struct Segments(BTreeMap<Arc<str>, Segment>);

#[derive(Debug)]
struct Segment {
    listening_since: Instant,
    ids: BTreeMap<VirtualRouterId, Instant>,
    told_at: Option<Instant>,
}

impl Segments {
    /// A socket on `interface` listens.
    pub(crate) fn listen(&mut self, interface: &str, now: Instant) {
        match self.0.get_mut(interface) {
            Some(known) => known.told_at = None,
            None => {
                let begun = Segment {
                    listening_since: now,
                    ids: BTreeMap::new(),
                    told_at: None,
                };
                self.0.insert(interface.into(), begun);
            }
        }
    }

    /// Somebody advertises `id` on `interface`.
    pub(crate) fn overhear(&mut self, interface: &str, id: VirtualRouterId, now: Instant) {
        let Some(segment) = self.0.get_mut(interface) else {
            return;
        };
        let is_new = segment.ids.insert(id, now).is_none();
        let is_due = |told_at: Instant| now.saturating_duration_since(told_at) >= REFRESH;
        if is_new || segment.told_at.is_some_and(is_due) {
            segment.told_at = None;
        }
    }

    /// What is to be told of a segment, if anything is.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<SegmentReport> {
        let mut segments = self.0.iter_mut();
        let (interface, segment) = segments.find(|(_, segment)| segment.told_at.is_none())?;
        segment.told_at = Some(now);
        let ids = segment.ids.iter();
        Some(SegmentReport {
            interface: interface.to_string(),
            listening_since: segment.listening_since,
            ids: ids
                .map(|(id, last)| Overheard {
                    id: *id,
                    last_ms: u64::try_from(last.since_boot().as_millis()).unwrap_or(u64::MAX),
                })
                .collect(),
        })
    }
}
