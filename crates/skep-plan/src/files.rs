//! Configs and secrets: the engine changes none, so another content is another object, which its
//! services then name instead.
//!
//! The old one stays as long as a service has it, or may go back to it.

use std::collections::{BTreeMap, BTreeSet};

use skep_manifest::condition::Reason;
use skep_manifest::desired::{Declared, Desired, Origin};
use skep_manifest::name::Name;
use skep_manifest::swarm::{Drift, SwarmSpec};
use skep_manifest::value_source::ValueSource;

use crate::action::{Action, Blocked, CreateFile, Executor, FileKind, Plan, RemoveFile, Step};
use crate::content::Content;
use crate::naming::{NamingKeys, names};
use crate::observed::{Cluster, ClusterFile};
use crate::ownership::{OBJECT, SWARM, file_object, is_ours};

/// The configs and secrets of a desired state, and how the engine shall know each.
#[derive(Default)]
pub(crate) struct Files<'a> {
    by_kind: BTreeMap<FileKind, BTreeMap<&'a Name, File<'a>>>,
}

/// A declared config or secret.
struct File<'a> {
    /// What it is called in the engine.
    name: String,
    content: &'a str,
    /// The labels that are declared.
    labels: &'a BTreeMap<String, String>,
}

/// A config or secret as it is declared.
#[derive(Clone, Copy)]
struct Declaration<'a> {
    kind: FileKind,
    name: &'a Name,
    data: &'a ValueSource,
    labels: &'a BTreeMap<String, String>,
    origin: &'a Origin,
}

impl<'a> Files<'a> {
    /// Names everything that is declared; what is in the cluster under an older key keeps its name.
    pub(crate) fn new(desired: &'a Desired, keys: &NamingKeys, cluster: &Cluster) -> Self {
        let mut by_kind: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for declaration in declared(desired) {
            let Declaration {
                kind,
                name: object,
                labels,
                ..
            } = declaration;
            let ValueSource::Value(content) = declaration.data else {
                continue;
            };
            let there = there(cluster, kind);
            let mut candidates = names(kind, object, content, keys);
            let known = candidates.iter().position(|name| there.contains_key(name));
            let name = candidates.swap_remove(known.unwrap_or(0));
            let files = by_kind.entry(kind).or_default();
            let file = File {
                name,
                content,
                labels,
            };
            files.insert(object, file);
        }
        Self { by_kind }
    }

    /// What an object is called in the engine; nothing when its content is not known.
    pub(crate) fn name(&self, kind: FileKind, object: &Name) -> Option<&str> {
        let file = self.file(kind, object)?;
        Some(&file.name)
    }

    fn file(&self, kind: FileKind, object: &Name) -> Option<&File<'a>> {
        self.by_kind.get(&kind)?.get(object)
    }
}

/// Plans what is missing.
pub(crate) fn plan_creation(
    swarm: &Declared<SwarmSpec>,
    desired: &Desired,
    files: &Files<'_>,
    cluster: &Cluster,
    plan: &mut Plan,
) {
    let (swarm, drift) = (&swarm.metadata.name, swarm.spec.drift);
    let known = FileKind::ALL.map(|kind| (kind, objects(swarm, there(cluster, kind))));
    let known = BTreeMap::from(known);
    for declaration in declared(desired) {
        let Declaration {
            kind, name: object, ..
        } = declaration;
        let Some(file) = files.file(kind, object) else {
            plan.blocked.push(unread(kind, object, declaration.origin));
            continue;
        };
        let label = file_object(kind, object.as_str());
        let because = match there(cluster, kind).get(&file.name) {
            Some(there) if is_labelled(swarm, &label, file, there) => continue,
            Some(_) if drift == Drift::Report => {
                plan.blocked.push(relabelled(kind, object));
                continue;
            }
            Some(_) => "somebody else changed its labels",
            None if known[&kind].contains(label.as_str()) => "its content changed",
            None => "the swarm does not have it",
        };
        plan.steps.push(create(swarm, kind, label, file, because));
    }
}

/// Plans the removal of what no service has or may go back to.
pub(crate) fn plan_collection(swarm: &Name, files: &Files<'_>, cluster: &Cluster, plan: &mut Plan) {
    for kind in FileKind::ALL {
        let wanted = files.by_kind.get(&kind).into_iter().flatten();
        let mut kept: BTreeSet<&str> = wanted.map(|(_, file)| file.name.as_str()).collect();
        kept.extend(used(kind, cluster));
        for (name, file) in there(cluster, kind) {
            let object = file.labels.get(OBJECT);
            let Some(object) = object.filter(|object| is_ours(swarm, object, &file.labels)) else {
                continue;
            };
            if !kept.contains(name.as_str()) {
                plan.steps.push(collect(kind, name, file, object));
            }
        }
    }
}

fn collect(kind: FileKind, name: &str, file: &ClusterFile, object: &str) -> Step {
    Step {
        object: object.to_owned(),
        executor: Executor::Writer,
        action: Action::RemoveFile(RemoveFile {
            kind,
            name: name.to_owned(),
            id: file.id.clone(),
        }),
        because: "no service has it any more".to_owned(),
    }
}

/// All configs and secrets that are declared.
fn declared(desired: &Desired) -> impl Iterator<Item = Declaration<'_>> {
    let configs = desired.configs.values().map(|config| Declaration {
        kind: FileKind::Config,
        name: &config.metadata.name,
        data: &config.spec.data,
        labels: &config.spec.labels,
        origin: &config.origin,
    });
    let secrets = desired.secrets.values().map(|secret| Declaration {
        kind: FileKind::Secret,
        name: &secret.metadata.name,
        data: &secret.spec.data,
        labels: &secret.spec.labels,
        origin: &secret.origin,
    });
    configs.chain(secrets)
}

const fn there(cluster: &Cluster, kind: FileKind) -> &BTreeMap<String, ClusterFile> {
    match kind {
        FileKind::Config => &cluster.configs,
        FileKind::Secret => &cluster.secrets,
    }
}

/// The names of everything of a kind that some service has or may go back to.
fn used(kind: FileKind, cluster: &Cluster) -> BTreeSet<&str> {
    let services = cluster.services.values();
    let specs = services.flat_map(|service| [Some(&service.spec), service.fallback.as_ref()]);
    let references = specs.flatten().flat_map(|spec| {
        let container = &spec["TaskTemplate"]["ContainerSpec"];
        container[kind.list()].as_array().into_iter().flatten()
    });
    references
        .filter_map(|reference| reference[kind.name_field()].as_str())
        .collect()
}

/// The objects of skep's among `there`, as their labels name them.
fn objects<'a>(swarm: &Name, there: &'a BTreeMap<String, ClusterFile>) -> BTreeSet<&'a str> {
    let objects = there.values().filter_map(|file| {
        let object = file.labels.get(OBJECT)?;
        is_ours(swarm, object, &file.labels).then_some(object.as_str())
    });
    objects.collect()
}

/// Whether what is there has the labels of skep's and those that are declared.
fn is_labelled(swarm: &Name, object: &str, file: &File<'_>, there: &ClusterFile) -> bool {
    let mut declared = file.labels.iter();
    is_ours(swarm, object, &there.labels)
        && declared.all(|(key, label)| there.labels.get(key) == Some(label))
}

fn create(swarm: &Name, kind: FileKind, label: String, file: &File<'_>, because: &str) -> Step {
    let mut labels = file.labels.clone();
    labels.insert(SWARM.to_owned(), swarm.to_string());
    labels.insert(OBJECT.to_owned(), label.clone());
    Step {
        object: label,
        executor: Executor::Writer,
        action: Action::CreateFile(CreateFile {
            kind,
            name: file.name.clone(),
            labels,
            content: Content::from(file.content.to_owned()),
        }),
        because: because.to_owned(),
    }
}

fn unread(kind: FileKind, object: &Name, origin: &Origin) -> Blocked {
    Blocked {
        object: file_object(kind, object.as_str()),
        reason: Reason::NotSupported,
        message: "its content is not known here".to_owned(),
        remedy: format!(
            "give it as `value`, `fromFile`, `fromEnv` or `sealed`, at {}:{}",
            origin.file, origin.line
        ),
    }
}

fn relabelled(kind: FileKind, object: &Name) -> Blocked {
    Blocked {
        object: file_object(kind, object.as_str()),
        reason: Reason::Drifted,
        message: "somebody else changed its labels".to_owned(),
        remedy: "put them back, or say `drift: repair` in the `Swarm`".to_owned(),
    }
}

impl FileKind {
    /// Where a service's containers list those they have.
    #[must_use]
    pub const fn list(self) -> &'static str {
        match self {
            Self::Config => "Configs",
            Self::Secret => "Secrets",
        }
    }

    /// The field of an entry of that list that names one.
    #[must_use]
    pub const fn name_field(self) -> &'static str {
        match self {
            Self::Config => "ConfigName",
            Self::Secret => "SecretName",
        }
    }

    /// The field of an entry of that list with the id of one.
    #[must_use]
    pub const fn id_field(self) -> &'static str {
        match self {
            Self::Config => "ConfigID",
            Self::Secret => "SecretID",
        }
    }
}
