//! The desired state of this agent: what it accepted and what it refuses.

use std::collections::BTreeSet;
use std::num::NonZeroU8;

use skep_api::generation::GenerationId;
use skep_manifest::condition::Reason;
use skep_manifest::desired::Desired;
use skep_manifest::name::NodeName;
use skep_manifest::set::Source;
use skep_plan::configure::{ConfigureError, Configured, configure, node_files};
use skep_plan::decisions::{Decisions, decide};
use skep_plan::feeding::Origin;
use skep_plan::site::Site;
use skep_vip::configuration::RouterConfiguration;
use skep_vrrp::time::Instant;

use crate::control::contents::Contents;
use crate::control::node_file;
use crate::control::sealing::Opening;
use crate::control::understand::{Mode, Understood, host_names, understand};

/// What the agent works towards and what it was last offered in vain.
pub(super) struct DesiredState {
    mode: Mode,
    /// The names this node may have in a manifest, the preferred one first.
    names: Vec<NodeName>,
    /// Who opens sealed values.
    opening: Opening,
    accepted: Option<Accepted>,
    rejected: Option<Rejected>,
}

/// The set the agent works towards.
pub(super) struct Accepted {
    pub(super) generation: u64,
    /// Which desired state of the cluster it is.
    pub(super) id: Option<GenerationId>,
    pub(super) documents: usize,
    /// Which commit it is, when this agent takes it from a branch itself.
    pub(super) origin: Option<Origin>,
    pub(super) at: Instant,
    pub(super) desired: Desired,
    /// The name this node has in the set.
    pub(super) node: Option<NodeName>,
    /// The virtual routers that this node runs.
    pub(super) routers: Vec<RouterConfiguration>,
    /// The groups of which this node is a member and which it cannot run.
    pub(super) refused: Vec<ConfigureError>,
}

/// A set that was refused.
pub(super) struct Rejected {
    pub(super) at: Instant,
    pub(super) reason: Reason,
    /// Why, a line each.
    pub(super) errors: Vec<String>,
}

impl DesiredState {
    /// Nothing yet, for the node called `name` or else by its host name.
    pub(super) fn new(name: Option<NodeName>, mode: Mode) -> Self {
        let names = name.map_or_else(host_names, |name| vec![name]);
        Self {
            mode,
            names,
            opening: Opening::Nobody,
            accepted: None,
            rejected: None,
        }
    }

    /// The same for a node that proves to be `name`, if it may be called so.
    pub(super) fn called(self, name: &NodeName) -> Option<Self> {
        let names = vec![name.clone()];
        self.names.contains(name).then_some(Self { names, ..self })
    }

    /// The same where `opening` opens sealed values.
    pub(super) fn with_opening(self, opening: Opening) -> Self {
        Self { opening, ..self }
    }

    pub(super) const fn mode(&self) -> Mode {
        self.mode
    }

    pub(super) const fn accepted(&self) -> Option<&Accepted> {
        self.accepted.as_ref()
    }

    pub(super) const fn rejected(&self) -> Option<&Rejected> {
        self.rejected.as_ref()
    }

    /// The name a manifest has to use for this node.
    pub(super) fn node(&self) -> Option<&NodeName> {
        let accepted = self
            .accepted
            .as_ref()
            .and_then(|accepted| accepted.node.as_ref());
        accepted.or_else(|| self.names.first())
    }

    /// The name that this node proves to others, where a manifest that has another name for its
    /// address calls it by that.
    pub(super) fn unproven_name(&self) -> Option<(&NodeName, &NodeName)> {
        let declared = self.accepted.as_ref()?.node.as_ref()?;
        let proven = self.names.first()?;
        (!self.names.contains(declared)).then_some((proven, declared))
    }

    /// The names beside the first by which a manifest may name this node.
    pub(super) fn other_names(&self) -> &[NodeName] {
        self.names.get(1..).unwrap_or_default()
    }

    /// What `sources` would mean here.
    pub(super) fn understand(&self, sources: Vec<Source>) -> Result<Understood, Vec<String>> {
        understand(sources, self.mode, &self.names, &self.opening)
    }

    /// Decides what depends on what ran before and on the ids that others use (`taken`), and fills
    /// it in.
    pub(super) fn decide(
        &self,
        understood: &mut Understood,
        taken: &BTreeSet<NonZeroU8>,
    ) -> Result<Decisions, Vec<String>> {
        let previous = self.accepted.as_ref().map(|accepted| &accepted.desired);
        let decisions = decide(previous, &understood.desired, taken)?;
        decisions.apply(&mut understood.desired);
        Ok(decisions)
    }

    /// Whether it is this commit that the agent works towards, and nothing came after it.
    pub(super) fn is_at(&self, origin: &Origin) -> bool {
        let accepted = self.accepted.as_ref();
        let known = accepted.and_then(|accepted| accepted.origin.as_ref());
        self.rejected.is_none() && known == Some(origin)
    }

    /// Takes what the watched source holds, or refuses it and stays with what was accepted;
    /// whether there is something new to work towards.
    pub(super) fn offer(&mut self, contents: Contents, now: Instant) -> bool {
        let Contents { sources, commit } = contents;
        let origin = commit.map(|commit| commit.origin);
        let sources = match sources {
            Ok(sources) => sources,
            Err(unread) => {
                self.refuse(unread.reason(), origin, vec![unread.message()], now);
                return false;
            }
        };
        let understood = self.understand(sources).and_then(|mut understood| {
            self.refuse_sudden_emptiness(&understood)?;
            // Without a swarm, groups have numbers: nothing is chosen here.
            self.decide(&mut understood, &BTreeSet::new())?;
            Ok(understood)
        });
        match understood {
            Ok(understood) if self.is_back(origin.as_ref(), &understood) => {
                self.rejected = None;
                false
            }
            Ok(understood) => {
                let generation = self.accepted.as_ref().map_or(1, |last| last.generation + 1);
                self.accept(generation, None, understood, now);
                if let Some(accepted) = &mut self.accepted {
                    accepted.origin = origin;
                }
                true
            }
            Err(errors) => {
                self.refuse(Reason::InvalidManifest, origin, errors, now);
                false
            }
        }
    }

    /// Whether a branch that could not be read holds again what was accepted last.
    fn is_back(&self, origin: Option<&Origin>, understood: &Understood) -> bool {
        let was_away = |rejected: &Rejected| rejected.reason == Reason::SourceUnreachable;
        let is_same =
            |last: &Accepted| last.origin.as_ref() == origin && last.desired == understood.desired;
        origin.is_some()
            && self.rejected.as_ref().is_some_and(was_away)
            && self.accepted.as_ref().is_some_and(is_same)
    }

    /// Works towards `understood` from here on.
    pub(super) fn accept(
        &mut self,
        generation: u64,
        id: Option<GenerationId>,
        understood: Understood,
        now: Instant,
    ) {
        let Understood {
            documents,
            desired,
            node,
        } = understood;
        tracing::info!(generation, documents, "accepted");
        self.accepted = Some(Accepted {
            generation,
            id,
            documents,
            origin: None,
            at: now,
            desired,
            node,
            routers: Vec::new(),
            refused: Vec::new(),
        });
        self.rejected = None;
    }

    /// Runs nothing from here on: the desired state that counts does not list this node. Whether it
    /// ran as a node of what it knows.
    pub(super) fn dismiss(&mut self) -> bool {
        let Some(accepted) = &mut self.accepted else {
            return false;
        };
        accepted.routers.clear();
        accepted.refused.clear();
        accepted.node.take().is_some()
    }

    /// Works out what this node runs, given what it knows of itself; whether that changed.
    pub(super) fn configure(&mut self, site: &mut Site) -> bool {
        let Some(accepted) = &mut self.accepted else {
            return false;
        };
        let Some(node) = &accepted.node else {
            return false;
        };
        site.files = node_file::read_all(node_files(&accepted.desired, node));
        let Configured {
            routers,
            refused,
            found,
        } = configure(&accepted.desired, node, site);
        site.found = found;
        let is_new = |error: &&ConfigureError| !accepted.refused.contains(error);
        for error in refused.iter().filter(is_new) {
            tracing::warn!("{error}");
        }
        let changed = routers != accepted.routers || refused != accepted.refused;
        accepted.routers = routers;
        accepted.refused = refused;
        changed
    }

    /// Whether this node reads files of its own for its virtual routers.
    pub(super) fn reads_node_files(&self) -> bool {
        let accepted = self.accepted.as_ref();
        let files = accepted.and_then(|accepted| {
            let node = accepted.node.as_ref()?;
            Some(node_files(&accepted.desired, node))
        });
        files.is_some_and(|files| !files.is_empty())
    }

    /// Stays with what was accepted: this manifest cannot be followed.
    pub(super) fn reject(&mut self, errors: Vec<String>, now: Instant) {
        self.refuse(Reason::InvalidManifest, None, errors, now);
    }

    fn refuse(
        &mut self,
        reason: Reason,
        origin: Option<Origin>,
        mut errors: Vec<String>,
        now: Instant,
    ) {
        if let Some(origin) = origin {
            errors.insert(0, format!("{origin} cannot be applied"));
        }
        for error in &errors {
            tracing::warn!("rejected: {error}");
        }
        self.rejected = Some(Rejected {
            at: now,
            reason,
            errors,
        });
    }

    /// Manifests that are all gone or empty at once are more often a mistake (an unmounted disk, a
    /// checkout that failed, a save on a full disk) than a wish to release everything.
    fn refuse_sudden_emptiness(&self, understood: &Understood) -> Result<(), Vec<String>> {
        let last = self.accepted.as_ref();
        let runs_something = last.is_some_and(|last| last.documents > 0);
        if understood.documents == 0 && runs_something {
            return Err(vec![
                "every manifest is gone or empty: to release everything, stop the agent".to_owned(),
            ]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::contents::{Commit, Unread};

    const GROUP: &str = "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {name: web}\nspec: \
        {virtualRouterId: 51, interface: eth0, addresses: [10.0.0.70], members: [a, b]}\n";

    fn pushed(commit: &str, text: &str) -> Contents {
        let origin = Origin {
            branch: "main".to_owned(),
            commit: commit.to_owned(),
            author: "Ada".to_owned(),
            message: "begin".to_owned(),
        };
        let source = Source {
            name: "web.yaml".to_owned(),
            text: text.into(),
        };
        Contents {
            sources: Ok(vec![source]),
            commit: Some(Commit {
                origin,
                line: Vec::new(),
            }),
        }
    }

    #[test]
    fn a_branch_that_was_away_and_is_back_is_no_new_generation() {
        let node = "a".parse().expect("a name");
        let mut state = DesiredState::new(Some(node), Mode::Standalone);
        let now = Instant::default();
        let away = || Contents {
            sources: Err(Unread::Unreachable("timed out".to_owned())),
            commit: None,
        };
        assert!(state.offer(pushed("1", GROUP), now));
        assert!(!state.offer(away(), now));
        let reason = state.rejected().map(|rejected| rejected.reason);
        assert_eq!(reason, Some(Reason::SourceUnreachable));
        assert!(!state.offer(pushed("1", GROUP), now), "it is what ran");
        assert!(state.rejected().is_none());
        assert_eq!(
            state.accepted().map(|accepted| accepted.generation),
            Some(1)
        );

        assert!(!state.offer(away(), now));
        let other = GROUP.replace("10.0.0.70", "10.0.0.71");
        assert!(state.offer(pushed("1", &other), now), "its path is another");
        assert!(!state.offer(away(), now));
        assert!(
            state.offer(pushed("2", &other), now),
            "it is another commit"
        );
        assert_eq!(
            state.accepted().map(|accepted| accepted.generation),
            Some(3)
        );
    }
}
