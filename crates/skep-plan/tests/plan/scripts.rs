//! Scripts: a manifest, a world, what is planned, and what becomes of it.
//!
//! Each file in `tests/scripts` is run line by line; what it prints stands in the file of the same
//! name that ends in `.expected`. Set `UPDATE_EXPECTED` to write those files, and review them.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use skep_manifest::desired::Desired;
use skep_manifest::swarm::{Availability, Role};
use skep_plan::action::FileKind;
use skep_plan::departure::departure;
use skep_plan::observed::{
    Active, Cluster, ClusterNetwork, Engine, Membership, NodeState, TaskTrouble,
};
use skep_plan::plan;
use skep_plan::progress::progress;

use crate::world::{World, desired, engine, node_name};

/// After so many rounds a world that does not settle never will.
const ROUNDS_MAX: usize = 20;

#[test]
fn scripts_print_what_is_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let entries = fs::read_dir(&folder).expect("the scripts are part of the crate");
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    let is_script = |path: &PathBuf| path.extension().is_some_and(|ends| ends == "script");
    let mut scripts: Vec<PathBuf> = paths.filter(is_script).collect();
    scripts.sort();
    assert!(!scripts.is_empty(), "no scripts in {}", folder.display());
    let mut wrong = String::new();
    for script in scripts {
        let printed = Session::default().run(&read(&script));
        let expected = script.with_extension("expected");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&expected, &printed).expect("the folder can be written");
        }
        if read(&expected) != printed {
            write!(wrong, "\n{}:\n{printed}", expected.display()).expect("a string");
        }
    }
    assert!(
        wrong.is_empty(),
        "these scripts print something else:{wrong}"
    );
}

#[expect(clippy::disallowed_methods, reason = "a test may read its own data")]
pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// A script on its way.
#[derive(Default)]
struct Session {
    desired: Desired,
    world: World,
    printed: String,
}

impl Session {
    fn run(mut self, script: &str) -> String {
        let mut lines = script.lines();
        while let Some(line) = lines.next() {
            self.print(line);
            if line == "manifest" {
                let yaml: Vec<&str> = lines.by_ref().take_while(|line| *line != "end").collect();
                for line in &yaml {
                    self.print(line);
                }
                self.print("end");
                self.desired = desired(&yaml.join("\n"));
            } else if !line.is_empty() && !line.starts_with('#') {
                let words: Vec<&str> = line.split(' ').collect();
                self.command(&words);
            }
        }
        self.printed
    }

    fn command(&mut self, words: &[&str]) {
        match words {
            ["bare", nodes @ ..] => {
                for node in nodes {
                    let engines = &mut self.world.observed.engines;
                    engines.insert(node_name(node), engine(Membership::Inactive));
                }
            }
            ["diff"] => self.print_indented(&plan(&self.desired, &self.world.observed).to_string()),
            ["apply"] => self.apply(),
            ["settle"] => self.settle(),
            ["progress"] => self.progress(),
            ["departure", node] => {
                let engine = &self.world.observed.engines[&node_name(node)];
                let action = departure(&self.desired, &self.world.observed, engine);
                let word = action.map_or("stay", |action| action.word());
                self.print(&format!("    {word}"));
            }
            ["engine", node, what @ ..] => self.engine(node, what),
            ["holds", node, group] => {
                self.world.groups(node).holds.insert((*group).to_owned());
            }
            ["stands-by", node, group] => {
                let groups = self.world.groups(node);
                groups.holds.remove(*group);
                groups.stands_by.insert((*group).to_owned());
            }
            ["node", node, "runs", tasks, "of", service] => {
                let tasks = tasks.parse().expect("a number");
                self.world.place(node, service, tasks);
            }
            ["node", node, what @ ..] => self.node(node, what),
            ["service", name, what @ ..] => self.service(name, what),
            ["swarm", what @ ..] => self.swarm(what),
            ["network", name, what @ ..] => self.network(name, what),
            ["config", object, what @ ..] => self.file(FileKind::Config, object, what),
            ["secret", object, what @ ..] => self.file(FileKind::Secret, object, what),
            _ => panic!("no such command: {words:?}"),
        }
    }

    /// One round.
    fn apply(&mut self) {
        let planned = plan(&self.desired, &self.world.observed);
        self.print_indented(&planned.to_string());
        self.world.execute(&planned);
    }

    /// Rounds until nothing is left to do; prints what was done.
    fn settle(&mut self) {
        for round in 1..=ROUNDS_MAX {
            let planned = plan(&self.desired, &self.world.observed);
            if planned.steps.is_empty() {
                self.print_indented(&planned.to_string());
                self.print("    (nothing to do)");
                return;
            }
            for step in &planned.steps {
                let done = step.to_string();
                let first = done.lines().next().unwrap_or_default();
                self.print(&format!("    {round} {first}"));
            }
            self.world.execute(&planned);
        }
        panic!("it does not settle:\n{}", self.printed);
    }

    fn progress(&mut self) {
        for object in progress(&self.desired, &self.world.observed) {
            let line = format!("{:?} {}: {}", object.state, object.object, object.message);
            self.print(&format!("    {line}"));
            if let Some(remedy) = object.remedy {
                self.print(&format!("        hint: {remedy}"));
            }
        }
    }

    fn engine(&mut self, node: &str, what: &[&str]) {
        let name = node_name(node);
        let engines = &mut self.world.observed.engines;
        let mut put = |membership| {
            let old = engines.remove(&name);
            let remembers = old.and_then(|engine| engine.remembers);
            engines.insert(
                name.clone(),
                Engine {
                    membership,
                    remembers,
                    refused: None,
                    is_stuck: false,
                    keeps_unlock_key: false,
                    is_certified: false,
                },
            );
        };
        match what {
            ["agent-silent"] => drop(engines.remove(&name)),
            ["silent"] => put(Membership::Silent),
            ["pending"] => put(Membership::Pending),
            ["locked"] => put(Membership::Locked),
            ["bare"] => put(Membership::Inactive),
            ["error", error @ ..] => put(Membership::Error(error.join(" "))),
            ["in-foreign-swarm", role] => put(Membership::Active(Active {
                swarm_id: (*role == "manager").then(|| "foreign".to_owned()),
                node_id: "foreign-node".to_owned(),
                advertised: None,
                role: if *role == "manager" {
                    Role::Manager
                } else {
                    Role::Worker
                },
            })),
            ["remembers", id] => self.world.engine(node).remembers = Some((*id).to_owned()),
            ["refused", why @ ..] => self.world.engine(node).refused = Some(why.join(" ")),
            ["keeps-unlock-key"] => self.world.engine(node).keeps_unlock_key = true,
            ["has-no-key"] => self.world.engine(node).is_certified = true,
            ["not-heard-yet"] => drop(self.world.observed.unheard.insert(name)),
            ["heard"] => drop(self.world.observed.unheard.remove(&name)),
            ["stuck"] => self.world.engine(node).is_stuck = true,
            ["wiped"] => self.world.wipe(node),
            _ => panic!("an engine cannot be {what:?}"),
        }
    }

    fn node(&mut self, node: &str, what: &[&str]) {
        let listed = self.world.listed(node);
        let reach = |reachable| {
            move |manager: &mut skep_plan::observed::Manager| {
                manager.reachable = reachable;
                manager.leader = false;
            }
        };
        match what {
            ["down"] => {
                listed.state = NodeState::Down;
                listed.manager.iter_mut().for_each(reach(false));
            }
            ["up"] => {
                listed.state = NodeState::Ready;
                listed.manager.iter_mut().for_each(reach(true));
            }
            ["left-behind"] => {
                listed.state = NodeState::Down;
                listed.manager = None;
            }
            ["tasks", tasks] => listed.tasks = tasks.parse().expect("a number"),
            ["drained"] => listed.availability = Availability::Drain,
            ["paused"] => listed.availability = Availability::Pause,
            ["label", key, value] => {
                listed.labels.insert((*key).to_owned(), (*value).to_owned());
            }
            ["leads"] => {
                for node in self.world.cluster().nodes.values_mut() {
                    node.manager
                        .iter_mut()
                        .for_each(|manager| manager.leader = false);
                }
                let listed = self.world.listed(node);
                listed
                    .manager
                    .iter_mut()
                    .for_each(|manager| manager.leader = true);
            }
            ["labels"] => {
                let labels = serde_json::to_string(&listed.labels).expect("labels");
                self.print(&format!("    {labels}"));
            }
            _ => panic!("a node cannot be {what:?}"),
        }
    }

    fn service(&mut self, name: &str, what: &[&str]) {
        match what {
            ["by-somebody-else", spec @ ..] => {
                let spec = serde_json::from_str(&spec.join(" ")).expect("JSON");
                self.world.foreign_service(name, spec);
            }
            ["set", pointer, value @ ..] => {
                let value: Value = serde_json::from_str(&value.join(" ")).expect("JSON");
                let spec = &mut self.world.service(name).spec;
                let (parent, field) = pointer.rsplit_once('/').expect("a JSON pointer");
                spec.pointer_mut(parent)
                    .expect("a place in the specification")[field] = value;
            }
            ["runs", running, "of", desired] => {
                let tasks = &mut self.world.service(name).tasks;
                tasks.running = running.parse().expect("a number");
                tasks.desired = desired.parse().expect("a number");
            }
            ["fails", words @ ..] => {
                let trouble = TaskTrouble::Failing(words.join(" "));
                self.world.service(name).trouble = Some(trouble);
            }
            ["none-fails"] => self.world.service(name).trouble = None,
            ["ends", words @ ..] => {
                let trouble = TaskTrouble::Ending(words.join(" "));
                self.world.service(name).trouble = Some(trouble);
            }
            ["paused", words @ ..] => {
                let trouble = TaskTrouble::Paused(words.join(" "));
                self.world.service(name).trouble = Some(trouble);
            }
            ["over", words @ ..] => {
                let trouble = TaskTrouble::Over(words.join(" "));
                self.world.service(name).trouble = Some(trouble);
            }
            ["may-go-back-to", spec @ ..] => {
                let spec = serde_json::from_str(&spec.join(" ")).expect("JSON");
                self.world.service(name).fallback = Some(spec);
            }
            ["stays"] => self.world.service(name).fallback = None,
            ["show"] => {
                let spec = self.world.service(name).spec.to_string();
                self.print(&format!("    {spec}"));
            }
            _ => panic!("a service cannot {what:?}"),
        }
    }

    fn swarm(&mut self, what: &[&str]) {
        match what {
            ["of-somebody-else"] => {
                self.world.observed.cluster = Some(Cluster {
                    id: "foreign".to_owned(),
                    ..Cluster::default()
                });
            }
            ["label", key, value] => {
                let labels = &mut self.world.cluster().labels;
                labels.insert((*key).to_owned(), (*value).to_owned());
            }
            ["set", path, value] => {
                let spec = self.world.cluster().spec.as_mut().expect("it is told");
                let (section, field) = path.split_once('.').expect("two words");
                spec[section][field] = serde_json::from_str(value).expect("JSON");
            }
            ["made-with-port", port] => {
                let foundation = self.world.cluster().foundation.as_mut();
                foundation.expect("it is told").data_path_port = port.parse().expect("a number");
            }
            ["forgets", node] => {
                let nodes = &mut self.world.cluster().nodes;
                nodes.retain(|_, listed| listed.host_name != *node);
            }
            ["made-by-hand"] => self.world.forget_skep(),
            ["unseen"] => self.world.observed.cluster = None,
            _ => panic!("a swarm cannot be {what:?}"),
        }
    }

    fn network(&mut self, name: &str, what: &[&str]) {
        let networks = &mut self.world.cluster().swarm_networks;
        match what {
            ["by-somebody-else"] => {
                networks.insert(name.to_owned(), ClusterNetwork::default());
            }
            ["vanishes"] => drop(networks.remove(name).expect("it is there")),
            _ => panic!("a network cannot be {what:?}"),
        }
    }

    /// What happens to every config or secret of an object.
    fn file(&mut self, kind: FileKind, object: &str, what: &[&str]) {
        let files = self.world.files(kind);
        let is_of_object = |name: &str| name.split_once('.').is_some_and(|(own, _)| own == object);
        let own = files.iter_mut().filter(|(name, _)| is_of_object(name));
        match what {
            ["label", key, value] => own.for_each(|(_, file)| {
                file.labels.insert((*key).to_owned(), (*value).to_owned());
            }),
            ["vanishes"] => files.retain(|name, _| !is_of_object(name)),
            _ => panic!("a file cannot be {what:?}"),
        }
    }

    fn print(&mut self, line: &str) {
        writeln!(self.printed, "{line}").expect("a string can be written to");
    }

    fn print_indented(&mut self, text: &str) {
        for line in text.lines() {
            self.print(format!("    {line}").trim_end());
        }
    }
}
