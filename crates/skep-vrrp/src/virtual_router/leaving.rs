//! How an Active router leaves without a moment in which nobody answers.
//!
//! RFC 9568 lets it release its addresses at once. Instead it keeps them until its successor is
//! heard: a successor advertises first and puts its addresses in place then.

use std::net::IpAddr;
use std::time::Duration;

use super::backup::{Backup, Countdown};
use super::contest::Rank;
use super::{Phase, VirtualRouter};
use crate::action::{Purpose, Reason, State};
use crate::identity::Priority;
use crate::packet::Advertisement;
use crate::time::Instant;

/// How many intervals the addresses are kept after the successor was first heard. It puts its own
/// in place after it advertised, and waits for a processor and for the kernel's one configuration
/// lock, which was seen to be held for 330 ms while a namespace went.
const OVERLAP_INTERVALS: u32 = 3;

/// But not shorter than this.
const OVERLAP_MIN: Duration = Duration::from_millis(20);

/// And not longer.
const OVERLAP_MAX: Duration = Duration::from_millis(500);

/// Priority 0 is said this often, back to back: it is the only word that a successor must not miss.
const RELEASES: usize = 2;

/// How many intervals a successor is waited for. The slowest Backup takes over one interval after
/// priority 0, and whoever missed that does after four.
const PATIENCE_INTERVALS: u32 = 4;

/// And not longer than this, whatever the interval: who stops a service waits for its end.
const PATIENCE_MAX: Duration = Duration::from_secs(10);

/// For how long a router that leaves and its successor both have the addresses, when it advertises
/// every `interval`.
pub fn overlap(interval: Duration) -> Duration {
    (interval * OVERLAP_INTERVALS).clamp(OVERLAP_MIN, OVERLAP_MAX)
}

/// A router that still has its addresses and does not advertise any more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaving {
    intent: Intent,
    /// When it ends if there is no successor.
    deadline: Instant,
    progress: Progress,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    /// The router takes no part any more.
    Stop,
    /// Another router shall be Active; without one, this one stays it.
    StepDown,
}

/// How far a router got with leaving.
#[derive(Clone, Copy, Debug)]
enum Progress {
    /// Nobody is heard yet.
    Alone {
        /// Who said [`Priority::FAREWELL`]: a predecessor on its way out says it once, a successor
        /// says it again.
        doubtful: Option<IpAddr>,
    },
    /// The successor gave up. The router is in the election again, as a Backup is, and still has
    /// the addresses.
    Abandoned,
    /// A successor is heard.
    Succeeded {
        by: IpAddr,
        priority: Priority,
        /// When its addresses are surely in place.
        until: Instant,
        /// What this router becomes, unless it stops.
        then: Backup,
    },
}

impl Leaving {
    const fn alone(intent: Intent, deadline: Instant) -> Self {
        Self {
            intent,
            deadline,
            progress: Progress::Alone { doubtful: None },
        }
    }

    /// When it is over.
    pub(super) fn deadline(&self) -> Instant {
        match self.progress {
            Progress::Alone { .. } | Progress::Abandoned => self.deadline,
            Progress::Succeeded { until, .. } => until,
        }
    }
}

impl VirtualRouter {
    /// Leaves on purpose. The advertisements are the standard's (RFC 9568 §6.4.3, shutdown).
    pub(super) fn leave(&mut self, intent: Intent, reason: Reason, now: Instant) {
        for _ in 0..RELEASES {
            self.send(Priority::RELEASE, Purpose::Release);
        }
        let leaving = Leaving::alone(intent, now + self.patience());
        self.enter(Phase::Leaving(leaving), State::Leaving, reason);
    }

    /// Leaves because `by` is Active with this priority; `then` is what this router becomes.
    pub(super) fn yield_to(
        &mut self,
        (by, priority): (IpAddr, Priority),
        then: Backup,
        reason: Reason,
        now: Instant,
    ) {
        let leaving = Leaving {
            intent: Intent::StepDown,
            deadline: now + self.patience(),
            progress: Progress::Succeeded {
                by,
                priority,
                until: now + self.overlap(),
                then,
            },
        };
        self.enter(Phase::Leaving(leaving), State::Leaving, reason);
    }

    /// A router that is leaving already ends in this way.
    pub(super) const fn intend(&mut self, leaving: Leaving, intent: Intent) {
        let progress = match (intent, leaving.progress) {
            // It is in the election no more.
            (Intent::Stop, Progress::Abandoned) => Progress::Alone { doubtful: None },
            (Intent::Stop | Intent::StepDown, progress) => progress,
        };
        self.phase = Phase::Leaving(Leaving {
            intent,
            progress,
            ..leaving
        });
    }

    /// An advertisement that is heard while leaving is a successor's, whatever its priority. It is
    /// not after the successor gave up.
    pub(super) fn meet(
        &mut self,
        leaving: Leaving,
        from: IpAddr,
        heard: &Advertisement<'_>,
        now: Instant,
    ) {
        let interval = heard.dialect.interval();
        let progress = match leaving.progress {
            // Who leaves is no successor, and who has left is none any more.
            Progress::Alone { .. } | Progress::Abandoned | Progress::Succeeded { .. }
                if heard.priority == Priority::RELEASE =>
            {
                self.abandoned(leaving, interval, now);
                return;
            }
            Progress::Alone { doubtful }
                if heard.priority == Priority::FAREWELL && doubtful != Some(from) =>
            {
                Progress::Alone {
                    doubtful: Some(from),
                }
            }
            // Another one that was abandoned may have said this before: both leave to the better.
            Progress::Abandoned if !self.is_outranked_by(from, heard.priority) => return,
            Progress::Alone { .. } | Progress::Abandoned => Progress::Succeeded {
                by: from,
                priority: heard.priority,
                // Who slept until it was over is succeeded for long.
                until: if now < leaving.deadline {
                    now + self.overlap()
                } else {
                    now
                },
                then: Backup::following(interval, now),
            },
            Progress::Succeeded {
                by,
                priority,
                until,
                then,
            } => Progress::Succeeded {
                by,
                // The farewell is said to the successor as it is then.
                priority: if from == by { heard.priority } else { priority },
                until,
                then: {
                    let rank = self.rank(from, heard.priority);
                    self.watch(then, (rank, heard.priority), interval, now)
                },
            },
        };
        self.phase = Phase::Leaving(Leaving {
            progress,
            ..leaving
        });
    }

    /// There is no successor any more. Who need not stop is in the election again, as a Backup is
    /// (RFC 9568 §6.4.2).
    fn abandoned(&mut self, leaving: Leaving, interval: Duration, now: Instant) {
        let next = match (leaving.intent, leaving.progress) {
            (Intent::StepDown, Progress::Succeeded { .. }) => {
                let skew_time = Countdown::Release.length(&self.configuration, interval);
                Leaving {
                    deadline: leaving.deadline.min(now + skew_time),
                    progress: Progress::Abandoned,
                    ..leaving
                }
            }
            (Intent::StepDown, Progress::Abandoned) => leaving,
            (Intent::Stop, _) | (Intent::StepDown, Progress::Alone { .. }) => {
                Leaving::alone(leaving.intent, leaving.deadline)
            }
        };
        self.phase = Phase::Leaving(next);
    }

    /// Whether one that says this is better than this router. Who has left says farewell like one
    /// that is worse than all.
    fn is_outranked_by(&self, from: IpAddr, priority: Priority) -> bool {
        match self.rank(from, priority) {
            Rank::Higher | Rank::EqualHigherAddress => priority != Priority::FAREWELL,
            Rank::Release | Rank::EqualLowerAddress | Rank::Lower => false,
        }
    }

    /// The time to leave is over.
    pub(super) fn part(&mut self, leaving: Leaving, now: Instant) {
        match (leaving.intent, leaving.progress) {
            (Intent::StepDown, Progress::Alone { .. } | Progress::Abandoned) => {
                self.become_active(Reason::NoSuccessor, now);
            }
            (Intent::Stop, Progress::Alone { .. } | Progress::Abandoned) => {
                self.enter(Phase::Initialize, State::Initialize, Reason::NoSuccessor);
            }
            (
                intent,
                Progress::Succeeded {
                    by, priority, then, ..
                },
            ) => {
                let reason = Reason::HandedOver { to: by };
                match intent {
                    Intent::Stop => self.enter(Phase::Initialize, State::Initialize, reason),
                    Intent::StepDown => self.become_backup(then, reason),
                }
                self.bid_farewell(by, priority);
            }
        }
    }

    /// Makes the successor announce the addresses again. One of the same priority and a lower
    /// address would not answer but yield.
    fn bid_farewell(&mut self, successor: IpAddr, priority: Priority) {
        if priority > Priority::FAREWELL || self.source < Some(successor) {
            self.send(Priority::FAREWELL, Purpose::Farewell);
        }
    }

    fn overlap(&self) -> Duration {
        overlap(self.configuration.dialect.interval())
    }

    fn patience(&self) -> Duration {
        let interval = self.configuration.dialect.interval();
        PATIENCE_MAX.min(interval * PATIENCE_INTERVALS)
    }
}
