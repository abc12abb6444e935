//! Where the first swarm comes from: whether there is one, whose it is, and who may create it.
//!
//! A second swarm is the worst that can happen, so everything that could hide a first one counts as
//! one: an engine that is silent, on its way, in error or locked, and an agent that remembers.

use std::collections::BTreeMap;

use skep_manifest::condition::Reason;
use skep_manifest::desired::Declared;
use skep_manifest::name::{EngineName, Name, NodeName};
use skep_manifest::swarm::{Node, Role, SwarmSpec};

use crate::action::{Action, Blocked, Executor, InitSwarm, Plan, Step, Waiting};
use crate::membership::{leaving, trouble};
use crate::observed::{Active, Cluster, Engine, Membership, Observed};
use crate::ownership::{self, SWARM, node_object, swarm_object};
use crate::settings;

/// The swarm when it is there and skep's; otherwise why not.
pub(crate) fn our_cluster<'a>(
    swarm: &Declared<SwarmSpec>,
    observed: &'a Observed,
) -> Result<&'a Cluster, Absence> {
    match &observed.cluster {
        Some(cluster) if ownership::is_our_swarm(swarm, observed) => Ok(cluster),
        Some(cluster) => Err(Absence::Foreign(foreign(swarm, cluster, observed))),
        None => Err(Absence::NoneSeen),
    }
}

/// Why there is no swarm to work on.
pub(crate) enum Absence {
    /// There is one, and it is somebody else's.
    Foreign(Blocked),
    /// No manager tells of one.
    NoneSeen,
}

fn foreign(swarm: &Declared<SwarmSpec>, cluster: &Cluster, observed: &Observed) -> Blocked {
    let inside = observed
        .engines
        .iter()
        .filter(|(_, engine)| match &engine.membership {
            Membership::Active(active) => active.swarm_id.as_ref() == Some(&cluster.id),
            Membership::Silent
            | Membership::Inactive
            | Membership::Pending
            | Membership::Error(_)
            | Membership::Locked => false,
        });
    let (inside, ways_out): (Vec<&str>, Vec<String>) = inside
        .map(|(name, engine)| (name.as_str(), leaving(name, &engine.membership)))
        .unzip();
    let leave = if ways_out.is_empty() {
        "list other nodes".to_owned()
    } else {
        let ways_out = ways_out.join(", ");
        format!("if nobody needs it, take it apart: {ways_out}; or list other nodes")
    };
    let (whose, remedy) = match cluster.labels.get(SWARM) {
        Some(other) => (format!("the `Swarm` called `{other}`"), leave),
        None => (
            "a swarm that skep did not create".to_owned(),
            format!("take it over with what `skep import swarm` says; or {leave}"),
        ),
    };
    Blocked {
        object: swarm_object(&swarm.metadata.name),
        reason: Reason::ForeignSwarm,
        message: format!(
            "{} in {whose} ({}); it is left alone",
            who_is(&inside),
            cluster.id
        ),
        remedy,
    }
}

fn who_is(names: &[&str]) -> String {
    match names {
        [] => "an engine is".to_owned(),
        [name] => format!("{name} is"),
        names => format!("{} are", names.join(", ")),
    }
}

/// Plans the creation of the swarm by the first manager of the manifest, when it is certain that
/// there is none.
pub(crate) fn plan(swarm: &Declared<SwarmSpec>, observed: &Observed, plan: &mut Plan) {
    let name = &swarm.metadata.name;
    if let Some(id) = &swarm.spec.adopt {
        plan.blocked.push(unseen_swarm(name, id));
        return;
    }
    let managers: Vec<&Node> = swarm
        .spec
        .nodes
        .iter()
        .filter(|node| node.role == Role::Manager)
        .collect();
    let Some(first) = managers.first() else {
        plan.blocked.push(Blocked {
            object: swarm_object(name),
            reason: Reason::InvalidManifest,
            message: "no node is declared as manager".to_owned(),
            remedy: "declare one node, or better three, with `role: manager`".to_owned(),
        });
        return;
    };
    let traces: Vec<Blocked> = observed
        .engines
        .iter()
        .filter_map(|(node, engine)| trace(node, engine))
        .collect();
    if let Some(first) = traces.first() {
        plan.blocked.push(held_up(name, first.reason, &traces));
        plan.blocked.extend(traces);
        return;
    }
    match quorum_of_agents(name, &managers, observed) {
        Ok(because) => {
            plan.steps.push(init(swarm, first, because));
            plan.waiting.extend(others(swarm, first));
        }
        Err(blocked) => plan.blocked.push(blocked),
    }
}

/// That none is created where one shall be taken over.
fn unseen_swarm(swarm: &Name, id: &EngineName) -> Blocked {
    Blocked {
        object: swarm_object(swarm),
        reason: Reason::QuorumLost,
        message: format!("no manager tells of the swarm {id} that it shall take over"),
        remedy: "start skep and Docker on its managers; to create another swarm leave `adopt` out"
            .to_owned(),
    }
}

/// That no swarm is created as long as there may be one.
fn held_up(swarm: &Name, reason: Reason, traces: &[Blocked]) -> Blocked {
    let nodes: Vec<&str> = traces
        .iter()
        .map(|blocked| blocked.object.as_str())
        .collect();
    let nodes = nodes.join(", ");
    Blocked {
        object: swarm_object(swarm),
        reason,
        message: format!("no manager tells of it, and none is created: {nodes} may be in one"),
        remedy: format!("see {nodes}"),
    }
}

/// What makes an engine, which no manager tells of, count as being in a swarm.
fn trace(node: &NodeName, engine: &Engine) -> Option<Blocked> {
    if let Membership::Active(active) = &engine.membership {
        return Some(unseen(node, active, engine));
    }
    let troubled = trouble(node, &engine.membership);
    troubled.or_else(|| {
        let id = engine.remembers.as_ref()?;
        Some(Blocked {
            object: node_object(node),
            reason: Reason::QuorumLost,
            message: format!(
                "its agent remembers the swarm {id}, and no manager of that swarm answers"
            ),
            remedy: format!(
                "start the managers of that swarm; if it is gone for good, remove the agent's state directory on {node}"
            ),
        })
    })
}

/// An engine in a swarm that no manager tells of.
fn unseen(node: &NodeName, active: &Active, engine: &Engine) -> Blocked {
    let ours = engine.remembers.is_some()
        && (active.swarm_id.is_none() || active.swarm_id == engine.remembers);
    if ours {
        return Blocked {
            object: node_object(node),
            reason: Reason::QuorumLost,
            message: "it is in the swarm, but no manager tells of it: there is no majority"
                .to_owned(),
            remedy:
                "start the managers that are down, and list those again that left the manifest; \
                     VIPs and running tasks carry on"
                    .to_owned(),
        };
    }
    Blocked {
        object: node_object(node),
        reason: Reason::ForeignSwarm,
        message: "its engine is in a swarm none of whose managers answers".to_owned(),
        remedy: format!(
            "start its managers, or take it out: {}",
            leaving(node, &engine.membership)
        ),
    }
}

/// That the first manager and a majority of all declared managers answered, as a reason.
fn quorum_of_agents(
    swarm: &Name,
    managers: &[&Node],
    observed: &Observed,
) -> Result<String, Blocked> {
    let silent: Vec<&str> = managers
        .iter()
        .filter(|node| !observed.engines.contains_key(&node.name))
        .map(|node| node.name.as_str())
        .collect();
    let answered = managers.len() - silent.len();
    let needed = managers.len() / 2 + 1;
    let first_answers = managers
        .first()
        .is_some_and(|first| !silent.contains(&first.name.as_str()));
    if answered >= needed && first_answers {
        return Ok(format!(
            "no swarm exists: {answered} of {} managers say so",
            managers.len()
        ));
    }
    Err(Blocked {
        object: swarm_object(swarm),
        reason: Reason::AgentSilent,
        message: if first_answers {
            format!(
                "{answered} of {} managers answered, {needed} are needed to create the swarm",
                managers.len()
            )
        } else {
            format!(
                "{} creates the swarm, and its agent does not answer",
                silent[0]
            )
        },
        remedy: format!(
            "start skep on {}, and let the agents' port (7380/tcp) through to the others",
            silent.join(", ")
        ),
    })
}

fn init(swarm: &Declared<SwarmSpec>, first: &Node, because: String) -> Step {
    Step {
        object: swarm_object(&swarm.metadata.name),
        executor: Executor::Node(first.name.clone()),
        action: Action::InitSwarm(init_on(swarm, first)),
        because,
    }
}

/// What the swarm begins with on the engine of `node`.
pub(crate) fn init_on(swarm: &Declared<SwarmSpec>, node: &Node) -> InitSwarm {
    InitSwarm {
        labels: BTreeMap::from([(SWARM.to_owned(), swarm.metadata.name.to_string())]),
        foundation: settings::foundation(&swarm.spec),
        changes: settings::initial(&swarm.spec),
        advertise_address: node.address.0,
        data_path_address: node.data_path_address.unwrap_or(node.address).0,
        availability: node.availability,
    }
}

fn others<'a>(
    swarm: &'a Declared<SwarmSpec>,
    first: &'a Node,
) -> impl Iterator<Item = Waiting> + use<'a> {
    let others = swarm
        .spec
        .nodes
        .iter()
        .filter(move |node| node.name != first.name);
    others.map(|node| Waiting {
        object: node_object(&node.name),
        what: format!("join as {}", node.role.word()),
        until: "until the swarm exists".to_owned(),
    })
}
