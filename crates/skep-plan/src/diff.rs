//! A plan as a person reads it: what `skep diff` prints, and what a CI job posts.
//!
//! One entry per action, those of one object together, objects of one sort under a heading: `+`
//! something comes, `~` it changes, `-` it goes, `.` it follows by itself, `!` it is blocked; below
//! it the fields that differ, and behind `=>` what follows for those who use it. Nothing is
//! indented but what belongs to an entry, so that it can stand in a fence of `diff`. Colours are the
//! reader's affair.

mod schema;
mod summary;

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::action::{
    Action, Blocked, Change, CreateFile, CreateService, Executor, InitSwarm, LabelNode, Plan,
    RemoveFile, Step, Waiting,
};
use crate::difference::difference;
use crate::effect::Effect;
use crate::groups::GroupChange;
use crate::observed::Foundation;
use crate::ownership;
use crate::words;
use summary::Summary;

pub use schema::schema;

/// A plan with what a program that looks at it should know as well.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Diff {
    /// What would be done.
    #[serde(flatten)]
    pub plan: Plan,
    /// What follows, by the object that changes: `service/web`, `vipgroup/ingress`.
    pub effects: BTreeMap<String, Vec<Effect>>,
    /// How much of it there is, and how bad it is.
    pub summary: Summary,
}

impl From<Plan> for Diff {
    fn from(plan: Plan) -> Self {
        let effects = effects(&plan);
        Self {
            summary: Summary::of(&plan, &effects),
            effects,
            plan,
        }
    }
}

/// What follows from a plan, by object.
fn effects(plan: &Plan) -> BTreeMap<String, Vec<Effect>> {
    let mut effects: BTreeMap<String, Vec<Effect>> = BTreeMap::new();
    for step in &plan.steps {
        let of_object = effects.entry(step.object.clone()).or_default();
        of_object.extend(step.effect());
    }
    for change in &plan.vip_groups {
        let of_object = effects.entry(vip_object(change)).or_default();
        of_object.extend(change.effects());
    }
    effects.retain(|_, effects| !effects.is_empty());
    effects
}

fn vip_object(change: &GroupChange) -> String {
    format!("vipgroup/{}", change.group)
}

/// What stands under one heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Nodes,
    Surroundings,
    Services,
    VipGroups,
}

impl Section {
    const ALL: [Self; 4] = [
        Self::Nodes,
        Self::Surroundings,
        Self::Services,
        Self::VipGroups,
    ];

    /// Where an object such as `node/cube02` stands.
    fn of(object: &str) -> Self {
        match object.split('/').next() {
            Some("service" | "stack") => Self::Services,
            Some("network" | "config" | "secret") => Self::Surroundings,
            Some("vipgroup") => Self::VipGroups,
            Some(_) | None => Self::Nodes,
        }
    }

    const fn heading(self) -> &'static str {
        match self {
            Self::Nodes => "Swarm and nodes",
            Self::Surroundings => "Networks, configs and secrets",
            Self::Services => "Services",
            Self::VipGroups => "VIP groups",
        }
    }
}

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let entries = entries(self);
        let mut separator = "";
        for section in Section::ALL {
            let here = entries
                .iter()
                .filter(|entry| Section::of(entry.object()) == section);
            let mut here: Vec<String> = here.map(ToString::to_string).collect();
            if section == Section::VipGroups {
                here.extend(self.vip_groups.iter().map(ToString::to_string));
            }
            if !here.is_empty() {
                write!(f, "{separator}# {}\n{}", section.heading(), here.concat())?;
                separator = "\n";
            }
        }
        let mut paused = self.paused.iter();
        paused.try_for_each(|feeder| {
            writeln!(
                f,
                "# {feeder} is paused: it feeds nothing until `skep resume {feeder}`"
            )
        })?;
        if self.is_empty() {
            return Ok(());
        }
        write!(f, "\n{}", Summary::of(self, &effects(self)))
    }
}

/// A line of a plan, and what stands under it.
enum Entry<'a> {
    Step(&'a Step),
    Waiting(&'a Waiting),
    Blocked(&'a Blocked),
}

/// Everything in a plan, in its order, with what is about one object together.
fn entries(plan: &Plan) -> Vec<Entry<'_>> {
    let steps = plan.steps.iter().map(Entry::Step);
    let waiting = plan.waiting.iter().map(Entry::Waiting);
    let blocked = plan.blocked.iter().map(Entry::Blocked);
    let mut entries: Vec<Entry<'_>> = steps.chain(waiting).chain(blocked).collect();
    let mut order = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        order.entry(entry.object().to_owned()).or_insert(index);
    }
    entries.sort_by_key(|entry| order.get(entry.object()).copied());
    entries
}

impl Entry<'_> {
    fn object(&self) -> &str {
        match self {
            Entry::Step(step) => &step.object,
            Entry::Waiting(waiting) => &waiting.object,
            Entry::Blocked(blocked) => &blocked.object,
        }
    }
}

impl Display for Entry<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Entry::Step(step) => step.fmt(f),
            Entry::Waiting(Waiting {
                object,
                what,
                until,
            }) => {
                writeln!(f, ". {what} {object}: waits {until}")
            }
            Entry::Blocked(Blocked {
                object,
                reason,
                message,
                remedy,
            }) => {
                writeln!(f, "! {object} {reason:?}: {message}")?;
                writeln!(f, "    hint: {remedy}")
            }
        }
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let sign = self.sign();
        write!(f, "{sign} {} {}", self.action.word(), self.object)?;
        match (&self.action, &self.executor) {
            (Action::InitSwarm(_), Executor::Node(node)) => write!(f, " on {node}")?,
            (Action::JoinSwarm(join), _) => write!(f, " as {}", join.role.word())?,
            _ => {}
        }
        writeln!(f, ": {}", self.because)?;
        self.fmt_fields(f)?;
        match self.effect() {
            Some(effect) => write!(f, "    {effect}"),
            None => Ok(()),
        }
    }
}

impl Step {
    /// What it does to something that there is, as one sign.
    const fn sign(&self) -> char {
        match &self.action {
            Action::InitSwarm(_)
            | Action::JoinSwarm(_)
            | Action::CreateNetwork(_)
            | Action::CreateFile(_)
            | Action::CreateService(_) => '+',
            Action::UpdateSwarm(_)
            | Action::LabelNode(_)
            | Action::SetAvailability(_)
            | Action::SetRole(_)
            | Action::UpdateService(_) => '~',
            Action::LeaveSwarm(_)
            | Action::RemoveNode(_)
            | Action::RemoveNetwork(_)
            | Action::RemoveFile(_)
            | Action::RemoveService(_) => '-',
        }
    }

    /// The fields that it is about.
    fn fmt_fields(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.action {
            Action::LabelNode(labels) => write_labels(f, labels),
            Action::CreateNetwork(network) => write_settings(f, &network.fields),
            Action::CreateFile(CreateFile { name, .. })
            | Action::RemoveFile(RemoveFile { name, .. }) => writeln!(f, "    {name}"),
            Action::CreateService(service) => write_fields(f, service),
            Action::UpdateService(service) => write_changes(f, &service.changes),
            Action::UpdateSwarm(swarm) => write_changes(f, &swarm.changes),
            Action::InitSwarm(init) => write_init(f, init),
            Action::JoinSwarm(_)
            | Action::SetAvailability(_)
            | Action::SetRole(_)
            | Action::LeaveSwarm(_)
            | Action::RemoveNode(_)
            | Action::RemoveNetwork(_)
            | Action::RemoveService(_) => Ok(()),
        }
    }
}

/// The labels of the manifest, not those by which skep knows its own.
fn write_labels(f: &mut Formatter<'_>, labels: &LabelNode) -> fmt::Result {
    let is_declared = |key: &&String| !ownership::is_label_of_skep(key);
    for (key, value) in labels.set.iter().filter(|(key, _)| is_declared(key)) {
        writeln!(f, "    labels.{key}: {value}")?;
    }
    for key in labels.remove.iter().filter(is_declared) {
        writeln!(f, "    labels.{key}: (nothing)")?;
    }
    Ok(())
}

/// The fields of a new service that say anything.
fn write_fields(f: &mut Formatter<'_>, service: &CreateService) -> fmt::Result {
    let fields = difference(&service.spec, &Value::Null, &BTreeMap::new());
    let declared: Vec<Change> = fields.changes.into_iter().filter(is_declared).collect();
    write_settings(f, &declared)
}

fn write_settings(f: &mut Formatter<'_>, settings: &[Change]) -> fmt::Result {
    for Change { path, old, new } in settings {
        let told = words::told(path, old, new);
        writeln!(f, "    {}: {}", told.field, told.new)?;
    }
    Ok(())
}

/// What a new swarm has otherwise than the engine would make it.
fn write_init(f: &mut Formatter<'_>, init: &InitSwarm) -> fmt::Result {
    let Foundation {
        address_pools,
        subnet_length,
        data_path_port,
    } = &init.foundation;
    let usual = Foundation::default();
    if *address_pools != usual.address_pools || *subnet_length != usual.subnet_length {
        writeln!(f, "    DefaultAddrPool: {}", address_pools.join(", "))?;
        writeln!(f, "    SubnetSize: {subnet_length}")?;
    }
    if *data_path_port != usual.data_path_port {
        writeln!(f, "    DataPathPort: {data_path_port}")?;
    }
    write_changes(f, &init.changes)
}

fn write_changes(f: &mut Formatter<'_>, changes: &[Change]) -> fmt::Result {
    for Change { path, old, new } in changes.iter().filter(|change| is_declared(change)) {
        let told = words::told(path, old, new);
        writeln!(f, "    {}: {} -> {}", told.field, told.old, told.new)?;
    }
    Ok(())
}

/// Whether a change is one of the manifest's fields, not of the labels by which skep knows its own.
fn is_declared(change: &Change) -> bool {
    let own = [ownership::SWARM, ownership::OBJECT, ownership::HASH];
    change
        .path
        .strip_prefix("Labels.")
        .is_none_or(|label| !own.contains(&label))
}
