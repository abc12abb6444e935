//! How much a plan changes, and how bad that is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};

use schemars::JsonSchema;
use serde::Serialize;

use crate::action::Plan;
use crate::effect::{Effect, Risk};
use crate::groups::GroupDifference;

/// How much a plan changes, and how bad that is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// How many things come.
    pub create: usize,
    /// How many change.
    pub change: usize,
    /// How many go.
    pub remove: usize,
    /// How many follow by themselves.
    pub waiting: usize,
    /// How many cannot come about.
    pub blocked: usize,
    /// The objects that answer nobody for a moment, or whose connections end.
    pub interruptions: BTreeSet<String>,
    /// The objects of which something is gone afterwards.
    pub losses: BTreeSet<String>,
}

impl Summary {
    pub(super) fn of(plan: &Plan, effects: &BTreeMap<String, Vec<Effect>>) -> Self {
        let mut summary = Self {
            waiting: plan.waiting.len(),
            blocked: plan.blocked.len(),
            ..Self::default()
        };
        for step in &plan.steps {
            *summary.count(step.sign()) += 1;
        }
        // What is renamed and changed is one thing.
        let distinct = plan
            .vip_groups
            .chunk_by(|one, other| one.group == other.group);
        for change in distinct.filter_map(<[_]>::first) {
            let sign = match &change.change {
                GroupDifference::Created(_) => '+',
                GroupDifference::Removed(_) => '-',
                GroupDifference::Renamed(_, _) | GroupDifference::Changed(_) => '~',
            };
            *summary.count(sign) += 1;
        }
        let all = effects
            .iter()
            .flat_map(|(object, effects)| effects.iter().map(move |effect| (object, effect.risk)));
        for (object, risk) in all {
            let _is_new = match risk {
                Risk::None => false,
                Risk::Interruption => summary.interruptions.insert(object.clone()),
                Risk::Loss => summary.losses.insert(object.clone()),
            };
        }
        summary
    }

    const fn count(&mut self, sign: char) -> &mut usize {
        match sign {
            '+' => &mut self.create,
            '-' => &mut self.remove,
            _ => &mut self.change,
        }
    }
}

impl Display for Summary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.create, "to create"),
            (self.change, "to change"),
            (self.remove, "to remove"),
            (self.waiting, "to follow by itself"),
            (self.blocked, "blocked"),
        ];
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        writeln!(f, "# {}", counts.join(", "))?;
        for (risk, objects) in [
            ("interruption", &self.interruptions),
            ("loss", &self.losses),
        ] {
            if !objects.is_empty() {
                let objects: Vec<&str> = objects.iter().map(String::as_str).collect();
                writeln!(f, "# {risk}: {}", objects.join(", "))?;
            }
        }
        Ok(())
    }
}
