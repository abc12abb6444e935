//! A service that may say anything in every field.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::str::FromStr;

use skep_manifest::address::Address;
use skep_manifest::service::ServiceSpec;
use skep_manifest::service::container::{
    Capabilities, ContainerHealth, Dns, Logging, Restart, RestartCondition, Stop,
};
use skep_manifest::service::files::{
    Bind, ConfigFile, ConfigReference, Mount, MountSource, SecretFile, SecretReference, Tmpfs,
    Volume,
};
use skep_manifest::service::image::DigestPolicy;
use skep_manifest::service::mode::{Global, Mode, Replicated, ReplicatedJob};
use skep_manifest::service::network::{Endpoint, NetworkAttachment, NetworkReference};
use skep_manifest::service::placement::Placement;
use skep_manifest::service::port::{Port, Protocol, PublishMode};
use skep_manifest::service::resources::{Limits, Reservations, Resources, Ulimit};
use skep_manifest::service::update::{
    Ratio, Rollback, RollbackFailure, Update, UpdateFailure, UpdateOrder,
};

/// Holds for no node: no task of these services ever runs, and the test is about none.
const NOWHERE: &str = "node.labels.nowhere == true";
/// The first port that is published; each service has its own.
const PORT: u16 = 20_000;

/// Chance that repeats itself: the same seed, the same services.
pub(super) struct Dice {
    seed: (u64, u64),
    thrown: u64,
}

impl Dice {
    pub(super) const fn new(seed: u64, number: u64) -> Self {
        Self {
            seed: (seed, number),
            thrown: 0,
        }
    }

    /// A number below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.seed, self.thrown).hash(&mut hasher);
        self.thrown += 1;
        hasher.finish() % bound
    }

    fn flag(&mut self) -> bool {
        self.below(2) == 0
    }

    fn small(&mut self) -> u32 {
        u32::try_from(self.below(9)).expect("it is below")
    }

    fn pick<T: Clone>(&mut self, several: &[T]) -> T {
        let index = usize::try_from(self.below(several.len() as u64)).expect("it is below");
        several[index].clone()
    }

    /// Something in two of three cases.
    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(3) > 0).then(|| make(self))
    }

    /// Some of several, in their order.
    fn some<T: FromStr<Err: std::fmt::Debug>>(&mut self, several: &[&str]) -> Vec<T> {
        let mut some = Vec::new();
        for text in several {
            some.extend(self.flag().then(|| parsed(text)));
        }
        some
    }

    fn map(&mut self, entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut some = BTreeMap::new();
        for (name, value) in entries {
            some.extend(
                self.flag()
                    .then(|| ((*name).to_owned(), (*value).to_owned())),
            );
        }
        some
    }

    fn parsed<T: FromStr<Err: std::fmt::Debug>>(&mut self, several: &[&str]) -> T {
        parsed(self.pick(several))
    }
}

/// A value from its text.
fn parsed<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect(text)
}

/// A service that says something, or nothing, in every field.
pub(super) fn service(dice: &mut Dice, number: u64) -> ServiceSpec {
    let mode = mode(dice);
    let endpoint = dice.pick(&[Endpoint::Vip, Endpoint::Dnsrr]);
    let (update, rollback) = without_roll_out(mode).unwrap_or((update(dice), rollback(dice)));
    ServiceSpec {
        image: dice.parsed(&["nginx", "nginx:1.27", "registry.example.com/team/app:2"]),
        // What is looked up in a registry is another test's.
        digest: DigestPolicy::Ignore,
        command: dice.some(&["/bin/sh", "-c", "sleep 5"]),
        args: dice.some(&["-v", "--name={{.Service.Name}}", "ä b"]),
        environment: dice.map(&[("A", "1"), ("B", ""), ("C", "x=y z")]),
        labels: dice.map(&[("team", "blue"), ("empty", "")]),
        container_labels: dice.map(&[("log", "json"), ("a.b/c", "ü")]),
        mode,
        ports: ports(dice, endpoint, number),
        placement: Placement {
            constraints: [vec![parsed(NOWHERE)], dice.some(&["node.role==manager"])].concat(),
            spread: dice.some(&["node.labels.zone", "engine.labels.rack"]),
            platforms: dice.some(&["linux/amd64", "linux/arm64"]),
        },
        networks: networks(dice),
        mounts: mounts(dice),
        configs: configs(dice),
        secrets: secrets(dice),
        container_health: dice.maybe(health),
        resources: resources(dice),
        restart: Restart {
            condition: dice.pick(&[
                RestartCondition::Any,
                RestartCondition::OnFailure,
                RestartCondition::None,
            ]),
            delay: dice.parsed(&["0s", "5s", "1500ms"]),
            max_attempts: dice.small(),
            window: dice.parsed(&["0s", "1m"]),
        },
        update,
        rollback,
        stop: Stop {
            signal: dice.maybe(|dice| dice.parsed(&["SIGQUIT", "SIGTERM"])),
            grace: dice.parsed(&["0s", "10s", "1m30s"]),
        },
        init: dice.flag(),
        user: dice.maybe(|dice| dice.pick(&["101:101", "nobody"]).to_owned()),
        working_directory: dice.maybe(|dice| dice.parsed(&["/", "/srv"])),
        hostname: dice.maybe(|dice| dice.pick(&["web", "{{.Node.Hostname}}"]).to_owned()),
        read_only: dice.flag(),
        capabilities: Capabilities {
            add: dice.some(&["NET_ADMIN", "CAP_SYS_PTRACE"]),
            drop: dice.some(&["CHOWN", "ALL"]),
        },
        sysctls: dice.map(&[("net.core.somaxconn", "1024"), ("kernel.shmmax", "65536")]),
        ulimits: ulimits(dice),
        hosts: hosts(dice),
        dns: Dns {
            nameservers: dice.some(&["10.0.0.53", "fd00::53"]),
            search: dice.some(&["example.com", "example.org"]),
            options: dice.some(&["ndots:2", "timeout:1"]),
        },
        endpoint,
        logging: dice.maybe(|dice| Logging {
            driver: dice.pick(&["json-file", "local"]).to_owned(),
            options: dice.map(&[("max-size", "10m"), ("max-file", "3")]),
        }),
        drift: None,
    }
}

/// How a job is rolled out: it is not.
pub(super) fn without_roll_out(mode: Mode) -> Option<(Update, Rollback)> {
    match mode {
        Mode::Replicated(_) | Mode::Global(_) => None,
        Mode::ReplicatedJob(_) | Mode::GlobalJob(_) => {
            Some((Update::default(), Rollback::default()))
        }
    }
}

fn mode(dice: &mut Dice) -> Mode {
    let concurrent = dice.maybe(|dice| dice.small() + 1);
    let max_per_node = dice.maybe(|dice| dice.small() + 1);
    let replicas = dice.small();
    dice.pick(&[
        Mode::Replicated(Replicated {
            replicas,
            max_per_node,
        }),
        Mode::Global(Global {}),
        Mode::ReplicatedJob(ReplicatedJob {
            completions: replicas + 1,
            concurrent,
        }),
        Mode::GlobalJob(Global {}),
    ])
}

/// The engine publishes no port through its mesh for names that resolve to tasks.
fn ports(dice: &mut Dice, endpoint: Endpoint, number: u64) -> Vec<Port> {
    let own = PORT + 10 * u16::try_from(number).expect("services are few");
    let modes = match endpoint {
        Endpoint::Vip => &[PublishMode::Ingress, PublishMode::Host][..],
        Endpoint::Dnsrr => &[PublishMode::Host][..],
    };
    let port = |index| Port {
        published: dice.maybe(|_| own + index),
        target: 80 + index,
        protocol: dice.pick(&[Protocol::Tcp, Protocol::Udp, Protocol::Sctp]),
        mode: dice.pick(modes),
        // Refused.
        only_on: None,
    };
    let count = number % 3;
    (0..)
        .take(usize::try_from(count).expect("few"))
        .map(port)
        .collect()
}

fn networks(dice: &mut Dice) -> Vec<NetworkAttachment> {
    let network = dice.pick(&[
        NetworkReference::External(parsed("host")),
        NetworkReference::Network(parsed("front")),
    ]);
    let attachment = |dice: &mut Dice| NetworkAttachment {
        network,
        aliases: dice.some(&["www"]),
    };
    dice.maybe(attachment).into_iter().collect()
}

fn configs(dice: &mut Dice) -> Vec<ConfigFile> {
    let file = |dice: &mut Dice| ConfigFile {
        config: ConfigReference::Config(parsed("site")),
        target: dice.maybe(|_| "/etc/site".to_owned()),
        uid: dice.parsed(&["0", "101"]),
        gid: dice.parsed(&["0", "101"]),
        mode: dice.parsed(&["0444", "0000"]),
    };
    dice.maybe(file).into_iter().collect()
}

fn secrets(dice: &mut Dice) -> Vec<SecretFile> {
    let file = |dice: &mut Dice| SecretFile {
        secret: SecretReference::Secret(parsed("key")),
        target: dice.maybe(|_| "tls.key".to_owned()),
        uid: dice.parsed(&["0", "101"]),
        gid: dice.parsed(&["0", "101"]),
        mode: dice.parsed(&["0400", "0444"]),
    };
    dice.maybe(file).into_iter().collect()
}

fn mounts(dice: &mut Dice) -> Vec<Mount> {
    let sources = [
        MountSource::Bind(Bind {
            source: dice.parsed(&["/srv", "/"]),
        }),
        MountSource::Volume(Volume {
            name: dice.maybe(|_| parsed("cache")),
            driver: dice.pick(&["local", "nfs"]).to_owned(),
            options: dice.map(&[("o", "rw"), ("type", "nfs")]),
            labels: dice.map(&[("of", "somebody"), ("empty", "")]),
        }),
        MountSource::Tmpfs(Tmpfs {
            size: dice.maybe(|dice| dice.parsed(&["64Mi", "0"])),
            mode: dice.maybe(|dice| dice.parsed(&["1777", "0700"])),
        }),
    ];
    let mut mounts = Vec::new();
    for (index, source) in sources.into_iter().enumerate() {
        let mount = Mount {
            source,
            target: parsed(&format!("/mnt/{index}")),
            read_only: dice.flag(),
        };
        mounts.extend(dice.flag().then_some(mount));
    }
    mounts
}

fn health(dice: &mut Dice) -> ContainerHealth {
    ContainerHealth {
        test: dice.pick(&[
            vec!["NONE".to_owned()],
            vec!["/check".to_owned(), "-v".to_owned()],
        ]),
        interval: dice.parsed(&["30s", "5s"]),
        timeout: dice.parsed(&["30s", "200ms"]),
        retries: dice.pick(&[1, 3]),
        start_period: dice.parsed(&["0s", "1m"]),
    }
}

fn resources(dice: &mut Dice) -> Resources {
    Resources {
        limits: Limits {
            cpus: dice.maybe(|dice| dice.parsed(&["0.5", "1.000000001"])),
            memory: dice.maybe(|dice| dice.parsed(&["128Mi", "1Gi"])),
            pids: dice.maybe(|dice| dice.small() + 1),
        },
        reservations: Reservations {
            cpus: dice.maybe(|dice| dice.parsed(&["0.001", "0.25"])),
            memory: dice.maybe(|dice| dice.parsed(&["4Mi", "64Mi"])),
        },
    }
}

fn update(dice: &mut Dice) -> Update {
    Update {
        parallelism: dice.small(),
        delay: dice.parsed(&["0s", "3s"]),
        order: dice.pick(&[UpdateOrder::StopFirst, UpdateOrder::StartFirst]),
        on_failure: dice.pick(&[
            UpdateFailure::Pause,
            UpdateFailure::Continue,
            UpdateFailure::Rollback,
        ]),
        monitor: dice.parsed(&["5s", "1ms"]),
        max_failure_ratio: ratio(dice),
    }
}

fn rollback(dice: &mut Dice) -> Rollback {
    Rollback {
        parallelism: dice.small(),
        delay: dice.parsed(&["0s", "3s"]),
        order: dice.pick(&[UpdateOrder::StopFirst, UpdateOrder::StartFirst]),
        on_failure: dice.pick(&[RollbackFailure::Pause, RollbackFailure::Continue]),
        monitor: dice.parsed(&["5s", "1ms"]),
        max_failure_ratio: ratio(dice),
    }
}

fn ratio(dice: &mut Dice) -> Ratio {
    let ratio = dice.pick(&[0.0, 0.1, 0.333_333, 1.0]);
    Ratio::try_from(ratio).expect("a share")
}

fn ulimits(dice: &mut Dice) -> BTreeMap<String, Ulimit> {
    let several = [("nofile", 1024, 4096), ("memlock", -1, -1), ("core", 0, 0)];
    let mut some = BTreeMap::new();
    for (name, soft, hard) in several {
        some.extend(
            dice.flag()
                .then(|| (name.to_owned(), Ulimit { soft, hard })),
        );
    }
    some
}

fn hosts(dice: &mut Dice) -> BTreeMap<String, Address> {
    let mut some = BTreeMap::new();
    for (name, address) in [
        ("db", "10.0.0.5"),
        ("db6", "fd00::5"),
        ("also-db", "10.0.0.5"),
    ] {
        some.extend(dice.flag().then(|| (name.to_owned(), parsed(address))));
    }
    some
}
