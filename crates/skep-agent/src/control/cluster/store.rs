//! What an agent of a cluster keeps on disk: the desired state, its vote, the swarm it was in.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use skep_api::cluster::{Entrusted, VoteRequest};
use skep_api::generation::{GenerationId, Held};
use skep_api::moves::Move;
use skep_api::recovery::Recovered;
use skep_manifest::value_source::Sealed;

use crate::control::understand::with_causes;
use crate::control::whole_file;

/// What became of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// It is the desired state from here on.
    Accepted,
    /// Another one came before it.
    Conflict,
}

/// The desired state this agent works towards.
const GENERATION: &str = "generation.json";
/// The votes this agent granted, by the name of the swarm.
const VOTES: &str = "votes.json";
/// Where operators moved VIP groups.
const MOVES: &str = "moves.json";
/// The swarm this node is or was in.
const MEMBERSHIP: &str = "membership.json";
/// The last recovery of the swarm.
const RECOVERY: &str = "recovery.json";
/// Whether a token that this agent granted may still let nodes in.
const GRANTED: &str = "granted.json";
/// What unlocks the engine, sealed, newest first.
const UNLOCK_KEYS: &str = "unlock-keys.json";
/// What agents with the cluster's key gave this node, which has none.
const ENTRUSTED: &str = "entrusted.json";
/// What the watched directory held when it was last in step with the desired state.
const IN_STEP: &str = "in-step.json";

/// The state directory of an agent.
#[derive(Clone, Debug)]
pub(in crate::control) struct Store {
    directory: PathBuf,
}

/// The swarm this node is or was in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Remembered {
    /// The id of the swarm.
    pub(super) swarm_id: String,
    /// The id of the node in it.
    #[serde(default)]
    pub(super) node_id: Option<String>,
    /// Whether it was seen to keep the desired state.
    #[serde(default)]
    pub(super) keeps_desired_state: bool,
}

/// What is known of a recovery of the swarm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeptRecovery {
    /// The last one.
    pub(super) recovered: Option<Recovered>,
    /// Whether this node's engine was told to become the only manager, and was not seen to be it.
    pub(super) has_begun: bool,
}

/// A move, as it survives a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::control) struct KeptMove {
    /// The move as it was ordered.
    pub(in crate::control) order: Move,
    /// When it ends, in milliseconds since 1970: only the wall clock goes on while a machine is
    /// off.
    pub(in crate::control) until_ms: Option<u64>,
}

/// Why something was not kept or not found.
#[derive(Debug, thiserror::Error)]
pub(in crate::control) enum StoreError {
    /// The system refuses.
    #[error("cannot {action} {}", path.display())]
    Refused {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// The file is not what this agent writes.
    #[error("{} is not understood: was it changed, or written by a newer skep? Put a copy of it back, or move it away", path.display())]
    NotUnderstood {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
}

impl Store {
    /// The directory, made when it is missing; only this user may look into it, for a desired
    /// state can hold secrets.
    pub(in crate::control) fn open(directory: &Path) -> Result<Self, StoreError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(refused("create", directory))?;
        Ok(Self {
            directory: directory.to_owned(),
        })
    }

    /// Whether a desired state of a cluster is kept in `directory`, which need not exist.
    pub(in crate::control) fn is_of_cluster(directory: &Path) -> bool {
        directory.join(GENERATION).exists()
    }

    /// The desired state that was kept last.
    pub(super) fn latest(&self) -> Result<Option<Held>, StoreError> {
        self.read(GENERATION)
    }

    /// Keeps `held`, whatever was kept before.
    pub(super) fn keep(&self, held: &Held) -> Result<(), StoreError> {
        self.write(GENERATION, held)
    }

    /// Keeps `next`, if what was kept last is still `expected`: as long as there is no swarm that
    /// could keep it, the disk of the first manager's agent is where the desired state is decided.
    /// With an error it is not known whether it was kept.
    pub(super) fn submit(
        &self,
        expected: Option<&GenerationId>,
        next: &Held,
    ) -> Result<Kept, StoreError> {
        let latest = self.latest()?.map(|latest| latest.generation.id);
        if latest.as_ref() != expected {
            return Ok(Kept::Conflict);
        }
        self.keep(next)?;
        Ok(Kept::Accepted)
    }

    /// The vote that was granted for the swarm called `swarm`.
    pub(super) fn vote(&self, swarm: &str) -> Result<Option<VoteRequest>, StoreError> {
        Ok(self.votes()?.remove(swarm))
    }

    /// Keeps `vote` beside those for other swarms.
    pub(super) fn keep_vote(&self, vote: &VoteRequest) -> Result<(), StoreError> {
        let mut votes = self.votes()?;
        votes.insert(vote.swarm.clone(), vote.clone());
        self.write(VOTES, &votes)
    }

    fn votes(&self) -> Result<BTreeMap<String, VoteRequest>, StoreError> {
        Ok(self.read(VOTES)?.unwrap_or_default())
    }

    /// The swarm this node is or was in.
    pub(super) fn remembered(&self) -> Result<Option<Remembered>, StoreError> {
        self.read(MEMBERSHIP)
    }

    pub(super) fn remember(&self, membership: &Remembered) -> Result<(), StoreError> {
        self.write(MEMBERSHIP, membership)
    }

    pub(super) fn recovery(&self) -> Result<KeptRecovery, StoreError> {
        Ok(self.read(RECOVERY)?.unwrap_or_default())
    }

    pub(super) fn keep_recovery(&self, recovery: &KeptRecovery) -> Result<(), StoreError> {
        self.write(RECOVERY, recovery)
    }

    /// Whether a token that this agent granted may still let nodes in: where that cannot be read,
    /// one may.
    pub(super) fn has_granted(&self) -> bool {
        let granted = self.read(GRANTED).unwrap_or_else(|error| {
            tracing::warn!("join tokens are made anew: {}", with_causes(&error));
            Some(true)
        });
        granted.unwrap_or_default()
    }

    pub(super) fn keep_granted(&self, has_granted: bool) -> Result<(), StoreError> {
        self.write(GRANTED, &has_granted)
    }

    /// Where copies of what the engine keeps are put.
    pub(super) fn backups(&self) -> PathBuf {
        self.directory.join("backups")
    }

    /// Where everything is kept.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The moves that were kept in `directory`, which need not exist.
    pub(in crate::control) fn moves(directory: &Path) -> Result<Vec<KeptMove>, StoreError> {
        let store = Self {
            directory: directory.to_owned(),
        };
        Ok(store.read(MOVES)?.unwrap_or_default())
    }

    pub(in crate::control) fn keep_moves(&self, moves: &[KeptMove]) -> Result<(), StoreError> {
        self.write(MOVES, &moves)
    }

    /// The digest of what the watched directory held when it was last in step.
    pub(in crate::control) fn in_step(&self) -> Result<Option<String>, StoreError> {
        self.read(IN_STEP)
    }

    pub(in crate::control) fn keep_in_step(&self, digest: &str) -> Result<(), StoreError> {
        self.write(IN_STEP, &digest)
    }

    /// What unlocks the engine, newest first.
    pub(super) fn unlock_keys(&self) -> Result<Vec<Sealed>, StoreError> {
        Ok(self.read(UNLOCK_KEYS)?.unwrap_or_default())
    }

    pub(super) fn keep_unlock_keys(&self, keys: &[Sealed]) -> Result<(), StoreError> {
        self.write(UNLOCK_KEYS, &keys)
    }

    /// What agents with the cluster's key gave this node.
    pub(super) fn entrusted(&self) -> Result<Entrusted, StoreError> {
        Ok(self.read(ENTRUSTED)?.unwrap_or_default())
    }

    pub(super) fn keep_entrusted(&self, entrusted: &Entrusted) -> Result<(), StoreError> {
        self.write(ENTRUSTED, entrusted)
    }

    /// Forgets the desired state, and what was given for it.
    pub(in crate::control) fn forget(&self) -> Result<(), StoreError> {
        for name in [GENERATION, ENTRUSTED] {
            let path = self.directory.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(refused("remove", &path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let path = self.directory.join(name);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refused("read", &path)(error)),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|source| StoreError::NotUnderstood { path, source })
    }

    /// Writes a file so that after a power cut it is the old one or the new one, whole.
    fn write(&self, name: &str, value: &impl Serialize) -> Result<(), StoreError> {
        let path = self.directory.join(name);
        let text = serde_json::to_vec(value).expect("what is kept has only string keys");
        whole_file::write(&path, &text).map_err(refused("write", &path))
    }
}

fn refused(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Refused {
        action,
        path,
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use skep_api::generation::Generation;
    use skep_plan::decisions::Decisions;
    use skep_plan::feeding::Kept as Content;

    use super::*;

    #[test]
    fn what_is_kept_is_found_and_a_broken_file_is_named() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(&directory.path().join("state")).expect("opened");
        assert_eq!(store.remembered().expect("readable"), None);
        let membership = Remembered {
            swarm_id: "abc".to_owned(),
            node_id: Some("def".to_owned()),
            keeps_desired_state: true,
        };
        store.remember(&membership).expect("kept");
        let again = Store::open(&directory.path().join("state")).expect("opened");
        assert_eq!(again.remembered().expect("readable"), Some(membership));

        let path = directory.path().join("state").join(MEMBERSHIP);
        fs::write(&path, "{\"swarm").expect("written");
        let error = again.remembered().expect_err("half a file");
        assert!(error.to_string().contains("membership.json"), "{error}");
    }

    #[test]
    fn a_vote_for_one_swarm_does_not_forget_the_vote_for_another() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(directory.path()).expect("opened");
        let vote = |swarm: &str, initiator: &str| VoteRequest {
            swarm: swarm.to_owned(),
            initiator: initiator.parse().expect("a name"),
            digest: String::new(),
            withdrawn: BTreeSet::new(),
        };
        let (cube, home) = (vote("cube", "cube01"), vote("home", "pi1"));
        store.keep_vote(&cube).expect("kept");
        store.keep_vote(&home).expect("kept");
        assert_eq!(store.vote("cube").expect("read"), Some(cube));
        assert_eq!(store.vote("home").expect("read"), Some(home));
        assert_eq!(store.vote("other").expect("read"), None);
    }

    #[test]
    fn a_submission_that_another_one_came_before_is_a_conflict() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(directory.path()).expect("opened");
        let held = |number: u64, digest: &str| Held {
            generation: Generation {
                id: GenerationId {
                    number,
                    digest: digest.to_owned(),
                },
                feeder: "apply".to_owned(),
                accepted_at: String::new(),
                kept: Content::default(),
                decisions: Decisions::default(),
            },
            is_stored: false,
        };
        let (first, second) = (held(1, "a"), held(2, "b"));
        assert_eq!(store.submit(None, &first).expect("kept"), Kept::Accepted);
        let late = store.submit(None, &second).expect("read");
        assert_eq!(late, Kept::Conflict);
        let after = Some(&first.generation.id);
        assert_eq!(store.submit(after, &second).expect("kept"), Kept::Accepted);
        assert_eq!(store.latest().expect("read"), Some(second));
    }

    #[test]
    fn only_this_user_may_read_what_is_kept() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().expect("a directory");
        let state = directory.path().join("state");
        let store = Store::open(&state).expect("opened");
        store
            .remember(&Remembered {
                swarm_id: "abc".to_owned(),
                node_id: None,
                keeps_desired_state: false,
            })
            .expect("kept");
        let mode = |path: &Path| fs::metadata(path).expect("it exists").permissions().mode();
        assert_eq!(mode(&state) & 0o777, 0o700);
        assert_eq!(mode(&state.join(MEMBERSHIP)) & 0o777, 0o600);
    }
}
