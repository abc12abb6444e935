//! What a person is told while a desired state comes true.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use skep_plan::progress::{ObjectProgress, Progress};

use crate::{output, render};

/// What is in the way is told once it has stood for so long. From bare engines to a swarm many a
/// thing is in the way for a moment, and nobody shall act on a hint that is over when it is read.
const STANDS: Duration = Duration::from_secs(2);

/// What a person was told of each object.
#[derive(Default)]
pub(super) struct Said {
    objects: BTreeMap<String, Followed>,
    /// Why the agent cannot say how far it is at present.
    pub(super) trouble: Option<String>,
}

/// One object on its way.
struct Followed {
    latest: ObjectProgress,
    /// From when on it is like that.
    since: Duration,
    is_said: bool,
}

impl Said {
    /// Says what is new, this long `after` the start.
    pub(super) fn say(
        &mut self,
        objects: &[ObjectProgress],
        after: Duration,
    ) -> anyhow::Result<()> {
        for news in self.news(objects, after) {
            let after = after.as_secs_f64();
            let state = render::cluster::progress_word(news.state);
            let (object, message) = (&news.object, &news.message);
            output::print(&format!(
                "{after:>6.1}s  {state:<8} {object:<20} {message}\n"
            ))?;
            if let Some(remedy) = &news.remedy {
                output::print(&format!("                  hint: {remedy}\n"))?;
            }
        }
        Ok(())
    }

    fn news<'a>(
        &mut self,
        objects: &'a [ObjectProgress],
        after: Duration,
    ) -> Vec<&'a ObjectProgress> {
        // What is removed is reported no more: nothing of it is missing.
        let told: BTreeSet<&String> = objects.iter().map(|progress| &progress.object).collect();
        self.objects.retain(|object, _| told.contains(object));
        let is_news = |progress: &&ObjectProgress| {
            let followed = self.objects.get(&progress.object);
            if followed.is_none_or(|followed| followed.latest != **progress) {
                let followed = Followed {
                    latest: (*progress).clone(),
                    since: after,
                    is_said: false,
                };
                self.objects.insert(progress.object.clone(), followed);
            }
            self.objects
                .get_mut(&progress.object)
                .is_some_and(|followed| followed.is_due(after))
        };
        objects.iter().filter(is_news).collect()
    }

    /// Says what was in the way last.
    pub(super) fn say_what_is_missing(&self) {
        let mut missing: Vec<&ObjectProgress> =
            self.objects.values().map(|it| &it.latest).collect();
        missing.retain(|progress| progress.state != Progress::Done);
        // What is in the way comes last, where people look first.
        missing.sort_by_key(|progress| (progress.state, progress.remedy.is_some()));
        for progress in missing {
            let (object, message) = (&progress.object, &progress.message);
            output::tell_errors(&[format!("{object}: {message}")]);
            if let Some(remedy) = &progress.remedy {
                output::tell(&format!("hint: {remedy}"));
            }
        }
        output::tell_errors(self.trouble.as_slice());
    }
}

impl Followed {
    /// Whether it is to be said, and was not.
    fn is_due(&mut self, after: Duration) -> bool {
        let is_in_the_way = match self.latest.state {
            Progress::Done | Progress::Failed => false,
            Progress::Blocked => true,
            Progress::Working => self.latest.remedy.is_some(),
        };
        let stands = after.saturating_sub(self.since) >= STANDS;
        let is_due = !self.is_said && (stands || !is_in_the_way);
        self.is_said |= is_due;
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(state: Progress, message: &str, remedy: Option<&str>) -> ObjectProgress {
        ObjectProgress {
            object: "node/cube02".to_owned(),
            state,
            message: message.to_owned(),
            remedy: remedy.map(str::to_owned),
        }
    }

    /// Follows a node that is like this at each of these moments, in milliseconds: what is said of
    /// it, and when.
    fn check(moments: &[(u64, ObjectProgress)], expected: &[(u64, &str)]) {
        let mut said = Said::default();
        let mut heard = Vec::new();
        for (after, progress) in moments {
            let objects = [progress.clone()];
            let news = said.news(&objects, Duration::from_millis(*after));
            if !news.is_empty() {
                heard.push((*after, progress.message.as_str()));
            }
        }
        assert_eq!(heard, expected);
    }

    #[test]
    fn what_is_over_in_a_moment_is_not_told_as_if_it_were_in_the_way() {
        let leave = Some("wait; if it stays so: `docker swarm leave --force`");
        let moments = [
            (0, node(Progress::Blocked, "nobody answered yet", None)),
            (300, node(Progress::Working, "joins", None)),
            (600, node(Progress::Working, "pending", leave)),
            (2_500, node(Progress::Working, "pending", leave)),
            (2_550, node(Progress::Done, "is ready", None)),
        ];
        check(&moments, &[(300, "joins"), (2_550, "is ready")]);
    }

    #[test]
    fn what_stays_in_the_way_is_told_once_with_what_helps() {
        let start = Some("start it");
        let moments = [
            (0, node(Progress::Working, "waits", None)),
            (250, node(Progress::Blocked, "silent", start)),
            (2_000, node(Progress::Blocked, "silent", start)),
            (2_250, node(Progress::Blocked, "silent", start)),
            (2_500, node(Progress::Blocked, "silent", start)),
        ];
        check(&moments, &[(0, "waits"), (2_250, "silent")]);
    }

    #[test]
    fn what_has_failed_is_told_at_once() {
        let moments = [(0, node(Progress::Failed, "paused", Some("correct it")))];
        check(&moments, &[(0, "paused")]);
    }
}
