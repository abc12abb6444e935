//! A scenario as it went.

use std::net::IpAddr;
use std::time::Duration;

use skep_manifest::span::Location;
use skep_vrrp::time::Instant;

use crate::cluster::Cluster;
use crate::happening::{Happening, NodeHappening};
use crate::invariants::Violation;
use crate::network::Path;
use crate::record::{Entry, Event};
use crate::scenario::{Act, Expectation, Scenario};
use crate::setup::Setup;
use crate::stage::Stage;

/// What happened, and what it came to.
#[derive(Clone, Debug)]
pub struct Story {
    /// The names of the nodes.
    pub nodes: Vec<String>,
    /// Everything that happened, in the order of time.
    pub entries: Vec<Entry>,
    /// How each address fared.
    pub addresses: Vec<Fate>,
    /// How many expectations came true.
    pub met: usize,
    /// The expectations that did not.
    pub unmet: Vec<Unmet>,
    /// How long it took.
    pub length: Duration,
    /// The invariant that broke and ended it: a defect of skep, whatever the scenario.
    pub violation: Option<Violation>,
}

/// How an address fared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// The VIP group it belongs to.
    pub group: String,
    /// The address.
    pub address: IpAddr,
    /// The nodes that have it in the end.
    pub holders: Vec<usize>,
    /// When nobody had it, after somebody had it first.
    pub gaps: Vec<Gap>,
    /// When somebody had it first.
    pub first_held: Option<Instant>,
}

/// A time in which nobody had an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Its beginning.
    pub from: Instant,
    /// Its end, or that of the story.
    pub until: Instant,
}

impl Gap {
    /// How long it was.
    #[must_use]
    pub const fn length(self) -> Duration {
        self.until.saturating_duration_since(self.from)
    }
}

/// An expectation that did not come true.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{place}: {message}")]
pub struct Unmet {
    /// Where it is written.
    pub place: Location,
    /// What was expected, and what is.
    pub message: String,
}

impl Story {
    /// Plays a scenario: all nodes are switched on, then its steps are taken.
    #[must_use]
    pub fn of(stage: &Stage, scenario: &Scenario) -> Self {
        let mut play = Play {
            setup: stage.setup.clone(),
            cluster: Cluster::new(stage.setup.clone()),
            parts: vec![0; stage.setup.nodes.len()],
            loss_permille: 0,
            met: 0,
            unmet: Vec::new(),
        };
        let violation = play.play(scenario).err();
        play.finish(violation)
    }
}

struct Play {
    setup: Setup,
    cluster: Cluster,
    parts: Vec<usize>,
    loss_permille: u16,
    met: usize,
    unmet: Vec<Unmet>,
}

impl Play {
    fn play(&mut self, scenario: &Scenario) -> Result<(), Violation> {
        for node in 0..self.setup.nodes.len() {
            self.happen(node, NodeHappening::Start)?;
        }
        for step in &scenario.steps {
            self.cluster.run_until(Instant::from_boot(step.at))?;
            match &step.act {
                Act::Node(node, what) => self.happen(*node, what.clone())?,
                Act::Priority {
                    node,
                    group,
                    priority,
                } => {
                    let routers = &mut self.setup.nodes[*node].routers;
                    for router in routers.iter_mut().filter(|it| it.key.group == *group) {
                        router.priority = *priority;
                    }
                    let routers = routers.clone();
                    self.happen(*node, NodeHappening::Commit(routers))?;
                }
                Act::Partition(parts) => {
                    self.parts.clone_from(parts);
                    self.connect()?;
                }
                Act::Heal => {
                    self.parts.fill(0);
                    self.loss_permille = 0;
                    self.connect()?;
                }
                Act::Loss(permille) => {
                    self.loss_permille = *permille;
                    self.connect()?;
                }
                Act::Expect(expectation) => self.expect(expectation, &step.place),
                Act::End => {}
            }
        }
        Ok(())
    }

    fn happen(&mut self, node: usize, what: NodeHappening) -> Result<(), Violation> {
        self.cluster.happen(Happening::Node { node, what })
    }

    fn connect(&mut self) -> Result<(), Violation> {
        let nodes = self.setup.nodes.len();
        let interfaces = self
            .setup
            .nodes
            .iter()
            .flat_map(|node| node.interfaces.values());
        let segments = interfaces.map(|it| it.segment + 1).max().unwrap_or(0);
        for segment in 0..segments {
            for (from, to) in (0..nodes).flat_map(|from| (0..nodes).map(move |to| (from, to))) {
                let path = if self.parts[from] == self.parts[to] {
                    Path {
                        loss_permille: self.loss_permille,
                        ..Path::CLEAN
                    }
                } else {
                    Path::CUT
                };
                let path = Happening::Path {
                    segment,
                    from,
                    to,
                    path,
                };
                self.cluster.happen(path)?;
            }
        }
        Ok(())
    }

    fn expect(&mut self, expected: &Expectation, place: &Location) {
        let now = self.cluster.now();
        let fates = fates(&self.setup, &self.cluster, now);
        let mut wrong = Vec::new();
        for fate in fates.iter().filter(|fate| fate.group == expected.group) {
            if let Some(holders) = expected.holders.as_ref().filter(|it| **it != fate.holders) {
                let (is, should) = (self.names(&fate.holders), self.names(holders));
                wrong.push(format!(
                    "{} is held by {is}, expected {should}",
                    fate.address
                ));
            }
            let longest = fate.gaps.iter().map(|gap| gap.length()).max();
            if let (Some(longest), Some(most)) = (longest, expected.dark_at_most)
                && longest > most
            {
                wrong.push(format!(
                    "{} was dark for {longest:?}, expected at most {most:?}",
                    fate.address
                ));
            }
        }
        if wrong.is_empty() {
            self.met += 1;
            return;
        }
        let at = now.since_boot();
        let message = format!("at {at:?}, `{}`: {}", expected.group, wrong.join("; "));
        let place = place.clone();
        self.unmet.push(Unmet { place, message });
    }

    fn names(&self, nodes: &[usize]) -> String {
        if nodes.is_empty() {
            return "nobody".to_owned();
        }
        let names = nodes
            .iter()
            .map(|node| self.setup.nodes[*node].name.as_str());
        names.collect::<Vec<_>>().join(" and ")
    }

    fn finish(self, violation: Option<Violation>) -> Story {
        let nodes = self.setup.nodes.iter().map(|node| node.name.clone());
        let end = self.cluster.now();
        Story {
            nodes: nodes.collect(),
            entries: self.cluster.entries().into_iter().cloned().collect(),
            addresses: fates(&self.setup, &self.cluster, end),
            met: self.met,
            unmet: self.unmet,
            length: end.since_boot(),
            violation,
        }
    }
}

fn fates(setup: &Setup, cluster: &Cluster, end: Instant) -> Vec<Fate> {
    let routers = setup.nodes.iter().flat_map(|node| &node.routers);
    let addresses = routers.flat_map(|router| {
        let addresses = router.addresses.iter();
        addresses.map(|held| (router.key.group.clone(), held.address))
    });
    let mut addresses: Vec<(String, IpAddr)> = addresses.collect();
    addresses.sort();
    addresses.dedup();
    let entries = cluster.entries();
    addresses
        .into_iter()
        .map(|(group, address)| {
            let (first_held, gaps) = gaps(&entries, address, end);
            Fate {
                group,
                address,
                holders: cluster.holders(address),
                gaps,
                first_held,
            }
        })
        .collect()
}

/// When somebody had the address first, and when nobody had it since.
fn gaps(entries: &[&Entry], address: IpAddr, end: Instant) -> (Option<Instant>, Vec<Gap>) {
    let (mut first, mut dark_since) = (None, None);
    let mut holders = 0_usize;
    let mut gaps = Vec::new();
    for entry in entries {
        match &entry.event {
            Event::Present(_, present) if *present == address => {
                first = first.or(Some(entry.at));
                holders += 1;
                if let Some(from) = dark_since.take() {
                    let until = entry.at;
                    gaps.push(Gap { from, until });
                }
            }
            Event::Gone(_, gone, _) if *gone == address => {
                holders = holders.saturating_sub(1);
                if holders == 0 {
                    dark_since = Some(entry.at);
                }
            }
            Event::Happened(_)
            | Event::Became { .. }
            | Event::Present(..)
            | Event::Gone(..)
            | Event::Stopped(_)
            | Event::Refused(..)
            | Event::Sent(..)
            | Event::Heard(..) => {}
        }
    }
    gaps.extend(dark_since.map(|from| Gap { from, until: end }));
    (first, gaps)
}
