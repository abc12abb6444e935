//! The links that are inputs of virtual routers, each believed only after it stayed so for a while.

use std::collections::BTreeMap;
use std::time::Duration;

use skep_vrrp::time::Instant;

use crate::configuration::TrackedInterface;
use crate::interfaces::Link;
use crate::message::Health;

/// The links that routers track. Where several routers track one, the longest delays hold.
#[derive(Debug, Default)]
pub(crate) struct Links(BTreeMap<String, Tracked>);

#[derive(Debug)]
struct Tracked {
    up_delay: Duration,
    down_delay: Duration,
    believed: Health,
    /// When the opposite is believed, if it lasts.
    turns_at: Option<Instant>,
}

/// The name of the input that the link of `interface` is.
pub(crate) fn input_name(interface: &str) -> String {
    format!("interface/{interface}")
}

const fn health(link: Link) -> Health {
    match link {
        Link::Missing | Link::Down => Health::Failing,
        Link::Up => Health::Passing,
    }
}

impl Links {
    /// Tracks exactly these. A link that was not tracked before is at once what `link` says.
    pub(crate) fn track<'a>(
        &mut self,
        tracked: impl Iterator<Item = &'a TrackedInterface>,
        link: impl Fn(&str) -> Link,
    ) {
        let mut before = std::mem::take(&mut self.0);
        for wanted in tracked {
            let name = wanted.interface.as_str();
            let entry = self.0.entry(name.to_owned()).or_insert_with(|| {
                let known = before.remove(name);
                let (believed, turns_at) = known.map_or_else(
                    || (health(link(name)), None),
                    |known| (known.believed, known.turns_at),
                );
                Tracked {
                    up_delay: Duration::ZERO,
                    down_delay: Duration::ZERO,
                    believed,
                    turns_at,
                }
            });
            entry.up_delay = entry.up_delay.max(wanted.up_delay);
            entry.down_delay = entry.down_delay.max(wanted.down_delay);
        }
    }

    /// What is believed of every link.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Health)> {
        let links = self.0.iter();
        links.map(|(interface, tracked)| (interface.as_str(), tracked.believed))
    }

    /// The link of `interface` is this since `now`.
    pub(crate) fn hear(&mut self, interface: &str, link: Link, now: Instant) {
        let Some(tracked) = self.0.get_mut(interface) else {
            return;
        };
        let told = health(link);
        if told == tracked.believed {
            tracked.turns_at = None;
            return;
        }
        let delay = match link {
            Link::Up => tracked.up_delay,
            Link::Missing | Link::Down => tracked.down_delay,
        };
        tracked.turns_at.get_or_insert(now + delay);
    }

    /// One link of which another thing is believed from `now` on.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<(String, Health)> {
        let mut links = self.0.iter_mut();
        let due = |tracked: &Tracked| tracked.turns_at.is_some_and(|at| at <= now);
        let (interface, tracked) = links.find(|(_, tracked)| due(tracked))?;
        tracked.turns_at = None;
        tracked.believed = match tracked.believed {
            Health::Passing => Health::Failing,
            Health::Failing | Health::Unknown => Health::Passing,
        };
        Some((interface.clone(), tracked.believed))
    }

    /// When the next link turns.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.0.values().filter_map(|tracked| tracked.turns_at).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Effect;

    fn at(seconds: u64) -> Instant {
        Instant::from_boot(Duration::from_secs(seconds))
    }

    fn tracked(up_delay: u64, down_delay: u64) -> TrackedInterface {
        TrackedInterface {
            interface: "eth1".to_owned(),
            effect: Effect::Fault,
            up_delay: Duration::from_secs(up_delay),
            down_delay: Duration::from_secs(down_delay),
        }
    }

    fn links(tracked: &[TrackedInterface]) -> Links {
        let mut links = Links::default();
        links.track(tracked.iter(), |_| Link::Up);
        links
    }

    fn turn(interface: &str, health: Health) -> Option<(String, Health)> {
        Some((interface.to_owned(), health))
    }

    #[test]
    fn a_link_counts_as_down_after_its_delay_and_a_flap_is_not_seen() {
        let mut links = links(&[tracked(3, 2)]);
        links.hear("eth1", Link::Down, at(10));
        assert_eq!(links.poll_timeout(), Some(at(12)));
        links.hear("eth1", Link::Up, at(11));
        assert_eq!(links.poll_timeout(), None);
        links.hear("eth1", Link::Down, at(20));
        links.hear("eth1", Link::Missing, at(21));
        assert_eq!(links.expire(at(21)), None);
        assert_eq!(links.expire(at(22)), turn("eth1", Health::Failing));
        assert_eq!(links.expire(at(22)), None);
        links.hear("eth1", Link::Up, at(30));
        assert_eq!(links.expire(at(32)), None);
        assert_eq!(links.expire(at(33)), turn("eth1", Health::Passing));
    }

    #[test]
    fn without_delays_it_is_believed_at_once() {
        let mut links = links(&[tracked(0, 0)]);
        links.hear("eth1", Link::Down, at(10));
        assert_eq!(links.expire(at(10)), turn("eth1", Health::Failing));
        links.hear("eth2", Link::Down, at(10));
        assert_eq!(links.expire(at(10)), None);
    }

    #[test]
    fn the_longest_delays_hold_and_another_configuration_forgets_nothing() {
        let mut links = links(&[tracked(0, 5), tracked(7, 1)]);
        links.hear("eth1", Link::Down, at(10));
        links.track([tracked(1, 1)].iter(), |_| Link::Up);
        assert_eq!(links.poll_timeout(), Some(at(15)));
        links.expire(at(15));
        assert_eq!(links.iter().next(), Some(("eth1", Health::Failing)));
        links.track([].iter(), |_| Link::Up);
        assert_eq!(links.iter().next(), None);
    }
}
