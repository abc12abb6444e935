//! When a child is started again, and whether it is alive.

use std::collections::VecDeque;
use std::time::Duration;

/// A child that ends this often within [`LOOP_WINDOW`] has a reason that a restart does not cure.
const DEATHS_IN_LOOP: usize = 3;
/// A child that ran for longer than this was well.
const LOOP_WINDOW: Duration = Duration::from_secs(10);

/// The first wait of a child that ends again and again; it doubles up to [`BACK_OFF_MAX`], and
/// begins anew when the child was well.
const BACK_OFF: Duration = Duration::from_secs(1);
const BACK_OFF_MAX: Duration = Duration::from_secs(30);

/// A child of the supervisor: running, or due to be started.
#[derive(Debug)]
pub(super) struct Life<Child> {
    running: Option<Running<Child>>,
    due: Duration,
    /// When it ended lately, each time without having been well.
    deaths: VecDeque<Duration>,
    /// How long it waited last, once it ends again and again.
    waited: Option<Duration>,
}

#[derive(Debug)]
struct Running<Child> {
    child: Child,
    since: Duration,
}

impl<Child> Default for Life<Child> {
    fn default() -> Self {
        Self {
            running: None,
            due: Duration::ZERO,
            deaths: VecDeque::new(),
            waited: None,
        }
    }
}

impl<Child> Life<Child> {
    pub(super) fn child(&self) -> Option<&Child> {
        self.running.as_ref().map(|running| &running.child)
    }

    /// Whether it shall be started.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.running.is_none() && now >= self.due
    }

    /// Whether it runs, and for long enough to be well.
    pub(super) fn is_well(&self, now: Duration) -> bool {
        self.running
            .as_ref()
            .is_some_and(|running| now.saturating_sub(running.since) > LOOP_WINDOW)
    }

    pub(super) fn started(&mut self, child: Child, now: Duration) {
        self.running = Some(Running { child, since: now });
    }

    /// It ended because it wants to start anew.
    pub(super) fn renewed(&mut self, now: Duration) {
        self.running = None;
        self.due = now;
    }

    /// It ended, or could not be started; how long it stays away.
    pub(super) fn ended(&mut self, now: Duration) -> Duration {
        if self.is_well(now) {
            self.deaths.clear();
            self.waited = None;
        }
        self.running = None;
        let is_recent = |death: &Duration| now.saturating_sub(*death) <= LOOP_WINDOW;
        self.deaths.retain(is_recent);
        self.deaths.push_back(now);
        let away = match self.waited {
            Some(waited) => (waited * 2).min(BACK_OFF_MAX),
            None if self.deaths.len() >= DEATHS_IN_LOOP => BACK_OFF,
            None => Duration::ZERO,
        };
        self.waited = (!away.is_zero()).then_some(away);
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
    }

    #[test]
    fn a_child_that_can_never_run_waits_half_a_minute_each_time() {
        let mut life = Life::<()>::default();
        let mut now = Duration::ZERO;
        let waits: Vec<u64> = std::iter::repeat_with(|| {
            life.started((), now);
            now += s(1);
            let away = life.ended(now);
            now += away;
            away.as_secs()
        })
        .take(12)
        .collect();
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 30, 30, 30, 30, 30]);
    }

    #[test]
    fn a_child_that_was_well_is_started_at_once_again() {
        let mut life = Life::<()>::default();
        for at in 0..4 {
            life.ended(s(at));
        }
        life.started((), s(20));
        assert!(!life.is_well(s(30)));
        assert!(life.is_well(s(31)));
        assert_eq!(life.ended(s(31)), Duration::ZERO);
        assert!(!life.is_well(s(50)), "it does not run");
        assert_eq!(life.ended(s(32)), Duration::ZERO);
        assert_eq!(life.ended(s(33)), BACK_OFF);
    }

    #[test]
    fn a_child_that_ends_now_and_then_never_waits() {
        let mut life = Life::<()>::default();
        for at in (0..100).step_by(8) {
            life.started((), s(at));
            assert_eq!(life.ended(s(at + 5)), Duration::ZERO);
        }
    }

    #[test]
    fn a_child_that_wants_to_start_anew_never_waits() {
        let mut life = Life::<()>::default();
        for at in 0..9 {
            life.started((), s(at));
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
