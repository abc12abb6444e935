//! Images whose tag is pinned or followed: which content of it a service has.
//!
//! A pinned service says in a label what it is pinned to. So what was looked up once counts for
//! every plan after that, wherever it is made.

use std::collections::BTreeMap;

use skep_manifest::condition::Reason;
use skep_manifest::desired::{Declared, Desired};
use skep_manifest::name::Name;
use skep_manifest::service::ServiceSpec;
use skep_manifest::service::image::{DigestPolicy, Image};

use crate::action::{Blocked, Plan, Waiting};
use crate::observed::{Cluster, ClusterService, LookedUp};
use crate::ownership::{IMAGE, is_our_service, service_object};
use crate::service_spec::image::{normalised, split_digest};

/// The images that registries are asked about, and whether again and again.
#[must_use]
pub fn asked(desired: &Desired, cluster: &Cluster) -> BTreeMap<Image, DigestPolicy> {
    let Some(swarm) = &desired.swarm else {
        return BTreeMap::new();
    };
    let mut asked = BTreeMap::new();
    for service in desired.services.values() {
        let policy = policy(&service.spec);
        let is_asked = match policy {
            DigestPolicy::Ignore => false,
            DigestPolicy::Pin => kept(&swarm.metadata.name, service, cluster).is_none(),
            DigestPolicy::Follow => true,
        };
        if is_asked {
            let known = asked.entry(service.spec.image.clone()).or_insert(policy);
            if policy == DigestPolicy::Follow {
                *known = policy;
            }
        }
    }
    asked
}

/// The digest that a service shall have: nothing where its nodes decide.
///
/// # Errors
///
/// What the registry says instead of a digest, when it said something.
pub(crate) fn digest<'a>(
    swarm: &Name,
    service: &Declared<ServiceSpec>,
    cluster: &'a Cluster,
) -> Result<Option<&'a str>, Option<&'a str>> {
    let kept = kept(swarm, service, cluster);
    let looked_up = cluster.images.get(&service.spec.image);
    let told = looked_up.and_then(|LookedUp { digest, .. }| digest.as_deref());
    let digest = match policy(&service.spec) {
        DigestPolicy::Ignore => return Ok(None),
        DigestPolicy::Pin => kept.or(told),
        // What was followed to last counts until the registry is heard.
        DigestPolicy::Follow => told.or(kept),
    };
    match digest {
        Some(digest) => Ok(Some(digest)),
        None => Err(looked_up.and_then(|it| it.trouble.as_deref())),
    }
}

/// Says in a plan that a service waits for what its registry says.
pub(crate) fn wait(service: &Declared<ServiceSpec>, trouble: Option<&str>, plan: &mut Plan) {
    let object = service_object(service.metadata.name.as_str());
    let image = service.spec.image.as_str();
    match trouble {
        None => plan.waiting.push(Waiting {
            object,
            what: "create or update".to_owned(),
            until: format!("until the registry says what {image} is"),
        }),
        Some(trouble) => plan.blocked.push(Blocked {
            object,
            reason: Reason::Refused,
            message: format!("its registry does not say what {image} is: {trouble}"),
            remedy: "check the name of the image and the `registries` of the `Swarm`; it is asked \
                     again and again"
                .to_owned(),
        }),
    }
}

/// The label of a service that has this content of its image.
pub(crate) fn label(image: &Image, digest: &str) -> String {
    format!("{}@{digest}", normalised(image.as_str()))
}

/// Whether two specifications of a service have one image with another content.
pub(crate) fn is_moved(old: &ClusterService, image: &Image, digest: Option<&str>) -> bool {
    let label = old.spec["Labels"][IMAGE].as_str();
    let kept = label.and_then(|label| of_label(label, image));
    kept.is_some() && digest.is_some() && kept != digest
}

/// What a service of ours says that it is pinned to, if that is its image still.
fn kept<'a>(
    swarm: &Name,
    service: &Declared<ServiceSpec>,
    cluster: &'a Cluster,
) -> Option<&'a str> {
    let name = service.metadata.name.as_str();
    let there = cluster.services.get(name)?;
    if !is_our_service(swarm, name, there) {
        return None;
    }
    of_label(there.spec["Labels"][IMAGE].as_str()?, &service.spec.image)
}

fn of_label<'a>(label: &'a str, image: &Image) -> Option<&'a str> {
    let (name, digest) = split_digest(label);
    digest.filter(|_| name == normalised(image.as_str()))
}

/// What an image names with its digest is pinned already.
fn policy(spec: &ServiceSpec) -> DigestPolicy {
    match split_digest(spec.image.as_str()) {
        (_, Some(_)) => DigestPolicy::Ignore,
        (_, None) => spec.digest,
    }
}

#[cfg(test)]
mod tests;
