//! Whether managers lock: not before the agents that shall unlock them can keep the key.

use serde_json::Value;
use skep_manifest::desired::Declared;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::{Autolock, Role, SwarmSpec, Unlock};

use crate::action::{Action, Change, Executor, Plan, Step, UpdateSwarm, Waiting};
use crate::observed::Engine;
use crate::ownership::swarm_object;
use crate::roster::Roster;

/// The place of the setting in the engine's specification of the swarm.
const PATH: [&str; 2] = ["EncryptionConfig", "AutoLockManagers"];

/// Plans that managers lock or do not, and says whose agent does not have the key yet.
pub(crate) fn plan(swarm: &Declared<SwarmSpec>, roster: &Roster<'_>, plan: &mut Plan) {
    let Some(spec) = &roster.cluster.spec else {
        return;
    };
    let Autolock { enabled, unlock } = swarm.spec.autolock;
    let setting = PATH.iter().try_fold(spec, |value, name| value.get(name));
    let locks = setting.and_then(Value::as_bool).unwrap_or(false);
    let object = swarm_object(&swarm.metadata.name);
    if let (true, Unlock::Agent) = (enabled, unlock) {
        let is_ready: fn(&Engine) -> bool = if locks {
            |engine| engine.keeps_unlock_key
        } else {
            |engine| engine.membership.is_manager()
        };
        let names = managers_without(roster, is_ready);
        if !names.is_empty() {
            let until = if locks {
                format!("until its agent has read it: {names}")
            } else {
                format!("until every manager's agent can keep the unlock key: {names} cannot yet")
            };
            let what = if locks {
                "keep the unlock key"
            } else {
                "lock managers that restart"
            };
            plan.waiting.push(Waiting {
                object,
                what: what.to_owned(),
                until,
            });
            return;
        }
    }
    if enabled != locks {
        plan.steps.push(Step {
            object,
            executor: Executor::Writer,
            action: Action::UpdateSwarm(UpdateSwarm {
                changes: vec![Change {
                    path: PATH.join("."),
                    old: Value::Bool(locks),
                    new: Value::Bool(enabled),
                }],
            }),
            because: "its autolock differs".to_owned(),
        });
    }
}

/// The managers of the manifest whose engine, as its agent just told it, is not so.
fn managers_without(roster: &Roster<'_>, is_so: fn(&Engine) -> bool) -> String {
    let managers = roster.members.iter();
    let managers = managers.filter(|member| member.declared.role == Role::Manager);
    let without = managers.filter(|member| !member.engine.is_some_and(is_so));
    let names: Vec<&str> = without
        .map(|member| NodeName::as_str(&member.declared.name))
        .collect();
    names.join(", ")
}
