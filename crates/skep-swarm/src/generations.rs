//! The cluster's desired state in the swarm's own store: generation after generation, sealed, as
//! configs that no service uses.
//!
//! A generation's content lies in parts that are named after it and never change. Which one is the
//! latest stands in the labels of one more config, the *head*. Labels are replaced under the version
//! they were read with, so of two submissions at once one wins. Creating by name would not do: a
//! name that was removed can come back with other content, and a create that came too late to be
//! answered may be carried out all the same.

mod head;
mod orphans;
mod parts;
mod seal;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::{Value, json};
use skep_manifest::name::Name;
use skep_plan::ownership::SWARM;

pub use head::{Entry, Head, InvalidLabel, KEPT};
pub use seal::{KEY_BYTES, Seal, SealError};

use crate::engine::{Client, EngineError, percent_encoded};

/// The engine keeps no config without data.
const HEAD_DATA: &str = "skep";
/// How often the head is read again when something else changed it while it was to be written.
const TRIES_MAX: u32 = 5;

/// The generations that the swarm of one engine keeps.
#[derive(Debug)]
pub struct Generations {
    client: Arc<Client>,
    swarm: Name,
    seal: Arc<Seal>,
}

/// A generation that shall be the latest.
#[derive(Clone, Copy, Debug)]
pub struct Next<'a> {
    /// Its number.
    pub number: u64,
    /// The digest of its desired state.
    pub digest: &'a str,
    /// The revision of the manifest language it is written in.
    pub schema_revision: u32,
    /// All of it.
    pub content: &'a [u8],
}

/// What became of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It is the latest generation.
    Accepted,
    /// Another one came before it.
    Conflict(Head),
    /// The engine did not say and cannot be asked: read the head again.
    Unknown,
}

/// Why the generations cannot be read or written. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum GenerationsError {
    /// The engine did not do it.
    #[error("the swarm's store does not answer")]
    Engine(#[from] EngineError),
    /// The head is gone.
    #[error(
        "the config `{0}` is gone: restore the swarm from a backup, or apply the manifests again"
    )]
    HeadMissing(String),
    /// The head is not what skep writes.
    #[error("the config `{name}` is not understood")]
    HeadNotUnderstood {
        /// Its name.
        name: String,
        /// What is wrong with it.
        #[source]
        source: InvalidLabel,
    },
    /// A part does not hold what it should.
    #[error("the config `{name}` cannot be opened")]
    Sealed {
        /// Its name.
        name: String,
        /// Why not.
        #[source]
        source: SealError,
    },
    /// The parts do not make up the content.
    #[error("generation {0} is damaged: its configs do not make up what was written")]
    Damaged(u64),
    /// It is too large.
    #[error(
        "the manifests are too large for the swarm's store: {parts} parts of {} kB where {} are \
         allowed",
        parts::PART_BYTES_MAX / 1000,
        parts::PARTS_MAX
    )]
    TooLarge {
        /// How many parts it would be.
        parts: usize,
    },
}

impl Generations {
    /// Those of the swarm called `swarm`, kept by this engine.
    #[must_use]
    pub fn new(client: Arc<Client>, swarm: &Name, seal: Arc<Seal>) -> Self {
        Self {
            client,
            swarm: swarm.clone(),
            seal,
        }
    }

    /// What the head says; nothing when there is none.
    ///
    /// # Errors
    ///
    /// [`GenerationsError`] when the engine does not answer or the head is not understood.
    pub async fn head(&self) -> Result<Option<Head>, GenerationsError> {
        let read = self.read_head().await?;
        Ok(read.map(|read| read.head))
    }

    /// The content of a generation that is kept.
    ///
    /// # Errors
    ///
    /// [`GenerationsError`] when the engine does not answer or what it keeps is not what was
    /// written.
    pub async fn content(&self, entry: &Entry) -> Result<Vec<u8>, GenerationsError> {
        let mut deflated = Vec::new();
        for name in self.part_names(entry) {
            deflated.push(self.open(&name).await?);
        }
        let content = parts::join(&deflated, &entry.content);
        content.ok_or(GenerationsError::Damaged(entry.number))
    }

    /// Makes `next` the latest generation, if the latest is the one of this number and digest; with
    /// none expected, if there was none before.
    ///
    /// # Errors
    ///
    /// [`GenerationsError`]: then it is not the latest and will not be.
    pub async fn submit(
        &self,
        expected: Option<(u64, &str)>,
        next: &Next<'_>,
    ) -> Result<Submitted, GenerationsError> {
        let cut = parts::cut(next.content);
        if cut.len() > parts::PARTS_MAX {
            return Err(GenerationsError::TooLarge { parts: cut.len() });
        }
        let entry = Entry {
            number: next.number,
            content: parts::content_id(next.content),
            parts: cut.len(),
        };
        let mut read = self.head_to_advance(expected.is_none()).await?;
        let mut is_laid = false;
        for attempt in 0..TRIES_MAX {
            if read.head.history.first() == Some(&entry) {
                return Ok(Submitted::Accepted);
            }
            if read.head.is(expected) {
                let laid = if is_laid && read.head.number > 0 {
                    Ok(())
                } else {
                    self.make_room_and_lay(&read, &entry, &cut).await
                };
                match laid {
                    Ok(()) => is_laid = true,
                    Err(error) if attempt == 0 => return Err(error),
                    // What was asked for before may still be carried out.
                    Err(_) => return Ok(Submitted::Unknown),
                }
            } else {
                if is_laid {
                    self.forget(&entry).await;
                }
                return Ok(Submitted::Conflict(read.head));
            }
            let (head, forgotten) =
                read.head
                    .advanced(next.digest, next.schema_revision, entry.clone());
            match self.write_head(&read, &head).await {
                Ok(()) => {
                    for old in &forgotten {
                        self.forget(old).await;
                    }
                    return Ok(Submitted::Accepted);
                }
                // It is read again below: somebody else wrote, or this was carried out.
                Err(error) if error.is_retryable() => {}
                Err(error) if attempt == 0 => return Err(error.into()),
                // What was asked for before may still be carried out.
                Err(_) => return Ok(Submitted::Unknown),
            }
            match self.read_head().await {
                Ok(Some(again)) => read = again,
                Ok(None) | Err(_) => return Ok(Submitted::Unknown),
            }
        }
        Ok(Submitted::Unknown)
    }

    /// The head, made first when there is none and there may be none.
    async fn head_to_advance(&self, may_be_missing: bool) -> Result<ReadHead, GenerationsError> {
        let missing = || GenerationsError::HeadMissing(self.head_name());
        if let Some(read) = self.read_head().await? {
            return Ok(read);
        }
        if !may_be_missing {
            return Err(missing());
        }
        let labels = self.labels(&Head::default());
        match self
            .create(&self.head_name(), &labels, HEAD_DATA.as_bytes())
            .await
        {
            Ok(()) | Err(EngineError::NameTaken(_)) => {}
            Err(error) => return Err(error.into()),
        }
        self.read_head().await?.ok_or_else(missing)
    }

    async fn read_head(&self) -> Result<Option<ReadHead>, GenerationsError> {
        let name = self.head_name();
        let config = match self.client.read::<Config>(&path(&name)).await {
            Ok(config) => config,
            Err(EngineError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let head = Head::of_labels(&config.spec.labels)
            .map_err(|source| GenerationsError::HeadNotUnderstood { name, source })?;
        Ok(Some(ReadHead {
            id: config.id,
            version: config.version.index,
            head,
        }))
    }

    async fn write_head(&self, read: &ReadHead, head: &Head) -> Result<(), EngineError> {
        let path = format!("{}/update?version={}", path(&read.id), read.version);
        let spec = json!({ "Name": self.head_name(), "Labels": self.labels(head) });
        self.client.write(&path, &spec).await
    }

    /// Puts every part in its place; before the first one, where a lost head left some behind.
    async fn make_room_and_lay(
        &self,
        read: &ReadHead,
        entry: &Entry,
        cut: &[Vec<u8>],
    ) -> Result<(), GenerationsError> {
        if read.head.number == 0 {
            self.collect_orphans(read.version).await?;
        }
        self.lay(entry, cut).await
    }

    /// Puts every part in its place.
    async fn lay(&self, entry: &Entry, cut: &[Vec<u8>]) -> Result<(), GenerationsError> {
        let labels = BTreeMap::from([(SWARM.to_owned(), self.swarm.to_string())]);
        for (name, part) in self.part_names(entry).zip(cut) {
            let sealed = self.seal.seal(&name, part);
            let sealed = sealed.map_err(sealed_at(&name))?;
            match self.create(&name, &labels, &sealed).await {
                Ok(()) => {}
                // An earlier try whose answer did not come, if it opens.
                Err(EngineError::NameTaken(_)) => drop(self.open(&name).await?),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn open(&self, name: &str) -> Result<Vec<u8>, GenerationsError> {
        let config = self.client.read::<Config>(&path(name)).await?;
        let sealed = BASE64.decode(config.spec.data).unwrap_or_default();
        self.seal.open(name, &sealed).map_err(sealed_at(name))
    }

    /// Removes the parts of a generation. One that stays does no harm and is never read.
    async fn forget(&self, entry: &Entry) {
        for name in self.part_names(entry) {
            let _left_over = self.client.remove(&path(&name)).await;
        }
    }

    async fn create(
        &self,
        name: &str,
        labels: &BTreeMap<String, String>,
        data: &[u8],
    ) -> Result<(), EngineError> {
        let data = BASE64.encode(data);
        let spec: Value = json!({ "Name": name, "Labels": labels, "Data": data });
        self.client.write("/configs/create", &spec).await
    }

    fn labels(&self, head: &Head) -> BTreeMap<String, String> {
        let mut labels = head.labels();
        labels.insert(SWARM.to_owned(), self.swarm.to_string());
        labels
    }

    fn head_name(&self) -> String {
        format!("skep.{}.head", self.swarm)
    }

    fn part_names(&self, entry: &Entry) -> impl Iterator<Item = String> {
        let of = format!("skep.{}.{}", self.swarm, entry.content);
        (0..entry.parts).map(move |part| format!("{of}.{part}"))
    }
}

/// The head, and what is needed to replace it.
struct ReadHead {
    id: String,
    version: u64,
    head: Head,
}

#[derive(Deserialize)]
struct Config {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "Version")]
    version: Version,
    #[serde(rename = "Spec")]
    spec: ConfigSpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    index: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ConfigSpec {
    #[serde(default)]
    name: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    data: String,
}

fn path(name_or_id: &str) -> String {
    format!("/configs/{}", percent_encoded(name_or_id))
}

fn sealed_at(name: &str) -> impl FnOnce(SealError) -> GenerationsError {
    let name = name.to_owned();
    move |source| GenerationsError::Sealed { name, source }
}

#[cfg(test)]
mod tests;
