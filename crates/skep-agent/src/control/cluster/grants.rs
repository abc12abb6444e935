//! Who may join the swarm now: one node at a time.

use std::time::Duration;

use skep_api::cluster::{Grant, GrantRequest};
use skep_api::trust::name::Standing;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::Role;
use skep_plan::action::{Action, Executor, JoinSwarm};
use skep_plan::observed::{Membership, Observed};
use skep_plan::plan;
use skep_swarm::engine::Client;
use skep_swarm::token::join_tokens;
use skep_vrrp::time::Instant;

use crate::control::cluster::Cluster;
use crate::control::desired::Accepted;
use crate::control::question::{Answer, Trouble, answer};
use crate::control::understand::with_causes;

/// How long a grant stands when nothing is heard of it.
const GRANT: Duration = Duration::from_secs(60);

/// The grant that is outstanding.
#[derive(Debug, Default)]
pub(super) struct Grants {
    outstanding: Option<(NodeName, Instant)>,
    /// Until when somebody may be joining with what an earlier life of this agent granted.
    inherited_until: Option<Instant>,
    /// Whether a token that was granted still lets nodes in.
    has_worth: bool,
}

impl Grants {
    /// What is left of an earlier life of this agent: whether it granted a token that still lets
    /// nodes in.
    pub(super) fn inherit(has_worth: bool, now: Instant) -> Self {
        Self {
            inherited_until: has_worth.then(|| now + GRANT),
            has_worth,
            ..Self::default()
        }
    }

    /// Grants `node` the next join, unless another one has it.
    fn take(&mut self, node: &NodeName, now: Instant) -> Result<(), String> {
        match &self.outstanding {
            Some((holder, until)) if holder != node && now < *until => {
                Err(format!("{holder} is joining"))
            }
            _ => {
                self.outstanding = Some((node.clone(), now + GRANT));
                self.has_worth = true;
                Ok(())
            }
        }
    }

    /// Whether what was granted is to be made worthless, which whoever asks then does.
    fn take_worth(&mut self, now: Instant) -> bool {
        let granted = self.outstanding.iter().map(|(_, until)| until);
        let mut may_be_used = granted.chain(&self.inherited_until);
        let may_be_used = may_be_used.any(|until| now < *until);
        !may_be_used && std::mem::take(&mut self.has_worth)
    }

    /// What was granted still lets nodes in.
    const fn keep_worth(&mut self) {
        self.has_worth = true;
    }

    /// The node that has the grant came in, or will not.
    fn settle(&mut self, is_settled: impl FnOnce(&NodeName) -> bool) {
        if self
            .outstanding
            .as_ref()
            .is_some_and(|(holder, _)| is_settled(holder))
        {
            self.outstanding = None;
        }
    }
}

impl Cluster {
    /// Answers a node that wants to join: how and with which token, or why not yet.
    pub(in crate::control) fn handle_grant(
        &mut self,
        (request, standing): (&GrantRequest, Standing),
        accepted: &Accepted,
        now: Instant,
        to: Answer<Grant>,
    ) {
        let join = match self.grant(&request.node, accepted, now) {
            Ok(join) if join.role == Role::Manager && standing == Standing::Certified => {
                let needs = format!("{} has no cluster key, which managers need", request.node);
                return answer(to, Ok(Grant::Wait(needs)));
            }
            Ok(join) => join,
            Err(why) => return answer(to, Ok(Grant::Wait(why))),
        };
        let client = Client::new(&self.docker);
        tokio::spawn(async move {
            let granted = match join_tokens(&client).await {
                Ok(tokens) => {
                    let token = tokens.of(join.role).expose().to_owned();
                    Ok(Grant::Join { join, token })
                }
                Err(error) => Err(Trouble(with_causes(&error))),
            };
            answer(to, granted);
        });
    }

    fn grant(
        &mut self,
        node: &NodeName,
        accepted: &Accepted,
        now: Instant,
    ) -> Result<JoinSwarm, String> {
        let (Some(swarm), Some(own)) = (&accepted.desired.swarm, &accepted.node) else {
            return Err("this agent has no swarm".to_owned());
        };
        if self.writer(&swarm.spec, own, now) != Some(own) {
            return Err("this agent does not write".to_owned());
        }
        let observed = self.observed(accepted.node.as_ref(), now);
        self.grants.settle(|holder| is_in(holder, &observed));
        let planned = plan(&accepted.desired, &observed);
        let for_node =
            planned
                .steps
                .into_iter()
                .find_map(|step| match (step.executor, step.action) {
                    (Executor::Node(executor), Action::JoinSwarm(join)) if executor == *node => {
                        Some(join)
                    }
                    _ => None,
                });
        let join = for_node.ok_or_else(|| "it is not its turn".to_owned())?;
        self.grants.take(node, now)?;
        // On disk before it is given: an agent that starts anew has to know what to make worthless.
        let kept = self.store.keep_granted(true);
        kept.map_err(|error| with_causes(&error))?;
        Ok(join)
    }
}

impl Cluster {
    /// Makes the tokens worthless that this agent granted, once nobody may be joining with them.
    pub(super) fn rotate_tokens(&mut self, observed: &Observed, now: Instant) {
        self.grants.settle(|holder| is_in(holder, observed));
        if self.grants.take_worth(now) {
            self.start_rotating();
        }
    }

    /// The tokens that this agent granted let nobody in any more, unless rotating them `has_failed`.
    pub(super) fn handle_rotated(&mut self, has_failed: bool) {
        if has_failed {
            self.grants.keep_worth();
        } else if let Err(error) = self.store.keep_granted(false) {
            tracing::error!("{}", with_causes(&error));
        }
    }
}

fn is_in(node: &NodeName, observed: &Observed) -> bool {
    let engine = observed.engines.get(node);
    engine.is_some_and(|engine| matches!(engine.membership, Membership::Active(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::cluster::Store;

    #[test]
    fn what_an_earlier_life_granted_is_made_worthless_once_nobody_may_be_joining_with_it() {
        let at = |seconds| Instant::from_boot(Duration::from_secs(seconds));
        let directory = tempfile::tempdir().expect("a directory");
        let life = |now| {
            let store = Store::open(directory.path()).expect("a state directory");
            (Grants::inherit(store.has_granted(), now), store)
        };
        let (mut first, store) = life(at(0));
        assert!(!first.take_worth(at(100)));
        store.keep_granted(true).expect("it can be written");
        let (mut second, store) = life(at(100));
        assert!(!second.take_worth(at(130)), "somebody may be joining");
        assert!(second.take_worth(at(160)));
        store.keep_granted(false).expect("it can be written");
        assert!(!life(at(200)).0.take_worth(at(300)));
    }

    #[test]
    fn one_grant_is_outstanding_until_it_is_settled_or_old() {
        let name = |name: &str| name.parse::<NodeName>().expect("a name");
        let at = |seconds| Instant::from_boot(Duration::from_secs(seconds));
        let mut grants = Grants::default();
        assert_eq!(grants.take(&name("a"), at(0)), Ok(()));
        assert_eq!(grants.take(&name("a"), at(1)), Ok(()));
        assert!(grants.take(&name("b"), at(2)).is_err());
        assert_eq!(grants.take(&name("b"), at(61)), Ok(()));
        assert!(!grants.take_worth(at(62)), "b may still join with it");
        grants.settle(|holder| *holder == name("b"));
        assert!(grants.take_worth(at(62)) && !grants.take_worth(at(62)));
        assert_eq!(grants.take(&name("c"), at(62)), Ok(()));
    }
}
