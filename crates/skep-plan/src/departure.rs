//! How nodes go: what the manifest lists no more, and the entries of nodes that are no more.
//!
//! A node is drained, runs no task, is no manager, leaves by itself and is removed from the list,
//! in this order; one that is down cannot leave and is removed.

use skep_manifest::condition::Reason;
use skep_manifest::desired::Desired;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::Availability;

use crate::action::{Action, Blocked, Executor, LeaveSwarm, Plan, RemoveNode, Step, Waiting};
use crate::bootstrap;
use crate::observed::{Engine, Membership, NodeState, Observed};
use crate::ownership::node_object;
use crate::plan::plan;
use crate::roster::{Labelled, Roster};

/// What the engine of a node does that the manifest does not list: it leaves the swarm when that
/// is planned, and when the swarm does not list it either.
#[must_use]
pub fn departure(desired: &Desired, observed: &Observed, engine: &Engine) -> Option<Action> {
    let swarm = desired.swarm.as_ref()?;
    let cluster = bootstrap::our_cluster(swarm, observed).ok()?;
    let Membership::Active(active) = &engine.membership else {
        return None;
    };
    if !cluster.nodes.contains_key(&active.node_id) {
        let was_in = engine.remembers.as_ref() == Some(&cluster.id);
        let leave = LeaveSwarm {
            node_id: active.node_id.clone(),
        };
        return was_in.then_some(Action::LeaveSwarm(leave));
    }
    let steps = plan(desired, observed).steps.into_iter();
    let mut actions = steps.map(|step| step.action);
    actions.find(|action| match action {
        Action::LeaveSwarm(leave) => leave.node_id == active.node_id,
        _ => false,
    })
}

impl Labelled<'_> {
    /// Whether it was drained and nothing is left of its tasks.
    pub(crate) fn may_go(&self) -> bool {
        let node = self.listed.node;
        node.availability == Availability::Drain && (node.tasks == 0 || self.is_down())
    }

    fn is_down(&self) -> bool {
        self.listed.node.state == NodeState::Down
    }
}

/// Plans what becomes of the nodes that the manifest does not list, and of the entries that a node
/// left behind when its engine lost its state.
pub(crate) fn plan_departures(roster: &Roster<'_>, plan: &mut Plan) {
    for leaver in &roster.leavers {
        if is_only_manager(leaver, roster) {
            plan.blocked.push(only_manager(&leaver.name));
        } else {
            plan_leaver(leaver, plan);
        }
    }
    for twin in &roster.twins {
        plan_twin(twin, roster, plan);
    }
}

/// Whether nobody else could change the swarm.
fn is_only_manager(leaver: &Labelled<'_>, roster: &Roster<'_>) -> bool {
    // One that was drained is told of in the line of the managers.
    leaver.listed.is_manager() && roster.managers().count() == 1 && !leaver.may_go()
}

/// That the manifest drops a node without which nothing changes any more.
fn only_manager(name: &NodeName) -> Blocked {
    Blocked {
        object: node_object(name),
        reason: Reason::QuorumAtRisk,
        message: "it left the manifest and is the swarm's only manager: nothing else can be \
                  changed without it, and it stays"
            .to_owned(),
        remedy: format!(
            "list {name} again as manager; to replace it, declare another manager beside it, and \
             when that one has joined drain {name} and remove it"
        ),
    }
}

fn plan_leaver(leaver: &Labelled<'_>, plan: &mut Plan) {
    let (name, node) = (&leaver.name, leaver.listed.node);
    let object = node_object(name);
    if node.availability != Availability::Drain {
        plan.blocked.push(Blocked {
            object,
            reason: Reason::NodeNotDrained,
            message: "it left the manifest before it was drained; nothing was changed".to_owned(),
            remedy: format!(
                "list {name} again with `availability: drain`, and remove it when its tasks are gone"
            ),
        });
        return;
    }
    // A manager is told of in the line of the managers, when it may go.
    let until = match node.state {
        _ if !leaver.may_go() => format!("until its tasks have ended, {} are left", node.tasks),
        _ if leaver.listed.is_manager() => return,
        NodeState::Down => {
            let because = "the manifest does not list it, and it is down";
            return plan.steps.push(removal(leaver, object, because));
        }
        NodeState::Ready => {
            return plan.steps.push(Step {
                object,
                executor: Executor::Node(name.clone()),
                action: Action::LeaveSwarm(LeaveSwarm {
                    node_id: leaver.listed.id.to_owned(),
                }),
                because: "the manifest does not list it, and its tasks are gone".to_owned(),
            });
        }
        NodeState::Disconnected | NodeState::Unknown => {
            "until the swarm knows whether it is there".to_owned()
        }
    };
    plan.waiting.push(Waiting {
        object,
        what: "leave".to_owned(),
        until,
    });
}

/// A dead entry goes when the engine of its name is known to be in the swarm as another node.
fn plan_twin(twin: &Labelled<'_>, roster: &Roster<'_>, plan: &mut Plan) {
    let name = &twin.name;
    let object = format!("node/{}", twin.listed.id);
    let is_another = roster.members.iter().any(|member| {
        let engine = member.engine.map(|engine| &engine.membership);
        let is_in = matches!(engine, Some(Membership::Active(_))) && member.listed.is_some();
        member.declared.name == *name && is_in
    });
    if !twin.is_down() {
        plan.blocked.push(Blocked {
            object,
            reason: Reason::Refused,
            message: format!("another node of the swarm is called {name}, and it is not down"),
            remedy: format!(
                "if it is what {name} was before, wait; otherwise remove its labels: \
                 `docker node update --label-rm skep.node {}`",
                twin.listed.id
            ),
        });
    } else if is_another && !twin.listed.is_manager() {
        let because = format!("{name} was this node before, and is another one");
        plan.steps.push(removal(twin, object, &because));
    } else {
        let until = if twin.listed.is_manager() {
            "until it is no manager any more".to_owned()
        } else {
            format!("until {name} is in the swarm again")
        };
        plan.waiting.push(Waiting {
            object,
            what: "remove".to_owned(),
            until,
        });
    }
}

fn removal(node: &Labelled<'_>, object: String, because: &str) -> Step {
    Step {
        object,
        executor: Executor::Writer,
        action: Action::RemoveNode(RemoveNode {
            node: node.name.clone(),
            node_id: node.listed.id.to_owned(),
        }),
        because: because.to_owned(),
    }
}
