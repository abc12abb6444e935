//! The lab itself: nodes, cables and what runs on the nodes.

mod cables;
mod holder;
pub(crate) mod processes;
mod state;
mod teardown;

use std::fs::File;
use std::process::Output;

use anyhow::{Context as _, Result, bail};

pub use cables::Segment;
pub use processes::NodeCommand;

use crate::namespace;
use crate::plan::LabPlan;
use crate::program;
use processes::Tracked;
use state::State;

/// A lab that is up.
///
/// One that [`Lab::up`] made goes down when it is dropped, unless it was left with
/// [`Lab::leave`]; one that [`Lab::open`] found stays.
#[derive(Debug)]
pub struct Lab {
    state: State,
    children: Vec<Tracked>,
    at_drop: AtDrop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AtDrop {
    TakeDown,
    Leave,
}

impl Lab {
    /// Makes the nodes of the plan on one bridge. What an earlier lab of this name left behind is
    /// removed first.
    pub fn up(plan: LabPlan) -> Result<Self> {
        plan.check()?;
        ensure_root()?;
        Self::remove(&plan.name)?;
        let state = State::new(plan);
        // Written before anything exists, so that a crash in between leaves nothing unknown.
        state.save()?;
        let mut lab = Self {
            state,
            children: Vec::new(),
            at_drop: AtDrop::TakeDown,
        };
        lab.build()
            .with_context(|| format!("cannot make lab `{}`", lab.plan().name))?;
        Ok(lab)
    }

    /// The lab of this name that is up.
    pub fn open(name: &str) -> Result<Self> {
        ensure_root()?;
        match State::load(name)? {
            Some(state) => Ok(Self {
                state,
                children: Vec::new(),
                at_drop: AtDrop::Leave,
            }),
            None => bail!("no lab `{name}` is up: make it with `skep lab up -f PATH`"),
        }
    }

    /// Waits until no other command changes the lab of this name, and keeps others from it until
    /// what comes back is dropped.
    pub fn hold_still(name: &str) -> Result<File> {
        state::lock_lab(name).with_context(|| format!("no lab `{name}` can be changed"))
    }

    /// The names of the labs that are up, also of those that were not finished.
    pub fn names() -> Result<Vec<String>> {
        state::names()
    }

    /// Removes the lab of this name and whatever is left of it. None is no error.
    pub fn remove(name: &str) -> Result<()> {
        ensure_root()?;
        match State::load(name)? {
            Some(state) => teardown::remove(&state, &mut Vec::new()),
            None => Ok(()),
        }
    }

    /// Ends everything that runs on the nodes and removes them. A second call does nothing.
    pub fn down(&mut self) -> Result<()> {
        self.at_drop = AtDrop::Leave;
        teardown::remove(&self.state, &mut self.children)
    }

    /// Lets the lab stay when this value is dropped; [`Lab::open`] finds it again.
    pub fn leave(mut self) {
        self.at_drop = AtDrop::Leave;
    }

    /// The plan it was made from.
    #[must_use]
    pub fn plan(&self) -> &LabPlan {
        &self.state.plan
    }

    /// Whether a node has power.
    pub fn is_alive(&self, node: &str) -> Result<bool> {
        self.plan().position(node)?;
        let holder = self.state.holder(node);
        Ok(holder.is_some_and(|holder| holder.is_alive(self.plan(), node)))
    }

    /// With whom a node can talk.
    pub fn segment(&self, node: &str) -> Result<Segment> {
        cables::segment(&self.state.plan, self.plan().position(node)?)
    }

    /// Runs a program on a node to its end.
    pub fn exec(&self, node: &str, arguments: &[&str]) -> Result<Output> {
        let [program, arguments @ ..] = arguments else {
            bail!("nothing to run on node `{node}`");
        };
        let mut command = self.command(node, program)?;
        command.args(arguments);
        program::run(&mut command)
    }

    /// Pulls a node's cable: its interface loses the carrier, its programs run on.
    pub fn cut(&self, node: &str) -> Result<()> {
        cables::pull(&self.state.plan, self.plan().position(node)?)
    }

    /// Cuts a node's power: its cable, all its programs and the addresses they added, at once.
    pub fn kill(&mut self, node: &str) -> Result<()> {
        self.cut(node)?;
        teardown::kill_processes(&[self.plan().node_namespace(node)])?;
        processes::reap(&mut self.children, node)?;
        cables::forget_addresses(&self.state.plan, node)
    }

    /// Plugs a node's cable in again, and makes the node anew if its power was cut: an empty
    /// `/run` and no programs.
    pub fn mend(&mut self, node: &str) -> Result<()> {
        let position = self.plan().position(node)?;
        if !self.is_alive(node)? {
            self.hold(node)?;
            self.state.save()?;
        }
        cables::plug(&self.state.plan, position)
    }

    /// Lets these nodes hear only each other; the others hear only the others.
    pub fn partition(&self, nodes: &[&str]) -> Result<()> {
        self.heal()?;
        for node in nodes {
            cables::isolate(&self.state.plan, self.plan().position(node)?)?;
        }
        Ok(())
    }

    /// Lets all nodes hear each other again.
    pub fn heal(&self) -> Result<()> {
        (0..self.plan().nodes.len()).try_for_each(|at| cables::join(&self.state.plan, at))
    }

    /// Lets a node hear those on the bridge of all.
    pub fn rejoin(&self, node: &str) -> Result<()> {
        cables::join(&self.state.plan, self.plan().position(node)?)
    }

    fn build(&mut self) -> Result<()> {
        let guard = state::lock()?;
        state::note_mount_to_remove()?;
        for name in self.state.plan.namespaces() {
            namespace::add(&name)?;
        }
        drop(guard);
        cables::lay(&self.state.plan)?;
        let nodes: Vec<_> = self
            .plan()
            .nodes
            .iter()
            .map(|node| node.name.clone())
            .collect();
        for node in nodes {
            self.hold(&node)?;
        }
        self.state.save()
    }

    fn hold(&mut self, node: &str) -> Result<()> {
        let (holder, child) = holder::start(&self.state.plan, node)?;
        self.state.set_holder(node, holder);
        self.children.push(Tracked::new(node, child));
        Ok(())
    }
}

/// Refuses what would fail halfway.
pub fn ensure_root() -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("a lab needs root, it is made of network namespaces: use sudo");
    }
    Ok(())
}

impl Drop for Lab {
    fn drop(&mut self) {
        if self.at_drop == AtDrop::TakeDown {
            // Whoever wants to know calls `down`; what is left is removed by the next `up`.
            let _ = self.down();
        }
    }
}
