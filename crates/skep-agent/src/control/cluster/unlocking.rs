//! The key that unlocks this node's engine after a restart: kept sealed, and given back to it.

use skep_api::trust::value_keys::ValueKeys;
use skep_manifest::swarm::{SwarmSpec, Unlock};
use skep_plan::observed::Membership;
use skep_swarm::unlock::UnlockKey;

use crate::control::cluster::store::StoreError;
use crate::control::cluster::{Cluster, Store};
use crate::control::desired::Accepted;
use crate::control::understand::with_causes;

/// How many keys are kept: an engine that was off while the key was rotated needs the one before,
/// and one that ended in the middle of it either.
const KEPT_MAX: usize = 3;

/// The keys that were told, newest first, as they lie on the disk.
pub(super) struct UnlockKeys {
    /// None without the cluster's key: nothing is kept then.
    sealing: Option<ValueKeys>,
    kept: Vec<UnlockKey>,
}

impl UnlockKeys {
    /// Those on the disk that the cluster's key opens.
    pub(super) fn read(store: &Store, sealing: Option<ValueKeys>) -> Self {
        let mut keys = Self {
            sealing,
            kept: Vec::new(),
        };
        // Without them an engine that is locked stays locked, and the VIPs go on.
        keys.kept = keys.on_disk(store).unwrap_or_else(|error| {
            tracing::error!("no engine is unlocked: {}", with_causes(&error));
            Vec::new()
        });
        keys
    }

    fn on_disk(&self, store: &Store) -> Result<Vec<UnlockKey>, StoreError> {
        let Some(sealing) = &self.sealing else {
            return Ok(Vec::new());
        };
        let sealed = store.unlock_keys()?;
        let opened = sealed.iter().map(|sealed| sealing.open(sealed));
        Ok(opened.flatten().map(UnlockKey::from).collect())
    }

    /// Keeps `told` as the newest. It counts as kept when the disk has given it back.
    fn keep(&mut self, store: &Store, told: UnlockKey) -> Result<(), StoreError> {
        let Some(sealing) = &self.sealing else {
            return Ok(());
        };
        let mut wanted = vec![told];
        let older = self.kept.iter().filter(|key| **key != wanted[0]).cloned();
        let older: Vec<_> = older.take(KEPT_MAX - 1).collect();
        wanted.extend(older);
        let sealed = wanted.iter().map(|key| sealing.seal(key.expose()));
        store.keep_unlock_keys(&sealed.collect::<Vec<_>>())?;
        self.kept = self.on_disk(store)?;
        Ok(())
    }

    fn forget(&mut self, store: &Store) -> Result<(), StoreError> {
        store.keep_unlock_keys(&[])?;
        self.kept.clear();
        Ok(())
    }
}

impl Cluster {
    /// Keeps the key that the engine told, where the agent shall unlock it; where a person shall,
    /// none is kept.
    pub(super) fn keep_unlock_key(&mut self, accepted: Option<&Accepted>) {
        let swarm = accepted.and_then(|accepted| accepted.desired.swarm.as_ref());
        let Some(swarm) = swarm else { return };
        let kept = match swarm.spec.autolock.unlock {
            Unlock::Agent => match self.told_unlock_key() {
                Some(told) if !self.keeps_unlock_key() => {
                    let told = told.clone();
                    self.unlock_keys.keep(&self.store, told)
                }
                Some(_) | None => return,
            },
            Unlock::Operator if self.unlock_keys.kept.is_empty() => return,
            Unlock::Operator => self.unlock_keys.forget(&self.store),
        };
        if let Err(error) = kept {
            let error = with_causes(&error);
            tracing::error!("the key that unlocks the engine is not kept: {error}");
        }
    }

    /// The key that the engine told last, if it is of this cluster's swarm: those of a foreign one
    /// are no business of its agent.
    fn told_unlock_key(&self) -> Option<&UnlockKey> {
        let remembered = self.remembered.as_ref()?;
        let is_ours = self.swarm()?.id == remembered.swarm_id;
        self.sight.as_ref()?.unlock_key.as_ref().filter(|_| is_ours)
    }

    /// Whether the key is on the disk that the engine told last.
    pub(super) fn keeps_unlock_key(&self) -> bool {
        let told = self.told_unlock_key();
        told.is_some() && told == self.unlock_keys.kept.first()
    }

    /// The keys to unlock the engine with, when it is locked and its agent shall do so.
    pub(super) fn keys_for_locked(&self, swarm: &SwarmSpec) -> Option<Vec<UnlockKey>> {
        let shall = match swarm.autolock.unlock {
            Unlock::Agent => true,
            Unlock::Operator => false,
        };
        let is_locked = self.engine().membership == Membership::Locked;
        let keys = &self.unlock_keys.kept;
        (shall && is_locked && !keys.is_empty()).then(|| keys.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use skep_api::trust::key::ClusterKeys;

    use super::*;

    fn sealing(byte: u8) -> Option<ValueKeys> {
        let digits = format!("{byte:02x}").repeat(32);
        let text = format!("# skep cluster.key, version 1\n{digits}\n");
        let keys = ClusterKeys::parse(text.as_bytes()).expect("a key");
        Some(keys.value_keys())
    }

    #[test]
    fn the_last_keys_are_kept_sealed_and_the_newest_is_tried_first() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(directory.path()).expect("opened");
        let key = |number: u8| UnlockKey::from(format!("SWMKEY-1-{number}"));
        let mut keys = UnlockKeys::read(&store, sealing(1));
        for number in [1, 2, 3, 4, 3] {
            keys.keep(&store, key(number)).expect("kept");
            assert_eq!(keys.kept[0], key(number));
        }
        let again = UnlockKeys::read(&store, sealing(1));
        assert_eq!(again.kept, [key(3), key(4), key(2)]);
        for entry in fs::read_dir(directory.path()).expect("it is there") {
            let text = fs::read(entry.expect("it is there").path()).expect("readable");
            assert!(!String::from_utf8_lossy(&text).contains("SWMKEY"));
        }

        let others = UnlockKeys::read(&store, sealing(2));
        assert_eq!(others.kept, []);
        keys.forget(&store).expect("forgotten");
        let none = UnlockKeys::read(&store, sealing(1));
        assert_eq!(none.kept, []);
    }
}
