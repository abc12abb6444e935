//! When an address comes back that somebody else removed.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use skep_vip::message::Contested;
use skep_vrrp::time::Instant;

use crate::vip::addresses::Place;

/// How often an address comes back at once within [`WINDOW`]: more often than a person or a script
/// removes it on purpose.
const AT_ONCE: usize = 20;

/// How often within [`WINDOW`] is worth a report.
const REPORTED: usize = 5;

/// What is longer ago does not count.
const WINDOW: Duration = Duration::from_secs(10);

/// The first wait of an address that somebody keeps removing. It doubles up to [`WAIT_MAX`]: two
/// programs that disagree shall not keep the kernel busy, and the address shall be there mostly.
const WAIT: Duration = Duration::from_millis(50);
const WAIT_MAX: Duration = Duration::from_secs(1);

/// What was removed lately, and what is to come back when.
#[derive(Debug, Default)]
pub(super) struct Guard {
    cases: BTreeMap<Place, Case>,
    due: BTreeMap<Place, Duration>,
}

#[derive(Debug)]
struct Case {
    lately: VecDeque<Duration>,
    wait: Duration,
    times: u64,
    by: String,
}

impl Guard {
    /// `by` removed the address at `place`: when it shall come back.
    pub(super) fn handle_removed(&mut self, place: &Place, by: String, now: Duration) -> Duration {
        let case = self.cases.entry(place.clone()).or_insert_with(|| Case {
            lately: VecDeque::new(),
            wait: Duration::ZERO,
            times: 0,
            by: String::new(),
        });
        while case
            .lately
            .front()
            .is_some_and(|at| now.saturating_sub(*at) > WINDOW)
        {
            case.lately.pop_front();
        }
        if case.lately.len() < AT_ONCE {
            case.wait = Duration::ZERO;
        } else {
            case.lately.pop_front();
            case.wait = (case.wait * 2).clamp(WAIT, WAIT_MAX);
        }
        case.lately.push_back(now);
        case.times += 1;
        case.by = by;
        let at = now + case.wait;
        if !case.wait.is_zero() {
            self.due.insert(place.clone(), at);
        }
        at
    }

    /// The address at `place` is not held any more.
    pub(super) fn forget(&mut self, place: &Place) {
        self.cases.remove(place);
        self.due.remove(place);
    }

    /// When the next address shall come back.
    pub(super) fn next(&self) -> Option<Duration> {
        self.due.values().min().copied()
    }

    /// What shall come back by now.
    pub(super) fn take_due(&mut self, now: Duration) -> Vec<Place> {
        let due = self.due.iter().filter(|(_, at)| **at <= now);
        let due: Vec<Place> = due.map(|(place, _)| place.clone()).collect();
        for place in &due {
            self.due.remove(place);
        }
        due
    }

    /// The addresses that somebody keeps removing.
    pub(super) fn contested(&self, now: Duration) -> Vec<Contested> {
        let contested = self
            .cases
            .iter()
            .filter_map(|((interface, address), case)| {
                let last_at = *case.lately.back()?;
                let lately = now.saturating_sub(last_at) <= WINDOW;
                (lately && case.lately.len() >= REPORTED).then(|| Contested {
                    interface: interface.to_string(),
                    address: *address,
                    times: case.times,
                    last_at: Instant::from_boot(last_at),
                    by: case.by.clone(),
                })
            });
        contested.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn place() -> Place {
        (Arc::from("eth0"), [10, 0, 0, 70].into())
    }

    fn waits(guard: &mut Guard, times: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let mut wait =
            |at| guard.handle_removed(&place(), "keepalived".to_owned(), ms(at)) - ms(at);
        let waits = times.into_iter().map(|at| wait(at).as_millis());
        waits
            .map(|wait| u64::try_from(wait).expect("short"))
            .collect()
    }

    #[test]
    fn an_address_comes_back_at_once_twenty_times_and_then_later_and_later() {
        let mut guard = Guard::default();
        waits(&mut guard, [0; REPORTED - 1]);
        assert_eq!(guard.contested(ms(0)), []);
        assert_eq!(waits(&mut guard, [0; AT_ONCE - REPORTED + 1]), [0; 16]);
        let times = (1..8).map(|number| number * 100);
        assert_eq!(
            waits(&mut guard, times),
            [50, 100, 200, 400, 800, 1_000, 1_000]
        );
        let contested = guard.contested(ms(1_200));
        assert_eq!(
            (contested[0].times, contested[0].by.as_str()),
            (27, "keepalived")
        );
        assert_eq!(guard.next(), Some(ms(1_700)));
        assert_eq!(guard.take_due(ms(1_699)), []);
        assert_eq!(guard.take_due(ms(1_700)), [place()]);
        assert_eq!(guard.next(), None);
    }

    #[test]
    fn after_a_quiet_time_it_comes_back_at_once_again() {
        let mut guard = Guard::default();
        waits(&mut guard, [0; AT_ONCE + 1]);
        assert_eq!(guard.contested(ms(20_000)), []);
        assert_eq!(waits(&mut guard, [20_000]), [0]);
        guard.forget(&place());
        assert_eq!(guard.next(), None);
    }
}
