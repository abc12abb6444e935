//! A plan as a person reads it: what `skep diff` prints.
//!
//! One line per action, those of one object together: `+` something comes, `~` it changes, `-` it
//! goes, `.` it follows by itself, `!` it is blocked. Colours are the reader's affair.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use serde_json::Value;

use crate::action::{
    Action, Blocked, Change, CreateFile, CreateService, Executor, InitSwarm, LabelNode, Plan,
    RemoveFile, Step, Waiting,
};
use crate::difference::difference;
use crate::membership::role_word;
use crate::observed::Foundation;
use crate::ownership;

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for entry in entries(self) {
            entry.fmt(f)?;
        }
        self.vip_groups
            .iter()
            .try_for_each(|change| change.fmt(f))?;
        let mut paused = self.paused.iter();
        paused.try_for_each(|feeder| {
            writeln!(
                f,
                "# {feeder} is paused: it feeds nothing until `skep resume {feeder}`"
            )
        })
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
                writeln!(f, ". {what} {object} {until}")
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
        let sign = match &self.action {
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
        };
        write!(f, "{sign} {} {}", self.action.word(), self.object)?;
        match (&self.action, &self.executor) {
            (Action::InitSwarm(_), Executor::Node(node)) => write!(f, " on {node}")?,
            (Action::JoinSwarm(join), _) => write!(f, " as {}", role_word(join.role))?,
            _ => {}
        }
        writeln!(f, ": {}", self.because)?;
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

fn write_labels(f: &mut Formatter<'_>, labels: &LabelNode) -> fmt::Result {
    for (key, value) in &labels.set {
        writeln!(f, "    {key} = {value}")?;
    }
    for key in &labels.remove {
        writeln!(f, "    {key} removed")?;
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
    for Change { path, new, .. } in settings {
        writeln!(f, "    {path}: {new}")?;
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
        let side = |value: &Value| match value {
            Value::Null => "(nothing)".to_owned(),
            value => value.to_string(),
        };
        writeln!(f, "    {path}: {} -> {}", side(old), side(new))?;
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
