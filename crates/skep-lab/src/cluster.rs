//! A lab whose nodes run what real ones would: an engine and an agent each.
//!
//! What they run is written down on the lab's disk, so that a node whose power was cut comes back
//! as it was.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::Lab;
use crate::agent::AgentMode;
use crate::disk;
use crate::engine::Engine;
use crate::lab;
use crate::plan::LabPlan;
use crate::program;

/// What every node of a cluster runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// The program whose `agent` command is the agent.
    pub skep: PathBuf,
    /// Whether nodes have engines.
    pub engines: Engines,
    /// Where agents have their desired state from.
    pub agents: AgentMode,
    /// What else every agent is told, as on its command line.
    #[serde(default)]
    pub agent_options: Vec<String>,
}

/// Whether nodes have engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Engines {
    /// Each has a Docker engine.
    Docker,
    /// There are none.
    None,
}

/// A lab with what its nodes run.
#[derive(Debug)]
pub struct Cluster {
    /// The nodes and their cables.
    pub lab: Lab,
    /// What runs on them.
    pub setup: Setup,
}

impl Cluster {
    /// Makes the nodes of a plan; [`Cluster::boot_engine`] and [`Cluster::boot_agent`] then start
    /// what they run. Like a [`Lab`], it goes down when it is dropped.
    pub fn found(plan: LabPlan, setup: Setup) -> Result<Self> {
        lab::ensure_root()?;
        ensure_installed(setup.engines)?;
        let lab = Lab::up(plan)?;
        // A machine that went down with a lab on it forgot the lab, but not its disks.
        disk::remove(lab.plan())?;
        disk::make_directory(&lab.disk())?;
        let cluster = Self { lab, setup };
        cluster.write_setup()?;
        if cluster.setup.agents == AgentMode::Clustered {
            cluster.make_key()?;
        }
        Ok(cluster)
    }

    /// The cluster of this name that is up.
    pub fn open(name: &str) -> Result<Self> {
        let lab = Lab::open(name)?;
        let path = setup_path(&lab);
        let text = fs::read(&path).with_context(|| {
            format!(
                "lab `{name}` was not finished, it lacks {}: \
                 take it down with `skep lab down --name {name}`",
                path.display()
            )
        })?;
        let setup = serde_json::from_slice(&text)
            .with_context(|| format!("{} is damaged", path.display()))?;
        Ok(Self { lab, setup })
    }

    /// Starts the engine of a node, when it has one.
    pub fn boot_engine(&mut self, node: &str) -> Result<Option<Engine>> {
        match self.setup.engines {
            Engines::Docker => self.lab.start_engine(node).map(Some),
            Engines::None => Ok(None),
        }
    }

    /// Starts the agent of a node.
    pub fn boot_agent(&mut self, node: &str) -> Result<()> {
        let Setup {
            skep,
            agent_options,
            ..
        } = &self.setup;
        self.lab.start_agent(node, skep, agent_options).map(drop)
    }

    /// Plugs a node's cable in again; one whose power was cut comes back with its disk and starts
    /// what it runs.
    pub fn heal(&mut self, node: &str) -> Result<Healed> {
        let was_alive = self.lab.is_alive(node)?;
        self.lab.mend(node)?;
        self.lab.rejoin(node)?;
        if was_alive {
            return Ok(Healed::Connected);
        }
        self.boot_engine(node)?;
        self.boot_agent(node)?;
        Ok(Healed::Booted)
    }

    fn write_setup(&self) -> Result<()> {
        let path = setup_path(&self.lab);
        let text = serde_json::to_vec_pretty(&self.setup).context("it is JSON")?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    fn make_key(&self) -> Result<()> {
        let mut keygen = Command::new(&self.setup.skep);
        keygen.args(["keygen", "--out"]).arg(self.lab.cluster_key());
        program::succeed(&mut keygen)
            .map(drop)
            .context("cannot make the cluster's key")
    }
}

/// What it took to bring a node back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Healed {
    /// Its cable: what it ran had run on.
    Connected,
    /// Its power: all it runs was started.
    Booted,
}

fn setup_path(lab: &Lab) -> PathBuf {
    lab.disk().join("setup.json")
}

/// Refuses to begin when a program is missing, naming the packages of all.
fn ensure_installed(engines: Engines) -> Result<()> {
    let needed: &[(&str, &str)] = match engines {
        Engines::Docker => &[
            ("ip", "iproute2"),
            ("nsenter", "util-linux"),
            ("dockerd", "docker.io"),
            ("iptables", "iptables"),
        ],
        Engines::None => &[("ip", "iproute2"), ("nsenter", "util-linux")],
    };
    let missing: Vec<_> = needed
        .iter()
        .filter(|(program, _)| !program::is_installed(program))
        .collect();
    let names = |pick: fn(&(&'static str, &'static str)) -> &'static str| {
        let names: Vec<_> = missing.iter().map(|entry| pick(entry)).collect();
        names
    };
    ensure!(
        missing.is_empty(),
        "missing {}: apt-get install -y {} (or, beside the sources, cargo xtask setup)",
        names(|entry| entry.0).join(", "),
        names(|entry| entry.1).join(" ")
    );
    Ok(())
}
