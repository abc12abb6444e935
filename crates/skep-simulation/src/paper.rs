//! A swarm on paper, as large as one likes: what is planned is done at once.

use std::fmt::Write as _;

use serde_json::Value;
use skep_manifest::desired::Desired;
use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;
use skep_plan::action::Plan;
use skep_plan::model::{Part, carry_out, join};
use skep_plan::observed::{Cluster, Engine, Membership, Observed};

/// How many of its nodes are managers.
const MANAGERS: usize = 5;
/// How many services share a network, a config and a secret.
const SHARING: usize = 10;
/// How many documents each file holds.
const DOCUMENTS: usize = 500;
/// The id of the swarm.
const ID: &str = "paper";

/// How much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// How many nodes.
    pub nodes: usize,
    /// How many services; for every ten of them there is a network, a config and a secret.
    pub services: usize,
}

impl Size {
    /// How many steps it takes to label and create everything.
    #[must_use]
    pub const fn steps(self) -> usize {
        self.nodes + self.services + 3 * self.shares()
    }

    const fn shares(self) -> usize {
        self.services.div_ceil(SHARING)
    }

    /// The manifest of a swarm of this size.
    ///
    /// # Errors
    ///
    /// What is wrong with it: with a size that a manifest can say, nothing.
    pub fn desired(self) -> Result<Desired, String> {
        let manifest = self.manifest();
        let documents: Vec<&str> = manifest.split("---\n").collect();
        let sources = documents.chunks(DOCUMENTS).enumerate();
        let sources = sources.map(|(index, documents)| Source {
            name: format!("paper-{index}.yaml"),
            text: documents.join("---\n").into_bytes(),
        });
        let set = parse(sources.collect());
        let (desired, problems) = resolve(&set);
        match set.problems.first().or(problems.first()) {
            Some(problem) => Err(problem.message.clone()),
            None => Ok(desired),
        }
    }

    fn manifest(self) -> String {
        let mut yaml = "apiVersion: skep/v1\nkind: Swarm\nmetadata: {name: paper}\nspec:\n  \
                        nodes:\n"
            .to_owned();
        for index in 0..self.nodes {
            let role = if index < MANAGERS {
                "manager"
            } else {
                "worker"
            };
            let address = format!("10.{}.{}.{}", index >> 16, (index >> 8) & 255, index & 255);
            let node = format!("{{name: n{index}, address: {address}, role: {role}}}");
            line(&mut yaml, &format!("    - {node}"));
        }
        for share in 0..self.shares() {
            for (kind, spec) in [
                ("Network", "{}".to_owned()),
                ("Config", format!("{{data: {{value: \"site {share}\"}}}}")),
                ("Secret", format!("{{data: {{value: \"key {share}\"}}}}")),
            ] {
                object(&mut yaml, kind, &format!("share-{share}"), &spec);
            }
        }
        for index in 0..self.services {
            let share = index / SHARING;
            let spec = format!(
                "{{image: nginx, environment: {{TZ: UTC, NUMBER: \"{index}\"}}, ports: [{{target: \
                 80}}], networks: [{{network: share-{share}}}], configs: [{{config: \
                 share-{share}}}], secrets: [{{secret: share-{share}}}]}}"
            );
            object(&mut yaml, "Service", &format!("s{index}"), &spec);
        }
        yaml
    }
}

fn object(yaml: &mut String, kind: &str, name: &str, spec: &str) {
    line(
        yaml,
        &format!(
            "---\napiVersion: skep/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}"
        ),
    );
}

fn line(yaml: &mut String, text: &str) {
    // A text takes whatever is written to it.
    let _written = writeln!(yaml, "{text}");
}

/// A swarm that every declared node has joined.
#[derive(Clone, Debug)]
pub struct PaperSwarm {
    /// What a plan is made from.
    pub observed: Observed,
}

impl PaperSwarm {
    /// Nothing in it is labelled and nothing runs.
    #[must_use]
    pub fn joined(desired: &Desired) -> Self {
        let cluster = Cluster {
            id: ID.to_owned(),
            ..Cluster::default()
        };
        let mut observed = Observed {
            cluster: Some(cluster),
            ..Observed::default()
        };
        let nodes = desired.swarm.iter().flat_map(|swarm| &swarm.spec.nodes);
        for node in nodes {
            let engine = Engine {
                membership: Membership::Inactive,
                remembers: None,
                refused: None,
                is_stuck: false,
                keeps_unlock_key: false,
                is_certified: false,
            };
            observed.engines.insert(node.name.clone(), engine);
            let part = Part {
                role: node.role,
                availability: node.availability,
                address: node.address.0,
            };
            join(&node.name, part, &mut observed);
        }
        Self { observed }
    }

    /// Lets somebody else write another image into every service.
    pub fn edit_all(&mut self) {
        for service in self.cluster().services.values_mut() {
            service.spec["TaskTemplate"]["ContainerSpec"]["Image"] = Value::from("nginx:1.0");
        }
    }

    /// Does what is planned; returns the words of what it does not know how to do.
    pub fn carry_out(&mut self, plan: &Plan) -> Vec<&'static str> {
        let cluster = self.cluster();
        let steps = plan.steps.iter();
        let unknown = steps.filter(|step| !carry_out(step.action.clone(), cluster));
        unknown.map(|step| step.action.word()).collect()
    }

    fn cluster(&mut self) -> &mut Cluster {
        self.observed.cluster.get_or_insert_default()
    }
}
