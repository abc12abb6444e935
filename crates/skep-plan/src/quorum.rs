//! The quorum guard: managers come and go one at a time, and never so that the majority is lost.
//!
//! Every change of the managers stands in one line, and the first that is safe has its turn:
//! a dead manager is taken out before anybody comes, since one more manager beside a dead one
//! leaves a swarm that the next fault stops; then new managers come; then living ones go.

use skep_manifest::condition::Reason;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::Role;

use crate::action::{Action, Blocked, Executor, Plan, SetRole, Step, Waiting};
use crate::membership::JoinState;
use crate::observed::{Membership, NodeState};
use crate::ownership::node_object;
use crate::rejoining::Rejoining;
use crate::roster::{Listed, Member, Roster};

/// Whose turn it is, and what becomes of the others in the line.
pub(crate) struct Turn<'r, 'a> {
    taken: Option<Change<'r, 'a>>,
    waiting: Vec<(Change<'r, 'a>, String)>,
    blocked: Vec<Blocked>,
}

/// A change of the managers.
#[derive(Clone, Copy)]
enum Change<'r, 'a> {
    /// A manager that nobody reaches stops being one.
    DemoteDead(Subject<'r, 'a>),
    /// A node joins as a manager.
    Join(&'r Member<'a>),
    /// A worker becomes a manager.
    Promote(Subject<'r, 'a>),
    /// A living manager becomes a worker.
    Demote(Subject<'r, 'a>),
}

/// A node in the swarm's list with its name in the manifest.
#[derive(Clone, Copy)]
struct Subject<'r, 'a> {
    name: &'r NodeName,
    listed: Listed<'a>,
}

/// Decides whose turn it is.
pub(crate) fn turn<'r, 'a>(roster: &'r Roster<'a>, rejoining: &Rejoining<'r, 'a>) -> Turn<'r, 'a> {
    let mut turn = Turn {
        taken: None,
        waiting: Vec::new(),
        blocked: Vec::new(),
    };
    let guard = Guard::new(roster);
    for change in line(roster, rejoining) {
        if let Some(taken) = turn.taken {
            turn.waiting
                .push((change, format!("until {}", taken.outcome())));
        } else if let Some(changing) = &guard.changing {
            turn.waiting
                .push((change, format!("until {changing} has settled")));
        } else {
            match (guard.check(change), guard.proof_before(change)) {
                (Err(blocked), _) => turn.blocked.push(blocked),
                (Ok(()), Some(until)) => turn.waiting.push((change, until)),
                (Ok(()), None) => turn.taken = Some(change),
            }
        }
    }
    turn
}

/// Everything that is to change about the managers, in the order in which it may.
fn line<'r, 'a>(roster: &'r Roster<'a>, rejoining: &Rejoining<'r, 'a>) -> Vec<Change<'r, 'a>> {
    let members = || roster.members.iter();
    let subject = |member: &'r Member<'a>| {
        Some(Subject {
            name: &member.declared.name,
            listed: member.listed?,
        })
    };
    let twins = roster.twins.iter().map(|twin| Subject {
        name: &twin.name,
        listed: twin.listed,
    });
    let declared_as = |role| members().filter(move |member| member.declared.role == role);
    let leavers = roster.leavers.iter().filter(|leaver| leaver.may_go());
    let leavers = leavers.map(|leaver| Subject {
        name: &leaver.name,
        listed: leaver.listed,
    });
    let surplus = declared_as(Role::Worker).filter_map(subject).chain(leavers);
    let surplus = surplus.chain(rejoining.member().and_then(subject));
    let surplus = surplus.filter(|subject| subject.listed.is_manager());
    let (mut leaving, dead): (Vec<_>, Vec<_>) =
        surplus.partition(|subject| subject.listed.is_reachable());
    // The leader goes last: every change of the leader stops the swarm's work for a moment.
    leaving.sort_by_key(|subject| {
        subject
            .listed
            .node
            .manager
            .is_some_and(|manager| manager.leader)
    });
    let dead = twins
        .filter(|twin| twin.listed.is_manager() && !twin.listed.is_reachable())
        .chain(dead);
    // One that was refused is tried again, but everybody else goes before it.
    let (refused, joining): (Vec<_>, Vec<_>) = declared_as(Role::Manager)
        .filter(|member| matches!(member.join_state(roster), JoinState::Joinable))
        .partition(|member| member.was_refused());
    // Who joins anew becomes a manager by joining.
    let staying = declared_as(Role::Manager).filter(|member| !member.has_moved());
    let rising = staying.filter_map(subject);
    let rising = rising.filter(|subject| !subject.listed.is_manager());
    dead.map(Change::DemoteDead)
        .chain(joining.into_iter().map(Change::Join))
        .chain(rising.map(Change::Promote))
        .chain(leaving.into_iter().map(Change::Demote))
        .chain(refused.into_iter().map(Change::Join))
        .collect()
}

/// What the managers allow.
struct Guard<'r> {
    managers: usize,
    reachable: usize,
    /// Managers that the others do not reach, by name.
    unreachable: Vec<String>,
    /// Managers that the others may not have missed yet, by name.
    unheard: Vec<String>,
    /// A node that is on its way in, up or down.
    changing: Option<String>,
    /// Declared managers that are none yet, by name.
    missing: Vec<String>,
    /// Nodes without the cluster's key.
    certified: Vec<&'r NodeName>,
}

impl<'r> Guard<'r> {
    fn new(roster: &'r Roster<'_>) -> Self {
        let managers: Vec<Listed<'_>> = roster.managers().collect();
        let unreachable = managers
            .iter()
            .filter(|listed| !listed.is_reachable() && !listed.is_changing())
            .map(|listed| roster.name_of(*listed));
        let changing = managers.iter().find(|listed| listed.is_changing());
        let pending = roster.members.iter().find(|member| {
            member
                .engine
                .is_some_and(|engine| engine.membership == Membership::Pending)
        });
        let unheard = roster.members.iter().filter(|member| {
            member.listed.is_some_and(Listed::is_manager)
                && roster.unheard.contains(&member.declared.name)
        });
        let missing = roster.members.iter().filter(|member| {
            member.declared.role == Role::Manager
                && !member.listed.is_some_and(Listed::is_reachable)
        });
        let certified = roster
            .members
            .iter()
            .filter(|member| member.engine.is_some_and(|engine| engine.is_certified));
        Self {
            managers: managers.len(),
            reachable: managers
                .iter()
                .filter(|listed| listed.is_reachable())
                .count(),
            unreachable: unreachable.collect(),
            unheard: unheard
                .map(|member| member.declared.name.to_string())
                .collect(),
            changing: changing
                .map(|listed| roster.name_of(*listed))
                .or_else(|| pending.map(|member| member.declared.name.to_string())),
            missing: missing
                .map(|member| member.declared.name.to_string())
                .collect(),
            certified: certified.map(|member| &member.declared.name).collect(),
        }
    }

    fn check(&self, change: Change<'_, '_>) -> Result<(), Blocked> {
        match change {
            // One member less leaves the reachable ones at least the majority they are.
            Change::DemoteDead(_) if self.reachable * 2 > self.managers => Ok(()),
            Change::DemoteDead(subject) => Err(self.at_risk(
                subject.name,
                "demoting it needs a majority of the managers",
                format!("start {}", self.unreachable.join(", ")),
            )),
            Change::Join(_) | Change::Promote(_) if self.certified.contains(&change.node()) => {
                Err(Blocked {
                    object: node_object(change.node()),
                    reason: Reason::KeyMissing,
                    message: "it shall be a manager, but its agent has no cluster key".to_owned(),
                    remedy: format!(
                        "copy the cluster.key of a manager to {}, or declare it as worker",
                        change.node()
                    ),
                })
            }
            Change::Join(member) => self.all_reachable(&member.declared.name, "joining as manager"),
            Change::Promote(subject) if subject.listed.node.state != NodeState::Ready => {
                Err(Blocked {
                    object: node_object(subject.name),
                    reason: Reason::EngineSilent,
                    message: "it shall become a manager, but the swarm does not reach it"
                        .to_owned(),
                    remedy: format!("see that Docker runs on {}", subject.name),
                })
            }
            Change::Promote(subject) => self.all_reachable(subject.name, "becoming a manager"),
            Change::Demote(subject) if self.managers <= 1 => Err(Blocked {
                object: node_object(subject.name),
                reason: Reason::QuorumAtRisk,
                message: "it is the only manager".to_owned(),
                remedy: "declare another node as manager".to_owned(),
            }),
            Change::Demote(subject) if !self.unreachable.is_empty() => {
                self.all_reachable(subject.name, "becoming a worker")
            }
            Change::Demote(subject) if !self.missing.is_empty() => Err(Blocked {
                object: node_object(subject.name),
                reason: Reason::QuorumAtRisk,
                message: format!(
                    "it stays a manager until {} can take its place",
                    self.missing.join(" and ")
                ),
                remedy: format!(
                    "see what keeps {} from being a manager",
                    self.missing.join(" and ")
                ),
            }),
            Change::Demote(_) => Ok(()),
        }
    }

    /// What a change that is safe as far as the managers know waits for: they miss one that is gone
    /// only after seconds, and without it and the one that goes the majority would be lost.
    fn proof_before(&self, change: Change<'_, '_>) -> Option<String> {
        match change {
            Change::Demote(_) if !self.unheard.is_empty() => Some(format!(
                "until {} has been heard",
                self.unheard.join(" and ")
            )),
            Change::Demote(_) | Change::DemoteDead(_) | Change::Join(_) | Change::Promote(_) => {
                None
            }
        }
    }

    fn all_reachable(&self, node: &NodeName, what: &str) -> Result<(), Blocked> {
        if self.unreachable.is_empty() {
            Ok(())
        } else {
            let silent = self.unreachable.join(", ");
            Err(self.at_risk(
                node,
                &format!("{what} could cost the majority"),
                format!(
                    "start {silent}; if it is gone for good, declare it with `availability: drain` \
                     and then remove it from the manifest"
                ),
            ))
        }
    }

    fn at_risk(&self, node: &NodeName, what: &str, remedy: String) -> Blocked {
        Blocked {
            object: node_object(node),
            reason: Reason::QuorumAtRisk,
            message: format!(
                "{what}: {} of {} managers are reachable, {} not",
                self.reachable,
                self.managers,
                self.unreachable.join(", ")
            ),
            remedy,
        }
    }
}

impl<'a> Turn<'_, 'a> {
    /// The node that joins as manager in this pass.
    pub(crate) fn joins(&self) -> Option<&Member<'a>> {
        match self.taken {
            Some(Change::Join(member)) => Some(member),
            Some(Change::DemoteDead(_) | Change::Promote(_) | Change::Demote(_)) | None => None,
        }
    }

    /// Whether a manager joins in this pass that was not refused before.
    pub(crate) fn takes_in_a_manager(&self) -> bool {
        self.joins().is_some_and(|member| !member.was_refused())
    }

    /// Plans the promotion, when it is its turn, and says what the others in the line wait for.
    pub(crate) fn plan_promotion(&self, plan: &mut Plan) {
        if let Some(Change::Promote(subject)) = self.taken {
            plan.steps
                .push(subject.step(Role::Manager, "declared as manager, it is a worker"));
        }
        plan.waiting
            .extend(self.waiting.iter().map(|(change, until)| Waiting {
                object: node_object(change.node()),
                what: change.what().to_owned(),
                until: until.clone(),
            }));
        plan.blocked.extend(self.blocked.iter().cloned());
    }

    /// Plans the demotion, when it is its turn.
    pub(crate) fn plan_demotion(&self, plan: &mut Plan) {
        match self.taken {
            Some(Change::Demote(subject)) => {
                plan.steps
                    .push(subject.step(Role::Worker, "it is not to be a manager any more"));
            }
            Some(Change::DemoteDead(subject)) => {
                let because = "it is not to be a manager any more, and the others do not reach it";
                plan.steps.push(subject.step(Role::Worker, because));
            }
            Some(Change::Join(_) | Change::Promote(_)) | None => {}
        }
    }
}

impl Change<'_, '_> {
    fn node(&self) -> &NodeName {
        match self {
            Change::Join(member) => &member.declared.name,
            Change::DemoteDead(subject) | Change::Promote(subject) | Change::Demote(subject) => {
                subject.name
            }
        }
    }

    const fn what(&self) -> &'static str {
        match self {
            Change::Join(_) => "join as manager",
            Change::Promote(_) => "promote to manager",
            Change::DemoteDead(_) | Change::Demote(_) => "demote to worker",
        }
    }

    fn outcome(&self) -> String {
        let node = self.node();
        match self {
            Change::Join(_) => format!("{node} has joined"),
            Change::Promote(_) => format!("{node} is a manager"),
            Change::DemoteDead(_) | Change::Demote(_) => format!("{node} is no manager any more"),
        }
    }
}

impl Subject<'_, '_> {
    fn step(&self, role: Role, because: &str) -> Step {
        Step {
            object: node_object(self.name),
            executor: Executor::Writer,
            action: Action::SetRole(SetRole {
                node: self.name.clone(),
                node_id: self.listed.id.to_owned(),
                role,
            }),
            because: because.to_owned(),
        }
    }
}
