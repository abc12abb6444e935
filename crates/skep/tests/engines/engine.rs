//! What a Docker engine itself says, asked through its socket and not through skep.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

/// How long an engine may take to answer.
const ANSWER: Duration = Duration::from_secs(30);
/// A manager without a leader takes 20 s to say so; who waits for one asks again earlier.
const LEADER: Duration = Duration::from_secs(1);

/// The engine of a node.
pub(crate) struct Engine {
    socket: PathBuf,
}

/// A node as its swarm knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SwarmNode {
    pub(crate) host: String,
    pub(crate) role: String,
    pub(crate) state: String,
}

impl SwarmNode {
    pub(crate) fn ready(host: &str, role: &str) -> Self {
        Self {
            host: host.to_owned(),
            role: role.to_owned(),
            state: "ready".to_owned(),
        }
    }
}

impl Engine {
    pub(crate) const fn at(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// What it answers at a path.
    pub(crate) fn ask(&self, path: &str) -> Value {
        self.ask_within(ANSWER, path)
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Removes what is at a path.
    pub(crate) fn remove(&self, path: &str) {
        let answer = self.exchange(ANSWER, "DELETE", path, "");
        let answer = answer.unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(answer.starts_with("HTTP/1.0 204"), "{answer}");
    }

    /// Sends a body to a path.
    pub(crate) fn post(&self, path: &str, body: &Value) {
        let answer = self.exchange(ANSWER, "POST", path, &body.to_string());
        let answer = answer.unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(answer.starts_with("HTTP/1.0 20"), "{answer}");
    }

    /// The labelled configs or secrets of its swarm.
    pub(crate) fn files(&self, kind: &str) -> Vec<Value> {
        let mut files = self.list(&format!("/{kind}s"));
        files.retain(|file| file["Spec"]["Labels"]["skep.object"].is_string());
        files
    }

    fn ask_within(&self, patience: Duration, path: &str) -> io::Result<Value> {
        let answer = self.exchange(patience, "GET", path, "")?;
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        Ok(serde_json::from_str(body)?)
    }

    fn exchange(
        &self,
        patience: Duration,
        method: &str,
        path: &str,
        body: &str,
    ) -> io::Result<String> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(patience))?;
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: docker\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// Its part in a swarm, in a word: `inactive`, `active`, ….
    pub(crate) fn membership(&self) -> String {
        text(&self.ask("/info")["Swarm"]["LocalNodeState"])
    }

    /// The id that its swarm knows it by.
    pub(crate) fn node_id(&self) -> String {
        text(&self.ask("/info")["Swarm"]["NodeID"])
    }

    /// The id of its swarm, as a manager knows it.
    pub(crate) fn swarm_id(&self) -> String {
        text(&self.ask("/swarm")["ID"])
    }

    /// The nodes of its swarm, by host name.
    pub(crate) fn nodes(&self) -> Vec<SwarmNode> {
        let node = |node: &Value| SwarmNode {
            host: text(&node["Description"]["Hostname"]),
            role: text(&node["Spec"]["Role"]),
            state: text(&node["Status"]["State"]),
        };
        let mut nodes: Vec<_> = self.list("/nodes").iter().map(node).collect();
        nodes.sort();
        nodes
    }

    /// All it knows of a node of its swarm.
    pub(crate) fn node(&self, host: &str) -> Value {
        let nodes = self.list("/nodes");
        let mut nodes = nodes.into_iter();
        nodes
            .find(|node| node["Description"]["Hostname"] == host)
            .expect("the swarm has the node")
    }

    /// The host name of the manager that leads its swarm, when one does.
    pub(crate) fn leader(&self) -> Option<String> {
        let nodes = self.ask_within(LEADER, "/nodes").ok()?;
        let leader = nodes
            .as_array()?
            .iter()
            .find(|node| node["ManagerStatus"]["Leader"] == true)?;
        Some(text(&leader["Description"]["Hostname"]))
    }

    /// All it knows of a service of its swarm.
    pub(crate) fn service(&self, name: &str) -> Option<Value> {
        let services = self.ask("/services");
        let services = services.as_array()?.clone();
        services
            .into_iter()
            .find(|service| service["Spec"]["Name"] == name)
    }

    /// What its swarm's services are specified as, by name, when a leader tells.
    pub(crate) fn specified_services(&self) -> Option<BTreeMap<String, Value>> {
        let services = self.ask_within(LEADER, "/services").ok()?;
        let specified = services.as_array()?.iter().map(|service| {
            let specification = &service["Spec"];
            (text(&specification["Name"]), specification.clone())
        });
        Some(specified.collect())
    }

    /// The environment that a service gives its containers.
    pub(crate) fn environment(&self, service: &str) -> Vec<String> {
        let service = self.service(service).unwrap_or_default();
        let variables = &service["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"];
        let variables = variables.as_array().into_iter().flatten();
        variables.map(text).collect()
    }

    /// The running tasks of its swarm: on which node each is, and its environment.
    pub(crate) fn running_tasks(&self) -> Vec<(String, Value)> {
        let tasks = self.list("/tasks");
        let running = tasks
            .iter()
            .filter(|task| task["Status"]["State"] == "running");
        running
            .map(|task| {
                let environment = &task["Spec"]["ContainerSpec"]["Env"];
                (text(&task["NodeID"]), environment.clone())
            })
            .collect()
    }

    /// The ids of the containers that run on it.
    pub(crate) fn containers(&self) -> Vec<String> {
        let containers = self.list("/containers/json");
        containers
            .iter()
            .map(|container| text(&container["Id"]))
            .collect()
    }

    fn list(&self, path: &str) -> Vec<Value> {
        let answer = self.ask(path);
        match answer.as_array() {
            Some(list) => list.clone(),
            None => panic!("{path}: {answer}"),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
