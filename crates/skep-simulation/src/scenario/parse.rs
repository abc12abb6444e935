//! From text to a scenario.

use std::time::Duration;

use skep_manifest::name::Name;
use skep_manifest::plain::{self, Plain, Value};
use skep_manifest::set::Source;
use skep_plan::configure::check_input;
use skep_vip::interfaces::Link;
use skep_vip::message::Health;
use skep_vrrp::identity::Priority;

use super::field::{Fields, duration, index_of, list, listed, mistake, parsed, place, text};
use super::{Act, Expectation, Mistake, Scenario, Step};
use crate::happening::NodeHappening;
use crate::stage::Stage;

/// What can stand in a step.
const STEP: [&str; 15] = [
    "at",
    "cut",
    "return",
    "kill",
    "stop",
    "freeze",
    "link",
    "check",
    "priority",
    "remove",
    "partition",
    "heal",
    "loss",
    "expect",
    "end",
];

/// The latest step: simulated days of advertisements take minutes.
const AT_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// Reads the scenario of a cluster.
///
/// # Errors
///
/// Every mistake in it.
pub fn parse(source: Source, stage: &Stage) -> Result<Scenario, Vec<Mistake>> {
    let plain = plain::read(source);
    let mut mistakes: Vec<Mistake> = plain
        .problems
        .iter()
        .map(|problem| mistake(&plain, problem.span, problem.message.clone()))
        .collect();
    let mut scenario = Scenario::default();
    let reader = Reader {
        plain: &plain,
        stage,
    };
    for document in &plain.documents {
        match list(&plain, document) {
            Ok(steps) => {
                for step in steps {
                    match reader.step(step) {
                        Ok(steps) => scenario.steps.extend(steps),
                        Err(mistake) => mistakes.push(mistake),
                    }
                }
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    scenario.steps.sort_by_key(|step| step.at);
    Ok(scenario)
}

struct Reader<'a> {
    plain: &'a Plain,
    stage: &'a Stage,
}

impl Reader<'_> {
    /// One step as it is written can be two: what begins also ends.
    fn step(&self, value: &Value) -> Result<Vec<Step>, Mistake> {
        let fields = Fields::of(self.plain, value, &STEP)?;
        let at = duration(self.plain, fields.required("at")?)?;
        if at > AT_MAX {
            return Err(fields.mistake("a scenario lasts at most a week"));
        }
        let (key, what) = fields.only_beside("at")?;
        let mut acts = vec![(at, self.act(key, what)?)];
        if key == "freeze" {
            let fields = Fields::of(self.plain, what, &["node", "for"])?;
            let node = self.node(fields.required("node")?)?;
            let end = at + duration(self.plain, fields.required("for")?)?;
            acts.push((end, Act::Node(node, NodeHappening::Thaw)));
        }
        let step = |(at, act)| Step {
            at,
            place: place(self.plain, value.span),
            act,
        };
        Ok(acts.into_iter().map(step).collect())
    }

    fn act(&self, key: &str, value: &Value) -> Result<Act, Mistake> {
        let node = |what| Ok(Act::Node(self.node(value)?, what));
        match key {
            "cut" => node(NodeHappening::PowerCut),
            "return" => node(NodeHappening::Start),
            "kill" => node(NodeHappening::Kill),
            "stop" => node(NodeHappening::Stop),
            "freeze" => {
                let fields = Fields::of(self.plain, value, &["node", "for"])?;
                let node = self.node(fields.required("node")?)?;
                Ok(Act::Node(node, NodeHappening::Freeze))
            }
            "link" => self.link(value),
            "check" => self.check(value),
            "priority" => self.priority(value),
            "remove" => self.remove(value),
            "partition" => self.partition(value),
            "heal" => Ok(Act::Heal),
            "loss" => self.loss(value),
            "expect" => self.expectation(value).map(Act::Expect),
            _ => Ok(Act::End),
        }
    }

    fn node(&self, value: &Value) -> Result<usize, Mistake> {
        let nodes = self.stage.setup.nodes.iter();
        index_of(
            self.plain,
            value,
            "node",
            nodes.map(|node| node.name.as_str()),
        )
    }

    fn nodes(&self, value: &Value) -> Result<Vec<usize>, Mistake> {
        let entries = list(self.plain, value)?.iter();
        entries.map(|entry| self.node(entry)).collect()
    }

    fn link(&self, value: &Value) -> Result<Act, Mistake> {
        let fields = Fields::of(self.plain, value, &["node", "interface", "state"])?;
        let node = self.node(fields.required("node")?)?;
        let state = fields.required("state")?;
        let link = match text(self.plain, state)? {
            "up" => Link::Up,
            "down" => Link::Down,
            "missing" => Link::Missing,
            _ => {
                let message = "a link is `up`, `down` or `missing`";
                return Err(mistake(self.plain, state.span, message));
            }
        };
        let interfaces = &self.stage.setup.nodes[node].interfaces;
        let names: Vec<&str> = interfaces.keys().map(String::as_str).collect();
        let index = match fields.optional("interface") {
            Some(named) => index_of(self.plain, named, "interface", names.iter().copied())?,
            None if names.len() == 1 => 0,
            None => {
                let message = format!("`interface` is missing: one of {}", listed(&names));
                return Err(fields.mistake(message));
            }
        };
        let name = names[index].to_owned();
        Ok(Act::Node(node, NodeHappening::Link(name, link)))
    }

    fn check(&self, value: &Value) -> Result<Act, Mistake> {
        let fields = Fields::of(self.plain, value, &["node", "name", "health"])?;
        let node = self.node(fields.required("node")?)?;
        let named = fields.required("name")?;
        index_of(
            self.plain,
            named,
            "check",
            self.stage.checks.iter().map(String::as_str),
        )?;
        let name: Name = parsed(self.plain, named)?;
        let health = fields.required("health")?;
        let health = match text(self.plain, health)? {
            "passing" => Health::Passing,
            "failing" => Health::Failing,
            _ => {
                let message = "a check is `passing` or `failing`";
                return Err(mistake(self.plain, health.span, message));
            }
        };
        Ok(Act::Node(
            node,
            NodeHappening::Input(check_input(&name), health),
        ))
    }

    fn priority(&self, value: &Value) -> Result<Act, Mistake> {
        let fields = Fields::of(self.plain, value, &["node", "group", "priority"])?;
        let node = self.node(fields.required("node")?)?;
        let group = self.group(fields.required("group")?)?;
        let written = fields.required("priority")?;
        let priority: u8 = parsed(self.plain, written)?;
        if priority == 0 {
            return Err(mistake(self.plain, written.span, "a priority is 1 to 255"));
        }
        Ok(Act::Priority {
            node,
            group,
            priority: Priority::new(priority),
        })
    }

    fn remove(&self, value: &Value) -> Result<Act, Mistake> {
        let fields = Fields::of(self.plain, value, &["node", "address"])?;
        let node = self.node(fields.required("node")?)?;
        let address = parsed(self.plain, fields.required("address")?)?;
        let routers = self.stage.setup.nodes[node].routers.iter();
        let mut held = routers.flat_map(|router| {
            let addresses = router.addresses.iter();
            addresses.map(|held| (held, held.interface.as_ref().unwrap_or(&router.interface)))
        });
        let found = held.find(|(held, _)| held.address == address);
        let Some((_, interface)) = found else {
            return Err(fields.mistake(format!("this node never holds {address}")));
        };
        Ok(Act::Node(
            node,
            NodeHappening::Remove(interface.clone(), address),
        ))
    }

    /// Nodes that are in no part of the list are in one of their own together.
    fn partition(&self, value: &Value) -> Result<Act, Mistake> {
        let mut parts = vec![0; self.stage.setup.nodes.len()];
        for (number, part) in list(self.plain, value)?.iter().enumerate() {
            for node in self.nodes(part)? {
                if parts[node] != 0 {
                    let name = &self.stage.setup.nodes[node].name;
                    let message = format!("`{name}` is in two parts");
                    return Err(mistake(self.plain, part.span, message));
                }
                parts[node] = number + 1;
            }
        }
        Ok(Act::Partition(parts))
    }

    fn loss(&self, value: &Value) -> Result<Act, Mistake> {
        let wrong = || mistake(self.plain, value.span, "a loss is written `0%` to `100%`");
        let percent = text(self.plain, value)?
            .strip_suffix('%')
            .ok_or_else(wrong)?;
        let percent: u16 = percent.parse().map_err(|_| wrong())?;
        if percent > 100 {
            return Err(wrong());
        }
        Ok(Act::Loss(percent * 10))
    }

    fn group(&self, value: &Value) -> Result<String, Mistake> {
        let nodes = self.stage.setup.nodes.iter();
        let routers = nodes.flat_map(|node| &node.routers);
        let mut groups: Vec<&str> = routers.map(|router| router.key.group.as_str()).collect();
        groups.sort_unstable();
        groups.dedup();
        let index = index_of(self.plain, value, "VIP group", groups.iter().copied())?;
        Ok(groups[index].to_owned())
    }

    fn expectation(&self, value: &Value) -> Result<Expectation, Mistake> {
        let keys = ["group", "holder", "holders", "darkAtMost"];
        let fields = Fields::of(self.plain, value, &keys)?;
        let holders = match (fields.optional("holder"), fields.optional("holders")) {
            (None, None) => None,
            (Some(one), None) if text(self.plain, one)? == "none" => Some(Vec::new()),
            (Some(one), None) => Some(vec![self.node(one)?]),
            (None, Some(several)) => Some(self.nodes(several)?),
            (Some(_), Some(_)) => return Err(fields.mistake("give `holder` or `holders`")),
        };
        let dark = fields.optional("darkAtMost");
        let dark_at_most = dark.map(|dark| duration(self.plain, dark)).transpose()?;
        if holders.is_none() && dark_at_most.is_none() {
            return Err(fields.mistake("expect a `holder`, `holders` or `darkAtMost`"));
        }
        Ok(Expectation {
            group: self.group(fields.required("group")?)?,
            holders,
            dark_at_most,
        })
    }
}
