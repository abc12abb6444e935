//! VIP groups: who is a member, with which priority, and what applies when nothing is said.

use super::{KnownSwarm, Resolver};
use crate::desired::{Declared, GroupMember, Runs, VipGroup};
use crate::priority::Priority;
use crate::problem::Problem;
use crate::set::Document;
use crate::swarm::Node;
use crate::vip_group::authentication::{Authentication, ClusterAuthentication, NoAuthentication};
use crate::vip_group::member::{Member, NodeMember, Priorities, Selector};
use crate::vip_group::tracking::{TrackedSwarm, Tracking};
use crate::vip_group::transport::Version;
use crate::vip_group::{MEMBERS_MAX, VipGroupSpec};

/// The most members that all selectors of a set may select together: a few words select as many as
/// there are nodes.
const SELECTED_MAX: usize = 50_000;
/// The priority of the first member when the manifest gives none.
const FIRST_PRIORITY: usize = 200;
/// The distance to the next member, wide enough to put another one between.
const PRIORITY_STEP: usize = 10;

impl Resolver<'_> {
    pub(super) fn group(
        &mut self,
        document: &Document,
        declared: Declared<VipGroupSpec>,
    ) -> VipGroup {
        let spec = &declared.spec;
        let mut members: Vec<GroupMember> = match &spec.selector {
            Some(selector) => self.selected(document, selector, spec),
            None => spec
                .members
                .iter()
                .map(|member| self.member(member, spec))
                .collect(),
        };
        if self.check_priorities(document, spec, &members) {
            assign_priorities(&mut members, spec.priorities);
        }
        members.sort_by_key(|member| std::cmp::Reverse(member.priority));
        VipGroup {
            members,
            authentication: self.authentication(spec),
            tracking: self.tracking(spec),
            declared,
        }
    }

    /// The nodes for which all conditions of a selector hold, in the order of the swarm.
    fn selected(
        &mut self,
        document: &Document,
        selector: &Selector,
        spec: &VipGroupSpec,
    ) -> Vec<GroupMember> {
        let nodes = match self.swarm {
            KnownSwarm::Declared { resource, .. } => resource.spec.nodes.as_slice(),
            KnownSwarm::None | KnownSwarm::Broken => &[],
        };
        let room = SELECTED_MAX - self.selected;
        let mut selected: Vec<&Node> = nodes
            .iter()
            .filter(|node| selects(selector, node))
            .take(MEMBERS_MAX + 1)
            .collect();
        if selected.len() > room {
            selected.truncate(room);
            let message = format!("all selectors together select more than {SELECTED_MAX} members");
            let help = "make fewer groups, or select fewer nodes";
            let span = document.span("/spec/selector");
            self.report(Problem::error("too-many-entries", span, message).help(help));
        }
        if selected.len() > MEMBERS_MAX {
            selected.truncate(MEMBERS_MAX);
            let message = format!("the selector selects more than {MEMBERS_MAX} nodes");
            let help = "a group has at most so many members: ask for another label as well";
            let span = document.span("/spec/selector");
            self.report(Problem::error("too-many-entries", span, message).help(help));
        }
        self.selected += selected.len();
        selected
            .into_iter()
            .map(|node| self.member(&Member::Node(NodeMember::new(node.name.clone())), spec))
            .collect()
    }

    fn member(&self, member: &Member, spec: &VipGroupSpec) -> GroupMember {
        match member {
            Member::Node(member) => GroupMember {
                name: member.node.clone(),
                runs: Runs::Agent,
                priority: if member.owner {
                    Some(Priority::OWNER)
                } else {
                    member.priority
                },
                owner: member.owner,
                interface: member.interface.clone().or_else(|| spec.interface.clone()),
                source: member.address,
                peer_address: member
                    .address
                    .or_else(|| self.nodes.get(&member.node).map(|node| node.address)),
            },
            Member::External(member) => GroupMember {
                name: member.external.clone(),
                runs: Runs::Elsewhere,
                priority: member.priority,
                owner: false,
                interface: None,
                source: Some(member.address),
                peer_address: Some(member.address),
            },
        }
    }

    /// Whether priorities are to be assigned: nobody but owners has one. Reports a group where
    /// some have and others have not.
    fn check_priorities(
        &mut self,
        document: &Document,
        spec: &VipGroupSpec,
        members: &[GroupMember],
    ) -> bool {
        let with = members
            .iter()
            .position(|member| !member.owner && member.priority.is_some());
        let without = members.iter().position(|member| member.priority.is_none());
        if let (Some(with), Some(without), None) = (with, without, &spec.selector) {
            let message = format!(
                "`{}` has no priority, but other members have",
                members[without].name
            );
            let span = document.span(&format!("/spec/members/{without}"));
            let other = document.span(&format!("/spec/members/{with}/priority"));
            self.report(
                Problem::error("partial-priorities", span, message)
                    .help("give all members a priority, or none")
                    .related(other, format!("`{}` has one", members[with].name)),
            );
        }
        with.is_none()
    }

    fn authentication(&self, spec: &VipGroupSpec) -> Authentication {
        let external = spec
            .members
            .iter()
            .any(|member| matches!(member, Member::External(_)));
        let clustered = !matches!(self.swarm, KnownSwarm::None);
        match &spec.authentication {
            Some(authentication) => authentication.clone(),
            None if clustered && spec.version == Version::V3 && !external => {
                Authentication::Cluster(ClusterAuthentication {})
            }
            None => Authentication::None(NoAuthentication {}),
        }
    }

    fn tracking(&self, spec: &VipGroupSpec) -> Vec<Tracking> {
        let mut tracking = spec.tracking.clone();
        let said = tracking
            .iter()
            .any(|input| matches!(input, Tracking::Swarm(_)));
        if !said && !matches!(self.swarm, KnownSwarm::None) {
            tracking.push(Tracking::Swarm(TrackedSwarm::implied()));
        }
        tracking
    }
}

fn selects(selector: &Selector, node: &Node) -> bool {
    selector.role.is_none_or(|role| role == node.role)
        && selector
            .node_labels
            .iter()
            .all(|(key, value)| node.labels.get(key) == Some(value))
}

/// Gives every member without a priority one, in the order they stand.
fn assign_priorities(members: &mut [GroupMember], priorities: Priorities) {
    let mut open: Vec<&mut GroupMember> = members
        .iter_mut()
        .filter(|member| member.priority.is_none())
        .collect();
    let count = open.len();
    if count == 0 {
        return;
    }
    let first = match priorities {
        Priorities::Ordered(_) => 0,
        Priorities::Spread(spread) => usize::from(spread.rank) % count,
    };
    let step = ((FIRST_PRIORITY - 1) / count).clamp(1, PRIORITY_STEP);
    open.rotate_left(first);
    for (rank, member) in open.into_iter().enumerate() {
        let number = FIRST_PRIORITY.saturating_sub(rank * step).max(1);
        member.priority = u8::try_from(number)
            .ok()
            .and_then(|number| Priority::new(number).ok());
    }
}
