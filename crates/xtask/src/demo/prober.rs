//! A client of the VIP that asks every few milliseconds: `ping` on a node of the lab.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::demo::skep::{LAB, Skep, shown};

/// The time between two requests, in seconds as `ping` wants it.
const INTERVAL: &str = "0.002";
const INTERVAL_TIME: Duration = Duration::from_millis(2);
/// When `ping` is ended should nobody stop it, in seconds; its own `-w` would end it at the first
/// error.
const END: &str = "120";
/// A silence that is more than a late answer.
const GAP: Duration = Duration::from_millis(500);

/// A `ping` that runs.
pub(super) struct Prober {
    ping: Child,
    answers: Receiver<Answer>,
    heard: Vec<Answer>,
}

/// An answer: which request, and when it came on the wall clock.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Answer {
    sequence: u64,
    at: Duration,
}

/// What became of the requests.
pub(super) struct Report {
    heard: Vec<Answer>,
}

impl Prober {
    /// Starts asking `target` from a node.
    pub(super) fn start(skep: &Skep, node: &str, target: &str) -> anyhow::Result<Self> {
        let ping = ["timeout", END, "ping", "-n", "-D", "-i", INTERVAL, target];
        let words = [&["lab", "exec", "--name", LAB, node, "--"], &ping[..]].concat();
        println!("$ {} > answers &", shown(&words));
        let mut ping = skep
            .command(&words)
            .process_group(0)
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start a prober")?;
        let output = ping.stdout.take().context("the output is piped")?;
        let (sender, answers) = mpsc::channel();
        std::thread::spawn(move || read(output, &sender));
        Ok(Self {
            ping,
            answers,
            heard: Vec::new(),
        })
    }

    /// Waits for an answer.
    pub(super) fn wait_for_answer(&mut self, limit: Duration) -> anyhow::Result<()> {
        let answer = self.answers.recv_timeout(limit);
        self.heard
            .push(answer.context("the VIP does not answer its client")?);
        Ok(())
    }

    /// Listens until answers come again after they had stopped.
    pub(super) fn wait_for_gap(&mut self, limit: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            ensure!(!left.is_zero(), "the VIP never stopped answering");
            let last = self.heard.last().copied();
            self.wait_for_answer(left)
                .context("nobody took the VIP over")?;
            let gap = last
                .zip(self.heard.last())
                .map(|(last, next)| next.at - last.at);
            if gap.is_some_and(|gap| gap > GAP) {
                return Ok(());
            }
        }
    }

    /// Listens for a time.
    pub(super) fn watch(&mut self, time: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + time;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.answers.recv_timeout(left) {
                Ok(answer) => self.heard.push(answer),
                Err(mpsc::RecvTimeoutError::Timeout) => return Ok(()),
                Err(mpsc::RecvTimeoutError::Disconnected) => bail!("the prober ended"),
            }
        }
    }

    /// Stops asking.
    pub(super) fn stop(mut self) -> Report {
        self.end();
        let mut heard = std::mem::take(&mut self.heard);
        heard.extend(self.answers.try_iter());
        Report { heard }
    }

    /// Ends what entered the node; `ping` itself ends when nobody reads what it says.
    fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.ping.kill();
        let _ = self.ping.wait();
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.end();
    }
}

impl Report {
    /// How many requests there were between the first and the last answer.
    pub(super) fn sent(&self) -> u64 {
        match (self.heard.first(), self.heard.last()) {
            (Some(first), Some(last)) => last.sequence - first.sequence + 1,
            _ => 0,
        }
    }

    /// How many of them were not answered.
    pub(super) fn lost(&self) -> u64 {
        self.sent().saturating_sub(self.heard.len() as u64)
    }

    /// The longest time between two answers.
    pub(super) fn longest_dark(&self) -> Duration {
        let gaps = self.heard.windows(2).map(|pair| pair[1].at - pair[0].at);
        gaps.max().unwrap_or(INTERVAL_TIME)
    }
}

fn read(output: ChildStdout, answers: &mpsc::Sender<Answer>) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        let Some(answer) = parse(&line) else { continue };
        if answers.send(answer).is_err() {
            return;
        }
    }
}

/// A line `[1700000000.000001] 64 bytes from 10.0.0.70: icmp_seq=1 ttl=64 time=0.05 ms`.
fn parse(line: &str) -> Option<Answer> {
    let (at, rest) = line.strip_prefix('[')?.split_once(']')?;
    let (seconds, micros) = at.split_once('.')?;
    let at = Duration::from_secs(seconds.parse().ok()?)
        + Duration::from_micros(micros.parse().ok().filter(|_| micros.len() == 6)?);
    let (_, rest) = rest.split_once("bytes from ")?.1.split_once("icmp_seq=")?;
    let sequence = rest.split(' ').next()?.parse().ok()?;
    Some(Answer { sequence, at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_and_other_lines_are_not() {
        let line = "[1700000000.000001] 64 bytes from 10.0.0.70: icmp_seq=7 ttl=64 time=0.05 ms";
        let at = Duration::from_secs(1_700_000_000) + Duration::from_micros(1);
        assert_eq!(parse(line), Some(Answer { sequence: 7, at }));
        let unreachable = "[1700000000.0] From 10.0.0.63 icmp_seq=8 Destination Host Unreachable";
        assert_eq!(parse(unreachable), None);
        assert_eq!(
            parse("PING 10.0.0.70 (10.0.0.70) 56(84) bytes of data."),
            None
        );
    }

    #[test]
    fn what_was_not_answered_between_answers_is_lost() {
        let answer = |sequence, milliseconds| Answer {
            sequence,
            at: Duration::from_millis(milliseconds),
        };
        let report = Report {
            heard: vec![answer(3, 6), answer(4, 8), answer(9, 18), answer(10, 20)],
        };
        assert_eq!((report.sent(), report.lost()), (8, 4));
        assert_eq!(report.longest_dark(), Duration::from_millis(10));
    }
}
