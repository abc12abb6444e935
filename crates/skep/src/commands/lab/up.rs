//! `skep lab up`.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Instant;

use anyhow::{Context, bail};
use clap::ValueEnum;
use skep_lab::Lab;
use skep_lab::agent::AgentMode;
use skep_lab::cluster::{self, Cluster, Setup};
use skep_lab::image::Image;
use skep_lab::plan;
use skep_manifest::desired::Desired;

use super::interrupt::Interrupt;
use super::manifests::{self, Manifests};
use super::status;
use crate::exit::Exit;
use crate::output;

/// How the image is written that a lab makes itself.
const WEB: &str = "@web";

/// Make the nodes of manifests on this machine and start what runs on them.
///
/// With a Swarm, the agents share a key and wait for `skep apply`. Without one, the nodes are the
/// members of the VIP groups, those without an address get the ones that follow the VIP, there are
/// no engines, and each agent watches its own copy of the manifests.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The manifests: a file, a directory, or `-` for standard input.
    #[arg(short = 'f', long, value_name = "PATH")]
    file: PathBuf,
    /// What to call the lab [default: the swarm's name, or `lab`].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Whether each node gets a Docker engine [default: docker with a Swarm, none without].
    #[arg(long, value_name = "ENGINES")]
    engines: Option<Engines>,
    /// An image for the engines, which reach no registry: a tar from `docker save` or
    /// `docker export`, or `@web`, a web server that answers on port 80 with its host name.
    #[arg(long = "image", value_name = "NAME=FILE.tar")]
    images: Vec<NamedImage>,
    /// What every agent is told beside what the lab tells it, such as `-- --git URL`.
    #[arg(last = true, value_name = "AGENT OPTION")]
    agent_options: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engines {
    Docker,
    None,
}

/// An image and the name the manifests have for it.
#[derive(Clone)]
struct NamedImage {
    name: String,
    origin: Origin,
}

#[derive(Clone)]
enum Origin {
    Web,
    File(PathBuf),
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let manifests = manifests::read(&arguments.file)?;
    let name = arguments.name.clone().unwrap_or_else(|| manifests.name());
    skep_lab::ensure_root()?;
    if Lab::names()?.contains(&name) {
        bail!("lab `{name}` is up already: take it down with `skep lab down --name {name}`");
    }
    let setup = arguments.setup(&manifests.desired)?;
    let images = arguments.read_images(setup.engines)?;
    if setup.engines == cluster::Engines::Docker {
        warn_of_missing_images(&manifests.desired, &images);
    }
    let plan = plan::from_desired(&name, &manifests.desired)?;
    let interrupt = Interrupt::watch()?;
    let mut cluster = Cluster::found(plan, setup)?;
    start(&mut cluster, &manifests, &images, &interrupt).context("the lab is taken down again")?;
    status::show(&cluster)?;
    next_step(&cluster, &arguments.file);
    cluster.lab.leave();
    Ok(Exit::Success)
}

impl Arguments {
    fn setup(&self, desired: &Desired) -> anyhow::Result<Setup> {
        let (agents, usual) = match desired.swarm {
            Some(_) => (AgentMode::Clustered, Engines::Docker),
            None => (AgentMode::Standalone, Engines::None),
        };
        let engines = match self.engines.unwrap_or(usual) {
            Engines::Docker => cluster::Engines::Docker,
            Engines::None => cluster::Engines::None,
        };
        let skep = std::env::current_exe().context("cannot find this program")?;
        Ok(Setup {
            skep,
            engines,
            agents,
            agent_options: self.agent_options.clone(),
        })
    }

    fn read_images(&self, engines: cluster::Engines) -> anyhow::Result<Vec<(&str, Image)>> {
        if engines == cluster::Engines::None && !self.images.is_empty() {
            bail!("images are for engines, and there are none: leave out `--image`");
        }
        let images = self.images.iter().map(|image| {
            let read = match &image.origin {
                Origin::Web => Image::web(),
                Origin::File(path) => Image::read(path),
            };
            Ok((image.name.as_str(), read?))
        });
        images.collect()
    }
}

impl FromStr for NamedImage {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (name, origin) = text
            .split_once('=')
            .filter(|(name, origin)| !name.is_empty() && !origin.is_empty())
            .context("say NAME=FILE.tar, or NAME=@web for a small web server")?;
        let origin = if origin == WEB {
            Origin::Web
        } else {
            Origin::File(PathBuf::from(origin))
        };
        Ok(Self {
            name: name.to_owned(),
            origin,
        })
    }
}

fn start(
    cluster: &mut Cluster,
    manifests: &Manifests,
    images: &[(&str, Image)],
    interrupt: &Interrupt,
) -> anyhow::Result<()> {
    if cluster.setup.agents == AgentMode::Standalone {
        cluster.lab.give_manifests(&manifests.files)?;
    }
    let nodes = cluster.lab.plan().nodes.clone();
    for node in nodes {
        interrupt.check()?;
        boot(cluster, &node.name, images)?;
    }
    interrupt.check()
}

fn boot(cluster: &mut Cluster, node: &str, images: &[(&str, Image)]) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut running = vec!["agent"];
    if let Some(engine) = cluster.boot_engine(node)? {
        for (name, image) in images {
            engine.import(name, image)?;
        }
        running.insert(0, "engine");
    }
    cluster.boot_agent(node)?;
    let took = started.elapsed().as_secs_f64();
    output::tell(&format!("{node}: {} in {took:.1} s", running.join(" and ")));
    Ok(())
}

fn warn_of_missing_images(desired: &Desired, images: &[(&str, Image)]) {
    let tagged = |name: &str| match name.rsplit_once(':') {
        Some((_, tag)) if !tag.contains('/') => name.to_owned(),
        Some(_) | None => format!("{name}:latest"),
    };
    let given: Vec<String> = images.iter().map(|(name, _)| tagged(name)).collect();
    for (service, declared) in &desired.services {
        let image = declared.spec.image.as_str();
        if !given.contains(&tagged(image)) {
            output::tell(&format!(
                "warning: service {service} has to pull {image}, and a lab's engines reach no \
                 registry: give it with --image {image}=FILE.tar, or \
                 {image}={WEB} for a small web server"
            ));
        }
    }
}

fn next_step(cluster: &Cluster, file: &Path) {
    let Some(first) = cluster.lab.plan().nodes.first() else {
        return;
    };
    if !cluster.setup.agent_options.is_empty() {
        // Where they have their manifests from is not the lab's to say.
        return;
    }
    output::tell(&match cluster.setup.agents {
        AgentMode::Clustered => format!(
            "hint: {} --socket {} apply -f {} --wait",
            status::program(),
            cluster.lab.agent_socket(&first.name).display(),
            file.display()
        ),
        AgentMode::Standalone => format!(
            "hint: the agent of {} watches {}: edit the manifests there",
            first.name,
            cluster.lab.manifests(&first.name).display()
        ),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_a_name_and_where_they_come_from() {
        let image: NamedImage = "nginx:1.27=web.tar".parse().unwrap();
        assert_eq!(image.name, "nginx:1.27");
        assert!(matches!(image.origin, Origin::File(path) if path == Path::new("web.tar")));
        let image: NamedImage = "nginx=@web".parse().unwrap();
        assert!(matches!(image.origin, Origin::Web));
        assert!("nginx".parse::<NamedImage>().is_err());
        assert!("=web.tar".parse::<NamedImage>().is_err());
    }
}
