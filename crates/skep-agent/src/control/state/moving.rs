//! Moving VIP groups by hand: the target learns it first, then the other members.

use std::time::Duration;

use futures_util::future::join_all;
use skep_api::moves::{Move, MoveAnswer, MoveReply, MoveRequest, Moved, Untold};
use skep_api::path;
use skep_api::peer::{Peer, PeerClient};
use skep_api::status::VipGroupStatus;
use skep_manifest::desired::{Desired, GroupMember, Runs, VipGroup};
use skep_manifest::name::{Name, NodeName};

use crate::control::cluster::{Cluster, Happening};
use crate::control::now;
use crate::control::question::{Answer, answer};
use crate::control::state::Control;
use crate::control::status;
use crate::control::understand::with_causes;

/// How long a member may take to answer: telling the target and then the others has to fit into
/// the time that the command line waits.
const TELL_LIMIT: Duration = Duration::from_secs(2);

impl Control {
    /// Moves a group, or ends that, here and on every other member.
    pub(super) fn handle_move(&mut self, request: MoveRequest, to: Answer<MoveAnswer>) {
        let order = match self.order(&request) {
            Ok(order) => order,
            Err(why) => return answer(to, Ok(MoveAnswer::Refused(why))),
        };
        if self.cluster.is_none() {
            self.take_orders([order.clone()]);
            let moved = Moved {
                order,
                told: Vec::new(),
                untold: Vec::new(),
                only_here: true,
            };
            return answer(to, Ok(MoveAnswer::Ordered(Box::new(moved))));
        }
        let (target, others) = self.others(&order);
        if target.is_none() {
            self.take_orders([order.clone()]);
        }
        let Some(cluster) = &self.cluster else {
            return;
        };
        let client = cluster.client().with_limit(TELL_LIMIT);
        let happenings = cluster.happenings();
        tokio::spawn(async move {
            let mut told = Vec::new();
            if let Some(target) = target {
                if let Err(why) = tell(&client, &target, &order).await {
                    return answer(to, Ok(MoveAnswer::Refused(why)));
                }
                told.push(target.node);
                // The loop only goes away when the agent stops.
                let _stopping = happenings.send(Happening::Moved(order.clone())).await;
            }
            let answers = others.iter().map(|peer| tell(&client, peer, &order));
            let mut untold = Vec::new();
            for (peer, result) in others.iter().zip(join_all(answers).await) {
                match result {
                    Ok(()) => told.push(peer.node.clone()),
                    Err(reason) => untold.push(Untold {
                        node: peer.node.clone(),
                        reason,
                    }),
                }
            }
            let moved = Moved {
                order,
                told,
                untold,
                only_here: false,
            };
            answer(to, Ok(MoveAnswer::Ordered(Box::new(moved))));
        });
    }

    /// Keeps what another agent tells, when this node can follow it.
    pub(super) fn handle_order(&mut self, order: Move, to: Answer<MoveReply>) {
        let refused = match &order.to {
            Some(target) if Some(target) == self.own_name() => {
                self.group_here(&order).and_then(|group| can_hold(&group))
            }
            Some(_) | None => self.group_here(&order).map(|_| ()),
        };
        let reply = match refused {
            Ok(()) => {
                self.take_orders([order]);
                MoveReply::Taken
            }
            Err(why) => MoveReply::Refused(why),
        };
        answer(to, Ok(reply));
    }

    /// Keeps those of `orders` that are news, and follows them.
    pub(super) fn take_orders(&mut self, orders: impl IntoIterator<Item = Move>) {
        let Some(accepted) = self.desired.accepted() else {
            return;
        };
        let mut is_news = false;
        for order in orders {
            is_news |= self.moves.take(order, &accepted.desired, now());
        }
        if is_news {
            self.follow_moves();
        }
    }

    /// Ends the moves whose time is over.
    pub(super) fn expire_moves(&mut self) {
        if self.moves.expire(now()) {
            self.follow_moves();
        }
    }

    fn follow_moves(&mut self) {
        self.site.moves = self.moves.in_force();
        self.reconsider();
    }

    /// The order that `request` comes to, or why it cannot be given.
    pub(super) fn order(&self, request: &MoveRequest) -> Result<Move, String> {
        let accepted = self.desired.accepted();
        let asked = &request.group;
        let group = accepted.and_then(|accepted| leader(&accepted.desired, asked));
        let Some((name, group)) = group else {
            return Err(format!(
                "there is no VIP group `{asked}`; `skep get vips` lists them"
            ));
        };
        match &request.to {
            Some(target) => self.check_target(group, target)?,
            None if self.moves.of(name, now()).is_none() => {
                return Err(format!("`{name}` is not moved"));
            }
            None => {}
        }
        let at = self.own_name();
        Ok(Move {
            group: name.clone(),
            number: self.next_number(name),
            to: request.to.clone(),
            left_ms: request.for_ms,
            by: at.map_or_else(
                || request.by.clone(),
                |node| format!("{}@{node}", request.by),
            ),
        })
    }

    /// One more than any that this agent or its peers know.
    fn next_number(&self, group: &Name) -> u64 {
        let peers = self.cluster.iter().flat_map(|cluster| cluster.moves());
        let known = peers.filter(|order| order.group == *group);
        known.fold(self.moves.next_number(group), |next, order| {
            next.max(order.number.saturating_add(1))
        })
    }

    fn check_target(&self, group: &VipGroup, target: &NodeName) -> Result<(), String> {
        let name = &group.declared.metadata.name;
        let Some(member) = group.members.iter().find(|member| member.name == *target) else {
            let members: Vec<&str> = group.members.iter().map(|one| one.name.as_str()).collect();
            let members = members.join(", ");
            return Err(format!(
                "{target} is no member of `{name}`: one of {members}"
            ));
        };
        if member.runs == Runs::Elsewhere {
            return Err(format!(
                "{target} is an external router, which skep does not run: raise its priority there"
            ));
        }
        let is_other_owner = |other: &&GroupMember| other.owner && other.name != *target;
        if let Some(owner) = group.members.iter().find(is_other_owner) {
            return Err(format!(
                "{} owns the addresses of `{name}`, which cannot be moved away from it",
                owner.name
            ));
        }
        // Another target is asked itself: no report is as fresh as its answer.
        if Some(target) != self.own_name() {
            let is_alone = self.cluster.is_none();
            let has_agent = |cluster: &Cluster| cluster.peer_of(target).is_some();
            return if is_alone || self.cluster.as_ref().is_some_and(has_agent) {
                Ok(())
            } else {
                Err(format!(
                    "{target} is no node of the swarm: its agent is not known"
                ))
            };
        }
        let groups = status::vip_groups(&self.knowledge(), now());
        let here = groups.iter().find(|group| group.name == name.as_str());
        here.map_or(Ok(()), can_hold)
            .map_err(|why| format!("{target} cannot hold it: {why}"))
    }

    fn own_name(&self) -> Option<&NodeName> {
        self.desired.accepted()?.node.as_ref()
    }

    /// The group of an order, as this node runs it.
    fn group_here(&self, order: &Move) -> Result<VipGroupStatus, String> {
        let groups = status::vip_groups(&self.knowledge(), now());
        let mut groups = groups.into_iter();
        groups
            .find(|group| group.name == order.group.as_str())
            .ok_or_else(|| format!("it has no VIP group `{}`", order.group))
    }

    /// The agent of the target, unless that is this node, and those of the other members.
    fn others(&self, order: &Move) -> (Option<Peer>, Vec<Peer>) {
        let Some((accepted, cluster)) = self.desired.accepted().zip(self.cluster.as_ref()) else {
            return (None, Vec::new());
        };
        let group = accepted.desired.vip_groups.get(&order.group);
        let members = group.iter().flat_map(|group| &group.members);
        let peers = members.filter_map(|member| cluster.peer_of(&member.name));
        let (target, others): (Vec<Peer>, Vec<Peer>) =
            peers.partition(|peer| order.to.as_ref() == Some(&peer.node));
        (target.into_iter().next(), others)
    }
}

/// The group that has to be moved so that `asked` moves: itself, or the one that leads its sync group.
fn leader<'a>(desired: &'a Desired, asked: &Name) -> Option<(&'a Name, &'a VipGroup)> {
    let sync_group = |group: &'a VipGroup| group.declared.spec.sync_group.as_ref();
    let asked = desired.vip_groups.get_key_value(asked)?;
    let tie = sync_group(asked.1);
    let mut groups = desired.vip_groups.iter();
    let first = groups.find(|(_, group)| tie.is_some() && sync_group(group) == tie);
    first.or(Some(asked))
}

/// Whether the node that says this of itself could hold the group, or why it could not.
fn can_hold(group: &VipGroupStatus) -> Result<(), String> {
    if let Some(why) = &group.refused {
        return Err(why.clone());
    }
    if group.routers.is_empty() {
        return Err("its virtual router does not run yet".to_owned());
    }
    match group.routers.iter().find(|router| status::is_fault(router)) {
        Some(router) => Err(router.because.clone()),
        None => Ok(()),
    }
}

/// Tells the agent `peer` of an order.
async fn tell(client: &PeerClient, peer: &Peer, order: &Move) -> Result<(), String> {
    let node = &peer.node;
    let reply = client
        .post::<MoveReply>(peer, path::MOVE_ORDER, order)
        .await;
    match reply {
        Ok(MoveReply::Taken) => Ok(()),
        Ok(MoveReply::Refused(why)) => Err(format!("{node} cannot hold it: {why}")),
        Err(error) => Err(format!(
            "the agent of {node} does not answer: {}",
            with_causes(&error)
        )),
    }
}
