//! The secrets of a cluster on their way from one to another.

use skep_plan::rotation::{Fingerprint, Keyring};

use super::{ClusterKey, ClusterKeys, NoRandomBytes, RETIRED_MAX, Relation};

/// A secret that cannot come after those of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this key cannot be told from one that there is")]
pub struct UnfitKey;

impl ClusterKeys {
    /// What may be told of them; nothing when they were written down by hand in a way that does not
    /// say which of two comes after the other.
    #[must_use]
    pub fn keyring(&self) -> Option<Keyring> {
        let own = self.issuing.fingerprint();
        match &self.also_trusted {
            None => Some(Keyring::One(own)),
            Some((Relation::Next, key)) => Some(Keyring::Knows(own, key.fingerprint())),
            Some((Relation::Previous, key)) => Some(Keyring::Speaks(own, key.fingerprint())),
            Some((Relation::Unsaid, _)) => None,
        }
    }

    /// The secret with this fingerprint, if it is one that is trusted.
    #[must_use]
    pub fn trusted_one(&self, fingerprint: &Fingerprint) -> Option<&ClusterKey> {
        self.trusted().find(|key| key.fingerprint() == *fingerprint)
    }

    /// These, and `key` is known as the one that comes after the issuing one; it takes the place of
    /// another one that was.
    ///
    /// # Errors
    ///
    /// [`UnfitKey`] when VRRP or this file cannot tell it from what there is.
    pub fn knowing(&self, key: ClusterKey) -> Result<Self, UnfitKey> {
        let fits =
            self.opening().all(|known| *known != key) && self.issuing.vrrp_id() != key.vrrp_id();
        if !fits {
            return Err(UnfitKey);
        }
        Ok(Self {
            also_trusted: Some((Relation::Next, key)),
            ..self.clone()
        })
    }

    /// These, issuing with the secret that came next and still trusting the one before.
    #[must_use]
    pub fn speaking(&self) -> Option<Self> {
        let (Relation::Next, next) = self.also_trusted.clone()? else {
            return None;
        };
        Some(Self {
            issuing: next,
            also_trusted: Some((Relation::Previous, self.issuing.clone())),
            retired: self.retired.clone(),
        })
    }

    /// These without trust in the secret before, which only opens what was made with it.
    #[must_use]
    pub fn dropping(&self) -> Option<Self> {
        let (Relation::Previous, previous) = self.also_trusted.clone()? else {
            return None;
        };
        let retired = std::iter::once(previous).chain(self.retired.iter().cloned());
        Some(Self {
            issuing: self.issuing.clone(),
            also_trusted: None,
            retired: retired.take(RETIRED_MAX).collect(),
        })
    }

    /// A new secret that can come after the issuing one.
    ///
    /// # Errors
    ///
    /// [`NoRandomBytes`] when the system has none.
    pub fn generate_next(&self) -> Result<ClusterKey, NoRandomBytes> {
        loop {
            let key = ClusterKey::generate()?;
            if self.knowing(key.clone()).is_ok() {
                return Ok(key);
            }
        }
    }
}
