//! What happened on this node, as long as there is room for it.

use std::collections::VecDeque;

use skep_api::event::{Event, EventKind, Mark};
use skep_vrrp::time::Instant;

use crate::control::status::age_ms;

/// How many events are kept; the oldest go. Two hundred bytes each: 200 kB.
const EVENTS_MAX: usize = 1_000;

/// The longest message that is kept: engines repeat what they were told.
const MESSAGE_CHARS_MAX: usize = 400;

/// The latest events of this life of the agent.
pub(super) struct Chronicle {
    life: u64,
    /// How many there were.
    count: u64,
    events: VecDeque<(Instant, Event)>,
}

impl Chronicle {
    /// Empty; `life` is another one each time that the agent starts.
    pub(super) const fn new(life: u64) -> Self {
        Self {
            life,
            count: 0,
            events: VecDeque::new(),
        }
    }

    /// Keeps `event`, which happened `at`, unless it is a refusal that was the last to be told of its object: what is
    /// refused is tried again and again.
    pub(super) fn record(&mut self, mut event: Event, at: Instant) {
        if event.message.chars().count() > MESSAGE_CHARS_MAX {
            event.message = event.message.chars().take(MESSAGE_CHARS_MAX).collect();
            event.message.push('…');
        }
        let mut latest = self.events.iter().rev().map(|(_, event)| event);
        let last = latest.find(|known| known.object == event.object);
        let is_repeated = |last: &Event| {
            event.kind == EventKind::Refused
                && (last.kind, &last.message) == (event.kind, &event.message)
        };
        if last.is_some_and(is_repeated) {
            return;
        }
        if self.events.len() == EVENTS_MAX {
            self.events.pop_front();
        }
        self.events.push_back((at, event));
        self.count += 1;
    }

    /// The events after `mark`, all that are kept without one, and where to go on.
    pub(super) fn after(&self, mark: Option<Mark>, now: Instant) -> (Vec<Event>, Mark) {
        let read = mark.filter(|mark| mark.life == self.life);
        let read = read.map_or(0, |mark| mark.read);
        let new = self.count.saturating_sub(read);
        let new = usize::try_from(new).unwrap_or(usize::MAX);
        let known = self.events.len().saturating_sub(new);
        let mark = Mark {
            life: self.life,
            read: self.count,
        };
        let aged = |(at, event): &(Instant, Event)| Event {
            age_ms: age_ms(*at, now),
            ..event.clone()
        };
        (self.events.iter().skip(known).map(aged).collect(), mark)
    }
}

#[cfg(test)]
mod tests;
