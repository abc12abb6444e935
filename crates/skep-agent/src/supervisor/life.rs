//! When a child is started again, and whether it is alive.

use std::collections::VecDeque;
use std::time::Duration;

/// A child that ends this often within [`LOOP_WINDOW`] has a reason that a restart does not cure.
const DEATHS_IN_LOOP: usize = 3;
const LOOP_WINDOW: Duration = Duration::from_secs(10);

/// The first wait of a child that ends again and again; it doubles up to [`BACK_OFF_MAX`].
const BACK_OFF: Duration = Duration::from_secs(1);
const BACK_OFF_MAX: Duration = Duration::from_secs(30);

/// A child of the supervisor: running, or due to be started.
#[derive(Debug)]
pub(super) struct Life<Child> {
    child: Option<Child>,
    due: Duration,
    deaths: VecDeque<Duration>,
    back_off: Duration,
}

impl<Child> Default for Life<Child> {
    fn default() -> Self {
        Self {
            child: None,
            due: Duration::ZERO,
            deaths: VecDeque::new(),
            back_off: BACK_OFF,
        }
    }
}

impl<Child> Life<Child> {
    pub(super) const fn child(&self) -> Option<&Child> {
        self.child.as_ref()
    }

    /// Whether it shall be started.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.child.is_none() && now >= self.due
    }

    /// Whether it runs and has not ended lately.
    pub(super) fn is_steady(&self, now: Duration) -> bool {
        let last = self.deaths.back();
        self.child.is_some() && last.is_none_or(|death| now.saturating_sub(*death) > LOOP_WINDOW)
    }

    pub(super) fn started(&mut self, child: Child) {
        self.child = Some(child);
    }

    /// It ended because it wants to start anew.
    pub(super) fn renewed(&mut self, now: Duration) {
        self.child = None;
        self.due = now;
    }

    /// It ended, or could not be started; how long it stays away.
    pub(super) fn ended(&mut self, now: Duration) -> Duration {
        self.child = None;
        self.deaths.push_back(now);
        while self
            .deaths
            .front()
            .is_some_and(|death| now.saturating_sub(*death) > LOOP_WINDOW)
        {
            self.deaths.pop_front();
        }
        let mut away = Duration::ZERO;
        if self.deaths.len() >= DEATHS_IN_LOOP {
            away = self.back_off;
            self.back_off = (self.back_off * 2).min(BACK_OFF_MAX);
            self.deaths.clear();
            // What counts as a loop after a wait is less: it had its chance to be well.
            self.deaths.extend([now; DEATHS_IN_LOOP - 1]);
        } else if self.deaths.len() == 1 {
            self.back_off = BACK_OFF;
        }
        self.due = now + away;
        away
    }
}

/// Whether a counter that another process advances still moves.
///
/// Time in which the supervisor itself did not run does not count: a machine that slept or a
/// process group that was stopped as a whole comes back with everybody well.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    last: Option<(u64, Duration)>,
    still: Duration,
}

/// How long the counter may stand still.
const STILL_MAX: Duration = Duration::from_secs(1);

/// The longest time between two looks that counts.
const LOOK_MAX: Duration = Duration::from_millis(500);

impl Pulse {
    /// Whether the counter, which is `value` at `now`, stood still for too long.
    pub(super) fn is_lost(&mut self, value: u64, now: Duration) -> bool {
        match self.last {
            Some((before, then)) if before == value => {
                self.still += now.saturating_sub(then).min(LOOK_MAX);
            }
            _ => self.still = Duration::ZERO,
        }
        self.last = Some((value, now));
        self.still >= STILL_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_child_is_started_at_once_twice_and_then_waits_longer_and_longer() {
        let mut life = Life::<()>::default();
        let waits: Vec<u64> = [0, 1, 2, 3, 5, 9]
            .map(|at| life.ended(s(at)).as_secs())
            .into();
        assert_eq!(waits, [0, 0, 1, 2, 4, 8]);
        assert!(!life.is_due(s(16)));
        assert!(life.is_due(s(17)));
        assert!(!life.is_steady(s(30)), "it does not run");
        life.started(());
        assert!(!life.is_steady(s(19)));
        assert!(life.is_steady(s(20)));
    }

    #[test]
    fn a_child_that_lived_long_is_started_at_once_again() {
        let mut life = Life::<()>::default();
        for at in 0..4 {
            life.ended(s(at));
        }
        assert_eq!(life.ended(s(1_000)), Duration::ZERO);
        assert_eq!(life.ended(s(1_001)), Duration::ZERO);
        assert_eq!(life.ended(s(1_002)), BACK_OFF);
    }

    #[test]
    fn a_child_that_wants_to_start_anew_never_waits() {
        let mut life = Life::<()>::default();
        for at in 0..9 {
            life.started(());
            life.renewed(s(at));
            assert!(life.is_due(s(at)));
        }
        assert_eq!(life.ended(s(9)), Duration::ZERO);
    }

    #[test]
    fn a_pulse_is_lost_after_a_second_of_standing_still() {
        let mut pulse = Pulse::default();
        let looks = [0, 250, 500, 750, 1_000].map(|at| pulse.is_lost(7, Duration::from_millis(at)));
        assert_eq!(looks, [false, false, false, false, true]);
    }

    #[test]
    fn time_in_which_nobody_looked_does_not_count() {
        let mut pulse = Pulse::default();
        assert!(!pulse.is_lost(7, s(0)));
        assert!(!pulse.is_lost(7, s(3_600)), "the machine slept");
        assert!(!pulse.is_lost(8, s(3_601)));
    }
}
