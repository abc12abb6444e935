//! What a Backup waits for.
//!
//! No deadline is stored: it follows from when the waiting began, what is waited for, and the
//! configuration. So a changed priority or interval moves a running timer by the difference.

use std::time::Duration;

use crate::action::Reason;
use crate::configuration::Configuration;
use crate::identity::Version;
use crate::time::Instant;

/// How many intervals of silence mean that the Active router is gone (RFC 9568 §6.1).
pub(super) const DOWN_INTERVALS: u32 = 3;

/// A Backup and the timer it watches the Active router with (`Active_Down_Timer`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Backup {
    since: Instant,
    countdown: Countdown,
    /// The interval the Active router advertised (`Active_Adver_Interval`); its own until then.
    active_interval: Option<Duration>,
    /// When a router of lower priority was first heard in the place of the Active one.
    inferior_since: Option<Instant>,
}

/// What the timer measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Countdown {
    /// The silence of the Active router.
    Silence,
    /// The same, while an Active router of lower priority is heard and ignored.
    Preemption,
    /// The moment that ranks the Backups after the Active router gave up.
    Release,
    /// Nothing yet: the router slept while another took over, and has not seen the time since.
    Awakening,
}

/// What follows when the timer fires.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expiry {
    /// The router becomes Active in the place of one that is gone.
    TakeOver(Reason),
    /// The router becomes Active in the place of a living one.
    Preempt,
    /// The waiting begins.
    Wait(Backup),
}

impl Backup {
    /// RFC 9568 §6.4.1: before anybody is heard, its own interval counts.
    pub(super) const fn started(now: Instant) -> Self {
        Self {
            since: now,
            countdown: Countdown::Silence,
            active_interval: None,
            inferior_since: None,
        }
    }

    /// RFC 9568 §6.4.2 and §6.4.3: an acceptable Active router is alive, its interval counts.
    pub(super) const fn following(interval: Duration, now: Instant) -> Self {
        Self {
            active_interval: Some(interval),
            ..Self::started(now)
        }
    }

    /// After it slept and another took over: the waiting begins when the router sees the time
    /// again, so that what it missed does not count as waited.
    pub(super) const fn awakening(interval: Duration, now: Instant) -> Self {
        Self {
            countdown: Countdown::Awakening,
            ..Self::following(interval, now)
        }
    }

    /// Whether the Active router gave up, and only the ranks of the Backups are waited for.
    pub(super) const fn is_succeeding(&self) -> bool {
        match self.countdown {
            Countdown::Release => true,
            Countdown::Silence | Countdown::Preemption | Countdown::Awakening => false,
        }
    }

    /// RFC 9568 §6.4.2: priority 0 leaves only the skew time to wait.
    pub(super) const fn released(self, now: Instant) -> Self {
        Self {
            since: now,
            countdown: Countdown::Release,
            ..self
        }
    }

    /// The Active router is alive and of lower priority: it is let be for `delay`, then ignored.
    pub(super) fn suffer(self, delay: Duration, interval: Duration, now: Instant) -> Self {
        let inferior_since = self.inferior_since.unwrap_or(now);
        if now < inferior_since + delay {
            let inferior_since = Some(inferior_since);
            return Self {
                inferior_since,
                ..Self::following(interval, now)
            };
        }
        let countdown = match self.countdown {
            Countdown::Silence | Countdown::Preemption => Countdown::Preemption,
            Countdown::Release => Countdown::Release,
            Countdown::Awakening => Countdown::Awakening,
        };
        Self {
            countdown,
            inferior_since: Some(inferior_since),
            ..self
        }
    }

    /// When the timer fires.
    pub(super) fn deadline(&self, configuration: &Configuration) -> Instant {
        let interval = self
            .active_interval
            .unwrap_or(configuration.dialect.interval());
        self.since + self.countdown.length(configuration, interval)
    }

    /// What the timer means when it fires at `now`.
    pub(super) fn expire(self, now: Instant) -> Expiry {
        match self.countdown {
            Countdown::Silence => Expiry::TakeOver(Reason::Silence),
            Countdown::Preemption => Expiry::Preempt,
            Countdown::Release => Expiry::TakeOver(Reason::Released),
            Countdown::Awakening => Expiry::Wait(Self {
                since: now,
                countdown: Countdown::Silence,
                ..self
            }),
        }
    }
}

impl Countdown {
    /// RFC 9568 §6.1: `Active_Down_Interval`, or `Skew_Time` after a release.
    pub(super) fn length(
        self,
        configuration: &Configuration,
        active_interval: Duration,
    ) -> Duration {
        let skew_time = skew_time(configuration, active_interval);
        match self {
            Self::Silence | Self::Preemption => active_interval * DOWN_INTERVALS + skew_time,
            Self::Release => skew_time,
            Self::Awakening => Duration::ZERO,
        }
    }
}

/// What ranks the Backups in time. Rounding it to seconds would let all of them fire together.
fn skew_time(configuration: &Configuration, active_interval: Duration) -> Duration {
    let unit = match configuration.dialect.version() {
        // RFC 3768 §6.1: parts of a second, whatever the interval.
        Version::V2 => Duration::from_secs(1),
        // RFC 9568 §6.1: parts of the Active router's interval.
        Version::V3 => active_interval,
    };
    let rank = u32::from(u8::MAX) + 1 - u32::from(configuration.priority.number());
    unit * rank / 256
}
