//! The desired state of this agent: what it accepted and what it refuses.

use std::collections::BTreeSet;
use std::num::NonZeroU8;

use skep_api::generation::GenerationId;
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
        let understood = sources
            .map_err(|unread| vec![unread.message()])
            .and_then(|sources| self.understand(sources))
            .and_then(|mut understood| {
                self.refuse_sudden_emptiness(&understood)?;
                // Without a swarm, groups have numbers: nothing is chosen here.
                self.decide(&mut understood, &BTreeSet::new())?;
                Ok(understood)
            });
        match understood {
            Ok(understood) => {
                let generation = self.accepted.as_ref().map_or(1, |last| last.generation + 1);
                self.accept(generation, None, understood, now);
                if let Some(accepted) = &mut self.accepted {
                    accepted.origin = origin;
                }
                true
            }
            Err(mut errors) => {
                if let Some(origin) = origin {
                    errors.insert(0, format!("{origin} cannot be applied"));
                }
                self.reject(errors, now);
                false
            }
        }
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

    /// Stays with what was accepted.
    pub(super) fn reject(&mut self, errors: Vec<String>, now: Instant) {
        for error in &errors {
            tracing::warn!("rejected: {error}");
        }
        self.rejected = Some(Rejected { at: now, errors });
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
