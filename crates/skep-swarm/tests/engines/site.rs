//! A lab with an engine on each node, and a client for each.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;
use std::time::Duration;

use skep_lab::Lab;
use skep_lab::engine::Engine;
use skep_lab::plan::{LabNode, LabPlan};
use skep_manifest::swarm::{Availability, Role};
use skep_plan::action::{Action, InitSwarm, JoinSwarm};
use skep_plan::observed::{Active, Cluster, Foundation, Membership};
use skep_swarm::apply::{Applied, ApplyError, apply};
use skep_swarm::engine::Client;
use skep_swarm::observe::{cluster, membership};
use skep_swarm::token::{JoinToken, join_tokens};

/// Never waited for when all is well.
const PATIENCE: Duration = Duration::from_secs(150);
/// How long to wait before looking again.
const POLL: Duration = Duration::from_millis(50);

pub(crate) struct Site {
    pub(crate) lab: Lab,
    hosts: Vec<Host>,
}

pub(crate) struct Host {
    pub(crate) name: &'static str,
    pub(crate) address: IpAddr,
    pub(crate) engine: Engine,
    pub(crate) client: Client,
}

impl Site {
    /// Bare engines on nodes of these names.
    pub(crate) fn up(test: &str, names: &[&'static str]) -> Self {
        let addresses = (60..).map(|last| IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)));
        let node = |(name, address): (&&str, IpAddr)| LabNode {
            name: (*name).to_owned(),
            address,
            prefix_length: 24,
            interface: "eth0".to_owned(),
        };
        let plan = LabPlan {
            name: format!("{test}-{}", std::process::id()),
            nodes: names.iter().zip(addresses.clone()).map(node).collect(),
        };
        let mut lab = Lab::up(plan).expect("root may make a lab");
        let mut start = |(name, address): (&&'static str, IpAddr)| {
            let engine = lab.start_engine(name).expect("docker.io is installed");
            let client = Client::new(&engine.socket());
            Host {
                name,
                address,
                engine,
                client,
            }
        };
        let hosts = names.iter().zip(addresses).map(&mut start).collect();
        Self { lab, hosts }
    }

    /// Engines that are managers of one swarm.
    pub(crate) async fn managers(test: &str, names: &[&'static str]) -> Self {
        let site = Self::up(test, names);
        site.init(names[0]).await;
        for name in &names[1..] {
            site.join(name, Role::Manager).await;
        }
        site
    }

    pub(crate) fn host(&self, name: &str) -> &Host {
        let mut hosts = self.hosts.iter();
        hosts
            .find(|host| host.name == name)
            .expect("the site has it")
    }

    pub(crate) fn client(&self, name: &str) -> &Client {
        &self.host(name).client
    }

    pub(crate) fn init_action(&self, name: &str) -> Action {
        let Host { address, .. } = self.host(name);
        Action::InitSwarm(InitSwarm {
            labels: BTreeMap::from([("skep.swarm".to_owned(), "cube".to_owned())]),
            foundation: Foundation::default(),
            changes: Vec::new(),
            advertise_address: *address,
            data_path_address: *address,
            availability: Availability::Active,
        })
    }

    pub(crate) async fn init(&self, name: &str) {
        let done = apply(self.client(name), &self.init_action(name), None).await;
        assert_eq!(done.expect("it inits"), Applied::Done);
    }

    /// Lets a node join what the first node is in, and waits until it is in.
    pub(crate) async fn join(&self, name: &str, role: Role) {
        let tokens = join_tokens(&self.hosts[0].client)
            .await
            .expect("a manager has tokens");
        self.join_with(name, role, tokens.of(role))
            .await
            .expect("it joins");
        eventually("the node is in", async || {
            self.active(name).await.role == role
        })
        .await;
    }

    pub(crate) async fn join_with(
        &self,
        name: &str,
        role: Role,
        token: &JoinToken,
    ) -> Result<Applied, ApplyError> {
        let Host {
            address, client, ..
        } = self.host(name);
        let join = Action::JoinSwarm(JoinSwarm {
            role,
            advertise_address: *address,
            data_path_address: *address,
            availability: Availability::Active,
            remote_addresses: vec![self.hosts[0].address],
        });
        apply(client, &join, Some(token)).await
    }

    pub(crate) async fn membership(&self, name: &str) -> Membership {
        membership(self.client(name))
            .await
            .expect("it is an engine")
    }

    /// Whether a node is in a swarm as this; it is silent for a moment when its role changes.
    pub(crate) async fn is_active(&self, name: &str, role: Role) -> bool {
        match self.membership(name).await {
            Membership::Active(active) => active.role == role,
            _ => false,
        }
    }

    /// The membership of a node that is in a swarm.
    pub(crate) async fn active(&self, name: &str) -> Active {
        match self.membership(name).await {
            Membership::Active(active) => active,
            other => panic!("{name} is {other:?}"),
        }
    }

    /// The swarm as a node tells it.
    pub(crate) async fn cluster(&self, name: &str) -> Cluster {
        cluster(self.client(name)).await.expect("a manager tells")
    }
}

impl Drop for Site {
    /// A site leaves the machine as it found it.
    fn drop(&mut self) {
        let name = self.lab.plan().name.clone();
        let while_up = left_of(&name);
        let taken_down = self.lab.down();
        if std::thread::panicking() {
            return;
        }
        taken_down.expect("it goes down");
        assert!(!while_up.is_empty(), "what is there can be found");
        assert_eq!(left_of(&name), Vec::<String>::new());
    }
}

/// Whatever on this machine still carries a lab's name: namespaces, data, control groups, mounts
/// and processes.
fn left_of(lab: &str) -> Vec<String> {
    let mut left: Vec<String> = Vec::new();
    let directories = [
        "/run/netns",
        "/run/skep-lab",
        "/var/lib/skep-lab",
        "/sys/fs/cgroup/*",
    ];
    for directory in directories.map(|directory| format!("{directory}/*{lab}*")) {
        let shell = Command::new("sh")
            .args(["-c", &format!("ls -d {directory}")])
            .output();
        let found = String::from_utf8(shell.expect("there is a shell").stdout);
        left.extend(found.expect("names are text").lines().map(str::to_owned));
    }
    let mounts = fs::read_to_string("/proc/mounts").expect("the mounts can be read");
    left.extend(
        mounts
            .lines()
            .filter(|mount| mount.contains(lab))
            .map(str::to_owned),
    );
    for process in fs::read_dir("/proc")
        .expect("the processes can be read")
        .flatten()
    {
        // One that ended meanwhile is not left.
        let command = fs::read(process.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        if command.contains(lab) {
            left.push(command);
        }
    }
    left
}

/// Looks until it is so.
pub(crate) async fn eventually(what: &str, so: impl AsyncFn() -> bool) {
    let looking = async {
        while !so().await {
            tokio::time::sleep(POLL).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, looking).await;
    assert!(found.is_ok(), "not within {PATIENCE:?}: {what}");
}
