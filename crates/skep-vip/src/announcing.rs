//! When the addresses of an Active router are announced again.

use skep_vrrp::time::Instant;

use crate::configuration::Announcements;

/// What was announced last, and what is still to come.
#[derive(Debug, Default)]
pub(crate) struct Announcing {
    announced_at: Option<Instant>,
    again_at: Option<Instant>,
}

impl Announcing {
    /// A whole burst was sent at `now`: the second one follows.
    pub(crate) fn announced(&mut self, how: &Announcements, now: Instant) {
        self.announced_at = Some(now);
        let after = how.repeat_after;
        self.again_at = (!after.is_zero()).then(|| now + after);
    }

    /// The addresses are no longer here.
    pub(crate) const fn stop(&mut self) {
        self.announced_at = None;
        self.again_at = None;
    }

    /// How many announcements of each address are due; they are asked for once.
    pub(crate) fn take_due(&mut self, how: &Announcements, now: Instant) -> u8 {
        if self.again_at.take_if(|at| *at <= now).is_some() {
            self.announced_at = Some(now);
            return how.count;
        }
        if self.refresh_at(how).is_some_and(|at| at <= now) {
            self.announced_at = Some(now);
            return how.refresh_count;
        }
        0
    }

    /// When the next ones are due.
    pub(crate) fn next(&self, how: &Announcements) -> Option<Instant> {
        [self.again_at, self.refresh_at(how)]
            .into_iter()
            .flatten()
            .min()
    }

    fn refresh_at(&self, how: &Announcements) -> Option<Instant> {
        let announced_at = self.announced_at.filter(|_| !how.refresh.is_zero())?;
        Some(announced_at + how.refresh)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_boot(Duration::from_secs(seconds))
    }

    fn how(repeat_after: u64, refresh: u64) -> Announcements {
        Announcements {
            count: 5,
            repeat_after: Duration::from_secs(repeat_after),
            refresh: Duration::from_secs(refresh),
            refresh_count: 2,
        }
    }

    /// What is announced at which second, when somebody looks as soon as asked to.
    fn schedule(how: &Announcements, until: u64) -> Vec<(Instant, u8)> {
        let mut announcing = Announcing::default();
        announcing.announced(how, at(0));
        let mut announced = Vec::new();
        while let Some(due) = announcing.next(how).filter(|due| *due <= at(until)) {
            announced.push((due, announcing.take_due(how, due)));
        }
        announced
    }

    #[test]
    fn a_second_burst_follows_the_first_and_refreshes_follow_the_last() {
        let expected = [(at(5), 5), (at(65), 2), (at(125), 2)];
        assert_eq!(schedule(&how(5, 60), 130), expected);
        assert_eq!(schedule(&how(0, 60), 100), [(at(60), 2)]);
        assert_eq!(schedule(&how(5, 0), 1000), [(at(5), 5)]);
    }

    #[test]
    fn what_is_not_here_is_not_announced() {
        let mut announcing = Announcing::default();
        announcing.announced(&how(5, 60), at(0));
        announcing.stop();
        assert_eq!(announcing.next(&how(5, 60)), None);
        assert_eq!(announcing.take_due(&how(5, 60), at(1000)), 0);
    }
}
