//! Whether control speaks.

use std::time::Duration;

use skep_vip::message::Silence;
use skep_vrrp::time::Instant;

/// Control speaks every second; after this long it is silent.
const SILENT: Duration = Duration::from_secs(5);

/// Control as vip hears it.
#[derive(Debug)]
pub(super) struct Control {
    heard_at: Duration,
    silence: Option<Silence>,
}

impl Control {
    pub(super) const fn new(now: Duration) -> Self {
        Self {
            heard_at: now,
            silence: None,
        }
    }

    /// It spoke.
    pub(super) fn handle_spoken(&mut self, now: Duration) {
        let _known = self.silence(now);
        if let Some(silence) = &mut self.silence
            && silence.until.is_none()
        {
            silence.until = Some(Instant::from_boot(now));
        }
        self.heard_at = now;
    }

    /// The last time in which it was silent for long, if it ever was.
    pub(super) fn silence(&mut self, now: Duration) -> Option<Silence> {
        let since = Instant::from_boot(self.heard_at);
        let is_known = self.silence.is_some_and(|known| known.since == since);
        if now.saturating_sub(self.heard_at) >= SILENT && !is_known {
            self.silence = Some(Silence { since, until: None });
        }
        self.silence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_silence_is_known_while_it_lasts_and_afterwards() {
        let mut control = Control::new(s(10));
        control.handle_spoken(s(14));
        assert_eq!(control.silence(s(18)), None);
        let lasting = Silence {
            since: Instant::from_boot(s(14)),
            until: None,
        };
        assert_eq!(control.silence(s(19)), Some(lasting));
        assert_eq!(control.silence(s(30)), Some(lasting));
        control.handle_spoken(s(40));
        let over = Silence {
            until: Some(Instant::from_boot(s(40))),
            ..lasting
        };
        assert_eq!(control.silence(s(41)), Some(over));
        control.handle_spoken(s(44));
        assert_eq!(control.silence(s(44)), Some(over));
    }
}
