//! Sealing: what lies in the swarm's store is read by everybody who may ask a manager's engine, so
//! it is encrypted, and bound to the name it lies under.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};

/// The length of a key.
pub const KEY_BYTES: usize = 32;

/// What every sealed content begins with, so that another way of sealing can be told apart.
const FORMAT: u8 = 1;

/// The keys that seal and open: the first seals, all open, as `cluster.key` has them.
pub struct Seal {
    keys: Vec<LessSafeKey>,
    random: SystemRandom,
}

/// Why something was not sealed or not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The system gave no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomBytes,
    /// It was sealed in a way that this version does not know.
    #[error("it was sealed by a newer skep: update this one")]
    UnknownFormat,
    /// None of the keys opens it.
    #[error(
        "no key of this node's cluster.key opens it: another cluster wrote it, or it was changed"
    )]
    NotOurs,
}

impl Seal {
    /// Seals with `sealing` and opens what either it or one of `others` sealed.
    #[must_use]
    pub fn new(sealing: &[u8; KEY_BYTES], others: &[[u8; KEY_BYTES]]) -> Self {
        let key = |bytes: &[u8; KEY_BYTES]| {
            let key = UnboundKey::new(&AES_256_GCM, bytes).expect("the key has the right length");
            LessSafeKey::new(key)
        };
        Self {
            keys: [sealing].into_iter().chain(others).map(key).collect(),
            random: SystemRandom::new(),
        }
    }

    /// `content`, sealed for the place called `name`.
    pub(super) fn seal(&self, name: &str, content: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_LEN];
        let random = self.random.fill(&mut nonce);
        random.map_err(|_unspecified| SealError::NoRandomBytes)?;
        let mut sealed = content.to_vec();
        self.keys[0]
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(name),
                &mut sealed,
            )
            .expect("a part is far below the limit of the cipher");
        Ok([&[FORMAT], &nonce[..], &sealed].concat())
    }

    /// What was sealed for the place called `name`.
    pub(super) fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let Some((format, rest)) = sealed.split_first() else {
            return Err(SealError::NotOurs);
        };
        if *format != FORMAT {
            return Err(SealError::UnknownFormat);
        }
        let (nonce, content) = rest.split_first_chunk().ok_or(SealError::NotOurs)?;
        let opened = self.keys.iter().find_map(|key| {
            let mut content = content.to_vec();
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let opened = key.open_in_place(nonce, Aad::from(name), &mut content);
            opened.ok().map(|plain| plain.to_vec())
        });
        opened.ok_or(SealError::NotOurs)
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys.len();
        formatter
            .debug_struct("Seal")
            .field("keys", &keys)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: [u8; KEY_BYTES] = [1; KEY_BYTES];
    const NEW: [u8; KEY_BYTES] = [2; KEY_BYTES];

    #[test]
    fn what_is_sealed_is_opened_by_every_trusted_key_and_no_other() {
        let sealed = Seal::new(&OLD, &[]).seal("here", b"secret").unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        let open = |seal: Seal| seal.open("here", &sealed);
        assert_eq!(open(Seal::new(&OLD, &[])).unwrap(), b"secret");
        assert_eq!(open(Seal::new(&NEW, &[OLD])).unwrap(), b"secret");
        assert_eq!(open(Seal::new(&NEW, &[])), Err(SealError::NotOurs));
    }

    #[test]
    fn what_was_changed_or_lies_elsewhere_is_not_opened() {
        let seal = Seal::new(&OLD, &[]);
        let sealed = seal.seal("here", b"secret").unwrap();
        assert_eq!(seal.open("there", &sealed), Err(SealError::NotOurs));
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(seal.open("here", &changed).is_err(), "byte {place}");
            assert!(
                seal.open("here", &sealed[..place]).is_err(),
                "{place} bytes"
            );
        }
    }

    #[test]
    fn the_same_content_is_never_sealed_the_same() {
        let seal = Seal::new(&OLD, &[]);
        let sealed = || seal.seal("here", b"secret").unwrap();
        assert_ne!(sealed(), sealed());
    }
}
