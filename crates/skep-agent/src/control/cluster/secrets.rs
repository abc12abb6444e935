//! What derives from the cluster's key: derived here, or given by an agent that has the key.

use skep_api::cluster::Entrusted;
use skep_api::trust::certificate::NodeCertificate;
use skep_api::trust::file::Credentials;
use skep_api::trust::group_key::GroupKeys;
use skep_api::trust::key::ClusterKeys;
use skep_api::trust::value_keys::ValueKeys;
use skep_manifest::desired::{Desired, Runs, VipGroup};
use skep_manifest::name::{Name, NodeName};
use skep_manifest::object::Object;
use skep_manifest::vip_group::authentication::Authentication;
use skep_plan::naming::NamingKeys;

use crate::control::cluster::store::StoreError;
use crate::control::cluster::{Cluster, Store};
use crate::control::desired::Accepted;
use crate::control::question::Trouble;
use crate::control::understand::with_causes;

/// Why an agent without the cluster's key does not do what needs it.
pub(in crate::control) const NEEDS_KEY: &str = "this node has a certificate in place of the \
    cluster's key, which lets it follow the desired state and no more: run this on a node that \
    has the key, such as a manager";

/// What an agent has of the cluster's key.
pub(super) enum Secrets {
    /// The key itself.
    Keys(ClusterKeys),
    /// What others gave its node, which has a certificate.
    Entrusted(NodeCertificate, Entrusted),
}

impl Secrets {
    /// Those of an agent that was given `credentials`, as it knew them when it ran before.
    pub(super) fn new(credentials: Credentials, store: &Store) -> Result<Self, StoreError> {
        Ok(match credentials {
            Credentials::Keys(keys) => Self::Keys(keys),
            Credentials::Certificate(certificate) => {
                Self::Entrusted(certificate, store.entrusted()?)
            }
        })
    }

    pub(super) const fn keys(&self) -> Option<&ClusterKeys> {
        match self {
            Self::Keys(keys) => Some(keys),
            Self::Entrusted(..) => None,
        }
    }

    /// The keys that the names of secrets in the engine are made with, which only a writer needs.
    pub(super) fn naming_keys(&self) -> NamingKeys {
        self.keys().map_or_else(NamingKeys::default, |keys| {
            NamingKeys::new(keys.naming_keys())
        })
    }
}

impl Cluster {
    /// Whether this agent has the cluster's key.
    pub(in crate::control) const fn has_key(&self) -> bool {
        self.secrets.keys().is_some()
    }

    /// The certificate that this agent has in place of the key.
    pub(in crate::control) const fn certificate(&self) -> Option<&NodeCertificate> {
        match &self.secrets {
            Secrets::Keys(_) => None,
            Secrets::Entrusted(certificate, _) => Some(certificate),
        }
    }

    /// The keys that seal and open what is secret in manifests.
    pub(in crate::control) fn value_keys(&self) -> Result<ValueKeys, Trouble> {
        let keys = self.secrets.keys().map(ClusterKeys::value_keys);
        keys.ok_or_else(|| Trouble(NEEDS_KEY.to_owned()))
    }

    /// The keys of the VIP group `group`, once this agent has them.
    pub(in crate::control) fn group_keys(&self, group: &Name) -> Option<GroupKeys> {
        match &self.secrets {
            Secrets::Keys(keys) => Some(keys.group_keys(group)),
            Secrets::Entrusted(_, entrusted) => entrusted.group_keys.get(group).cloned(),
        }
    }

    /// What the node `node` is given that has no key: what its virtual routers need.
    pub(in crate::control) fn entrusted_to(
        &self,
        node: &NodeName,
        accepted: &Accepted,
    ) -> Entrusted {
        let Some(keys) = self.secrets.keys() else {
            return Entrusted::default();
        };
        let groups = accepted.desired.vip_groups.iter();
        let theirs = groups.filter(|(_, group)| match group.authentication {
            Authentication::Cluster(_) => is_member(node, group),
            Authentication::None(_) | Authentication::Simple(_) | Authentication::Hmac(_) => false,
        });
        let group_keys = theirs.map(|(name, _)| (name.clone(), keys.group_keys(name)));
        Entrusted {
            group_keys: group_keys.collect(),
        }
    }

    /// Keeps what an agent with the key gave this node.
    pub(super) fn take_entrusted(&mut self, given: &Entrusted) {
        let Secrets::Entrusted(_, known) = &mut self.secrets else {
            return;
        };
        if known == given {
            return;
        }
        known.clone_from(given);
        if let Err(error) = self.store.keep_entrusted(given) {
            let error = with_causes(&error);
            tracing::error!("what this node was entrusted with is not kept: {error}");
        }
    }
}

/// The objects whose secrets `node` needs open: the groups of which it is a member, and those that
/// it tells about them.
pub(in crate::control) fn is_needed_by(
    node: &NodeName,
    desired: &Desired,
    object: &Object,
) -> bool {
    match object {
        Object::VipGroup(group) => desired
            .vip_groups
            .get(&group.metadata.name)
            .is_some_and(|group| is_member(node, group)),
        Object::Notifier(notifier) => {
            let mut groups = desired.vip_groups.values();
            groups.any(|group| {
                let mut notify = group.declared.spec.notify.iter();
                is_member(node, group) && notify.any(|it| it.notifier == notifier.metadata.name)
            })
        }
        Object::Config(_)
        | Object::HealthCheck(_)
        | Object::Network(_)
        | Object::Secret(_)
        | Object::Service(_)
        | Object::Stack(_)
        | Object::Swarm(_) => false,
    }
}

fn is_member(node: &NodeName, group: &VipGroup) -> bool {
    let mut members = group.members.iter();
    members.any(|member| match member.runs {
        Runs::Agent => member.name == *node,
        Runs::Elsewhere => false,
    })
}
