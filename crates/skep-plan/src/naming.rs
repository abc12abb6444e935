//! The names of configs and secrets in the engine: what cannot be changed is named after its
//! content, so that another content is another object.
//!
//! Everybody who may list the secrets of a swarm reads their names. A plain digest in them would
//! let a short password be guessed at leisure, so a secret's digest is keyed.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use skep_manifest::hexadecimal;
use skep_manifest::name::Name;

use crate::action::FileKind;

/// How many bytes of the digest are kept: two contents of one name are told apart.
const DIGEST_LENGTH: usize = 8;
/// The longest name of a config or secret that the engine takes.
const NAME_LENGTH_MAX: usize = 64;
/// How much of it is the object's own name: the rest is a point and the digest in hexadecimal.
const OWN_LENGTH_MAX: usize = NAME_LENGTH_MAX - 1 - 2 * DIGEST_LENGTH;

/// The keys of the digests in the names of secrets: what was named with any of them is known
/// again, and the first names what is new.
#[derive(Clone, PartialEq, Eq)]
pub struct NamingKeys(Vec<[u8; 32]>);

impl NamingKeys {
    /// These keys, the one that names what is new first.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = [u8; 32]>) -> Self {
        Self(keys.into_iter().collect())
    }
}

impl Default for NamingKeys {
    /// A key that everybody knows, where there is no cluster and nothing secret.
    fn default() -> Self {
        Self(vec![[0; 32]])
    }
}

impl fmt::Debug for NamingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NamingKeys(..)")
    }
}

/// The names under which an object with this content may lie in the engine, the one that a new one
/// gets first.
pub(crate) fn names(
    kind: FileKind,
    object: &Name,
    content: &str,
    keys: &NamingKeys,
) -> Vec<String> {
    let own = object.as_str();
    let own = own.get(..OWN_LENGTH_MAX).unwrap_or(own);
    let named = |key: &[u8]| format!("{own}.{}", digest(key, object, content));
    match kind {
        // Whoever sees its name may read the content as well.
        FileKind::Config => vec![named(&[])],
        FileKind::Secret => keys.0.iter().map(|key| named(key)).collect(),
    }
}

fn digest(key: &[u8], object: &Name, content: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    // A name has no zero in it, so no two pairs of name and content read alike.
    mac.update(object.as_str().as_bytes());
    mac.update(&[0]);
    mac.update(content.as_bytes());
    hexadecimal::digits(&mac.finalize().into_bytes()[..DIGEST_LENGTH])
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: [u8; 32] = [1; 32];
    const NEW: [u8; 32] = [2; 32];

    fn of(kind: FileKind, object: &str, content: &str, keys: &[[u8; 32]]) -> Vec<String> {
        let keys = NamingKeys::new(keys.iter().copied());
        names(kind, &object.parse().expect("a name"), content, &keys)
    }

    #[test]
    fn a_name_is_the_same_in_every_build_and_another_for_every_content() {
        let config = |content| of(FileKind::Config, "site", content, &[OLD]);
        assert_eq!(config("a"), ["site.9b47643e9b98cce2"]);
        assert_ne!(config("a"), config("b"));
        assert_eq!(config("a"), of(FileKind::Config, "site", "a", &[NEW]));
    }

    #[test]
    fn a_secret_s_name_tells_nobody_its_content_who_has_no_key() {
        let secret = |keys: &[[u8; 32]]| of(FileKind::Secret, "site", "a", keys);
        assert_ne!(secret(&[OLD]), secret(&[NEW]));
        assert_ne!(secret(&[OLD]), of(FileKind::Config, "site", "a", &[OLD]));
        let both = secret(&[NEW, OLD]);
        assert_eq!(both, [secret(&[NEW]), secret(&[OLD])].concat());
    }

    #[test]
    fn the_longest_name_is_one_that_the_engine_takes() {
        let long = "n".repeat(63);
        let [name] = &of(FileKind::Secret, &long, "a", &[OLD])[..] else {
            panic!("one key, one name");
        };
        assert_eq!(name.len(), NAME_LENGTH_MAX);
        let longer = format!("{}m", "n".repeat(62));
        assert_ne!(*name, of(FileKind::Secret, &longer, "a", &[OLD])[0]);
    }

    #[test]
    fn keys_are_not_printed() {
        assert_eq!(format!("{:?}", NamingKeys::new([OLD])), "NamingKeys(..)");
    }
}
