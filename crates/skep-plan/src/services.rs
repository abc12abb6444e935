//! Which services are created, changed and removed.
//!
//! Whether a service that somebody changed is put right, or only reported, is its `drift`: the
//! fingerprint in its labels tells a change of the manifest from one made by hand. Nodes are always
//! put right.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;
use skep_manifest::condition::Reason;
use skep_manifest::desired::{Declared, Desired};
use skep_manifest::name::Name;
use skep_manifest::service::ServiceSpec;
use skep_manifest::service::mode::Mode;
use skep_manifest::swarm::{Drift, SwarmSpec};

use crate::action::{
    Action, Blocked, Change, CreateService, Executor, Plan, RemoveService, Step, UpdateService,
    Waiting,
};
use crate::adoption;
use crate::difference::{changes_kind, difference, told};
use crate::draining::Draining;
use crate::files::Files;
use crate::images;
use crate::observed::{Cluster, ClusterService};
use crate::ownership::{HASH, is_nobodys, is_our_service, service_object};
use crate::service_spec::{attached, service_spec};

/// Why a service goes that comes again at once.
pub(crate) const MADE_ANEW: &str =
    "the engine cannot change its mode: it is removed and created again";

/// Plans the services. What goes is removed first: it may hold a port that what comes asks for.
pub(crate) fn plan(surroundings: &Surroundings<'_>, desired: &Desired, plan: &mut Plan) {
    let name = &surroundings.swarm.metadata.name;
    for (service, observed) in &surroundings.cluster.services {
        if is_our_service(name, service, observed)
            && !desired.services.contains_key(service.as_str())
        {
            plan.steps
                .push(remove(service, observed, "it is not declared any more"));
        }
    }
    for service in desired.services.values() {
        surroundings.plan(service, plan);
    }
}

/// What all services of a plan have in common.
pub(crate) struct Surroundings<'a> {
    pub(crate) swarm: &'a Declared<SwarmSpec>,
    pub(crate) cluster: &'a Cluster,
    pub(crate) files: Files<'a>,
    /// The declared networks that no service can be in at present.
    pub(crate) missing_networks: BTreeSet<&'a Name>,
    /// The nodes that are about to be drained, once there is a swarm.
    pub(crate) draining: Option<&'a Draining<'a>>,
}

impl Surroundings<'_> {
    fn plan(&self, service: &Declared<ServiceSpec>, plan: &mut Plan) {
        let swarm = &self.swarm.metadata.name;
        let name = &service.metadata.name;
        if let Some(missing) = attached::missing(&service.spec, self).first() {
            plan.waiting.push(Waiting {
                object: service_object(name.as_str()),
                what: "create or update".to_owned(),
                until: format!("until {missing} can be made"),
            });
            return;
        }
        let digest = match images::digest(swarm, service, self.cluster) {
            Ok(digest) => digest,
            Err(trouble) => return images::wait(service, trouble, plan),
        };
        let wanted = self.with_replacements(service);
        let is_being_replaced = matches!(wanted, Cow::Owned(_));
        let wanted = match service_spec(swarm, &wanted, &self.files, digest) {
            Ok(wanted) => wanted,
            Err(fields) => {
                plan.blocked.push(not_supported(service, &fields));
                return;
            }
        };
        match self.cluster.services.get(name.as_str()) {
            None => plan
                .steps
                .push(create(name, wanted, "the swarm does not have it")),
            Some(observed) if is_our_service(swarm, name.as_str(), observed) => {
                let is_moved = images::is_moved(observed, &service.spec.image, digest);
                let because = if is_moved {
                    "the tag of its image stands for another content"
                } else if is_being_replaced {
                    "replacements of its tasks run before a node is drained"
                } else {
                    "the manifest changed"
                };
                self.change(service, (wanted, because), observed, plan);
            }
            Some(observed)
                if adoption::adopts(&self.swarm.spec, self.cluster) && is_nobodys(observed) =>
            {
                let difference = difference(&wanted, &observed.spec, &self.cluster.networks);
                match adoption::service(name.as_str(), observed, difference) {
                    Ok(step) => plan.steps.push(step),
                    Err(blocked) => plan.blocked.push(blocked),
                }
            }
            Some(_) => plan.blocked.push(taken(name)),
        }
    }

    /// The service with as many tasks more as are about to be replaced.
    fn with_replacements<'s>(
        &self,
        service: &'s Declared<ServiceSpec>,
    ) -> Cow<'s, Declared<ServiceSpec>> {
        let extra = self.draining.map_or(0, |it| it.extra_tasks(service));
        let mut service = Cow::Borrowed(service);
        if extra > 0
            && let Mode::Replicated(replicated) = &mut service.to_mut().spec.mode
        {
            replicated.replicas = replicated.replicas.saturating_add(extra);
        }
        service
    }

    fn change(
        &self,
        service: &Declared<ServiceSpec>,
        (wanted, because): (Value, &str),
        observed: &ClusterService,
        plan: &mut Plan,
    ) {
        let name = &service.metadata.name;
        let difference = difference(&wanted, &observed.spec, &self.cluster.networks);
        if difference.changes.is_empty() {
            return;
        }
        let by_hand = fingerprint_of(&wanted) == fingerprint_of(&observed.spec);
        let drift = service.spec.drift.unwrap_or(self.swarm.spec.drift);
        if by_hand && drift == Drift::Report {
            plan.blocked.push(drifted(name, &difference.changes));
        } else if changes_kind(&wanted, &observed.spec) {
            plan.steps.push(remove(name.as_str(), observed, MADE_ANEW));
            plan.steps.push(create(name, wanted, MADE_ANEW));
        } else {
            plan.steps.push(Step {
                object: service_object(name.as_str()),
                executor: Executor::Writer,
                action: Action::UpdateService(UpdateService {
                    name: name.to_string(),
                    id: observed.id.clone(),
                    version: observed.version,
                    spec: difference.merged,
                    changes: difference.changes,
                }),
                because: if by_hand {
                    "somebody else changed it".to_owned()
                } else {
                    because.to_owned()
                },
            });
        }
    }
}

fn create(name: &Name, spec: Value, because: &str) -> Step {
    Step {
        object: service_object(name.as_str()),
        executor: Executor::Writer,
        action: Action::CreateService(CreateService {
            name: name.to_string(),
            spec,
        }),
        because: because.to_owned(),
    }
}

fn remove(name: &str, observed: &ClusterService, because: &str) -> Step {
    Step {
        object: service_object(name),
        executor: Executor::Writer,
        action: Action::RemoveService(RemoveService {
            name: name.to_owned(),
            id: observed.id.clone(),
        }),
        because: because.to_owned(),
    }
}

fn taken(name: &Name) -> Blocked {
    Blocked {
        object: service_object(name.as_str()),
        reason: Reason::Refused,
        message: "there is a service of this name that skep did not create".to_owned(),
        remedy: format!("remove it with `docker service rm {name}`, or rename this one"),
    }
}

fn drifted(name: &Name, changes: &[Change]) -> Blocked {
    Blocked {
        object: service_object(name.as_str()),
        reason: Reason::Drifted,
        message: format!("changed by somebody else: {}", told(changes)),
        remedy: "take the change over into the manifest, or say `drift: repair`".to_owned(),
    }
}

fn not_supported(service: &Declared<ServiceSpec>, fields: &[String]) -> Blocked {
    let place = &service.origin;
    Blocked {
        object: service_object(service.metadata.name.as_str()),
        reason: Reason::NotSupported,
        message: format!("not supported yet: {}", fields.join(", ")),
        remedy: format!("leave these fields out, at {}:{}", place.file, place.line),
    }
}

fn fingerprint_of(spec: &Value) -> Option<&str> {
    spec.get("Labels")?.get(HASH)?.as_str()
}

#[cfg(test)]
mod tests;
