//! The keys of the VIP groups that are authenticated by the cluster's, and how strictly they are
//! asked for.

use std::collections::BTreeMap;
use std::time::Duration;

use skep_manifest::desired::{GroupMember, Runs, VipGroup};
use skep_manifest::name::Name;
use skep_manifest::vip_group::authentication::Authentication;
use skep_vip::configuration::{HmacKeys, HmacMode, Replay};

use crate::control::cluster::Cluster;
use crate::control::desired::Accepted;
use crate::control::state::Control;
use crate::control::status;

/// How far the clocks of two members may differ, unless three intervals are longer.
const WINDOW: Duration = Duration::from_secs(5);
const INTERVALS: u32 = 3;

impl Control {
    /// Looks again at who has which keys; whether that changed.
    pub(super) fn look_at_group_keys(&mut self) -> bool {
        let keys = self.group_keys();
        let changed = keys != self.site.group_keys;
        self.site.group_keys = keys;
        changed
    }

    fn group_keys(&self) -> BTreeMap<Name, HmacKeys> {
        let (Some(cluster), Some(accepted)) = (&self.cluster, self.desired.accepted()) else {
            return BTreeMap::new();
        };
        let groups = accepted.desired.vip_groups.iter();
        let authenticated = groups.filter(|(_, group)| match group.authentication {
            Authentication::Cluster(_) => is_member(group, accepted),
            Authentication::None(_) | Authentication::Simple(_) | Authentication::Hmac(_) => false,
        });
        let derive = |(name, group): (&Name, &VipGroup)| {
            let derived = cluster.group_keys(name)?;
            let keys = derived.keys.into_iter().map(|(id, key)| (id, key.to_vec()));
            let interval = group.declared.spec.advertisement_interval.time();
            let keys = HmacKeys {
                keys: keys.collect(),
                active_key: derived.signing,
                mode: self.mode(name, group, cluster, accepted),
                replay: Replay::Time,
                window: WINDOW.max(interval * INTERVALS),
            };
            Some((name.clone(), keys))
        };
        authenticated.filter_map(derive).collect()
    }

    /// Who does not sign counts until the data planes of all members say that they do. What was
    /// strict stays so: a member that is silent now is one that signed, or has to.
    fn mode(
        &self,
        name: &Name,
        group: &VipGroup,
        cluster: &Cluster,
        accepted: &Accepted,
    ) -> HmacMode {
        let mut others = group
            .members
            .iter()
            .filter(|member| Some(&member.name) != accepted.node.as_ref());
        if self.observed.enforces(name) || others.all(|member| signs(member, name, cluster)) {
            HmacMode::Enforce
        } else {
            HmacMode::Permissive
        }
    }
}

fn is_member(group: &VipGroup, accepted: &Accepted) -> bool {
    let mut members = group.members.iter();
    members.any(|member| Some(&member.name) == accepted.node.as_ref())
}

/// Whether the agent of `member` said that its virtual router of the group signs.
fn signs(member: &GroupMember, group: &Name, cluster: &Cluster) -> bool {
    match member.runs {
        // Nobody gives it the key.
        Runs::Elsewhere => false,
        Runs::Agent => cluster.peer(&member.name).is_some_and(|(report, _)| {
            let mut groups = report.vip_groups.iter();
            let theirs = groups.find(|theirs| theirs.name == group.as_str());
            theirs.is_some_and(|theirs| {
                !theirs.routers.is_empty() && theirs.routers.iter().all(status::signs)
            })
        }),
    }
}
