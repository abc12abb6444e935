//! What operators ordered about nodes: it lasts until they take it back, whatever is fed.

use skep_manifest::desired::{Declared, Desired};
use skep_manifest::name::NodeName;
use skep_manifest::service::ServiceSpec;
use skep_manifest::service::mode::Mode;
use skep_manifest::service::placement::may_match;
use skep_manifest::swarm::{Availability, Node};

use super::{Kept, NodeOrder, Refused};
use crate::observed::Observed;
use crate::tracking::leaves_drained;

impl Kept {
    /// Fills into `desired` what operators ordered about its nodes. Of what they ordered and what is
    /// declared the stricter counts: neither takes back what the other one wants.
    pub fn order(&self, desired: &mut Desired) {
        for node in nodes_mut(desired) {
            if let Some(ordered) = self.availability.get(&node.name) {
                node.availability = node.availability.max(*ordered);
            }
        }
    }

    /// Forgets the orders about nodes that `desired` does not have.
    pub fn forget_strangers(&mut self, desired: &Desired) {
        let is_known = |name: &NodeName| node(desired, name).is_some();
        self.availability.retain(|name, _| is_known(name));
    }
}

/// What is kept once `order` is followed.
pub(super) fn set_availability(kept: &Kept, order: &NodeOrder) -> Kept {
    let mut kept = kept.clone();
    match order.availability {
        Availability::Active => {
            kept.availability.remove(&order.node);
        }
        ordered @ (Availability::Pause | Availability::Drain) => {
            kept.availability.insert(order.node.clone(), ordered);
        }
    }
    kept
}

/// Whether `order` can be followed in `desired`, of which `observed` is known.
///
/// # Errors
///
/// What it would leave without a place, unless the order says that this does not matter.
pub fn check(order: &NodeOrder, desired: &Desired, observed: &Observed) -> Result<(), Refused> {
    let name = &order.node;
    if node(desired, name).is_none() {
        let known: Vec<&str> = nodes(desired).iter().map(|it| it.name.as_str()).collect();
        let refused = format!(
            "there is no node `{name}` in the desired state: {}",
            match known.as_slice() {
                [] => "there are none".to_owned(),
                known => format!("one of {}", known.join(", ")),
            }
        );
        return Err(Refused::Errors(vec![refused]));
    }
    match order.availability {
        Availability::Active | Availability::Pause => return Ok(()),
        Availability::Drain if order.force => return Ok(()),
        Availability::Drain => {}
    }
    let is_other = |other: &NodeName| other != name && is_at_work(other, desired, observed);
    let mut objections = Vec::new();
    for (group, declared) in &desired.vip_groups {
        let mut members = declared.members.iter().map(|member| &member.name);
        let is_member = members.clone().any(|member| member == name);
        // Who is no node of the swarm is not asked.
        let takes_over = |member: &NodeName| {
            member != name && (node(desired, member).is_none() || is_other(member))
        };
        if is_member && leaves_drained(declared) && !members.any(takes_over) {
            objections.push(format!("no other member of vipgroup/{group} could hold it"));
        }
    }
    let others = nodes(desired).iter().filter(|node| is_other(&node.name));
    objections.extend(without_a_place(
        name,
        desired,
        observed,
        &others.collect::<Vec<_>>(),
    ));
    if objections.is_empty() {
        return Ok(());
    }
    let objections = objections.into_iter().map(|objection| {
        format!("{name} is not drained: {objection} (bring another one back, or say --force)")
    });
    Err(Refused::Errors(objections.collect()))
}

/// What runs on `drained` and on none of `others`, the nodes that get tasks.
fn without_a_place(
    drained: &NodeName,
    desired: &Desired,
    observed: &Observed,
    others: &[&Node],
) -> Vec<String> {
    if others.is_empty() && !desired.services.is_empty() {
        return vec!["no other node is there to run its tasks".to_owned()];
    }
    let services = desired.services.values();
    let bound = services.filter(|service| {
        let constraints = &service.spec.placement.constraints;
        let may_run_here = node(desired, drained).is_some_and(|it| may_match(constraints, it));
        let may_run_elsewhere = others.iter().any(|other| may_match(constraints, other));
        may_run_here && !may_run_elsewhere && has_tasks(service, observed)
    });
    let words = bound.map(|service| {
        let constraints = service.spec.placement.constraints.iter();
        let constraints: Vec<String> = constraints.map(ToString::to_string).collect();
        format!(
            "no other node that is there fits service/{} ({})",
            service.metadata.name,
            constraints.join(", ")
        )
    });
    words.collect()
}

/// Whether a service has tasks that a drain would end: a job that is done has none.
fn has_tasks(service: &Declared<ServiceSpec>, observed: &Observed) -> bool {
    let cluster = observed.cluster.as_ref();
    let known = cluster.and_then(|it| it.services.get(service.metadata.name.as_str()));
    match &service.spec.mode {
        Mode::Replicated(replicated) => replicated.replicas > 0,
        Mode::Global(_) => true,
        Mode::ReplicatedJob(_) | Mode::GlobalJob(_) => {
            known.is_none_or(|it| it.tasks.running < it.tasks.desired)
        }
    }
}

/// Whether a node gets tasks and its engine works.
fn is_at_work(name: &NodeName, desired: &Desired, observed: &Observed) -> bool {
    let gets_tasks = node(desired, name).is_some_and(|it| it.availability == Availability::Active);
    let engine = observed.engines.get(name);
    gets_tasks && engine.is_some_and(|engine| engine.membership.works())
}

fn node<'a>(desired: &'a Desired, name: &NodeName) -> Option<&'a Node> {
    nodes(desired).iter().find(|node| node.name == *name)
}

fn nodes(desired: &Desired) -> &[Node] {
    let nodes = desired.swarm.as_ref().map(|it| it.spec.nodes.as_slice());
    nodes.unwrap_or_default()
}

fn nodes_mut(desired: &mut Desired) -> &mut [Node] {
    let nodes = desired
        .swarm
        .as_mut()
        .map(|it| it.spec.nodes.as_mut_slice());
    nodes.unwrap_or_default()
}

#[cfg(test)]
mod tests;
