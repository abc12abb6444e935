//! What each sender said last, so that nobody else can say it again.

use std::net::IpAddr;
use std::time::Duration;

use super::Unproven;
use super::sequence::Sequence;
use crate::time::Instant;

/// How many senders are remembered. Only advertisements that are proven make a mark, and only an
/// Active router advertises: with four, two hand-overs at once forget nobody.
const SENDERS: usize = 4;
/// A mark protects for two windows: it may have been set by a clock that is one window ahead, and
/// what it says stays fresh for another. Then it goes, so that a sender whose clock was put right
/// while it restarted is heard again.
const WINDOWS: u32 = 2;

/// How a repeated advertisement is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Its sequence is a time: a sender that was not heard lately must show one no older than the
    /// window. A sender that was heard must only go on from there, so that no step of a clock
    /// silences a router that runs.
    Time,
    /// Its sequence follows the sender's last, whatever the clocks say.
    Order,
}

/// The marks of the senders heard last.
#[derive(Clone, Debug, Default)]
pub struct Marks([Option<Mark>; SENDERS]);

#[derive(Clone, Copy, Debug)]
struct Mark {
    sender: IpAddr,
    sequence: Sequence,
    heard_at: Instant,
}

impl Marks {
    /// Whether `sender` may say `sequence` at `now`, which is `since_1970` by the wall clock.
    ///
    /// # Errors
    ///
    /// [`Unproven::Replayed`] and [`Unproven::Stale`].
    pub fn check(
        &self,
        sender: IpAddr,
        sequence: Sequence,
        judge: &Judge,
        now: Instant,
    ) -> Result<(), Unproven> {
        let life = judge.window * WINDOWS;
        let lives = |mark: &&Mark| now.saturating_duration_since(mark.heard_at) < life;
        let mut marks = self.0.iter().flatten();
        let mark = marks.find(|mark| mark.sender == sender).filter(lives);
        match (mark, judge.freshness) {
            (Some(mark), Freshness::Time | Freshness::Order) => {
                if sequence.follows(mark.sequence) {
                    Ok(())
                } else {
                    Err(Unproven::Replayed)
                }
            }
            (None, Freshness::Time) if sequence.is_older(judge.window, judge.since_1970) => {
                Err(Unproven::Stale)
            }
            (None, Freshness::Time | Freshness::Order) => Ok(()),
        }
    }

    /// `sender` proved that it said `sequence`.
    pub fn set(&mut self, sender: IpAddr, sequence: Sequence, now: Instant) {
        let own = |mark: &Option<Mark>| mark.is_some_and(|mark| mark.sender == sender);
        let place = self.0.iter().position(own).unwrap_or_else(|| self.oldest());
        self.0[place] = Some(Mark {
            sender,
            sequence,
            heard_at: now,
        });
    }

    /// The place of the sender that was not heard for the longest time, a free one first.
    fn oldest(&self) -> usize {
        let places = self.0.iter().enumerate();
        let oldest = places.min_by_key(|(_, mark)| mark.map(|mark| mark.heard_at));
        oldest.map_or(0, |(place, _)| place)
    }
}

/// By what an advertisement's age is judged.
#[derive(Clone, Copy, Debug)]
pub struct Judge {
    /// How a repeated one is known.
    pub freshness: Freshness,
    /// How far two clocks may differ.
    pub window: Duration,
    /// The wall time of this node.
    pub since_1970: Duration,
}
