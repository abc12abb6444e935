//! What became of the requests.

use std::time::Duration;

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// When it was sent, since the prober started.
    pub sent: Duration,
    /// How long its answer took; nothing if it was lost.
    pub answered_after: Option<Duration>,
}

/// Every request of a prober.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// When the prober started, since the Unix epoch.
    pub started_at: Duration,
    /// The requests in order.
    pub probes: Vec<Probe>,
}

/// A time without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dark {
    /// When the last request before it was sent that was answered, or the first of all.
    pub from: Duration,
    /// When the first request after it was sent that was answered, or the last of all.
    pub until: Duration,
    /// How many requests were lost in it.
    pub lost: usize,
}

impl Report {
    /// How many requests were lost.
    #[must_use]
    pub fn lost(&self) -> usize {
        self.probes
            .iter()
            .filter(|probe| probe.answered_after.is_none())
            .count()
    }

    /// Every time without an answer, in order.
    #[must_use]
    pub fn dark(&self) -> Vec<Dark> {
        let mut times: Vec<Dark> = Vec::new();
        let mut answered = None;
        let mut open = false;
        for probe in &self.probes {
            match (probe.answered_after, times.last_mut().filter(|_| open)) {
                (None, None) => {
                    let from = answered.unwrap_or(probe.sent);
                    times.push(Dark {
                        from,
                        until: probe.sent,
                        lost: 1,
                    });
                    open = true;
                }
                (None, Some(dark)) => {
                    dark.until = probe.sent;
                    dark.lost += 1;
                }
                (Some(_), dark) => {
                    dark.into_iter().for_each(|dark| dark.until = probe.sent);
                    open = false;
                    answered = Some(probe.sent);
                }
            }
        }
        times
    }

    /// The longest time without an answer.
    #[must_use]
    pub fn longest_dark(&self) -> Option<Dark> {
        self.dark().into_iter().max_by_key(Dark::length)
    }
}

impl Dark {
    /// How long it was.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.until.saturating_sub(self.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One request per millisecond; `.` was answered, `x` was lost.
    fn report(fates: &str) -> Report {
        let probe = |(at, fate): (usize, char)| Probe {
            sent: Duration::from_millis(at as u64),
            answered_after: (fate == '.').then_some(Duration::from_micros(50)),
        };
        Report {
            started_at: Duration::ZERO,
            probes: fates.chars().enumerate().map(probe).collect(),
        }
    }

    fn dark(fates: &str) -> Vec<(u128, u128, usize)> {
        let dark = report(fates).dark();
        dark.iter()
            .map(|d| (d.from.as_millis(), d.until.as_millis(), d.lost))
            .collect()
    }

    #[test]
    fn darkness_lasts_from_answered_to_answered() {
        assert_eq!(dark("....."), []);
        assert_eq!(dark("..xx."), [(1, 4, 2)]);
        assert_eq!(dark(".x.xx."), [(0, 2, 1), (2, 5, 2)]);
    }

    #[test]
    fn darkness_at_the_ends_lasts_as_long_as_the_requests() {
        assert_eq!(dark("xx.x"), [(0, 2, 2), (2, 3, 1)]);
        assert_eq!(dark("xxx"), [(0, 2, 3)]);
        assert_eq!(dark(""), []);
    }

    #[test]
    fn the_longest_is_the_one_of_interest() {
        let report = report(".x.xxx..xx.");
        assert_eq!(report.lost(), 6);
        assert_eq!(
            report.longest_dark().unwrap().length(),
            Duration::from_millis(4)
        );
    }
}
