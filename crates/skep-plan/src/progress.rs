//! How far the world is from what is declared, object by object: for `apply --wait` and `status`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use skep_manifest::condition::Reason;
use skep_manifest::desired::{Declared, Desired};
use skep_manifest::name::Name;
use skep_manifest::service::ServiceSpec;
use skep_manifest::service::mode::Mode;
use skep_manifest::swarm::SwarmSpec;

use crate::action::{Blocked, FileKind, Plan};
use crate::bootstrap;
use crate::observed::{Cluster, Membership, NodeState, Observed, TaskTrouble, Tasks};
use crate::ownership::{file_object, network_object, node_object, service_object, swarm_object};
use crate::plan::plan;
use crate::roster::{Member, Roster};

/// How far one object is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectProgress {
    /// Which one: `swarm/cube`, `node/cube02`, `service/web`.
    pub object: String,
    /// How far it is.
    pub state: Progress,
    /// What is going on, or in the way.
    pub message: String,
    /// What would help, when something is in the way.
    pub remedy: Option<String>,
}

/// How far an object is from what is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Progress {
    /// It is as declared, and works.
    Done,
    /// It is on its way.
    Working,
    /// Something is in the way that time alone does not change.
    Blocked,
    /// It is over, and not as declared: only another desired state helps.
    Failed,
}

/// How far every declared object is: the swarm, its nodes, its services, and what is in the way of
/// others.
#[must_use]
pub fn progress(desired: &Desired, observed: &Observed) -> Vec<ObjectProgress> {
    let Some(swarm) = &desired.swarm else {
        return Vec::new();
    };
    let planned = plan(desired, observed);
    let mut pending = Pending::new(&planned);
    let cluster = bootstrap::our_cluster(swarm, observed).ok();
    let mut objects = vec![
        pending.take(swarm_object(&swarm.metadata.name), || match cluster {
            Some(_) => How::done("exists"),
            None => How::working("does not exist yet"),
        }),
    ];
    objects.extend(nodes(swarm, observed, cluster, &mut pending));
    for object in attached_objects(desired) {
        objects.push(pending.take(object, || match cluster {
            Some(_) => How::done("exists"),
            None => How::working("waits for the swarm"),
        }));
    }
    objects.extend(desired.services.values().map(|service| {
        let name = service.metadata.name.as_str();
        pending.take(service_object(name), || service_progress(service, cluster))
    }));
    objects.extend(pending.rest());
    objects
}

/// Everything declared that services have.
fn attached_objects(desired: &Desired) -> impl Iterator<Item = String> {
    let networks = desired.networks.keys();
    let configs = desired.configs.keys();
    let secrets = desired.secrets.keys();
    networks
        .map(|name| network_object(name.as_str()))
        .chain(configs.map(|name| file_object(FileKind::Config, name.as_str())))
        .chain(secrets.map(|name| file_object(FileKind::Secret, name.as_str())))
}

fn nodes(
    swarm: &Declared<SwarmSpec>,
    observed: &Observed,
    cluster: Option<&Cluster>,
    pending: &mut Pending<'_>,
) -> Vec<ObjectProgress> {
    let name: &Name = &swarm.metadata.name;
    match cluster {
        Some(cluster) => Roster::new(name, &swarm.spec, observed, cluster)
            .members
            .iter()
            .map(|member| pending.take(member.object(), || node_progress(member)))
            .collect(),
        None => {
            let waits = || How::working("waits for the swarm");
            let nodes = swarm.spec.nodes.iter();
            nodes
                .map(|node| pending.take(node_object(&node.name), waits))
                .collect()
        }
    }
}

/// How far a node is that nothing is planned for.
fn node_progress(member: &Member<'_>) -> How {
    let Some(listed) = member.listed else {
        return How::working("has not joined yet");
    };
    let name = &member.declared.name;
    let acts_as_manager = || {
        let engine = member.engine.map(|engine| &engine.membership);
        engine.is_some_and(Membership::is_manager)
    };
    match listed.node.state {
        NodeState::Ready if listed.is_changing() => How::working("its role is changing"),
        NodeState::Ready if listed.is_manager() && !listed.is_reachable() => {
            How::working("the other managers do not reach it").helped_by(format!(
                "see that it runs, and that it and the others let 2377/tcp through: {name}"
            ))
        }
        // It is asked for the store as long as it says so, and does not answer any more.
        NodeState::Ready if !listed.is_manager() && acts_as_manager() => {
            How::working("its engine still ends being a manager")
        }
        NodeState::Ready if member.engine.is_none() && member.is_known_elsewhere(listed) => {
            How::working("its agent has not told its address yet")
        }
        NodeState::Ready if listed.node.tasks > 0 => {
            let tasks = listed.node.tasks;
            How::working(&format!("{tasks} of its tasks have not ended"))
        }
        NodeState::Ready => How::done("is ready"),
        NodeState::Down => How::working("is down").helped_by(format!(
            "start {name} and Docker on it; if it is gone for good, declare it with \
             `availability: drain` and then remove it from the manifest"
        )),
        NodeState::Disconnected => How::working("is away for a moment"),
        NodeState::Unknown => How::working("has not reported yet"),
    }
}

/// How far a service is that nothing is planned for.
fn service_progress(service: &Declared<ServiceSpec>, cluster: Option<&Cluster>) -> How {
    let name = service.metadata.name.as_str();
    let Some(observed) = cluster.and_then(|cluster| cluster.services.get(name)) else {
        return How::working("waits for the swarm");
    };
    let Tasks { desired, running } = observed.tasks;
    let (all_run, all) = match service.spec.mode {
        Mode::Replicated(replicated) => {
            let wanted = u64::from(replicated.replicas);
            (running == wanted && desired == wanted, wanted)
        }
        // Without a task on any node the engine has not looked yet, or no node fits.
        Mode::Global(_) | Mode::ReplicatedJob(_) | Mode::GlobalJob(_) => {
            (running == desired && desired > 0, desired)
        }
    };
    let verb = match service.spec.mode {
        Mode::Replicated(_) | Mode::Global(_) => "run",
        Mode::ReplicatedJob(_) | Mode::GlobalJob(_) => "have succeeded",
    };
    let count = format!("{running} of {all} tasks {verb}");
    match &observed.trouble {
        _ if all_run => How::done(&count),
        None if desired == 0 => How::working(&format!("{count}: no node has got one")).helped_by(
            "if it stays so, no node fits: compare `placement` with the labels and the \
                 availability of the nodes"
                .to_owned(),
        ),
        None => How::working(&count),
        Some(trouble) => How {
            state: match trouble {
                TaskTrouble::Failing(_) | TaskTrouble::Ending(_) => Progress::Working,
                TaskTrouble::Paused(_) | TaskTrouble::Over(_) => Progress::Failed,
            },
            message: format!("{count}: {}", trouble.message()),
            remedy: Some(trouble.remedy(name)),
        },
    }
}

/// How an object is that nothing is planned for.
struct How {
    state: Progress,
    message: String,
    remedy: Option<String>,
}

impl How {
    fn done(message: &str) -> Self {
        Self {
            state: Progress::Done,
            message: message.to_owned(),
            remedy: None,
        }
    }

    fn working(message: &str) -> Self {
        Self {
            state: Progress::Working,
            ..Self::done(message)
        }
    }

    fn helped_by(self, remedy: String) -> Self {
        Self {
            remedy: Some(remedy),
            ..self
        }
    }
}

/// What a plan still has to say about each object.
struct Pending<'a> {
    blocked: BTreeMap<&'a str, &'a Blocked>,
    working: BTreeMap<&'a str, String>,
}

impl<'a> Pending<'a> {
    fn new(plan: &'a Plan) -> Self {
        let mut working = BTreeMap::new();
        for step in &plan.steps {
            let message = format!("{}: {}", step.action.word(), step.because);
            working.entry(step.object.as_str()).or_insert(message);
        }
        for waiting in &plan.waiting {
            let message = format!("{} {}", waiting.what, waiting.until);
            working.entry(waiting.object.as_str()).or_insert(message);
        }
        let blocked = plan
            .blocked
            .iter()
            .map(|blocked| (blocked.object.as_str(), blocked));
        Self {
            blocked: blocked.collect(),
            working,
        }
    }

    /// What is in the way of an object, else what is to be done with it, else how it is.
    fn take(&mut self, object: String, otherwise: impl FnOnce() -> How) -> ObjectProgress {
        let working = self.working.remove(object.as_str());
        if let Some(blocked) = self.blocked.remove(object.as_str()) {
            return blocked_progress(blocked);
        }
        let How {
            state,
            message,
            remedy,
        } = working.map_or_else(otherwise, |message| How::working(&message));
        ObjectProgress {
            object,
            state,
            message,
            remedy,
        }
    }

    /// What is said about objects that are not declared.
    fn rest(self) -> Vec<ObjectProgress> {
        let blocked = self.blocked.into_values().map(blocked_progress);
        let working = self
            .working
            .into_iter()
            .map(|(object, message)| ObjectProgress {
                object: object.to_owned(),
                state: Progress::Working,
                message,
                remedy: None,
            });
        blocked.chain(working).collect()
    }
}

fn blocked_progress(blocked: &Blocked) -> ObjectProgress {
    ObjectProgress {
        object: blocked.object.clone(),
        state: if blocked.reason == Reason::InProgress {
            Progress::Working
        } else {
            Progress::Blocked
        },
        message: blocked.message.clone(),
        remedy: Some(blocked.remedy.clone()),
    }
}
