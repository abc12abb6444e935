//! What passes between nodes, and which of two is in the way.

use std::collections::{BTreeMap, BTreeSet};

use skep_manifest::name::NodeName;

use super::count::Count;
use super::{
    Asked, Finding, Heard, Knock, Outcome, Passage, Path, Protocol, Seen, Severity, Subject, Way,
};

/// An attempt to reach a node.
pub(super) struct Attempt<'a> {
    from: Option<&'a NodeName>,
    to: &'a NodeName,
    way: Way,
    pub(super) failure: Option<Failure<'a>>,
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure<'a> {
    /// What was sent did not arrive, or the answer did not.
    Lost,
    /// It, or something on the way, said no.
    Refused,
    /// It did not leave the node.
    Kept(&'a str),
    /// Another one answered.
    Stranger(&'a str),
    /// It answered, and not as it should.
    Troubled(&'a str),
}

/// Every attempt of which it is known what became of it.
pub(super) fn attempts<'a>(asked: &Asked, seen: &'a Seen) -> Vec<Attempt<'a>> {
    let visits = seen.visits.iter();
    let knocks = visits.flat_map(|(from, visit)| {
        let knocks = visit.knocks.iter();
        knocks.map(move |knock| (Some(from), knock))
    });
    // Who asks tries each of the others as one of the nodes, too: that is said once.
    let own = seen.by.as_ref().and_then(|by| seen.visits.get(by));
    let is_said = |unreached: &&Knock| {
        let mut knocks = own.iter().flat_map(|visit| &visit.knocks);
        let is_same = |knock: &Knock| knock.to == unreached.to && knock.way == unreached.way;
        knocks.any(|knock| is_same(knock) && knock.outcome != Outcome::Answered)
    };
    let unreached = seen.unreached.iter().filter(|knock| !is_said(knock));
    unreached
        .map(|knock| (seen.by.as_ref(), knock))
        .chain(knocks)
        .filter_map(|(from, knock)| attempt(asked, seen, from, knock))
        .collect()
}

fn attempt<'a>(
    asked: &Asked,
    seen: &'a Seen,
    from: Option<&'a NodeName>,
    knock: &'a Knock,
) -> Option<Attempt<'a>> {
    let Knock { to, way, outcome } = knock;
    let node = asked.node(to)?;
    let is_engines = asked.engine_ways(node).iter().any(|(one, _)| one == way);
    let listens = || {
        let taken = |visit: &super::Visit| visit.facts.taken.iter().any(|taken| taken.way == *way);
        seen.visits.get(to).map(|visit| !taken(visit))
    };
    let failure = match outcome {
        Outcome::Answered => None,
        // Where no agent listens in place of the engine, silence says nothing.
        Outcome::Sent | Outcome::Refused | Outcome::Silent
            if is_engines && listens() != Some(true) =>
        {
            return None;
        }
        Outcome::Sent => {
            let heard = Heard {
                from: from?.clone(),
                way: *way,
            };
            let has_heard = seen
                .visits
                .get(to)
                .is_some_and(|visit| visit.heard.contains(&heard));
            (!has_heard).then_some(Failure::Lost)
        }
        Outcome::Refused => Some(Failure::Refused),
        Outcome::Silent => Some(Failure::Lost),
        Outcome::Kept(why) => Some(Failure::Kept(why)),
        Outcome::Stranger(why) => Some(Failure::Stranger(why)),
        Outcome::Troubled(why) => Some(Failure::Troubled(why)),
    };
    Some(Attempt {
        from,
        to,
        way: *way,
        failure,
    })
}

/// What is wrong on the ways between nodes.
pub(super) fn findings(asked: &Asked, attempts: &[Attempt<'_>]) -> Vec<Finding> {
    let ways: BTreeSet<Way> = attempts.iter().map(|attempt| attempt.way).collect();
    let on = |way: Way| attempts.iter().filter(move |attempt| attempt.way == way);
    ways.into_iter()
        .flat_map(|way| Judged::new(asked, way, on(way).collect()).findings())
        .collect()
}

/// All attempts on one way.
struct Judged<'a> {
    asked: &'a Asked,
    way: Way,
    attempts: Vec<&'a Attempt<'a>>,
}

impl<'a> Judged<'a> {
    const fn new(asked: &'a Asked, way: Way, attempts: Vec<&'a Attempt<'a>>) -> Self {
        Self {
            asked,
            way,
            attempts,
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let mut counts_to: BTreeMap<&NodeName, Count> = BTreeMap::new();
        let mut counts_from: BTreeMap<Option<&NodeName>, Count> = BTreeMap::new();
        for attempt in &self.attempts {
            let to = counts_to.entry(attempt.to).or_default();
            let from = counts_from.entry(attempt.from).or_default();
            for count in [to, from] {
                count.note(attempt.is_lost());
            }
        }
        let mut closed_in: BTreeMap<&NodeName, Vec<&Attempt<'_>>> = BTreeMap::new();
        let mut closed_out: BTreeMap<&NodeName, Vec<&Attempt<'_>>> = BTreeMap::new();
        let mut findings = Vec::new();
        for attempt in &self.attempts {
            let Some(failure) = attempt.failure else {
                continue;
            };
            let is_closed_in = counts_to.get(attempt.to).is_some_and(Count::is_to_blame);
            let is_closed_out = counts_from
                .get(&attempt.from)
                .is_some_and(Count::is_to_blame);
            match (failure, attempt.from) {
                (Failure::Lost | Failure::Refused, _) if is_closed_in => {
                    closed_in.entry(attempt.to).or_default().push(attempt);
                }
                (Failure::Lost | Failure::Refused, Some(from)) if is_closed_out => {
                    closed_out.entry(from).or_default().push(attempt);
                }
                (Failure::Lost | Failure::Refused, _) => findings.push(self.between(attempt)),
                (Failure::Kept(why), _) => findings.push(self.kept(attempt, why)),
                (Failure::Stranger(why), _) => findings.push(self.stranger(attempt, why)),
                (Failure::Troubled(why), _) => findings.push(self.troubled(attempt, why)),
            }
        }
        findings.extend(closed_in.values().map(|lost| self.closed_in(lost)));
        findings.extend(closed_out.values().map(|lost| self.closed_out(lost)));
        findings
    }

    /// Several nodes cannot reach the same one.
    fn closed_in(&self, lost: &[&Attempt<'_>]) -> Finding {
        let (to, way) = (lost[0].to, self.way);
        let path = self.path(lost);
        let message = format!("nobody reaches {to} on {way}");
        self.network(vec![to.clone()], path, message, self.let_in(to, None))
    }

    /// One node cannot reach several others.
    fn closed_out(&self, lost: &[&Attempt<'_>]) -> Finding {
        let way = self.way;
        let path = self.path(lost);
        let from = path.from.first().cloned();
        let name = from.as_ref().map_or("this node", NodeName::as_str);
        let message = format!("{name} reaches nobody on {way}, others do");
        let remedy = format!("let {way} out on {name}");
        self.network(from.into_iter().collect(), path, message, remedy)
    }

    /// Only this pair, as far as is known.
    fn between(&self, attempt: &Attempt<'_>) -> Finding {
        let Attempt { from, to, .. } = *attempt;
        let way = self.way;
        let name = from.map_or("the agent that asks", NodeName::as_str);
        let message = match (attempt.failure, way.protocol) {
            (Some(Failure::Refused), _) => format!("{to} refuses {name} on {way}"),
            (_, Protocol::Tcp) => format!("{to} does not answer {name} on {way}"),
            (_, Protocol::Udp) => format!("{to} hears nothing from {name} on {way}"),
        };
        let nodes = [Some(to), from].into_iter().flatten().cloned().collect();
        let remedy = self.let_in(to, from);
        self.network(nodes, self.path(&[attempt]), message, remedy)
    }

    fn kept(&self, attempt: &Attempt<'_>, why: &str) -> Finding {
        let from = attempt.from.map_or("this node", NodeName::as_str);
        let (to, way) = (attempt.to, self.way);
        let message = format!("{from} cannot send to {to} on {way}: {why}");
        let remedy = format!("let {way} out on {from}, and look at its routes to {to}");
        let nodes = attempt.from.into_iter().cloned().collect();
        self.network(nodes, self.path(&[attempt]), message, remedy)
    }

    fn stranger(&self, attempt: &Attempt<'_>, why: &str) -> Finding {
        let to = attempt.to;
        Finding {
            severity: Severity::Problem,
            subject: Subject::Key,
            nodes: vec![to.clone()],
            path: Some(self.path(&[attempt])),
            message: format!("who answers on {} at {to} is not trusted: {why}", self.way),
            remedy: format!(
                "copy the same cluster.key to {to}, and start its agent under the name that the \
                 manifest gives it"
            ),
        }
    }

    fn troubled(&self, attempt: &Attempt<'_>, why: &str) -> Finding {
        let to = attempt.to;
        Finding {
            severity: Severity::Problem,
            subject: Subject::Agent,
            nodes: vec![to.clone()],
            path: Some(self.path(&[attempt])),
            message: format!("the agent of {to} cannot look: {why}"),
            remedy: format!("its log on {to} says more: journalctl -u skep"),
        }
    }

    fn network(
        &self,
        nodes: Vec<NodeName>,
        path: Path,
        message: String,
        remedy: String,
    ) -> Finding {
        Finding {
            severity: Severity::Problem,
            subject: Subject::Network,
            nodes,
            path: Some(path),
            message,
            remedy,
        }
    }

    fn path(&self, attempts: &[&Attempt<'_>]) -> Path {
        let from: BTreeSet<&NodeName> = attempts.iter().filter_map(|one| one.from).collect();
        let to: BTreeSet<&NodeName> = attempts.iter().map(|one| one.to).collect();
        Path {
            from: from.into_iter().cloned().collect(),
            to: to.into_iter().cloned().collect(),
            way: Passage::Port(self.way),
        }
    }

    /// What lets others into `to`: everybody, or only `from`.
    fn let_in(&self, to: &NodeName, from: Option<&NodeName>) -> String {
        let way = self.way;
        let node = self.asked.node(to);
        let is_engines = node.is_some_and(|node| {
            let mut ways = self.asked.engine_ways(node).into_iter();
            ways.any(|(one, _)| one == way)
        });
        let start = if is_engines {
            ""
        } else {
            "start skep there if it does not run, and "
        };
        match from.and_then(|from| self.asked.node(from)) {
            None => format!("{start}let {way} in on {to}"),
            Some(from) => {
                let (name, address) = (&from.name, from.address);
                format!("{start}let {way} in on {to} from {address}, and out on {name}")
            }
        }
    }
}

impl Attempt<'_> {
    const fn is_lost(&self) -> bool {
        matches!(self.failure, Some(Failure::Lost | Failure::Refused))
    }
}
