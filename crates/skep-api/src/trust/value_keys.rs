//! Sealed values: what is secret in a manifest, as only the agents of the cluster read it.
//!
//! The same value is always sealed the same, so that a manifest which says the same is the same.
//! The nonce is therefore made from the value, with a key of its own.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use skep_manifest::value_source::Sealed;

use super::key::{ClusterKey, ClusterKeys, KEY_BYTES};

const SEALING: &[u8] = b"sealed values";
const NONCES: &[u8] = b"nonces of sealed values";
const NAMING: &[u8] = b"names of secrets in the engine";
/// What a sealed value begins with; another way of sealing would begin otherwise.
const MARK: &str = "skep1.";

/// The keys that seal and open values: the first seals, all open.
pub struct ValueKeys(Vec<ValueKey>);

struct ValueKey {
    sealing: LessSafeKey,
    nonces: hmac::Key,
}

/// Why a sealed value cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no key of this node's cluster.key opens it: seal the value again, with `skep seal`")]
pub struct NotOurs;

impl ClusterKeys {
    /// The keys that seal and open values.
    #[must_use]
    pub fn value_keys(&self) -> ValueKeys {
        ValueKeys(self.opening().map(ValueKey::of).collect())
    }

    /// The keys that the names of secrets are made with: one for each secret, retired ones too, the
    /// one that names what is new first.
    pub fn naming_keys(&self) -> impl Iterator<Item = [u8; KEY_BYTES]> {
        self.opening().map(|key| key.derive(NAMING))
    }
}

impl ValueKeys {
    /// `value` for nobody else to read.
    #[must_use]
    pub fn seal(&self, value: &str) -> Sealed {
        let sealed = self.0[0].seal(value);
        let text = format!("{MARK}{}", BASE64.encode(sealed));
        text.parse().expect("it has the form of a sealed value")
    }

    /// What was sealed.
    ///
    /// # Errors
    ///
    /// [`NotOurs`] when another cluster sealed it or it was changed.
    pub fn open(&self, sealed: &Sealed) -> Result<String, NotOurs> {
        let text = sealed.as_str().strip_prefix(MARK).ok_or(NotOurs)?;
        let bytes = BASE64.decode(text).map_err(|_invalid| NotOurs)?;
        let opened = self.0.iter().find_map(|key| key.open(&bytes));
        opened.ok_or(NotOurs)
    }
}

impl ValueKey {
    fn of(key: &ClusterKey) -> Self {
        let sealing = UnboundKey::new(&AES_256_GCM, &key.derive(SEALING));
        Self {
            sealing: LessSafeKey::new(sealing.expect("the key has the right length")),
            nonces: hmac::Key::new(hmac::HMAC_SHA256, &key.derive(NONCES)),
        }
    }

    fn seal(&self, value: &str) -> Vec<u8> {
        let digest = hmac::sign(&self.nonces, value.as_bytes());
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&digest.as_ref()[..NONCE_LEN]);
        let mut sealed = value.as_bytes().to_vec();
        self.sealing
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(SEALING),
                &mut sealed,
            )
            .expect("a value is far below the limit of the cipher");
        [&nonce[..], &sealed].concat()
    }

    fn open(&self, bytes: &[u8]) -> Option<String> {
        let (nonce, sealed) = bytes.split_first_chunk()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let mut sealed = sealed.to_vec();
        let opened = self
            .sealing
            .open_in_place(nonce, Aad::from(SEALING), &mut sealed);
        String::from_utf8(opened.ok()?.to_vec()).ok()
    }
}

impl fmt::Debug for ValueKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ValueKeys(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(secrets: &[u8]) -> ValueKeys {
        let line = |byte: &u8| format!("{byte:02x}").repeat(KEY_BYTES);
        let lines: Vec<String> = secrets.iter().map(line).collect();
        let text = format!("# skep cluster.key, version 1\n{}\n", lines.join("\n"));
        ClusterKeys::parse(text.as_bytes()).unwrap().value_keys()
    }

    #[test]
    fn what_is_sealed_is_opened_by_every_trusted_key_and_no_other() {
        for value in ["", "hive", "größe\n\0", &"x".repeat(500_000)] {
            let sealed = keys(&[1]).seal(value);
            assert!(value.is_empty() || !sealed.as_str().contains(value));
            assert_eq!(keys(&[1]).open(&sealed), Ok(value.to_owned()));
            assert_eq!(keys(&[2, 1]).open(&sealed), Ok(value.to_owned()));
            assert_eq!(keys(&[2]).open(&sealed), Err(NotOurs));
        }
    }

    #[test]
    fn the_same_is_sealed_the_same_and_what_was_changed_is_not_opened() {
        let keys = keys(&[1]);
        assert_eq!(keys.seal("hive"), keys.seal("hive"));
        assert_ne!(keys.seal("hive"), keys.seal("hivf"));
        let sealed = keys.seal("hive").as_str().to_owned();
        for place in MARK.len()..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            let opened = changed.parse().map(|changed| keys.open(&changed));
            assert_ne!(opened, Ok(Ok("hive".to_owned())), "byte {place}");
        }
    }
}
