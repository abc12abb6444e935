//! Which node hears which on which segment, and how well.

use std::time::Duration;

use skep_vrrp::time::Instant;

use crate::random::Random;

/// How long a packet takes at most on a path that works: two switches of a busy rack.
pub(crate) const LATENCY_MAX: Duration = Duration::from_millis(1);

/// One direction between two nodes on one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// Nothing arrives.
    pub cut: bool,
    /// How many of a thousand packets are lost.
    pub loss_permille: u16,
    /// How many of a thousand packets arrive twice.
    pub duplicates_permille: u16,
    /// How long a packet takes at most; each takes its own time, so they overtake each other.
    pub latency_max: Duration,
}

impl Path {
    /// A path that works.
    pub const CLEAN: Self = Self {
        cut: false,
        loss_permille: 0,
        duplicates_permille: 0,
        latency_max: LATENCY_MAX,
    };
    /// A path on which nothing arrives.
    pub const CUT: Self = Self {
        cut: true,
        ..Self::CLEAN
    };
}

/// The paths of every segment.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    nodes: usize,
    paths: Vec<Path>,
    /// When the last packet arrives that is on its way, by path.
    last: Vec<Instant>,
}

/// What two nodes are to each other on a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    /// Everything arrives, both ways.
    Whole,
    /// Nothing arrives, neither way.
    Apart,
    /// Some things arrive.
    Impaired,
}

impl Network {
    pub(crate) fn new(segments: usize, nodes: usize) -> Self {
        Self {
            nodes,
            paths: vec![Path::CLEAN; segments * nodes * nodes],
            last: vec![Instant::default(); segments * nodes * nodes],
        }
    }

    pub(crate) fn path(&self, segment: usize, from: usize, to: usize) -> Path {
        self.paths[self.index(segment, from, to)]
    }

    pub(crate) fn set(&mut self, segment: usize, from: usize, to: usize, path: Path) {
        let index = self.index(segment, from, to);
        self.paths[index] = path;
    }

    /// When a packet that is sent now arrives: not at all, once, or twice. On a path that works
    /// no packet overtakes another.
    pub(crate) fn carry(
        &mut self,
        (segment, from, to): (usize, usize, usize),
        random: &mut Random,
        now: Instant,
    ) -> [Option<Instant>; 2] {
        let index = self.index(segment, from, to);
        let path = self.paths[index];
        if path.cut || random.permille(path.loss_permille) {
            return [None, None];
        }
        let mut arrival = now + random.up_to(path.latency_max);
        if path == Path::CLEAN {
            arrival = arrival.max(self.last[index]).min(now + path.latency_max);
            self.last[index] = arrival;
        }
        let again = random.permille(path.duplicates_permille);
        let second = again.then(|| now + random.up_to(path.latency_max));
        [Some(arrival), second]
    }

    /// What two nodes are to each other.
    pub(crate) fn relation(&self, segment: usize, one: usize, other: usize) -> Relation {
        let (there, back) = (
            self.path(segment, one, other),
            self.path(segment, other, one),
        );
        if there == Path::CLEAN && back == Path::CLEAN {
            Relation::Whole
        } else if there.cut && back.cut {
            Relation::Apart
        } else {
            Relation::Impaired
        }
    }

    /// How long a packet that is under way can still take.
    pub(crate) fn latency_max(&self) -> Duration {
        let latencies = self.paths.iter().map(|path| path.latency_max);
        latencies.max().unwrap_or(LATENCY_MAX)
    }

    const fn index(&self, segment: usize, from: usize, to: usize) -> usize {
        (segment * self.nodes + from) * self.nodes + to
    }
}
